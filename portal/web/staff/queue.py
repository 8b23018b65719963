"""The queue and the other lists of tenants: tabs with counts, search, pages and their links."""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Response, g, request, url_for

from portal import queries
from portal.queries import CAP, QueuePage, Tab
from portal.web.http import htmx, now, services, store, strip_unprintable
from portal.web.i18n import _, labels
from portal.web.staff.queue_columns import queue_rows
from portal.web.staff.recent_decisions import without_decided

_MAX_SEARCH_LENGTH = 200


def queue_page() -> Response:
    tab = _tab_named(request.args.get("status", ""))
    search = request.args.get("q", "").strip()[:_MAX_SEARCH_LENGTH]
    after = services().links.read_cursor(request.args.get("after", ""), _cursor_scope(tab, search))
    if search:
        page = queries.search(store(), search, tab, now(), after=after)
    else:
        page = queries.page(store(), queries.ranges_of_tab(tab, now()), after=after)
    items = without_decided(page.rows) if tab is Tab.PENDING else page.rows
    return htmx.render(
        "staff/queue.html",
        "staff/_queue.html",
        tabs=queue_tabs(tab),
        q=strip_unprintable(search),
        status=tab.value,
        search_url=_base_url(),
        rows=queue_rows(items, f"{_base_url()}/"),
        next_url=queue_url(tab, search, page),
        first_url=queue_url(tab, search) if after else "",
        empty=_nothing_found(page) if search else _(labels.EMPTY_TAB[tab]),
        heading=_("Tenants: %(tab)s", tab=_(labels.TAB[tab])),
    )


def _nothing_found(page: QueuePage) -> str:
    if page.after:
        return _("Nothing was found on this page. Go to the next page.")
    return _(
        "Nothing was found. Search for the beginning of a company name, for a whole email"
        " address, or for an id."
    )


def _tab_named(name: str) -> Tab:
    try:
        return Tab(name)
    except ValueError:
        return Tab.PENDING


# ---- Tabs


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueTab:
    label: str
    count: str
    url: str
    tone: str
    key: str = ""
    current: str = "false"


_TAB_TONES = {
    Tab.PENDING: "information",
    Tab.ACTIVE: "positive",
    Tab.EXPIRING: "warning",
    Tab.EXPIRED: "negative",
}


def queue_tabs(current: Tab | None = None) -> list[QueueTab]:
    """All tabs. The tab for sign-ups that were set aside is there only while it holds one."""
    base = f"{_base_url()}?status="
    return [
        QueueTab(
            label=_(labels.TAB[tab]),
            count=f"{CAP - 1}+" if number >= CAP else str(number),
            url=base + tab.value,
            tone=_TAB_TONES.get(tab, "") if number else "",
            key=tab.value,
            current="page" if tab is current else "false",
        )
        for tab, number in queries.counts(store(), now()).items()
        if number or tab is not Tab.ASIDE
    ]


# ---- Links


def queue_url(tab: Tab, search: str = "", page: QueuePage | None = None) -> str:
    """A link that can be shared: to the first page, or to the one behind `page`.

    Empty if nothing is behind `page`.
    """
    parameters = {"status": tab.value}
    if search:
        parameters["q"] = search
    if page is not None:
        if page.after is None:
            return ""
        parameters["after"] = services().links.cursor(page.after, _cursor_scope(tab, search))
    return f"{_base_url()}?{urlencode(parameters)}"


def _cursor_scope(tab: Tab, search: str) -> str:
    """The list that a cursor belongs to. A cursor of another list leads to the first page."""
    return f"{tab.value} {search}"


def _base_url() -> str:
    """Built once per request: a page has a dozen links to lists, and `url_for` is slow."""
    if "queue_url" not in g:
        g.queue_url = url_for("staff.tenants")
    return str(g.queue_url)
