"""The lists of what lacks a proof: activated but never let in, mail that was not delivered, still
asking after the end, and ids that no tenant has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flask import Response, make_response, render_template, request
from werkzeug.exceptions import NotFound

from portal import queries, records
from portal.queries import PROOFS_CAP, PROOFS_PAGE, PageCursor, ProofList, ProofRow
from portal.tenants import AccessStatus, Tenant, standing
from portal.translations import N_
from portal.usage import UNKNOWN_KEPT
from portal.web.http import now, services, settings, store, url_for
from portal.web.i18n import _, dates, format_number, labels
from portal.web.staff.tenant import mail_label, mail_problem, noted_day


@dataclass(frozen=True, kw_only=True, slots=True)
class ProofLine:
    """A row: `first` is its first cell, a link if there is a page."""

    first: str
    cells: Sequence[str]
    url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProofTab:
    label: str
    count: str
    url: str
    is_current: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class MissingProofs:
    """`name`: of the list; its template has the words."""

    name: str
    number: int
    shown: str
    url: str


_LABELS: Mapping[ProofList, str] = {
    ProofList.NEVER_LET_IN: N_("Never let in"),
    ProofList.MAIL: N_("Mail not delivered"),
    ProofList.AFTER_END: N_("Asking after the end"),
    ProofList.UNKNOWN_IDS: N_("Unknown ids"),
}
_EXPLANATIONS: Mapping[ProofList, str] = {
    ProofList.NEVER_LET_IN: N_(
        "Tenants that are active and whose application was never let in, the longest first. Ask the"
        " customer whether it is set up with these ids. Before the count on the overview, each has"
        " seven days."
    ),
    ProofList.MAIL: N_(
        "Mail of the last 30 days that was given up, refused or came back, the newest first."
        " Correct the address on the page of the tenant, and send it again there."
    ),
    ProofList.AFTER_END: N_(
        "Tenants that are expired or suspended and whose application asked in the last 7 days, the"
        " latest first. Their users see that they have no access."
    ),
    ProofList.UNKNOWN_IDS: N_(
        "Ids that an application asked for in the last 30 days and that no tenant has, the most"
        " frequent first. The numbers are rough. A customer may have set up wrong ids, or has not"
        " asked for access yet."
    ),
}
_COLUMNS: Mapping[ProofList, tuple[str, ...]] = {
    ProofList.NEVER_LET_IN: (
        N_("Company"),
        N_("Ids"),
        N_("Since"),
        N_("Licence until"),
        N_("Status"),
    ),
    ProofList.MAIL: (N_("Company"), N_("What"), N_("When"), N_("Why")),
    ProofList.AFTER_END: (
        N_("Company"),
        N_("Ids"),
        N_("Asked last"),
        N_("Licence until"),
        N_("Status"),
    ),
    ProofList.UNKNOWN_IDS: (N_("Ids"), N_("Asked, roughly"), N_("First day"), N_("Last day")),
}


_MAY_USE = frozenset({AccessStatus.VALID, AccessStatus.EXPIRING})


def proofs_page(name: str) -> Response:
    """One of the lists.

    Raises:
        NotFound: There is no such list.
    """
    try:
        which = ProofList(name)
    except ValueError as error:
        raise NotFound from error
    text = request.args.get("after", "")
    after = services().links.read_cursor(text, _scope(which))
    rows, following = _rows(which, after)
    if after and not rows and following is None:
        # Its rows were settled meanwhile.
        after = None
        rows, following = _rows(which, after)
    page = render_template(
        "staff/proofs.html",
        heading=_(_LABELS[which]),
        tabs=_tabs(which),
        warning=_warning(which),
        explanation=_(_EXPLANATIONS[which]),
        columns=[_(label) for label in _COLUMNS[which]],
        rows=rows,
        empty=_("Nothing is left on this page. Go to the next page.") if following else _("None."),
        first_url=_url(which) if after else "",
        next_url=_url(which, following) if following else "",
    )
    return make_response(page)


def missing_proofs() -> list[MissingProofs]:
    """What the overview says: only lists that have something."""
    counts = queries.proof_counts(store(), now(), settings().time_zone)
    return [
        MissingProofs(name=which.value, number=number, shown=_shown(number), url=_url(which))
        for which, number in counts.items()
        if number
    ]


def _tabs(current: ProofList) -> list[ProofTab]:
    counts = queries.proof_counts(store(), now(), settings().time_zone)
    return [
        ProofTab(
            label=_(_LABELS[each]),
            count=_shown(counts[each]),
            url=_url(each),
            is_current=each is current,
        )
        for each in ProofList
    ]


def _shown(number: int) -> str:
    return f"{PROOFS_CAP - 1}+" if number >= PROOFS_CAP else str(number)


def _warning(which: ProofList) -> str:
    if not settings().note_use and which is not ProofList.MAIL:
        return _("PORTAL_NOTE_USE is turned off: nothing is noted, and this list is out of date.")
    if which is ProofList.UNKNOWN_IDS:
        return _("Anybody can ask for any ids. Nobody has checked these, and they may be made up.")
    if which is ProofList.NEVER_LET_IN and settings().store == "dynamodb":
        return _(
            "Only questions over HTTP are seen. An application that reads the table by itself is on"
            " this list although it works."
        )
    return ""


# ---- Rows


def _rows(which: ProofList, after: PageCursor | None) -> tuple[list[ProofLine], PageCursor | None]:
    if which is ProofList.UNKNOWN_IDS:
        return _unknown_rows(after)
    found = queries.proof_page(store(), which, now(), settings().time_zone, after=after)
    make = _MAKERS[which]
    lines = (make(row) for row in found.rows)
    return [line for line in lines if line is not None], found.after


def _never_row(row: ProofRow) -> ProofLine | None:
    if row.tenant is None:
        return None
    since = records.usage_expected_since(row.row)
    age = dates.span(now() - since) if since else ""
    day = dates.day(since, settings().time_zone)
    when = _("%(day)s (%(span)s)", day=day, span=age)
    return _of_tenant(row.tenant, when)


def _after_end_row(row: ProofRow) -> ProofLine | None:
    """None if it was renewed or reinstated a moment ago."""
    tenant = row.tenant
    if tenant is None or standing(tenant, now()) in _MAY_USE:
        return None
    return _of_tenant(tenant, noted_day(records.usage_refused_day(row.row)))


def _of_tenant(tenant: Tenant, when: str) -> ProofLine:
    ids = tenant.ids
    access = standing(tenant, now())
    label = labels.ACCESS_STATUS[access] if tenant.is_active else labels.STATUS[tenant.status]
    return ProofLine(
        first=tenant.contact.company or tenant.id,
        url=url_for("staff.tenant", tenant_id=tenant.id),
        cells=[
            f"{ids.account_id} / {ids.company_id}" if ids else tenant.id,
            when,
            dates.edge(tenant.validity.valid_to, settings().time_zone) or "–",
            _(label),
        ],
    )


def _mail_row(row: ProofRow) -> ProofLine | None:
    entry = row.entry
    if entry is None:
        return None
    company = row.tenant.contact.company if row.tenant else ""
    return ProofLine(
        first=company or entry.tenant_id,
        url=url_for("staff.tenant", tenant_id=entry.tenant_id),
        cells=[
            mail_label(entry.kind),
            dates.moment(entry.ended_at, settings().time_zone),
            mail_problem(entry.reason),
        ],
    )


_MAKERS: Mapping[ProofList, Callable[[ProofRow], ProofLine | None]] = {
    ProofList.NEVER_LET_IN: _never_row,
    ProofList.AFTER_END: _after_end_row,
    ProofList.MAIL: _mail_row,
}


def _unknown_rows(after: PageCursor | None) -> tuple[list[ProofLine], PageCursor | None]:
    """The cursor has the number of rows before it."""
    start = after.index_range if after else 0
    found = queries.unknown_ids(store(), now(), settings().time_zone, UNKNOWN_KEPT)
    shown = found[start : start + PROOFS_PAGE]
    lines = [
        ProofLine(
            first=each.tenant_id.replace("_", " / "),
            cells=[format_number(each.count), noted_day(each.first_day), noted_day(each.last_day)],
        )
        for each in shown
        if not queries.has_tenant(store(), each.tenant_id)
    ]
    end = start + PROOFS_PAGE
    return lines, PageCursor(end, None) if end < len(found) else None


# ---- Links


def _url(which: ProofList, after: PageCursor | None = None) -> str:
    cursor = services().links.cursor(after, _scope(which)) if after else None
    return url_for("staff.proofs", name=which.value, after=cursor)


def _scope(which: ProofList) -> str:
    return f"proofs {which.value}"
