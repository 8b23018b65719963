"""The HTML of a list: tabs with counts, search, filters, the table, and the links of all of these.

Somebody who works off a queue asks for the same list again and again. So the HTML of the lists that
were shown last is kept, by all that it depends on: `ListState`. Only the counts of the tabs, which
change with every sign-up, and the tokens of the forms are filled in each time.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, NamedTuple

from flask import current_app
from markupsafe import Markup, escape

from portal.auth import Role
from portal.queries import CAP, Tab
from portal.saved_views import SavedView
from portal.web.http import csrf, strip_unprintable, url_for
from portal.web.i18n import N_, _, format_number, labels
from portal.web.staff.lists.back_links import query_of
from portal.web.staff.lists.kept_rows import ShownRows
from portal.web.staff.lists.list_choices import filters_of, sort_links
from portal.web.staff.lists.list_owners import owner_links
from portal.web.staff.lists.list_view import ListView
from portal.web.staff.lists.queue_columns import Mark, QueueRow, same_in_all
from portal.web.staff.lists.saved_views import view_links

_TEMPLATE: Final = "staff/_queue.html"
#: Lists whose HTML is kept, with 50 kB each.
_MOST_LISTS: Final = 32
#: Stands around the names of what is filled in. Nobody can guess it, so no other text holds it.
_MARK: Final = secrets.token_hex(16)
_PLACEHOLDER: Final = re.compile(f"{_MARK}-([a-z-]+)-{_MARK}")

#: Tabs whose tenants have no licence yet, and tabs whose heading says the status of all.
_WITHOUT_VALIDITY = frozenset({Tab.PENDING, Tab.ASIDE, Tab.REJECTED})
_ONE_STATUS = frozenset({Tab.PENDING, Tab.ASIDE, Tab.EXPIRING, Tab.EXPIRED, Tab.SUSPENDED})
#: The columns that a list may leave out.
_COLUMNS = {
    "contact": N_("Contact"),
    "ids": N_("Ids"),
    "requested": N_("Requested"),
    "validity": N_("Validity"),
    "status": N_("Status"),
}


class ListState(NamedTuple):
    """All that the HTML of a list depends on, but for what is filled in. While it is made, nothing
    else is looked up: of the request only its language, its root and its reader.

    Attributes:
        root: The path below which the portal is.
        reader: Id and role of the person.
        is_fragment: htmx replaces the list in a page.
        after: Where the page begins, as the address says it; empty: it is the first one.
        next_url: Empty if nothing follows.
        tabs: Those that there are.
        is_sorted: Whether the list has the order that was asked for.
        elsewhere: How many a search has found in other tabs.
        is_all: Whether the search has looked at all that match.
        may_lack_some: It reads what is still being made after an update.
        is_emptied: The page that was asked for is empty by now.
        empty: What is said in place of rows.
        owner: The name of somebody else whose list it is.
        views: The lists that the person has saved.
    """

    language: str
    root: str
    reader: tuple[str, Role] | None
    is_fragment: bool
    view: ListView
    after: str
    next_url: str
    rows: ShownRows
    tabs: tuple[Tab, ...]
    is_sorted: bool
    elsewhere: tuple[tuple[Tab, int], ...]
    is_all: bool
    may_lack_some: bool
    is_emptied: bool
    empty: str
    owner: str
    views: tuple[SavedView, ...]


def list_html(state: ListState, counts: Mapping[Tab, int]) -> Markup:
    """The HTML of the list for this reader, with these counts of tabs."""
    parts = list(_parts(state))
    values: dict[str, str] = {
        "token": escape(csrf.csrf_token()),
        "owner": escape(csrf.new_form_owner()),
    }
    for tab, number in counts.items():
        values[tab] = _count_text(number)
    parts[1::2] = [values[name] for name in parts[1::2]]
    return Markup("".join(parts))  # noqa: S704 - the template has escaped the rest


def _placeholder(name: str) -> str:
    return f"{_MARK}-{name}-{_MARK}"


def list_heading(view: ListView) -> str:
    return _("Tenants: %(tab)s", tab=_(labels.TAB[view.tab]))


@lru_cache(_MOST_LISTS)
def _parts(state: ListState) -> Sequence[str]:
    """The HTML, and between two pieces of it the name of what is filled in."""
    return _PLACEHOLDER.split(_pattern(state))


def _pattern(state: ListState) -> str:
    view, rows = state.view, state.rows.rows
    same, hidden = _columns_of(view.tab, rows)
    here = here_of(view, state.after)
    # No processor of contexts adds anything of the request.
    return current_app.jinja_env.get_template(_TEMPLATE).render(
        fragment=state.is_fragment,
        token=_placeholder("token"),
        owner_token=_placeholder("owner"),
        tabs=[
            _tab(tab, _placeholder(tab.value), view.in_tab(tab), is_current=tab is view.tab)
            for tab in state.tabs
        ],
        q=strip_unprintable(view.search),
        here=here,
        owners=owner_links(view, queue_url, state.owner),
        hidden_fields=_hidden_fields(view),
        search_url=base_url(),
        clear_search_url=queue_url(replace(view, search="")) if view.search else "",
        rows=rows,
        hidden=hidden,
        same=same,
        sorts=sort_links(view, queue_url, is_sorted=state.is_sorted),
        not_sorted=_("Too many were found to sort them. Narrow the list down to sort it.")
        if view.sort and not state.is_sorted
        else "",
        filters=filters_of(view, queue_url),
        emptied=_("The page that you came to is empty by now. This is the first page.")
        if state.is_emptied
        else "",
        lacking=_("Some tenants may be missing here until all of them were looked through.")
        if state.may_lack_some
        else "",
        next_url=state.next_url,
        first_url=queue_url(view) if state.after else "",
        empty=state.empty,
        elsewhere=_elsewhere(state),
        clear_url=_clear_url(state),
        csv_url=f"{url_for('staff.tenants_csv')}?{view.query}" if _may_decide(state) else "",
        views=view_links(state.views),
        views_url=url_for("staff.views"),
        save_view_url=url_for("staff.save_view"),
        list_query=view.query,
        heading=list_heading(view),
    )


def _columns_of(tab: Tab, rows: Sequence[QueueRow]) -> tuple[list[tuple[str, str]], set[str]]:
    """What is said once of all rows, with the label of its column, and the columns left out."""
    same = same_in_all(rows)
    # What the heading says of all is not said again.
    hidden = set(same)
    if tab in _WITHOUT_VALIDITY:
        hidden.add("validity")
    if tab in _ONE_STATUS and not _has_marks(tab, rows):
        hidden.add("status")
        same.pop("status", None)
    return [(_(_COLUMNS[column]), words) for column, words in same.items() if words], hidden


def _has_marks(tab: Tab, rows: Sequence[QueueRow]) -> bool:
    """Whether some rows differ from what the heading says of all."""
    usual = {None, Mark.ASIDE} if tab is Tab.ASIDE else {None}
    return not {row.mark for row in rows} <= usual


def _hidden_fields(view: ListView) -> list[tuple[str, str]]:
    """What the form of the search passes on, and has no field for."""
    names = ("status", "sort", "owner")
    return [(name, value) for name, value in view.parameters.items() if name in names]


def _may_decide(state: ListState) -> bool:
    return state.reader is not None and state.reader[1] >= Role.APPROVER


def _clear_url(state: ListState) -> str:
    """Where what the list shows is cleared; empty if it cannot be, or this person may not."""
    search = state.view.search
    if state.view.tab is not Tab.ASIDE or not _may_decide(state):
        return ""
    query = f"?{query_of({'q': search})}" if search else ""
    return f"{url_for('staff.doubtful')}{query}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """A link to what a search found in another tab."""

    url: str
    text: str


def _elsewhere(state: ListState) -> list[Elsewhere]:
    return [
        Elsewhere(
            url=queue_url(state.view.in_tab(tab)), text=_text_elsewhere(tab, number, state.is_all)
        )
        for tab, number in state.elsewhere
    ]


def _text_elsewhere(tab: Tab, number: int, is_all: bool) -> str:
    label = _(labels.TAB[tab])
    if is_all:
        return _("%(number)s more in %(tab)s", number=format_number(number), tab=label)
    return _("%(number)s or more in %(tab)s", number=format_number(number), tab=label)


# ---- Tabs


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueTab:
    label: str
    count: str
    url: str
    tone: str = ""
    key: str = ""
    current: str = "false"


_TAB_TONES = {
    Tab.PENDING: "information",
    Tab.ACTIVE: "positive",
    Tab.EXPIRING: "warning",
    Tab.EXPIRED: "negative",
}


def shown_tabs(counts: Mapping[Tab, int]) -> tuple[Tab, ...]:
    """The tab for doubtful sign-ups is there only while it holds one."""
    return tuple(tab for tab in counts if counts[tab] or tab is not Tab.ASIDE)


def tabs_of(counts: Mapping[Tab, int]) -> list[QueueTab]:
    """The tabs, with their tones, where no list is shown."""
    return [
        _tab(tab, _count_text(counts[tab]), ListView(tab=tab), tone=counts[tab] > 0)
        for tab in shown_tabs(counts)
    ]


def _tab(
    tab: Tab, count: str, view: ListView, *, is_current: bool = False, tone: bool = False
) -> QueueTab:
    """A tab. Search and filters go on in the other tab, since they stay in their fields.

    Args:
        view: The list that it leads to.
        tone: Whether it has the tone of what it holds.
    """
    return QueueTab(
        label=_(labels.TAB[tab]),
        count=count,
        url=queue_url(view),
        tone=_TAB_TONES.get(tab, "") if tone else "",
        key=tab.value,
        current="page" if is_current else "false",
    )


def _count_text(number: int) -> str:
    return f"{CAP - 1}+" if number >= CAP else str(number)


# ---- Links


def queue_url(view: ListView, after: str = "") -> str:
    """A link that can be shared: to the first page, or to the one that begins at `after`."""
    return f"{base_url()}?{here_of(view, after)}"


@lru_cache(256)
def here_of(view: ListView, after: str) -> str:
    """The parameters of the address of a page of the list."""
    return query_of(view.parameters | ({"after": after} if after else {}))


def base_url() -> str:
    return url_for("staff.tenants")
