"""`POST /api/imports`: an import in one request. The body is the file, the response the report."""

import logging
import re
from contextlib import suppress
from functools import partial
from typing import cast

from flask import Response, jsonify, request

from portal.answer_diff import TooManyLoseError, refusal_sentence
from portal.imports import (
    AllowedChange,
    ImportJob,
    ImportOptions,
    JobState,
    Message,
    PlaceChoiceError,
    Plan,
    Policy,
    Readable,
    RefusedFileError,
    apply_step,
    create_job,
    find_job,
    job_summary,
    places_as_json,
    plan_summary,
    report_as_json,
    rows_of_job,
)
from portal.stores import StoreError
from portal.web.api.arguments import Parameters
from portal.web.api.validate import bp
from portal.web.http import RETRY_AFTER, audit_of_token, json_error, services, store
from portal.web.imports import with_plan

__all__ = ["bp"]  # The blueprint of the API, with this route as well.

logger = logging.getLogger(__name__)

#: `longest`: the name of a place has up to 200 characters.
PARAMETERS = Parameters(
    optional=("policy", "dryRun", "mostLosing"), repeatable=("allow", "origin"), longest=200
)
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_BOOLEANS = {"true": True, "false": False}
#: Content types that are accepted. The format is detected from the file itself.
_CONTENT_TYPES = frozenset(
    {
        "", "application/json", "application/x-ndjson", "application/jsonl", "text/csv",
        "text/plain", "application/octet-stream",
    }
)  # fmt: skip


@bp.post("/imports")
def imports() -> Response:
    """Query parameters: `policy`, `allow` and `origin` (may be repeated), `dryRun`, `mostLosing`.
    Rows that cannot be imported stand in the report; the request itself succeeds."""
    args = PARAMETERS.read(request.environ.get("QUERY_STRING", ""))
    try:
        options = ImportOptions(
            policy=Policy(args.get("policy", Policy.SKIP)),
            allowed=frozenset(AllowedChange(each) for each in args.getlist("allow")),
        )
        dry_run = _BOOLEANS[args.get("dryRun", "false")]
        most_losing = _most_losing(args.get("mostLosing"))
    except (ValueError, KeyError):
        message = (
            f"policy is {_values_of(Policy)}; allow is {_values_of(AllowedChange)};"
            " dryRun is true or false; mostLosing is a whole number."
        )
        return json_error(400, "invalid_parameter", message)
    if request.mimetype not in _CONTENT_TYPES:
        # Among others a form: curl --data calls its body so, unless it is given another type.
        raise RefusedFileError(
            Message("Send the file itself as the body, as application/json."), 415
        )
    file, places = cast(Readable, request.stream), args.getlist("origin")
    create = partial(_create_job, most_losing=most_losing)
    try:
        if dry_run:
            report = with_plan(file, options, _report_of_plan, sealer=None, places=places)
            return _json(report)
        job = with_plan(file, options, create, sealer=services().sealer, places=places)
    except PlaceChoiceError as error:
        return _places_to_choose(error)
    except TooManyLoseError as error:
        return json_error(409, "too_many_lose_access", refusal_sentence(error))
    return _apply(job)


def _places_to_choose(error: PlaceChoiceError) -> Response:
    response = jsonify(
        error="choose_places",
        message=f"{error} Send the file again with the parameter origin, once for each place.",
        places=places_as_json(error.places),
    )
    response.status_code = error.status
    return response


def _report_of_plan(plan: Plan) -> str:
    def summary() -> dict[str, object]:
        formats = [each.value for each in plan.staged.formats]
        staged = plan.staged
        return plan_summary(
            plan.options,
            plan.tally.counts,
            staged.ignored_keys,
            formats,
            plan.answers,
            places=staged.chosen_places,
            notes=staged.notes,
        )

    return "".join(report_as_json(plan, summary))


def _create_job(plan: Plan, *, most_losing: int | None) -> ImportJob:
    return create_job(store(), plan, audit_of_token(), most_losing=most_losing)


def _most_losing(text: str | None) -> int | None:
    """None if any number of tenants may lose access.

    Raises:
        ValueError: The text is no whole number.
    """
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _apply(job: ImportJob) -> Response:
    """Write all rows, and answer with the report."""
    try:
        while job.is_open:
            job = apply_step(store(), job.id, audit_of_token())
    except StoreError:
        logger.exception("An import stopped half-way.")
        at_least = "At least"
        with suppress(StoreError):
            # Part of the last step may be written.
            job, at_least = find_job(store(), job.id), "Exactly"
        message = (
            f"The store did not accept all rows. {at_least} {job.processed:,} of {job.to_write:,}"
            " are handled. Send the file again: rows that are already in the store show as same."
        )
        response = json_error(503, "unavailable", message)
        response.headers["Retry-After"] = RETRY_AFTER
        return response
    if job.state is not JobState.DONE:
        message = (
            f"{job.ended_by} stopped this import when {job.processed:,} of its {job.to_write:,}"
            " rows were handled. Send the file again to write the others."
        )
        return json_error(409, "stopped", message)
    rows = rows_of_job(store(), job)
    return _json("".join(report_as_json(rows, lambda: job_summary(job))))


def _json(text: str) -> Response:
    return Response(text, content_type="application/json")


def _values_of(names: type[Policy] | type[AllowedChange]) -> str:
    return " or ".join(each.value for each in names)
