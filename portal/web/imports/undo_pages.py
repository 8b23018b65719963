"""Undoing an import by page: what would go back, the confirmation, and the rows step by step.

Each step is a request of its own, and the store holds how far it has come, as for the import
itself. So a reload, a second tab or another worker does no harm, and it works without JavaScript.
"""

import logging
import re
from itertools import islice

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from portal.answer_diff import AnswerDiff
from portal.imports import (
    UNKNOWN_LOSING,
    ImportJob,
    UndoRefusedError,
    UndoTally,
    find_job,
    lookup_workers,
    page_of_undo,
    rows_to_undo,
    undo_refusal,
    undo_step,
)
from portal.stores import BusyError, StoreError, UnavailableError
from portal.web.http import RETRY_AFTER, audit_info, htmx, note_saved, settings, store
from portal.web.i18n import _, dates, format_number
from portal.web.imports.pages import bp
from portal.web.imports.undo_view import (
    ended_sentence,
    progress_sentence,
    refusal_sentence,
    tally_sentences,
    too_many_sentence,
    undo_announcement,
    undo_row,
)

__all__ = ["bp"]  # The blueprint of the pages, with this route as well.

logger = logging.getLogger(__name__)

#: So many rows one page looks at to say what undoing all of them would do. Each costs up to six
#: reads, most of them many at once, which takes some seconds at most; those of a table go over the
#: network.
MOST_LOOKED_AT = 5_000
_MOST_IN_A_TABLE = 1_000
#: An item of former states, the row in it, and how many rows stand before that.
_POSITION = re.compile(r"([0-9]{1,6})-([0-9]{1,4})-([0-9]{1,7})", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,7}", re.ASCII)


@bp.route("/<import:import_id>/undo", methods=["GET", "POST"])
def undo(import_id: str) -> AnyResponse:
    """What undoing the import would do; one step of it."""
    if request.method != "POST":
        return _page(find_job(store(), import_id))
    job = find_job(store(), import_id)
    if job.undo is None and undo_refusal(job) is None:
        confirmed = request.form.get("confirmed", "")
        tally = None if _has_too_many(job) else _tally(job)
        losing = _losing(tally) if tally else UNKNOWN_LOSING
        if losing not in ("", confirmed):
            return _page(job, code=422, is_unconfirmed=True, tally=tally)
    try:
        job = undo_step(store(), import_id, audit_info(), workers=lookup_workers(settings()))
    except UndoRefusedError:
        return _page(find_job(store(), import_id), code=409)
    except StoreError as error:
        return _paused(import_id, error)
    note_saved()
    if htmx.wants_fragment():
        return _step(job)
    return redirect(url_for("imports.undo", import_id=import_id), 303)


def _most_looked_at() -> int:
    return MOST_LOOKED_AT if settings().store == "json" else _MOST_IN_A_TABLE


def _has_too_many(job: ImportJob) -> bool:
    """Whether not all rows are looked at, so that nobody knows how many tenants lose access."""
    return job.written > _most_looked_at()


def _losing(tally: UndoTally) -> str:
    """What confirms the undoing, if all rows were looked at: how many tenants lose access by it;
    empty if nobody loses it."""
    return str(tally.answers.losing or "")


def _tally(job: ImportJob) -> UndoTally:
    """What undoing would do with the first rows, as many as one page looks at."""
    audit = audit_info()
    tally = UndoTally(AnswerDiff(now=audit.at, zone=settings().time_zone))
    rows = rows_to_undo(store(), job, audit, workers=lookup_workers(settings()))
    for row_undo in islice(rows, _most_looked_at()):
        tally.add(row_undo)
    return tally


def _step(job: ImportJob) -> Response:
    """The answer to htmx. If the page shows the progress already, only that is replaced: the focus
    stays where it is, and screen readers hear nothing twice."""
    seen = _NUMBER.fullmatch(request.form.get("seen", ""))
    previous = int(seen[0]) if seen and "again" not in request.form else None
    announced = undo_announcement(job.undo, job.written, previous)
    response = _page(job, announced=announced, just_begun=previous is None)
    if _is_running(job) and previous is not None:
        response.headers["HX-Retarget"] = response.headers["HX-Reselect"] = "#progress"
        response.headers["HX-Reswap"] = "outerHTML"
    return response


def _paused(import_id: str, error: StoreError) -> Response:
    """The store refused a step. Part of it may be written, so the page shows how many rows are.

    Raises:
        UnavailableError: Not even the import can be read.
    """
    try:
        job = find_job(store(), import_id)
        response = _page(job, code=503, is_paused=True)
    except (UnavailableError, BusyError) as second:
        remedy = second.remedy if isinstance(second, UnavailableError) else ""
        raise UnavailableError(reason=second.reason, remedy=remedy, outcome_unknown=True) from error
    logger.exception("Undoing an import stopped half-way.", exc_info=error)
    response.headers["Retry-After"] = RETRY_AFTER
    # Otherwise htmx would show a 503 in the alert box and leave the old progress on the page.
    response.headers["HX-Retarget"] = "#import"
    response.headers["HX-Reswap"] = "outerHTML"
    return response


def _is_running(job: ImportJob) -> bool:
    return job.undo is not None and not job.undo.is_over


def _page(
    job: ImportJob,
    *,
    code: int = 200,
    is_paused: bool = False,
    is_unconfirmed: bool = False,
    announced: str = "",
    just_begun: bool = False,
    tally: UndoTally | None = None,
) -> Response:
    """`tally`: if the request has made it already, since it reads every row."""
    is_over = job.undo is not None and job.undo.is_over
    refusal = "" if is_over else refusal_sentence(job)
    can_begin = job.undo is None and not refusal
    tally = (tally or _tally(job)) if can_begin else None
    has_too_many = _has_too_many(job)
    summary: list[str] = []
    losing = ""
    if tally:
        summary = tally_sentences(tally)
        losing = UNKNOWN_LOSING if has_too_many else _losing(tally)
        if has_too_many:
            summary.insert(0, too_many_sentence(job.written, tally.counts.total()))
    ended = ended_sentence(job.undo, job.written) if job.undo and is_over else ""
    at = dates.moment(job.at, settings().time_zone)
    return htmx.render(
        "imports/undo.html",
        "imports/_undo.html",
        code=code,
        heading=_("Undo the import of %(at)s", at=at),
        import_url=url_for("imports.show", import_id=job.id),
        url=url_for("imports.undo", import_id=job.id),
        refusal=refusal,
        ended=ended,
        announced=ended or announced,
        can_begin=can_begin,
        is_running=_is_running(job) and not refusal,
        paused=is_paused,
        just_begun=just_begun,
        summary=summary,
        must_confirm=bool(losing),
        confirmation=losing,
        losing=format_number(tally.answers.losing) if tally and not has_too_many else "",
        unconfirmed=is_unconfirmed,
        written=job.written,
        processed=job.undo.processed if job.undo else 0,
        progress=progress_sentence(job.undo, job.written),
        **({} if refusal or _is_running(job) or not job.rows_kept else _rows(job)),
    )


def _rows(job: ImportJob) -> dict[str, object]:
    numbers = _POSITION.fullmatch(request.args.get("after", ""))
    position = (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)
    rows_before = int(numbers[3]) if numbers else 0
    rows, next_position = page_of_undo(
        store(), job, audit_info(), after=position, workers=lookup_workers(settings())
    )
    url = url_for("imports.undo", import_id=job.id)
    last = rows_before + len(rows)
    next_url = ""
    if next_position:
        next_url = f"{url}?after={next_position[0]}-{next_position[1]}-{last}"
    part = ""
    if rows and (numbers or next_position) and last <= job.written:
        part = _(
            "%(first)s–%(last)s of %(all)s",
            first=format_number(rows_before + 1),
            last=format_number(last),
            all=format_number(job.written),
        )
    return {
        "rows": [undo_row(row, was_done=job.undo is not None) for row in rows],
        "first_url": url if numbers else "",
        "next_url": next_url,
        "part": part,
    }
