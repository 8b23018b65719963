"""`POST /api/imports/<id>/undo`: an import is undone in one request; the response is the report."""

import logging
from contextlib import suppress
from dataclasses import replace

from flask import Response, request

from portal.answer_diff import AnswerDiff, TooManyLoseError, refusal_sentence
from portal.imports import (
    BeingWrittenError,
    ImportJob,
    UndoRefusedError,
    UndoTally,
    UnknownJobError,
    find_job,
    job_to_undo,
    lookup_workers,
    rows_of_undo,
    rows_to_undo,
    undo_report,
    undo_step,
)
from portal.stores import StoreError
from portal.web.api.arguments import Parameters
from portal.web.api.validate import bp
from portal.web.http import RETRY_AFTER, audit_of_token, json_error, settings, store

__all__ = ["bp"]  # The blueprint of the API, with this route as well.

logger = logging.getLogger(__name__)

PARAMETERS = Parameters(optional=("dryRun", "mostLosing", "stop"))
_BOOLEANS = {"true": True, "false": False}
_MOST_DIGITS = 9


@bp.post("/imports/<import:import_id>/undo")
def undo_import(import_id: str) -> Response:
    """Query parameters: `dryRun`, `mostLosing`, `stop`. Rows that stay stand in the report
    with a reason; the request itself succeeds. Sent again after it broke off, it goes on."""
    args = PARAMETERS.read(request.environ.get("QUERY_STRING", ""))
    most = args.get("mostLosing")
    is_number = most is None or (most.isascii() and most.isdigit() and len(most) <= _MOST_DIGITS)
    dry_run, stops = (_BOOLEANS.get(args.get(name, "false")) for name in ("dryRun", "stop"))
    if dry_run is None or stops is None or not is_number:
        message = "dryRun and stop are true or false; mostLosing is a whole number."
        return json_error(400, "invalid_parameter", message)
    try:
        # A refusal below changes nothing, so it does not stop the import either.
        job = job_to_undo(store(), import_id, audit_of_token(), stops=stops, dry_run=True)
        tally = _tally(job)
        tally.answers.refuse_more_than(int(most) if most is not None else None)
        if not dry_run:
            job = _undone(job_to_undo(store(), import_id, audit_of_token(), stops=stops))
    except UnknownJobError:
        return json_error(404, "not_found", "No import has this id.")
    except BeingWrittenError:
        message = (
            "This import is still being written. If nobody writes it any more, send the request"
            " again in a minute. To stop it at once and undo what it wrote, send stop=true."
        )
        return json_error(409, "cannot_be_undone", message)
    except UndoRefusedError as refused:
        return json_error(409, "cannot_be_undone", str(refused.message))
    except TooManyLoseError as error:
        return json_error(409, "too_many_lose_access", refusal_sentence(error))
    except StoreError:
        return _stopped(import_id)
    rows = rows_of_undo(store(), job, audit_of_token(), workers=lookup_workers(settings()))
    text = "".join(undo_report(rows, job, tally))
    return Response(text, content_type="application/json")


def _tally(job: ImportJob) -> UndoTally:
    audit = audit_of_token()
    before = job.undo.processed if job.undo else 0
    answers = AnswerDiff(now=audit.at, zone=settings().time_zone)
    tally = UndoTally(answers, undone_before=before)
    for row_undo in rows_to_undo(store(), job, audit, workers=lookup_workers(settings())):
        tally.add(row_undo)
    return tally


def _undone(job: ImportJob) -> ImportJob:
    audit = audit_of_token()
    while not (job.undo and job.undo.is_over):
        audit = replace(audit, at=audit_of_token().at)
        job = undo_step(store(), job.id, audit, workers=lookup_workers(settings()))
    return job


def _stopped(import_id: str) -> Response:
    logger.exception("Undoing an import stopped half-way.")
    how_far = ""
    with suppress(StoreError):
        job = find_job(store(), import_id)
        processed = job.undo.processed if job.undo else 0
        how_far = f" {processed:,} of {job.written:,} are undone."
    message = f"The store did not accept all rows.{how_far} Send the request again: it goes on."
    response = json_error(503, "unavailable", message)
    response.headers["Retry-After"] = RETRY_AFTER
    return response
