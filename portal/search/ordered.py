"""A page of a list in the order, and with the filters, that somebody chose.

The indexes of the tenants themselves have each list in its usual order, and in that order turned
round. Everything else takes the places of tenants (`portal.records.list_places`), which follow
each change some seconds later. What they show is the tenants as they are.

    a cluster, or a source   has a partition of its own, in the usual order
    company                  has a partition of its own, for the whole list
    other orders             a list of at most `MOST_SORTED` rows is read whole, and sorted

What a partition has beside the list is left out. A page looks at most at `_MOST_QUERIES` times its
rows, however many tenants there are, so it may be short though more follow.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

from portal import records
from portal.queries import PAGE, IndexRange, PageCursor, Tab, is_in_tab, page
from portal.records import LAST, NEVER, ListFacts
from portal.search.find import Found
from portal.search.newest import merged
from portal.stores import (
    GSI1,
    GSI2,
    GSI3,
    GSI4,
    KEY,
    Index,
    Item,
    Store,
    find_item,
)
from portal.tenants import EXPIRING, Source, Tenant

#: A list with more rows is only shown in the orders that an index has.
MOST_SORTED = 200
_MOST_QUERIES = 8
#: What a cursor says of a list that was sorted, and of one by company. Others number their ranges.
_SORTED, _BY_COMPANY = 1000, 1001

By = Literal["age", "company", "end"]
#: The usual order of lists, and whether it is reversed. The others are by the latest decision.
_USUAL: Mapping[Tab, tuple[By, bool]] = {
    Tab.PENDING: ("age", False),
    Tab.ASIDE: ("age", True),
    Tab.ACTIVE: ("end", False),
    Tab.EXPIRING: ("end", False),
    Tab.EXPIRED: ("end", True),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What somebody chose of a list.

    Attributes:
        tab: The list.
        ranges: Its rows in the indexes of the tenants, in the usual order.
        by: The order. `None`: the usual one.
        waits_since: Only what has waited since before this.
        expiring: What ends within this time is in the tab of what expires.
    """

    tab: Tab
    ranges: Sequence[IndexRange]
    by: By | None = None
    is_reversed: bool = False
    cluster: str = ""
    source: Source | None = None
    waits_since: datetime | None = None
    expiring: timedelta = EXPIRING

    @property
    def is_filtered(self) -> bool:
        """Whether only places have it."""
        return bool(self.cluster or self.source)

    def has(self, item: Item, now: datetime) -> bool:
        """Whether an item is a tenant of the list that has what was chosen."""
        return is_in_tab(item, self.tab, now, self.expiring) and self.has_filtered(item)

    def has_filtered(self, item: Item) -> bool:
        """Whether an item is a tenant that has what was chosen, in whatever list."""
        if not records.is_tenant(item):
            return False
        tenant = records.tenant_of(item)
        if self.cluster and _cluster_of(tenant) != self.cluster:
            return False
        if self.source and records.source_of(item, tenant) is not self.source:
            return False
        return self.waits_since is None or self._waits(tenant, self.waits_since)

    @staticmethod
    def _waits(tenant: Tenant, since: datetime) -> bool:
        return tenant.is_queued and tenant.created_at is not None and tenant.created_at < since


def _cluster_of(tenant: Tenant) -> str:
    return tenant.ids.cluster if tenant.ids else ""


def usual_order(tab: Tab) -> tuple[By, bool] | None:
    """The usual order of a list, and whether it is reversed; `None`: by the latest decision."""
    return _USUAL.get(tab)


def list_page(
    store: Store, choice: Choice, now: datetime, *, after: PageCursor | None = None
) -> Found:
    """A page of the list. It may be short, or empty, though more follow.

    Raises:
        StoreError: The store failed.
    """
    ranges, is_usual = _ranges_of(choice)
    if not is_usual:
        found = _sorted_page(store, choice, ranges, now, after)
        if found is None and choice.by == "company":
            found = _company_page(store, choice, now, after)
        if found is not None:
            return found
    if after and after.index_range >= _SORTED:
        after = None
    found = _usual_page(store, choice, ranges, now, after)
    return replace(found, is_sorted=is_usual)


def plain_ranges(choice: Choice) -> Sequence[IndexRange] | None:
    """Where all rows of the list are, in its order; `None`: only `list_page` knows."""
    ranges, is_usual = _ranges_of(choice)
    return ranges if is_usual and not choice.is_filtered else None


# ---- In the usual order


def _ranges_of(choice: Choice) -> tuple[Sequence[IndexRange], bool]:
    """The ranges of an index that have the list, and whether they have it in the chosen order."""
    ranges = [_filtered(each, choice) for each in choice.ranges]
    usual = _USUAL.get(choice.tab)
    if choice.by is None:
        return ranges, True
    if usual is None or usual[0] != choice.by:
        return ranges, False
    return [replace(each, newest_first=choice.is_reversed) for each in ranges], True


def _usual_page(
    store: Store,
    choice: Choice,
    ranges: Sequence[IndexRange],
    now: datetime,
    after: PageCursor | None,
) -> Found:
    if not choice.is_filtered:
        listed = page(store, ranges, after=after, limit=PAGE)
        return Found(listed.rows, listed.after, facts=_marked(store, listed.rows))
    found = _Current(store, choice, now)
    for _ in range(_MOST_QUERIES):
        listed = page(store, ranges, after=after, limit=PAGE - len(found.rows))
        found.add(listed.rows, ranges[0].index)
        after = listed.after
        if after is None or len(found.rows) == PAGE:
            break
    return found.page(after)


def _filtered(own: IndexRange, choice: Choice) -> IndexRange:
    """Where the rows of a range are that have the cluster and the source."""
    if choice.cluster:
        return replace(own, index=GSI3, partition=records.of_cluster(own.partition, choice.cluster))
    if choice.source:
        return replace(own, index=GSI4, partition=records.of_source(own.partition, choice.source))
    return own


class _Current:
    """The tenants of places, as they are. What has changed since, and is not in the list any more,
    is left out."""

    def __init__(self, store: Store, choice: Choice, now: datetime) -> None:
        self._store = store
        self._choice = choice
        self._now = now
        self._facts: dict[str, ListFacts] = {}
        self.rows: list[Item] = []

    def add(self, places: Iterable[Item], index: Index) -> None:
        for place in places:
            known = records.list_facts(place, index)
            # Whatever came in another way needs no read.
            if self._choice.source in (None, known.source):
                self._add(records.place_tenant_id(place), known)

    def _add(self, tenant_id: str, known: ListFacts) -> None:
        item = find_item(self._store, tenant_id)
        if item is not None and self._choice.has(item, self._now):
            self._facts[tenant_id] = known
            self.rows.append(item)

    def page(self, after: PageCursor | None) -> Found:
        return Found(self.rows, after, facts=self._facts)


# ---- A list that is read whole, and sorted


def _sorted_page(
    store: Store,
    choice: Choice,
    ranges: Sequence[IndexRange],
    now: datetime,
    after: PageCursor | None,
) -> Found | None:
    """`None` if the list has too many rows."""
    if after and after.index_range != _SORTED:
        return None
    listed = page(store, ranges, limit=MOST_SORTED)
    if listed.after is not None:
        return None
    by = choice.by or "age"
    key = _KEYS[by]
    rows = sorted_rows(listed.rows, by, is_reversed=choice.is_reversed)
    if after and after.position:
        rows = [row for row in rows if _is_behind(row, key, after.position, choice.is_reversed)]
    shown, has_more = rows[:PAGE], len(rows) > PAGE
    last = shown[-1] if has_more else None
    next_place = PageCursor(_SORTED, (key(last), str(last[KEY]))) if last else None
    if not choice.is_filtered:
        return Found(shown, next_place, facts=_marked(store, listed.rows))
    current = _Current(store, choice, now)
    current.add(shown, ranges[0].index)
    return current.page(next_place)


def sorted_rows(rows: Iterable[Item], by: By, *, is_reversed: bool) -> list[Item]:
    """Rows that are all there are, in this order."""
    key = _KEYS[by]
    return sorted(rows, key=lambda row: (key(row), str(row[KEY])), reverse=is_reversed)


def _is_behind(
    row: Item, key: Callable[[Item], str], position: tuple[str, str], is_reversed: bool
) -> bool:
    place = (key(row), str(row[KEY]))
    return place < position if is_reversed else place > position


_KEYS: Mapping[By, Callable[[Item], str]] = {
    "age": lambda row: str(row.get("createdAt", "")),
    "company": lambda row: records.normalised(str(row.get("contactCompanyName", ""))),
    "end": lambda row: str(row.get("validTo", NEVER)),
}


# ---- By company


def _company_page(
    store: Store, choice: Choice, now: datetime, after: PageCursor | None
) -> Found | None:
    """`None` if the page before had another order."""
    if after and after.index_range != _BY_COMPANY:
        return None
    partitions = dict.fromkeys(each.partition for each in choice.ranges)
    ranges = [
        IndexRange(GSI1, records.by_company(each), newest_first=choice.is_reversed)
        for each in partitions
    ]
    position = after.position if after else None
    current, has_more = _Current(store, choice, now), True
    for _ in range(_MOST_QUERIES):
        found = merged(store, ranges, position, PAGE - len(current.rows))
        places = (place for _sort, place in found.rows if _may_be_in(place, choice))
        current.add(places, GSI1)
        if found.rows:
            sort, place = found.rows[-1]
            position = sort, str(place[KEY])
        has_more = found.has_more
        if not has_more or len(current.rows) == PAGE:
            break
    return current.page(PageCursor(_BY_COMPANY, position) if has_more else None)


def _may_be_in(place: Item, choice: Choice) -> bool:
    """Whether the tenant of a place may be in the list, as far as the place knows: GSI1 has all its
    attributes, also the sort key of its usual order."""
    usual_sort, own_list = str(place[GSI4.sort]), str(place[GSI1.partition])
    known = records.list_facts(place, GSI1)
    if choice.cluster and known.cluster != choice.cluster:
        return False
    return any(
        records.by_company(each.partition) == own_list
        and (each.between is None or each.between[0] <= usual_sort <= each.between[1])
        for each in choice.ranges
    )


# ---- Marks of rows that the indexes of the tenants show


def _marked(store: Store, rows: Sequence[Item]) -> dict[str, ListFacts]:
    """What is known of those among the rows that have a mark. One query for each list that the
    rows are of, of at most as many rows."""
    partition, sort = GSI2.partition, GSI2.sort
    listed = tuple([(str(row[partition]), str(row[sort])) for row in rows if sort in row])
    facts: dict[str, ListFacts] = {}
    for usual_list, between, number in _lists_of(listed):
        found = store.query(GSI2, usual_list, between=between, limit=number)
        facts |= {
            records.place_tenant_id(place): records.list_facts(place, GSI2) for place in found.items
        }
    return facts


@lru_cache(32)
def _lists_of(listed: Sequence[tuple[str, str]]) -> Sequence[tuple[str, tuple[str, str], int]]:
    """Where the marks of rows are: partition, range and number of rows for each list. A page of a
    list is asked for again and again.

    Args:
        listed: Partition and sort key of each row.
    """
    lists = []
    for usual_list in dict.fromkeys(partition for partition, _sort in listed):
        values = [sort.partition("#")[0] for own, sort in listed if own == usual_list]
        between = min(values) or " ", f"{max(values)}{LAST}"
        lists.append((records.marked(usual_list), between, len(values)))
    return lists
