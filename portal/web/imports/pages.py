"""The import pages: the list and the form, the plan, and writing its rows step by step.

Each step is a request of its own, and the store holds how far the import has come. So a reload,
a second tab or another worker does no harm.
"""

import logging
import re
from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from portal.imports import (
    ImportJob,
    JobState,
    Plan,
    RefusedFileError,
    RowKind,
    RowPosition,
    UnconfirmedJobError,
    apply_step,
    create_job,
    end_job,
    find_job,
    list_jobs,
    lookup_workers,
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
from portal.web.i18n import _, dates, format_number
from portal.web.imports.answers_view import CONFIRM_LOSING, answers_view
from portal.web.imports.browser_snippets import COLLECT_SNIPPET, RemoveSnippet, remove_snippet
from portal.web.imports.form import (
    FormError,
    expired_form_error,
    form_error,
    form_view,
    sent_file,
    sent_file_names,
    sent_options,
    sent_places,
    unread_form_error,
)
from portal.web.imports.job_view import job_facts, job_line, job_state, job_tone, summary_sentences
from portal.web.imports.outcome import announcement, failed_rows, outcome_of, progress_text
from portal.web.imports.row_view import rows_view
from portal.web.imports.undo_view import undo_link
from portal.web.imports.uploads import with_plan

logger = logging.getLogger(__name__)

bp = Blueprint("imports", __name__, url_prefix="/staff/imports")

#: A chunk, the offset of a row in it, and how many rows of the kind stand before that row.
_ROW_POSITION = re.compile(r"([0-9]{1,6})-([0-9]{1,6})-([0-9]{1,7})", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,7}", re.ASCII)
_LIST_NAME = "imports"


# ---- All imports, and a new one


@bp.route("/", methods=["GET", "POST"])
def index() -> AnyResponse:
    """The list, and the form that starts an import."""
    if request.method != "POST":
        return _index()
    typed = request.form
    if g.form_expired:
        # The text may hold secrets, and another site may have sent it: it is not shown again.
        shown_again = {name: value for name, value in typed.items() if name != "text"}
        return _index(expired_form_error(), shown_again)
    try:
        options, file = sent_options(), sent_file()
        job = with_plan(file, options, _create_job, sealer=services().sealer, places=sent_places())
    except RefusedFileError as refused:
        return _index(form_error(refused), typed)
    return redirect(url_for("imports.show", import_id=job.id), 303)


@bp.errorhandler(RefusedFileError)
def refused_before_view(error: RefusedFileError) -> Response:
    """A request that is refused before its view runs is answered with the form, too."""
    return _index(unread_form_error(error))


def _create_job(plan: Plan) -> ImportJob:
    return create_job(store(), plan, audit_info(), file_names=sent_file_names())


def _index(error: FormError | None = None, typed: Mapping[str, str] | None = None) -> Response:
    cursor = services().links.read_cursor(request.args.get("after", ""), _LIST_NAME)
    page = list_jobs(store(), after=cursor.position if cursor else None)
    next_url = ""
    if page.after is not None:
        next_cursor = services().links.cursor(PageCursor(0, page.after), _LIST_NAME)
        next_url = url_for("imports.index", after=next_cursor)
    response = htmx.render(
        "imports/index.html",
        "imports/index.html",
        code=error.status if error else 200,
        jobs=[job_line(job) for job in page.jobs],
        next_url=next_url,
        first_url=url_for("imports.index") if cursor else "",
        action=url_for("imports.index"),
        collect_snippet=COLLECT_SNIPPET,
        form=form_view(error, typed or {}),
        error=error,
    )
    if error and error.status == 503:
        response.headers["Retry-After"] = RETRY_AFTER
    return response


# ---- One import


@bp.get("/<import:import_id>")
def show(import_id: str) -> Response:
    return _page(find_job(store(), import_id))


@bp.post("/<import:import_id>/apply")
def apply(import_id: str) -> AnyResponse:
    """One step. Sending it twice, or twice at the same time, only moves the import on."""
    try:
        confirmed = request.form.get(CONFIRM_LOSING, "")
        job = apply_step(store(), import_id, audit_info(), confirmed=confirmed)
    except UnconfirmedJobError as error:
        return _page(error.job, code=422, unconfirmed=True)
    except StoreError as error:
        return _paused(import_id, error)
    note_saved()
    if job.state in (JobState.DISCARDED, JobState.STOPPED):
        return _page(job, code=409)
    if htmx.wants_fragment():
        return _step(job)
    return redirect(url_for("imports.show", import_id=import_id), 303)


@bp.post("/<import:import_id>/discard")
def discard(import_id: str) -> AnyResponse:
    """Discard a plan, or stop for good an import that is being written."""
    job = end_job(store(), import_id, audit_info())
    note_saved()
    if job.state is JobState.DONE:
        return _page(job, code=409)
    if htmx.wants_fragment():
        return _page(job)
    return redirect(url_for("imports.show", import_id=import_id), 303)


def _step(job: ImportJob) -> Response:
    """The answer to htmx. If the page shows the progress already, only the progress is replaced:
    the focus stays where it is, and screen readers hear nothing twice."""
    previous = _previous_progress()
    response = _page(job, announced=announcement(job, previous), just_begun=previous is None)
    if job.is_open and previous is not None:
        response.headers["HX-Retarget"] = response.headers["HX-Reselect"] = "#progress"
        response.headers["HX-Reswap"] = "outerHTML"
    return response


def _previous_progress() -> int | None:
    """How many rows were handled according to the page that asks for the next step by itself;
    None if somebody pressed a button."""
    number = _NUMBER.fullmatch(request.form.get("seen", ""))
    return int(number[0]) if number and "again" not in request.form else None


def _paused(import_id: str, error: StoreError) -> Response:
    """The store refused a step. Part of the step may be written, so the page shows how many rows
    are, and does not say that nothing was saved.

    Raises:
        UnavailableError: Not even the import can be read.
    """
    try:
        job = find_job(store(), import_id)
    except (UnavailableError, BusyError) as second:
        # The error page then says that part of the step may be saved, see errors.py.
        remedy = second.remedy if isinstance(second, UnavailableError) else ""
        raise UnavailableError(reason=second.reason, remedy=remedy, outcome_unknown=True) from error
    logger.exception("An import stopped half-way.", exc_info=error)
    response = _page(job, code=503, paused=True)
    response.headers["Retry-After"] = RETRY_AFTER
    # Otherwise htmx would show a 503 in the alert box and leave the old progress on the page.
    response.headers["HX-Retarget"] = "#import"
    response.headers["HX-Reswap"] = "outerHTML"
    return response


def _page(
    job: ImportJob,
    *,
    code: int = 200,
    paused: bool = False,
    announced: str = "",
    just_begun: bool = False,
    unconfirmed: bool = False,
) -> Response:
    outcome = outcome_of(job, too_late=code == 409, paused=paused)
    is_over = job.state in (JobState.DONE, JobState.STOPPED)
    return htmx.render(
        "imports/job.html",
        "imports/_job.html",
        code=code,
        heading=_("Import of %(at)s", at=dates.moment(job.at, settings().time_zone)),
        state=job.state.value,
        state_label=job_state(job),
        tone=job_tone(job),
        outcome=outcome,
        announced=outcome.sentence if outcome else announced,
        paused=paused,
        just_begun=just_begun,
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
        facts=job_facts(job),
        answers=answers_view(job, unconfirmed=unconfirmed),
        undo_link=undo_link(job),
        remove_snippet=_remove_snippet(job) if is_over else None,
        rows_kept=job.rows_kept,
        **(_rows(job) if job.rows_kept and job.state is not JobState.APPLYING else {}),
    )


def _remove_snippet(job: ImportJob) -> RemoveSnippet | None:
    """Only on the first page of the rows, as it reads all of them."""
    if not job.rows_kept or "after" in request.args:
        return None
    return remove_snippet(store(), job, workers=lookup_workers(settings()))


def _rows(job: ImportJob) -> dict[str, object]:
    """A page of the rows of one kind: the kind in the address, or the first that has rows."""
    try:
        kind = RowKind(request.args.get("kind", ""))
    except ValueError:
        kind = next((kind for kind in _first_kinds(job) if job.counts[kind]), RowKind.NEW)
    after, rows_before = _row_position(kind)
    first_url = ""
    if "after" in request.args:
        first_url = f"{url_for('imports.show', import_id=job.id)}?kind={kind}"
    return rows_view(store(), job, kind, after=after, rows_before=rows_before, first_url=first_url)


def _first_kinds(job: ImportJob) -> Sequence[RowKind]:
    """The kinds in the order in which somebody wants to see them: a plan begins with what it would
    write, a report with what failed."""
    if job.is_open:
        return list(RowKind)
    failed = [RowKind.INVALID, RowKind.CONFLICT]
    return [*failed, *(kind for kind in RowKind if kind not in failed)]


def _row_position(kind: RowKind) -> tuple[RowPosition | None, int]:
    """Where the page begins, and how many rows stand before it."""
    numbers = _ROW_POSITION.fullmatch(request.args.get("after", ""))
    if not numbers:
        return None, 0
    return RowPosition(kind, int(numbers[1]), int(numbers[2])), int(numbers[3])
