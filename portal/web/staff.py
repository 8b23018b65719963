"""Staff: signing in, what waits, and the lists of tenants."""

from dataclasses import dataclass
from datetime import timedelta

from flask import (
    Blueprint,
    Response,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from portal import listings, staff
from portal.instants import to_instant
from portal.listings import Listing, Tab
from portal.staff import NotSignedInError
from portal.stores.contract import Item
from portal.stores.table import KEY
from portal.web import dates, htmx, lists, recent, words
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
    counts = [count for count in lists.tabs() if count.key != Tab.ALL.value]
    pending = listings.page(store(), listings.stretches_of(Tab.PENDING, now()), limit=5)
    expiring = listings.page(store(), listings.stretches_of(Tab.EXPIRING, now()), limit=5)
    page = render_template(
        "staff/home.html",
        counts=counts,
        waiting=[_waiting(row) for row in recent.still_waiting(pending.rows)],
        all_waiting_url=lists.url_of(Tab.PENDING),
        expiring=[
            Ending(
                company=str(row.get("contactCompanyName", "")),
                until=dates.day(to_instant(str(row.get("validTo", ""))), zone),
                url=_url_of(row),
            )
            for row in expiring.rows
        ],
        more_expiring_url=lists.url_of(Tab.EXPIRING),
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


def _url_of(row: Item) -> str:
    return url_for("staff.tenant", tenant_id=str(row[KEY]))


def _is_late(age: timedelta) -> bool:
    return age > timedelta(days=settings().promised_days)


# ---- The lists


@bp.get("/tenants")
def tenants() -> Response:
    tab = _tab_named(request.args.get("status", ""))
    sought = request.args.get("q", "").strip()[:_LONGEST_SEARCH]
    after = services().links.read_cursor(request.args.get("after", ""), lists.name_of(tab, sought))
    if sought:
        listing = listings.search(store(), sought, tab, now(), after=after)
    else:
        listing = listings.page(store(), listings.stretches_of(tab, now()), after=after)
    return htmx.render(
        "staff/tenants.html",
        "staff/_tenants.html",
        tabs=lists.tabs(tab),
        q=showable(sought),
        status=tab.value,
        search_url=url_for("staff.tenants"),
        rows=lists.rows_of(listing, tab),
        next_url=lists.url_of(tab, sought, listing),
        first_url=lists.url_of(tab, sought) if after else "",
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


def _tab_named(name: str) -> Tab:
    try:
        return Tab(name)
    except ValueError:
        return Tab.PENDING


@bp.get("/tenants/<tenant:tenant_id>")
def tenant(tenant_id: str) -> Response:
    return tenant_page(tenant_id, just_decided="done" in request.args)


# ---- Who is signed in


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
