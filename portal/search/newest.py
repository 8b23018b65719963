"""Tenants in the order of their latest change, the newest first.

The list of changes is made after each decision by the background process, so it lags behind by some
seconds. What it shows is the tenants as they are.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice

from portal import records
from portal.queries import IndexRange
from portal.records import document_tenant_id
from portal.stores import GSI3, KEY, Cursor, Item, ItemNotFoundError, Store
from portal.tenants import Status

#: Index pages that one page is made of at most, if rows of them are left out.
_MOST_PAGES = 2


@dataclass(frozen=True, slots=True)
class MergedRows:
    """Rows of several ranges, each with its sort key. `has_more`: others follow."""

    rows: Sequence[tuple[str, Item]]
    has_more: bool


def merged(
    store: Store, ranges: Sequence[IndexRange], after: Cursor | None, limit: int
) -> MergedRows:
    """The next rows of ranges that all have the same order, in this order. One cursor, the sort key
    and the id of the last row, holds for all of them."""
    is_newest_first = ranges[0].newest_first
    lists: list[list[tuple[str, str, Item]]] = []
    has_more = False
    for each in ranges:
        result = store.query(
            each.index,
            each.partition,
            between=each.between,
            after=after,
            limit=limit,
            newest_first=is_newest_first,
        )
        has_more = has_more or result.after is not None
        lists.append([(str(row[each.index.sort]), str(row[KEY]), row) for row in result.items])
    in_order: Iterator[tuple[str, str, Item]] = merge(
        *lists, key=lambda row: row[:2], reverse=is_newest_first
    )
    rows = [(sort, row) for sort, _id, row in islice(in_order, limit)]
    return MergedRows(rows, has_more or len(rows) < sum(map(len, lists)))


@dataclass(frozen=True, slots=True)
class ChangedTenants:
    """Items of tenants. `after` is `None` on the last page."""

    items: Sequence[Item]
    after: Cursor | None


def newest_changes(
    store: Store, statuses: Collection[Status], *, after: Cursor | None = None, limit: int
) -> ChangedTenants:
    """The tenants with one of these statuses. Sign-ups that are not in the queue are left out.

    A page may be short though more rows follow: what is gone, or has another status by now, is
    left out, and at most twice as many rows as it has are read. It costs one query for each status
    and one read for each row, however many tenants there are.

    Raises:
        StoreError: The store failed.
    """
    ranges = [
        IndexRange(GSI3, records.changes_partition(status), newest_first=True)
        for status in statuses
    ]
    items: list[Item] = []
    for _ in range(_MOST_PAGES):
        found = merged(store, ranges, after, limit - len(items))
        for sort, row in found.rows:
            items += _current(store, row, statuses)
            after = sort, str(row[KEY])
        if not found.has_more:
            return ChangedTenants(items, None)
        if len(items) == limit:
            break
    return ChangedTenants(items, after)


def _current(store: Store, row: Item, statuses: Collection[Status]) -> list[Item]:
    """The tenant of a row; empty if it does not belong here any more."""
    try:
        item = store.get(document_tenant_id(row))
    except ItemNotFoundError:
        return []
    if not records.is_tenant(item) or records.is_set_aside(item):
        return []
    return [item] if records.status_of(item) in statuses else []
