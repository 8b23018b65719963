"""The queue and the other lists of tenants: tabs with counts, search, pages and their links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace

from flask import Response, request

from portal import queries
from portal.auth import Role
from portal.queries import CAP, PageCursor, Tab
from portal.search import Found
from portal.stores import Item
from portal.web.http import htmx, now, person, services, settings, store, strip_unprintable, url_for
from portal.web.i18n import N_, _, format_number, labels
from portal.web.staff.lists.back_links import link_suffix, query_of
from portal.web.staff.lists.list_choices import filters_of, may_lack_some, sort_links
from portal.web.staff.lists.list_owners import owner_links, with_owners
from portal.web.staff.lists.list_rows import rows_page
from portal.web.staff.lists.list_view import ListView
from portal.web.staff.lists.not_in_queue import empty_queue
from portal.web.staff.lists.queue_columns import Mark, queue_rows, same_in_all
from portal.web.staff.lists.recent_decisions import without_decided
from portal.web.staff.lists.saved_views import view_links

#: Tabs whose tenants have no licence yet, and tabs whose heading says the status of all.
_WITHOUT_VALIDITY = frozenset({Tab.PENDING, Tab.ASIDE, Tab.REJECTED})
#: The columns that a list may leave out.
_COLUMNS = {
    "contact": N_("Contact"),
    "ids": N_("Ids"),
    "requested": N_("Requested"),
    "validity": N_("Validity"),
    "status": N_("Status"),
}
_ONE_STATUS = frozenset({Tab.PENDING, Tab.ASIDE, Tab.EXPIRING, Tab.EXPIRED, Tab.SUSPENDED})


def queue_page() -> Response:
    view = ListView.of_query(request.args)
    tab, search = view.tab, view.search
    text = request.args.get("after", "")
    after = services().links.read_cursor(text, view.cursor_scope)
    page, items = _rows(view, after)
    is_emptied = bool(after) and not items and page.after is None
    if is_emptied:
        # The rows of a last page were decided, or moved on: the list may still have others.
        after = None
        page, items = _rows(view, after)
    here = view.parameters | ({"after": text} if after else {})
    rows = queue_rows(items, page.facts, f"{_base_url()}/", link_suffix(here))
    rows = with_owners(rows, items)
    same = same_in_all(rows)
    # What the heading says of all is not said again.
    hidden = set(same)
    if tab in _WITHOUT_VALIDITY:
        hidden.add("validity")
    if tab in _ONE_STATUS and not _has_marks(tab, rows):
        hidden.add("status")
        same.pop("status", None)
    answer = htmx.render(
        "staff/queue.html",
        "staff/_queue.html",
        tabs=queue_tabs(view),
        q=strip_unprintable(search),
        here=query_of(here),
        owners=owner_links(view, queue_url),
        hidden_fields=_hidden_fields(view),
        search_url=_base_url(),
        clear_search_url=queue_url(replace(view, search="")) if search else "",
        rows=rows,
        hidden=hidden,
        same=[(_(_COLUMNS[column]), words) for column, words in same.items() if words],
        sorts=sort_links(view, queue_url, is_sorted=page.is_sorted),
        not_sorted=_("Too many were found to sort them. Narrow the list down to sort it.")
        if view.sort and not page.is_sorted
        else "",
        filters=filters_of(view, queue_url),
        emptied=_("The page that you came to is empty by now. This is the first page.")
        if is_emptied
        else "",
        lacking=_("Some tenants may be missing here until all of them were looked through.")
        if may_lack_some(store(), view)
        else "",
        next_url=queue_url(view, page),
        first_url=queue_url(view) if after else "",
        empty=_nothing_found(view, page),
        elsewhere=_elsewhere(view, page, is_first=after is None),
        clear_url=_clear_url(tab, search),
        csv_url=_csv_url(view),
        views=view_links(),
        views_url=url_for("staff.views"),
        save_view_url=url_for("staff.save_view"),
        list_query=view.query,
        heading=_("Tenants: %(tab)s", tab=_(labels.TAB[tab])),
    )
    if htmx.wants_fragment() and "" in request.args.values():
        # A form sends its empty fields as well. An address is to be shared, and has none.
        answer.headers["HX-Replace-Url"] = f"{_base_url()}?{query_of(here)}"
    return answer


def _hidden_fields(view: ListView) -> list[tuple[str, str]]:
    """What the form of the search passes on, and has no field for."""
    names = ("status", "sort", "owner")
    return [(name, value) for name, value in view.parameters.items() if name in names]


def _clear_url(tab: Tab, search: str) -> str:
    """Where what the list shows is cleared; empty if it cannot be, or this person may not."""
    user = person()
    if tab is not Tab.ASIDE or user is None or user.role < Role.APPROVER:
        return ""
    query = f"?{query_of({'q': search})}" if search else ""
    return f"{url_for('staff.doubtful')}{query}"


def _csv_url(view: ListView) -> str:
    """Where all rows of the list are a file; empty if this person may not take them along."""
    user = person()
    if user is None or user.role < Role.APPROVER:
        return ""
    return f"{url_for('staff.tenants_csv')}?{view.query}"


def _has_marks(tab: Tab, rows: Sequence[SimpleNamespace]) -> bool:
    """Whether some rows differ from what the heading says of all."""
    usual = {None, Mark.ASIDE} if tab is Tab.ASIDE else {None}
    return not {row.mark for row in rows} <= usual


def _rows(view: ListView, after: PageCursor | None) -> tuple[Found, Sequence[Item]]:
    """A page of the list, and its rows without those that this person has just decided."""
    promised = timedelta(days=settings().promised_days)
    page = rows_page(store(), view, now(), promised, settings().expiring, after=after)
    return page, without_decided(page.rows) if view.tab is Tab.PENDING else page.rows


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """A link to what a search found in another tab."""

    url: str
    text: str


def _elsewhere(view: ListView, page: Found, *, is_first: bool) -> list[Elsewhere]:
    """What a search found in other tabs. Only page one knows it: others begin in the middle."""
    if not view.search or not is_first or not page.elsewhere:
        return []
    return [
        Elsewhere(url=queue_url(view.in_tab(tab)), text=_text_elsewhere(tab, number, page.is_all))
        for tab, number in page.elsewhere.items()
    ]


def _text_elsewhere(tab: Tab, number: int, is_all: bool) -> str:
    label = _(labels.TAB[tab])
    if is_all:
        return _("%(number)s more in %(tab)s", number=format_number(number), tab=label)
    return _("%(number)s or more in %(tab)s", number=format_number(number), tab=label)


def _nothing_found(view: ListView, page: Found) -> str:
    if page.rows:
        done = _("You have decided all sign-ups of this page.")
        more = _("Go to the next page.") if page.after else empty_queue()
        return f"{done} {more}"
    if page.after:
        return _("Nothing was found on this page. Go to the next page.")
    if view.search and page.elsewhere:
        return _("Nothing was found in this list.")
    if view.is_filtered:
        return _("Nothing in this list matches the filters, or not any more. Show it without them.")
    if view.search:
        return _(
            "Nothing was found. Search for a word of the company's or the contact's name, an email"
            " address or its domain, the last digits of a phone number, or an id."
        )
    return (
        empty_queue()
        if view.tab is Tab.PENDING
        else _(labels.EMPTY_TAB[view.tab], days=settings().expiring.days)
    )


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


def queue_tabs(view: ListView | None = None) -> list[QueueTab]:
    """All tabs. The tab for doubtful sign-ups is there only while it holds one. Search and filters
    go on in the other tab, since they stay in their fields.

    view: the list that is shown; `None` where none is.
    """
    return [
        QueueTab(
            label=_(labels.TAB[tab]),
            count=f"{CAP - 1}+" if number >= CAP else str(number),
            url=queue_url((view or ListView()).in_tab(tab)),
            tone=_TAB_TONES.get(tab, "") if number else "",
            key=tab.value,
            current="page" if view and tab is view.tab else "false",
        )
        for tab, number in _counts().items()
        if number or tab is not Tab.ASIDE
    ]


def _counts() -> Mapping[Tab, int]:
    # In the file store counting costs next to nothing.
    if settings().store == "json":
        return queries.counts(store(), now(), settings().expiring)
    return services().counts.at(store(), now(), settings().expiring)


# ---- Links


def queue_url(view: ListView, page: Found | None = None) -> str:
    """A link that can be shared: to the first page, or to the one behind `page`.

    Empty if nothing is behind `page`.
    """
    parameters = view.parameters
    if page is not None:
        if page.after is None:
            return ""
        parameters["after"] = services().links.cursor(page.after, view.cursor_scope)
    return f"{_base_url()}?{query_of(parameters)}"


def _base_url() -> str:
    return url_for("staff.tenants")
