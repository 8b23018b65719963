"""Staff: signing in, what waits, and the lists of tenants."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import (
    Blueprint,
    Response,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from portal import listings, records, staff
from portal.instants import to_instant
from portal.listings import CAP, Listing, Tab
from portal.staff import NotSignedInError
from portal.stores.contract import Item
from portal.stores.table import KEY
from portal.tenants import Status, Validity, standing_of
from portal.web import dates, htmx, recent, words
from portal.web.access import SESSION_TOKEN
from portal.web.context import now, person, services, settings, store
from portal.web.forms import showable
from portal.web.links import safe_next
from portal.web.tenant_page import tenant_page
from portal.web.translate import _, locale_name

bp = Blueprint("staff", __name__, url_prefix="/staff")

_LONGEST_SEARCH = 200


# ---- Signing in


@bp.get("/sign-in")
def sign_in() -> AnyResponse:
    """Says where links come from, and remembers where the person wanted to go."""
    session["next"] = safe_next(request.args.get("next", ""), "")
    sentence = _("Open the link that an operator made for you. It works once, for 15 minutes.")
    return make_response(render_template("staff/sign_in.html", sentence=sentence))


@bp.route("/sign-in/<token>", methods=["GET", "POST"])
def use_link(token: str) -> AnyResponse:
    """A button first: programs that look into links must not use them up."""
    try:
        if request.method != "POST":
            staff.check_link(store(), token, now())
            wanted = request.args.get("next", "") or session.get("next", "")
            return make_response(
                render_template(
                    "staff/sign_in_link.html",
                    action=url_for("staff.use_link", token=token),
                    next=safe_next(wanted, ""),
                )
            )
        session_token = staff.sign_in(store(), token, now())
    except NotSignedInError as error:
        raise NotFound from error
    session.clear()
    session[SESSION_TOKEN] = session_token
    target = safe_next(request.form.get("next", ""), url_for("staff.home"))
    return redirect(target, 303)


@bp.post("/sign-out")
def sign_out() -> AnyResponse:
    token = session.get(SESSION_TOKEN)
    if isinstance(token, str):
        staff.sign_out(store(), token)
    session.clear()
    return redirect(url_for("staff.sign_in"), 303)


# ---- What waits


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    label: str
    count: str
    url: str
    tone: str
    key: str = ""
    current: str = "false"


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    company: str
    age: str
    late: bool
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    company: str
    until: str
    url: str


@bp.get("/")
def home() -> Response:
    zone = settings().time_zone
    counts = [count for count in _counts() if count.key != Tab.ALL.value]
    pending = listings.page(store(), listings.stretches_of(Tab.PENDING, now()), limit=5)
    expiring = listings.page(store(), listings.stretches_of(Tab.EXPIRING, now()), limit=5)
    page = render_template(
        "staff/home.html",
        counts=counts,
        waiting=[_waiting(row) for row in recent.still_waiting(pending.rows)],
        all_waiting_url=_list_url(Tab.PENDING),
        expiring=[
            Ending(
                company=str(row.get("contactCompanyName", "")),
                until=dates.day(to_instant(str(row.get("validTo", ""))), zone),
                url=_url_of(row),
            )
            for row in expiring.rows
        ],
        more_expiring_url=_list_url(Tab.EXPIRING),
    )
    return make_response(page)


def _waiting(row: Item) -> Waiting:
    age = now() - (to_instant(str(row.get("createdAt", ""))) or now())
    late = _is_late(age)
    return Waiting(
        company=str(row.get("contactCompanyName", "")),
        age=dates.age(age, locale_name(), late=late),
        late=late,
        url=_url_of(row),
    )


_TAB_TONES = {
    Tab.PENDING: "information",
    Tab.ACTIVE: "positive",
    Tab.EXPIRING: "warning",
    Tab.EXPIRED: "negative",
}


def _counts(current: Tab | None = None) -> list[Count]:
    """All tabs; the one for what was set aside only while it holds something."""
    base = f"{_lists_url()}?status="
    return [
        Count(
            label=_(words.TAB[tab]),
            count=f"{CAP - 1}+" if number >= CAP else str(number),
            url=base + tab.value,
            tone=_TAB_TONES.get(tab, "") if number else "",
            key=tab.value,
            current="page" if tab is current else "false",
        )
        for tab, number in listings.counts(store(), now()).items()
        if number or tab is not Tab.ASIDE
    ]


# ---- The lists


class Row(NamedTuple):
    """One line of a list: ready strings, since fifty of them are written at a time."""

    url: str
    company: str
    contact: str
    email: str
    ids: str
    asked: str
    asked_iso: str
    age: str
    late: str
    window: str
    status: str
    tone: str


@bp.get("/tenants")
def tenants() -> Response:
    tab = _tab_named(request.args.get("status", ""))
    sought = request.args.get("q", "").strip()[:_LONGEST_SEARCH]
    after = services().links.read_cursor(request.args.get("after", ""), _list_name(tab, sought))
    if sought:
        listing = listings.search(store(), sought, tab, now(), after=after)
    else:
        listing = listings.page(store(), listings.stretches_of(tab, now()), after=after)
    return htmx.render(
        "staff/tenants.html",
        "staff/_tenants.html",
        tabs=_counts(tab),
        q=showable(sought),
        status=tab.value,
        search_url=url_for("staff.tenants"),
        rows=_rows(listing, tab),
        next_url=_list_url(tab, sought, listing),
        first_url=_list_url(tab, sought) if after else "",
        empty=_nothing_here(listing) if sought else _(words.EMPTY[tab]),
        heading=_("Tenants: %(tab)s", tab=_(words.TAB[tab])),
    )


def _nothing_here(listing: Listing) -> str:
    if listing.after:
        return _("Nothing on this page. Go on to the next one.")
    return _(
        "Nothing was found. Search for the beginning of a company name, for a whole email"
        " address, or for an id."
    )


@bp.get("/tenants/<tenant:tenant_id>")
def tenant(tenant_id: str) -> Response:
    return tenant_page(tenant_id, just_decided="done" in request.args)


def _tab_named(name: str) -> Tab:
    try:
        return Tab(name)
    except ValueError:
        return Tab.PENDING


def _list_url(tab: Tab, sought: str = "", listing: Listing | None = None) -> str:
    """A link that can be shared; with a listing, to the page behind it, or empty."""
    parameters = {"status": tab.value}
    if sought:
        parameters["q"] = sought
    if listing is not None:
        if listing.after is None:
            return ""
        parameters["after"] = services().links.cursor(listing.after, _list_name(tab, sought))
    return f"{_lists_url()}?{urlencode(parameters)}"


def _list_name(tab: Tab, sought: str) -> str:
    """What a cursor belongs to."""
    return f"{tab.value} {sought}"


def _lists_url() -> str:
    """Worked out once per request: a list page has a dozen links to lists."""
    if "lists_url" not in g:
        g.lists_url = url_for("staff.tenants")
    return str(g.lists_url)


def _url_of(row: Item) -> str:
    return url_for("staff.tenant", tenant_id=str(row[KEY]))


def _rows(listing: Listing, tab: Tab) -> list[Row]:
    moment, zone, locale = now(), settings().time_zone, locale_name()
    prefix = f"{_lists_url()}/"
    promised = timedelta(days=settings().promised_days)
    shown = recent.still_waiting(listing.rows) if tab is Tab.PENDING else listing.rows
    return [
        _row(row, prefix, moment=moment, zone=zone, promised=promised, locale=locale)
        for row in shown
    ]


def _row(
    item: Item, prefix: str, *, moment: datetime, zone: ZoneInfo, promised: timedelta, locale: str
) -> Row:
    get = item.get
    status = records.status_of(item)
    asked_iso = str(get("createdAt", ""))
    asked = to_instant(asked_iso)
    age = moment - asked if asked else timedelta(0)
    late = status is Status.PENDING and age > promised
    account, company = get("accountId", ""), get("companyId", "")
    label, tone, window = "", "", ""
    if status is Status.ACTIVE:
        validity = records.validity_of(item)
        stands = standing_of(status, validity, moment)
        label, tone = _(words.STANDING[stands]), words.TONE[stands]
        window = _window(validity, zone, locale)
    else:
        label, tone = _(words.STATUS[status]), _STATUS_TONES[status]
        if "validTo" in item:
            window = _window(records.validity_of(item), zone, locale)
    return Row(
        f"{prefix}{item[KEY]}",
        str(get("contactCompanyName", "")),
        str(get("contactFullName", "")),
        str(get("contactEmailAddress", "")),
        f"{account} / {company}" if account else "",
        dates.day(asked, zone, locale),
        asked_iso,
        dates.age(age, locale, late=late) if asked else "",
        "late" if late else "",
        window,
        label,
        tone,
    )


_STATUS_TONES = {
    Status.PENDING: "information",
    Status.ACTIVE: "positive",
    Status.SUSPENDED: "negative",
    Status.REJECTED: "",
    Status.WITHDRAWN: "",
}


def _window(validity: Validity, zone: ZoneInfo, locale: str) -> str:
    """`1 May 2026 – 30 Apr 2027`; a missing end stays open."""
    first = dates.day(validity.valid_from, zone, locale)
    return f"{first} – {dates.day(validity.valid_to, zone, locale)}".strip()


def _is_late(age: timedelta) -> bool:
    return age > timedelta(days=settings().promised_days)


def signed_in_user() -> dict[str, object] | None:
    """What the layout shows of who is signed in."""
    someone = person()
    if someone is None:
        return None
    return {
        "name": someone.name,
        "email": someone.email,
        "role": _(words.ROLE[someone.role]),
        "may_change": someone.role >= staff.Role.APPROVER,
        "is_admin": someone.role >= staff.Role.ADMIN,
    }
