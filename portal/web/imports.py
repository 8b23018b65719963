"""Moving records in by page: what to import, the plan, and its rows written step by step.

Each step is a request of its own, and the store says how far the import has come; so a reload,
a second tab or another worker does no harm.
"""

import io
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import cast

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from portal.imports import applying, chunks, reports, runs, saving
from portal.imports.planning import Choice, Plan
from portal.imports.refusals import RefusedFileError, size_in_words
from portal.imports.rows import WRITTEN, Allowed, Kind, Policy, Row
from portal.imports.runs import Place, Run, State
from portal.imports.text import Readable
from portal.listings import Place as ListPlace
from portal.stores.contract import StoreError
from portal.web import console, dates, htmx, import_plan, words
from portal.web.context import act, note_saved, services, settings, store
from portal.web.errors import RETRY_AFTER
from portal.web.forms import FieldView
from portal.web.security import UPLOAD
from portal.web.translate import _
from portal.web.uploads import planned

logger = logging.getLogger(__name__)

bp = Blueprint("imports", __name__, url_prefix="/staff/imports")

_PLACE = re.compile(r"([0-9]{1,6})-([0-9]{1,6})", re.ASCII)
_LIST = "imports"


# ---- All imports, and a new one


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One line of the list of imports."""

    url: str
    at: str
    by: str
    counts: str
    state: str
    tone: str


@bp.route("/", methods=["GET", "POST"])
def index() -> AnyResponse:
    """The list, and the form that starts another one."""
    if request.method != "POST":
        return _index()
    try:
        choice, file = _choice(), _sent_file()
        run = planned(file, choice, _saved, sealer=services().sealer)
    except RefusedFileError as refused:
        return _index(refused)
    return redirect(url_for("imports.run", run_id=run.id), 303)


def _choice() -> Choice:
    form = request.form
    try:
        policy = Policy(form.get("policy", Policy.SKIP))
    except ValueError as error:
        raise RefusedFileError(_("Choose one of the policies."), 422) from error
    allowed = frozenset(each for each in Allowed if form.get(f"allow_{each.value}"))
    return Choice(policy=policy, allowed=allowed)


def _sent_file() -> Readable:
    """What was chosen, or pasted; its name says nothing. `RefusedFileError`."""
    upload = request.files.get(UPLOAD)
    chosen = upload is not None and upload.filename
    pasted = request.form.get("text", "")
    if chosen and pasted:
        raise RefusedFileError(_("Choose a file or paste its text, not both."), 422)
    if upload is not None and chosen:
        return cast(Readable, upload.stream)
    if not pasted:
        raise RefusedFileError(_("Choose a file, or paste its text."), 422)
    return io.BytesIO(pasted.encode())


def _saved(plan: Plan) -> Run:
    return saving.save(store(), plan, act())


def _index(refused: RefusedFileError | None = None) -> Response:
    place = services().links.read_cursor(request.args.get("after", ""), _LIST)
    listing = runs.listed(store(), after=place.position if place else None)
    next_url = ""
    if listing.after is not None:
        cursor = services().links.cursor(ListPlace(0, listing.after), _LIST)
        next_url = url_for("imports.index", after=cursor)
    return htmx.render(
        "imports/index.html",
        "imports/index.html",
        code=refused.status if refused else 200,
        rows=[_listed(run) for run in listing.runs],
        next_url=next_url,
        first_url=url_for("imports.index") if place else "",
        action=url_for("imports.index"),
        collect=console.COLLECT,
        fields=_fields(),
        refused=refused,
        most=size_in_words(settings().import_megabytes * 1_000_000),
    )


def _fields() -> dict[str, object]:
    chosen = request.form.get("policy", Policy.SKIP.value)
    policy = FieldView(
        name="policy",
        id="policy",
        label=_("When a tenant is here already, and differs"),
        type="select",
        options=[(each.value, _(words.POLICY[each]), each.value == chosen) for each in Policy],
    )
    allowed = [
        FieldView(
            name=f"allow_{each.value}",
            id=f"allow_{each.value}",
            label=_(words.ALLOWED[each]),
            type="checkbox",
            value=request.form.get(f"allow_{each.value}", ""),
        )
        for each in Allowed
    ]
    return {"policy": policy, "allowed": allowed}


def _listed(run: Run) -> Listed:
    told = [
        f"{run.counts[kind]:,} {_(words.KIND[kind]).lower()}" for kind in Kind if run.counts[kind]
    ]
    return Listed(
        url=url_for("imports.run", run_id=run.id),
        at=dates.moment(run.at, settings().time_zone),
        by=run.by,
        counts=", ".join(told) or _("no rows"),
        state=_(words.IMPORT_STATE[run.state]),
        tone=import_plan.TONES[run.state],
    )


# ---- One import


@bp.get("/<import:run_id>")
def run(run_id: str) -> Response:
    return _page(runs.find(store(), run_id))


@bp.post("/<import:run_id>/apply")
def apply(run_id: str) -> AnyResponse:
    """One step. Whoever sends it again, or at the same time, only moves the import on."""
    try:
        run = applying.step(store(), run_id, act())
    except StoreError as error:
        return _stopped(run_id, error)
    note_saved()
    if run.state in (State.DISCARDED, State.STOPPED):
        return _page(run, code=409)
    if htmx.wants_fragment():
        return _page(run)
    return redirect(url_for("imports.run", run_id=run_id), 303)


@bp.post("/<import:run_id>/discard")
def discard(run_id: str) -> AnyResponse:
    """A plan is thrown away, or what is being written is stopped for good."""
    run = runs.end(store(), run_id, act())
    note_saved()
    if run.state is State.DONE:
        return _page(run, code=409)
    if htmx.wants_fragment():
        return _page(run)
    return redirect(url_for("imports.run", run_id=run_id), 303)


def _stopped(run_id: str, error: StoreError) -> Response:
    """Some of the step may be in, so nobody is told that nothing was saved: how many are."""
    # While the store does not even answer this, nothing is known, and errors.py says so.
    run = runs.find(store(), run_id)
    logger.exception("An import stopped half-way.", exc_info=error)
    answer = _page(run, code=503, paused=True)
    answer.headers["Retry-After"] = RETRY_AFTER
    # Else the refusal would go to the alert box, and the progress would stay as it was.
    answer.headers["HX-Retarget"] = "#import"
    answer.headers["HX-Reswap"] = "outerHTML"
    return answer


def _page(run: Run, *, code: int = 200, paused: bool = False) -> Response:
    kind = _kind(run)
    shows_rows = run.state is not State.APPLYING
    rows: list[Row] = []
    after: Place | None = None
    if shows_rows:
        rows, after = chunks.page(store(), run, kind, after=_place(kind))
    url = url_for("imports.run", run_id=run.id)
    next_url = f"{url}?kind={kind}&after={after.chunk}-{after.offset}" if after else ""
    done = run.state is State.DONE
    keys = console.keys_of(store(), run) if done and "after" not in request.args else None
    return htmx.render(
        "imports/run.html",
        "imports/_run.html",
        code=code,
        heading=_("Import of %(at)s", at=dates.moment(run.at, settings().time_zone)),
        by=run.by,
        state=run.state.value,
        state_words=_(words.IMPORT_STATE[run.state]),
        tone=import_plan.TONES[run.state],
        paused=paused,
        refused=code == 409,
        urls={
            name: url_for(f"imports.{name}", run_id=run.id)
            for name in ("apply", "discard", "report_csv", "report_json")
        },
        imports_url=url_for("imports.index"),
        to_write=run.to_write,
        handled=run.handled,
        written=sum(run.counts[each] for each in WRITTEN),
        failed=run.counts[Kind.CONFLICT] + run.counts[Kind.INVALID],
        summary=import_plan.in_words(run),
        chosen=import_plan.chosen(run),
        filters=import_plan.filters(run, kind, url) if shows_rows else [],
        kind_words=_(words.KIND[kind]),
        kind_meaning=_(words.KIND_MEANING[kind]),
        rows=[import_plan.row_shown(row, run) for row in rows],
        next_url=next_url,
        first_url=f"{url}?kind={kind}" if "after" in request.args else "",
        remove=console.remove(keys) if keys else "",
        number_of_keys=len(keys) if keys else 0,
        too_many_keys=keys is None and done and "after" not in request.args,
    )


def _kind(run: Run) -> Kind:
    """The kind that was asked for, or the first that there is."""
    try:
        return Kind(request.args.get("kind", ""))
    except ValueError:
        return next((kind for kind in Kind if run.counts[kind]), Kind.NEW)


def _place(kind: Kind) -> Place | None:
    found = _PLACE.fullmatch(request.args.get("after", ""))
    return Place(kind, int(found[1]), int(found[2])) if found else None


# ---- The report


@bp.get("/<import:run_id>/report.csv")
def report_csv(run_id: str) -> Response:
    return _download(run_id, "csv", "text/csv; charset=utf-8", lambda _run, rows: _csv(rows))


@bp.get("/<import:run_id>/report.json")
def report_json(run_id: str) -> Response:
    return _download(run_id, "json", "application/json", _json)


def _csv(rows: Iterator[Row]) -> Iterator[str]:
    return reports.as_csv(rows)


def _json(run: Run, rows: Iterator[Row]) -> Iterator[str]:
    return reports.as_json(rows, lambda: reports.rest_of_run(run))


def _download(
    run_id: str, ending: str, kind: str, pieces_of: Callable[[Run, Iterator[Row]], Iterator[str]]
) -> Response:
    """In pieces: the command imports a million rows. While it is written it is no report yet."""
    run = runs.find(store(), run_id)
    if run.state is State.APPLYING:
        raise NotFound
    pieces = pieces_of(run, chunks.rows_of(store(), run))
    # Whether the store answers shows at the first rows, while there is still an answer to choose.
    first = list(islice(pieces, 2))
    answer = Response(chain(first, pieces), content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{run.id}.{ending}"'
    return answer
