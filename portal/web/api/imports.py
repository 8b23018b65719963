"""Moving records in for programs: the body is the file, the answer is the report."""

import logging
from contextlib import suppress
from typing import cast

from flask import Response, request

from portal.imports import (
    AllowedChange,
    ImportJob,
    ImportOptions,
    JobState,
    Message,
    Plan,
    Policy,
    Readable,
    RefusedFileError,
    apply_step,
    create_job,
    find_job,
    job_summary,
    plan_summary,
    report_as_json,
    rows_of_job,
)
from portal.stores import StoreError
from portal.web.api.validate import bp
from portal.web.http import RETRY_AFTER, audit_of_token, json_error, services, store
from portal.web.imports import with_plan

__all__ = ["bp"]  # The API's own, with this call as well.

logger = logging.getLogger(__name__)

_PARAMETERS = frozenset({"policy", "allow", "dryRun"})
_TRUTH = {"true": True, "false": False}
#: What the file may be called; what it is, it says itself.
_TYPES = frozenset(
    {
        "", "application/json", "application/x-ndjson", "application/jsonl", "text/csv",
        "text/plain", "application/octet-stream",
    }
)  # fmt: skip


@bp.post("/imports")
def imports() -> Response:
    """`policy`, `allow` (as often as needed) and `dryRun` are in the address. Rows that could
    not be imported are in the report, and no error of the request."""
    given = request.args
    if not given.keys() <= _PARAMETERS:
        message = "Send policy, allow and dryRun only."
        return json_error(400, "unknown_parameter", message)
    if any(len(given.getlist(name)) > 1 for name in ("policy", "dryRun")):
        # One of them might write what the other one only looks at.
        return json_error(400, "invalid_parameter", "Send policy and dryRun once each.")
    try:
        choice = ImportOptions(
            policy=Policy(given.get("policy", Policy.SKIP)),
            allowed=frozenset(AllowedChange(each) for each in given.getlist("allow")),
        )
        dry_run = _TRUTH[given.get("dryRun", "false")]
    except (ValueError, KeyError):
        message = (
            f"policy is {_listed(Policy)}; allow is {_listed(AllowedChange)};"
            " dryRun is true or false."
        )
        return json_error(400, "invalid_parameter", message)
    if request.mimetype not in _TYPES:
        # A form among them, which is what curl --data calls its body, unless it is told otherwise.
        raise RefusedFileError(
            Message("Send the file itself as the body, as application/json."), 415
        )
    file = cast(Readable, request.stream)
    if dry_run:
        return _json(with_plan(file, choice, _looked_at, sealer=None))
    job = with_plan(file, choice, _saved, sealer=services().sealer)
    return _applied(job)


def _looked_at(plan: Plan) -> str:
    def rest() -> dict[str, object]:
        shapes = [shape.value for shape in plan.draft.shapes]
        return plan_summary(plan.choice, plan.tally.counts, plan.draft.ignored_keys, shapes)

    return "".join(report_as_json(plan, rest))


def _saved(plan: Plan) -> ImportJob:
    return create_job(store(), plan, audit_of_token())


def _applied(job: ImportJob) -> Response:
    try:
        while job.is_open:
            job = apply_step(store(), job.id, audit_of_token())
    except StoreError:
        logger.exception("An import stopped half-way.")
        how_many = "At least"
        with suppress(StoreError):
            # Some of the last step may be in.
            job, how_many = find_job(store(), job.id), "Exactly"
        message = (
            f"The store did not take all rows. {how_many} {job.processed:,} of {job.to_write:,} are"
            " handled. Send the file again: what is in the store already shows as same."
        )
        answer = json_error(503, "unavailable", message)
        answer.headers["Retry-After"] = RETRY_AFTER
        return answer
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


def _listed(names: type[Policy] | type[AllowedChange]) -> str:
    return " or ".join(each.value for each in names)
