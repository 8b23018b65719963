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

from portal.imports.jobs.apply import apply_step
from portal.imports.jobs.create import create_job
from portal.imports.jobs.job import ImportJob, Place, State, end_job, find_job, list_jobs
from portal.imports.jobs.row_chunks import page_of_rows, rows_of_job
from portal.imports.model.errors import RefusedFileError
from portal.imports.model.rows import Kind, Row
from portal.imports.planning.plan import Plan
from portal.imports.reports.report import job_summary, report_as_csv, report_as_json
from portal.queries import Place as ListPlace
from portal.stores.contract import BusyError, StoreError, UnavailableError
from portal.web.http import htmx
from portal.web.http.context import act, note_saved, services, settings, store
from portal.web.http.errors import RETRY_AFTER
from portal.web.i18n import dates, labels
from portal.web.i18n.numbers import format_number
from portal.web.i18n.translation import _
from portal.web.imports.browser_snippets import COLLECT_SNIPPET, RemoveSnippet, remove_snippet
from portal.web.imports.form import (
    Wrong,
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
from portal.web.imports.uploads import planned

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
    if g.expired:
        # Whose text that is nobody knows: it may hold secrets, and is not shown again.
        kept = {name: value for name, value in typed.items() if name != "text"}
        return _index(expired_form_error(), kept)
    try:
        choice, file = sent_options(), sent_file()
        run = planned(file, choice, _saved, sealer=services().sealer)
    except RefusedFileError as refused:
        return _index(wrong(refused), typed)
    return redirect(url_for("imports.run", run_id=run.id), 303)


@bp.errorhandler(RefusedFileError)
def refused_unread(error: RefusedFileError) -> Response:
    """What is refused at the door gets the form, too."""
    return _index(unread_file_error(error))


def _saved(plan: Plan) -> ImportJob:
    return create_job(store(), plan, act())


def _index(wrong: Wrong | None = None, typed: Mapping[str, str] | None = None) -> Response:
    place = services().links.read_cursor(request.args.get("after", ""), _LIST)
    listing = list_jobs(store(), after=place.position if place else None)
    next_url = ""
    if listing.after is not None:
        cursor = services().links.cursor(ListPlace(0, listing.after), _LIST)
        next_url = url_for("imports.index", after=cursor)
    answer = htmx.render(
        "imports/index.html",
        "imports/index.html",
        code=wrong.status if wrong else 200,
        rows=[job_line(run) for run in listing.runs],
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


@bp.get("/<import:run_id>")
def run(run_id: str) -> Response:
    return _page(find_job(store(), run_id))


@bp.post("/<import:run_id>/apply")
def apply(run_id: str) -> AnyResponse:
    """One step. Whoever sends it again, or at the same time, only moves the import on."""
    try:
        run = apply_step(store(), run_id, act())
    except StoreError as error:
        return _paused(run_id, error)
    note_saved()
    if run.state in (State.DISCARDED, State.STOPPED):
        return _page(run, code=409)
    if htmx.wants_fragment():
        return _step(run)
    return redirect(url_for("imports.run", run_id=run_id), 303)


@bp.post("/<import:run_id>/discard")
def discard(run_id: str) -> AnyResponse:
    """A plan is thrown away, or what is being written is stopped for good."""
    run = end_job(store(), run_id, act())
    note_saved()
    if run.state is State.DONE:
        return _page(run, code=409)
    if htmx.wants_fragment():
        return _page(run)
    return redirect(url_for("imports.run", run_id=run_id), 303)


def _step(run: ImportJob) -> Response:
    """Of a page that shows the progress already, only that is replaced: the focus stays, and
    nothing is told twice."""
    seen = _seen()
    answer = _page(run, announced=announcement(run, seen), begins=seen is None)
    if run.is_open and seen is not None:
        answer.headers["HX-Retarget"] = answer.headers["HX-Reselect"] = "#progress"
        answer.headers["HX-Reswap"] = "outerHTML"
    return answer


def _seen() -> int | None:
    """How many handled rows the page showed that asks for a step by itself; `None` if somebody
    pressed a button."""
    found = _NUMBER.fullmatch(request.form.get("seen", ""))
    return int(found[0]) if found and "again" not in request.form else None


def _paused(run_id: str, error: StoreError) -> Response:
    """Some of the step may be in, so nobody is told that nothing was saved: how many are."""
    try:
        run = find_job(store(), run_id)
    except (UnavailableError, BusyError) as gone:
        # Not even that can be read: errors.py says that some of the step may be in.
        mend = gone.mend if isinstance(gone, UnavailableError) else ""
        raise UnavailableError(reason=gone.reason, mend=mend, undecided=True) from error
    logger.exception("An import stopped half-way.", exc_info=error)
    answer = _page(run, code=503, paused=True)
    answer.headers["Retry-After"] = RETRY_AFTER
    # Else the refusal would go to the alert box, and the progress would stay as it was.
    answer.headers["HX-Retarget"] = "#import"
    answer.headers["HX-Reswap"] = "outerHTML"
    return answer


def _page(
    run: ImportJob,
    *,
    code: int = 200,
    paused: bool = False,
    announced: str = "",
    begins: bool = False,
) -> Response:
    outcome = outcome_of(run, late=code == 409, paused=paused)
    is_over = run.state in (State.DONE, State.STOPPED)
    return htmx.render(
        "imports/run.html",
        "imports/_run.html",
        code=code,
        heading=_("Import of %(at)s", at=dates.moment(run.at, settings().time_zone)),
        state=run.state.value,
        state_words=_(labels.IMPORT_STATE[run.state]),
        tone=job_tone(run),
        outcome=outcome,
        announced=outcome.said if outcome else announced,
        paused=paused,
        begins=begins,
        is_over=is_over,
        urls={
            name: url_for(f"imports.{name}", run_id=run.id)
            for name in ("apply", "discard", "report_csv", "report_json")
        },
        imports_url=url_for("imports.index"),
        to_write=run.to_write,
        handled=run.handled,
        number_to_write=format_number(run.to_write),
        progress=progress_text(run),
        failed=failed_rows(run),
        summary=summary_sentences(run),
        chosen=chosen_facts(run),
        tidy=_tidy(run) if is_over else None,
        rows_kept=run.rows_kept,
        **(_rows(run) if run.rows_kept and run.state is not State.APPLYING else {}),
    )


def _tidy(run: ImportJob) -> RemoveSnippet | None:
    """Once, and not again on each page of the rows."""
    if not run.rows_kept or "after" in request.args:
        return None
    return remove_snippet(store(), run)


def _rows(run: ImportJob) -> dict[str, object]:
    """A page of the rows of one kind."""
    kind = _kind(run)
    place, before = _place(kind)
    rows, after = page_of_rows(store(), run, kind, after=place)
    url = url_for("imports.run", run_id=run.id)
    last = before + len(rows)
    is_a_part = rows and (place or after) and last <= run.counts[kind]
    return {
        "filters": row_filters(run, kind, url),
        "kind_words": _(labels.KIND[kind]),
        "kind_meaning": kind_meaning(run, kind),
        "rows": [row_view(row, run) for row in rows],
        "first_url": f"{url}?kind={kind}" if "after" in request.args else "",
        "next_url": f"{url}?kind={kind}&after={after.chunk}-{after.offset}-{last}" if after else "",
        "part": _(
            "%(first)s–%(last)s of %(all)s",
            first=format_number(before + 1),
            last=format_number(last),
            all=format_number(run.counts[kind]),
        )
        if is_a_part
        else "",
    }


def _kind(run: ImportJob) -> Kind:
    """The kind that was asked for, or the first that there is."""
    try:
        return Kind(request.args.get("kind", ""))
    except ValueError:
        return next((kind for kind in Kind if run.counts[kind]), Kind.NEW)


def _place(kind: Kind) -> tuple[Place | None, int]:
    """Where the page begins, and how many rows stand before it."""
    found = _PLACE.fullmatch(request.args.get("after", ""))
    return (Place(kind, int(found[1]), int(found[2])), int(found[3])) if found else (None, 0)


# ---- The report


@bp.get("/<import:run_id>/report.csv")
def report_csv(run_id: str) -> Response:
    return _download(run_id, "csv", "text/csv; charset=utf-8", lambda _run, rows: _csv(rows))


@bp.get("/<import:run_id>/report.json")
def report_json(run_id: str) -> Response:
    return _download(run_id, "json", "application/json", _json)


def _csv(rows: Iterator[Row]) -> Iterator[str]:
    return report_as_csv(rows)


def _json(run: ImportJob, rows: Iterator[Row]) -> Iterator[str]:
    return report_as_json(rows, lambda: job_summary(run))


def _download(
    run_id: str,
    ending: str,
    kind: str,
    pieces_of: Callable[[ImportJob, Iterator[Row]], Iterator[str]],
) -> Response:
    """In pieces: the command imports a million rows. While it is written it is no report yet, and
    once its rows' time is over it is none any more."""
    run = find_job(store(), run_id)
    if run.state is State.APPLYING or not run.rows_kept:
        raise NotFound
    pieces = pieces_of(run, rows_of_job(store(), run))
    # Whether the store answers shows at the first rows, while there is still an answer to choose.
    first = list(islice(pieces, 2))
    answer = Response(chain(first, pieces), content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{run.id}.{ending}"'
    return answer
