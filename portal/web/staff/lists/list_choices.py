"""What people choose on a list: its order, by the headings of the columns, and its filters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from portal.search import walk_state
from portal.stores import Store
from portal.tenants import Source
from portal.web.i18n import N_, _
from portal.web.staff.lists.list_view import WAITING_TABS, By, ListView

SOURCES: Mapping[Source, str] = {
    Source.FORM: N_("Public form"),
    Source.SHELL: N_("Form in Field Service Management"),
    Source.PROGRAM: N_("Program"),
    Source.IMPORT: N_("Import"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class SortLink:
    """The heading of a column by which the list can be sorted.

    Attributes:
        aria: The value of `aria-sort`; empty if the list has another order.
    """

    url: str
    aria: str


def sort_links(
    view: ListView, url_of: Callable[[ListView], str], *, is_sorted: bool
) -> Mapping[str, SortLink]:
    """By column. `is_sorted`: whether the list has the order that was asked for."""
    orders: Mapping[str, By] = {"company": "company", "requested": "age", "validity": "end"}
    order = view.order if is_sorted else None
    links = {}
    for column, by in orders.items():
        following = view.sorted_by(by)
        is_by = order is not None and order.by == by
        links[column] = SortLink(
            url=url_of(following),
            aria=("descending" if order and order.is_reversed else "ascending") if is_by else "",
        )
    return links


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """The fields of the filters, and what they say.

    Attributes:
        sources: Value, label, and whether it is chosen.
        is_late: `None`: nobody is late in this list.
        words: What is chosen, in words; empty if nothing is.
    """

    cluster: str
    sources: list[tuple[str, str, bool]]
    is_late: bool | None
    words: str
    clear_url: str
    owner: str


def filters_of(view: ListView, url_of: Callable[[ListView], str]) -> Filters:
    chosen = []
    if view.cluster:
        chosen.append(_("cluster %(cluster)s", cluster=view.cluster))
    if view.source:
        chosen.append(_("came in by: %(source)s", source=_(SOURCES[view.source])))
    if view.late:
        chosen.append(_("late"))
    return Filters(
        cluster=view.cluster,
        sources=[(each.value, _(label), each is view.source) for each, label in SOURCES.items()],
        is_late=view.late if view.tab in WAITING_TABS else None,
        words=", ".join(chosen),
        clear_url=url_of(view.without_filters()),
        owner=view.owner,
    )


def may_lack_some(store: Store, view: ListView) -> bool:
    """Whether the list reads what is still being made after an update."""
    reads_places = view.cluster or view.source or (view.sort and view.sort.by == "company")
    return bool(reads_places) and not view.search and not walk_state(store).is_complete
