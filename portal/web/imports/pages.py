"""Moving records in by page: what to import, the plan, and its rows written step by step.

Each step is a request of its own, and the store says how far the import has come; so a reload,
a second tab or another worker does no harm.
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice

from flask import Blueprint, Response, g, redirect, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from portal.imports import (
    ImportJob,
    JobState,
    Plan,
    PlanRow,
    RefusedFileError,
    RowKind,
    RowPosition,
    apply_step,
    create_job,
    end_job,
    find_job,
    job_summary,
    list_jobs,
    page_of_rows,
    report_as_csv,
    report_as_json,
    rows_of_job,
)
from portal.queries import PageCursor
from portal.stores import BusyError, StoreError, UnavailableError
from portal.web.http import (
    RETRY_AFTER,
    audit_info,
    htmx,
    note_saved,
    services,
    settings,
    store,
)
from portal.web.i18n import _, dates, format_number, labels
from portal.web.imports.browser_snippets import COLLECT_SNIPPET, RemoveSnippet, remove_snippet
from portal.web.imports.form import (
    FormError,
    expired_form_error,
    form_view,
    sent_file,
    sent_options,
    unread_file_error,
    wrong,
)
from portal.web.imports.outcome import announcement, failed_rows, outcome_of, progress_text
from portal.web.imports.plan_view import (
    chosen_facts,
    job_line,
    job_tone,
    kind_meaning,
    row_filters,
    row_view,
    summary_sentences,
)
from portal.web.imports.uploads import with_plan

logger = logging.getLogger(__name__)

bp = Blueprint("imports", __name__, url_prefix="/staff/imports")

#: A chunk, a place in it, and how many rows of the kind came before.
_PLACE = re.compile(r"([0-9]{1,6})-([0-9]{1,6})-([0-9]{1,7})", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,7}", re.ASCII)
_LIST = "imports"


# ---- All imports, and a new one


@bp.route("/", methods=["GET", "POST"])
def index() -> AnyResponse:
    """The list, and the form that starts another one."""
    if request.method != "POST":
        return _index()
    typed = request.form
    if g.form_expired:
        # Whose text that is nobody knows: it may hold secrets, and is not shown again.
        kept = {name: value for name, value in typed.items() if name != "text"}
        return _index(expired_form_error(), kept)
    try:
        choice, file = sent_options(), sent_file()
        job = with_plan(file, choice, _saved, sealer=services().sealer)
    except RefusedFileError as refused:
        return _index(wrong(refused), typed)
    return redirect(url_for("imports.run", import_id=job.id), 303)


@bp.errorhandler(RefusedFileError)
def refused_unread(error: RefusedFileError) -> Response:
    """What is refused at the door gets the form, too."""
    return _index(unread_file_error(error))


def _saved(plan: Plan) -> ImportJob:
    return create_job(store(), plan, audit_info())


def _index(wrong: FormError | None = None, typed: Mapping[str, str] | None = None) -> Response:
    place = services().links.read_cursor(request.args.get("after", ""), _LIST)
    listing = list_jobs(store(), after=place.position if place else None)
    next_url = ""
    if listing.after is not None:
        cursor = services().links.cursor(PageCursor(0, listing.after), _LIST)
        next_url = url_for("imports.index", after=cursor)
    answer = htmx.render(
        "imports/index.html",
        "imports/index.html",
        code=wrong.status if wrong else 200,
        rows=[job_line(job) for job in listing.runs],
        next_url=next_url,
        first_url=url_for("imports.index") if place else "",
        action=url_for("imports.index"),
        collect=COLLECT_SNIPPET,
        form=form_view(wrong, typed or {}),
        wrong=wrong,
    )
    if wrong and wrong.status == 503:
        answer.headers["Retry-After"] = RETRY_AFTER
    return answer


# ---- One import


@bp.get("/<import:import_id>")
def run(import_id: str) -> Response:
    return _page(find_job(store(), import_id))


@bp.post("/<import:import_id>/apply")
def apply(import_id: str) -> AnyResponse:
    """One step. Whoever sends it again, or at the same time, only moves the import on."""
    try:
        job = apply_step(store(), import_id, audit_info())
    except StoreError as error:
        return _paused(import_id, error)
    note_saved()
    if job.state in (JobState.DISCARDED, JobState.STOPPED):
        return _page(job, code=409)
    if htmx.wants_fragment():
        return _step(job)
    return redirect(url_for("imports.run", import_id=import_id), 303)


@bp.post("/<import:import_id>/discard")
def discard(import_id: str) -> AnyResponse:
    """A plan is thrown away, or what is being written is stopped for good."""
    job = end_job(store(), import_id, audit_info())
    note_saved()
    if job.state is JobState.DONE:
        return _page(job, code=409)
    if htmx.wants_fragment():
        return _page(job)
    return redirect(url_for("imports.run", import_id=import_id), 303)


def _step(job: ImportJob) -> Response:
    """Of a page that shows the progress already, only that is replaced: the focus stays, and
    nothing is told twice."""
    seen = _seen()
    answer = _page(job, announced=announcement(job, seen), begins=seen is None)
    if job.is_open and seen is not None:
        answer.headers["HX-Retarget"] = answer.headers["HX-Reselect"] = "#progress"
        answer.headers["HX-Reswap"] = "outerHTML"
    return answer


def _seen() -> int | None:
    """How many handled rows the page showed that asks for a step by itself; `None` if somebody
    pressed a button."""
    found = _NUMBER.fullmatch(request.form.get("seen", ""))
    return int(found[0]) if found and "again" not in request.form else None


def _paused(import_id: str, error: StoreError) -> Response:
    """Some of the step may be in, so nobody is told that nothing was saved: how many are."""
    try:
        job = find_job(store(), import_id)
    except (UnavailableError, BusyError) as gone:
        # Not even that can be read: errors.py says that some of the step may be in.
        remedy = gone.remedy if isinstance(gone, UnavailableError) else ""
        raise UnavailableError(reason=gone.reason, remedy=remedy, outcome_unknown=True) from error
    logger.exception("An import stopped half-way.", exc_info=error)
    answer = _page(job, code=503, paused=True)
    answer.headers["Retry-After"] = RETRY_AFTER
    # Else the refusal would go to the alert box, and the progress would stay as it was.
    answer.headers["HX-Retarget"] = "#import"
    answer.headers["HX-Reswap"] = "outerHTML"
    return answer


def _page(
    job: ImportJob,
    *,
    code: int = 200,
    paused: bool = False,
    announced: str = "",
    begins: bool = False,
) -> Response:
    outcome = outcome_of(job, late=code == 409, paused=paused)
    is_over = job.state in (JobState.DONE, JobState.STOPPED)
    return htmx.render(
        "imports/run.html",
        "imports/_run.html",
        code=code,
        heading=_("Import of %(at)s", at=dates.moment(job.at, settings().time_zone)),
        state=job.state.value,
        state_words=_(labels.IMPORT_STATE[job.state]),
        tone=job_tone(job),
        outcome=outcome,
        announced=outcome.said if outcome else announced,
        paused=paused,
        begins=begins,
        is_over=is_over,
        urls={
            name: url_for(f"imports.{name}", import_id=job.id)
            for name in ("apply", "discard", "report_csv", "report_json")
        },
        imports_url=url_for("imports.index"),
        to_write=job.to_write,
        processed=job.processed,
        number_to_write=format_number(job.to_write),
        progress=progress_text(job),
        failed=failed_rows(job),
        summary=summary_sentences(job),
        chosen=chosen_facts(job),
        tidy=_tidy(job) if is_over else None,
        rows_kept=job.rows_kept,
        **(_rows(job) if job.rows_kept and job.state is not JobState.APPLYING else {}),
    )


def _tidy(job: ImportJob) -> RemoveSnippet | None:
    """Once, and not again on each page of the rows."""
    if not job.rows_kept or "after" in request.args:
        return None
    return remove_snippet(store(), job)


def _rows(job: ImportJob) -> dict[str, object]:
    """A page of the rows of one kind."""
    kind = _kind(job)
    place, before = _place(kind)
    rows, after = page_of_rows(store(), job, kind, after=place)
    url = url_for("imports.run", import_id=job.id)
    last = before + len(rows)
    is_a_part = rows and (place or after) and last <= job.counts[kind]
    return {
        "filters": row_filters(job, kind, url),
        "kind_words": _(labels.KIND[kind]),
        "kind_meaning": kind_meaning(job, kind),
        "rows": [row_view(row, job) for row in rows],
        "first_url": f"{url}?kind={kind}" if "after" in request.args else "",
        "next_url": f"{url}?kind={kind}&after={after.chunk}-{after.offset}-{last}" if after else "",
        "part": _(
            "%(first)s–%(last)s of %(all)s",
            first=format_number(before + 1),
            last=format_number(last),
            all=format_number(job.counts[kind]),
        )
        if is_a_part
        else "",
    }


def _kind(job: ImportJob) -> RowKind:
    """The kind that was asked for, or the first that there is."""
    try:
        return RowKind(request.args.get("kind", ""))
    except ValueError:
        return next((kind for kind in RowKind if job.counts[kind]), RowKind.NEW)


def _place(kind: RowKind) -> tuple[RowPosition | None, int]:
    """Where the page begins, and how many rows stand before it."""
    found = _PLACE.fullmatch(request.args.get("after", ""))
    return (RowPosition(kind, int(found[1]), int(found[2])), int(found[3])) if found else (None, 0)


# ---- The report


@bp.get("/<import:import_id>/report.csv")
def report_csv(import_id: str) -> Response:
    return _download(import_id, "csv", "text/csv; charset=utf-8", lambda _run, rows: _csv(rows))


@bp.get("/<import:import_id>/report.json")
def report_json(import_id: str) -> Response:
    return _download(import_id, "json", "application/json", _json)


def _csv(rows: Iterator[PlanRow]) -> Iterator[str]:
    return report_as_csv(rows)


def _json(job: ImportJob, rows: Iterator[PlanRow]) -> Iterator[str]:
    return report_as_json(rows, lambda: job_summary(job))


def _download(
    import_id: str,
    ending: str,
    kind: str,
    pieces_of: Callable[[ImportJob, Iterator[PlanRow]], Iterator[str]],
) -> Response:
    """In pieces: the command imports a million rows. While it is written it is no report yet, and
    once its rows' time is over it is none any more."""
    job = find_job(store(), import_id)
    if job.state is JobState.APPLYING or not job.rows_kept:
        raise NotFound
    pieces = pieces_of(job, rows_of_job(store(), job))
    # Whether the store answers shows at the first rows, while there is still an answer to choose.
    first = list(islice(pieces, 2))
    answer = Response(chain(first, pieces), content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{job.id}.{ending}"'
    return answer
