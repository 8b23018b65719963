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

from portal import queries
from portal.auth import (
    NotSignedInError,
    Role,
    check_sign_in_link,
    end_session,
    start_session,
)
from portal.queries import QueuePage, Tab
from portal.stores import KEY, Item
from portal.timestamps import parse_timestamp
from portal.web.http import (
    SESSION_TOKEN,
    htmx,
    now,
    person,
    safe_next,
    services,
    settings,
    store,
    strip_unprintable,
)
from portal.web.i18n import _, dates, labels, locale_name
from portal.web.staff.queue_rows import list_name, list_url, queue_rows, tabs
from portal.web.staff.recent_decisions import without_decided
from portal.web.staff.tenant_page import tenant_page

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
            check_sign_in_link(store(), token, now())
            wanted = request.args.get("next", "") or session.get("next", "")
            return make_response(
                render_template(
                    "staff/sign_in_link.html",
                    action=url_for("staff.use_link", token=token),
                    next=safe_next(wanted, ""),
                )
            )
        session_token = start_session(store(), token, now())
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
        end_session(store(), token)
    session.clear()
    return redirect(url_for("staff.sign_in"), 303)


# ---- What waits


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingRow:
    company: str
    age: str
    late: bool
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpiringRow:
    company: str
    until: str
    url: str


@bp.get("/")
def home() -> Response:
    zone = settings().time_zone
    counts = [count for count in tabs() if count.key != Tab.ALL.value]
    pending = queries.page(store(), queries.ranges_of_tab(Tab.PENDING, now()), limit=5)
    expiring = queries.page(store(), queries.ranges_of_tab(Tab.EXPIRING, now()), limit=5)
    page = render_template(
        "staff/home.html",
        counts=counts,
        waiting=[_waiting(row) for row in without_decided(pending.rows)],
        all_waiting_url=list_url(Tab.PENDING),
        expiring=[
            ExpiringRow(
                company=str(row.get("contactCompanyName", "")),
                until=dates.day(parse_timestamp(str(row.get("validTo", ""))), zone),
                url=_url_of(row),
            )
            for row in expiring.rows
        ],
        more_expiring_url=list_url(Tab.EXPIRING),
    )
    return make_response(page)


def _waiting(row: Item) -> WaitingRow:
    age = now() - (parse_timestamp(str(row.get("createdAt", ""))) or now())
    late = _is_late(age)
    return WaitingRow(
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
    after = services().links.read_cursor(request.args.get("after", ""), list_name(tab, sought))
    if sought:
        listing = queries.search(store(), sought, tab, now(), after=after)
    else:
        listing = queries.page(store(), queries.ranges_of_tab(tab, now()), after=after)
    return htmx.render(
        "staff/tenants.html",
        "staff/_tenants.html",
        tabs=tabs(tab),
        q=strip_unprintable(sought),
        status=tab.value,
        search_url=url_for("staff.tenants"),
        rows=queue_rows(listing, tab),
        next_url=list_url(tab, sought, listing),
        first_url=list_url(tab, sought) if after else "",
        empty=_nothing_here(listing) if sought else _(labels.EMPTY[tab]),
        heading=_("Tenants: %(tab)s", tab=_(labels.TAB[tab])),
    )


def _nothing_here(listing: QueuePage) -> str:
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
        "role": _(labels.ROLE[someone.role]),
        "may_change": someone.role >= Role.APPROVER,
        "is_admin": someone.role >= Role.ADMIN,
    }
