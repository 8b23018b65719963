"""The report of an import as a download: CSV and JSON."""

from collections.abc import Callable, Iterator
from itertools import chain, islice

from flask import Response
from werkzeug.exceptions import NotFound

from portal.imports import (
    ImportJob,
    JobState,
    PlanRow,
    find_job,
    job_summary,
    report_as_csv,
    report_as_json,
    rows_of_job,
)
from portal.web.http import store
from portal.web.imports.pages import bp

__all__ = ["bp"]  # The blueprint of the pages, with these routes as well.


@bp.get("/<import:import_id>/report.csv")
def report_csv(import_id: str) -> Response:
    return _download(import_id, "csv", "text/csv; charset=utf-8", _csv)


@bp.get("/<import:import_id>/report.json")
def report_json(import_id: str) -> Response:
    return _download(import_id, "json", "application/json", _json)


def _csv(job: ImportJob, rows: Iterator[PlanRow]) -> Iterator[str]:
    return report_as_csv(rows, has_places=job.places_total > 0, has_refused=job.names_refused)


def _json(job: ImportJob, rows: Iterator[PlanRow]) -> Iterator[str]:
    return report_as_json(rows, lambda: job_summary(job))


def _download(
    import_id: str,
    extension: str,
    content_type: str,
    pieces_of: Callable[[ImportJob, Iterator[PlanRow]], Iterator[str]],
) -> Response:
    """Sent in pieces, because an import by command may have a million rows.

    Raises:
        NotFound: The import is still being written, or retention has removed its rows.
    """
    job = find_job(store(), import_id)
    if job.state is JobState.APPLYING or not job.rows_kept:
        raise NotFound
    pieces = pieces_of(job, rows_of_job(store(), job))
    # Read the first rows now: if the store does not answer, the response can still be a 503.
    first = list(islice(pieces, 2))
    response = Response(chain(first, pieces), content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{job.id}.{extension}"'
    return response
