"""Pages of a list. The rows of a list lie in one or several ranges of an index."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.stores import Cursor, Index, Item, Store

#: Rows of a page, unless a limit is given.
PAGE = 50


@dataclass(frozen=True, slots=True)
class IndexRange:
    """A range of sort keys in one partition of an index; the whole partition without `between`."""

    index: Index
    partition: str
    between: tuple[str, str] | None = None
    newest_first: bool = False


@dataclass(frozen=True, slots=True)
class PageCursor:
    """Where a page ended: the number of the range, counted from 0, and the position in it."""

    index_range: int
    position: Cursor | None


@dataclass(frozen=True, slots=True)
class QueuePage:
    """Rows hold the attributes that their index projects. `after` is `None` on the last page."""

    rows: Sequence[Item]
    after: PageCursor | None


def page(
    store: Store,
    ranges: Sequence[IndexRange],
    *,
    after: PageCursor | None = None,
    limit: int = PAGE,
) -> QueuePage:
    """The next `limit` rows of the ranges, one range after another."""
    rows: list[Item] = []
    number, position = (after.index_range, after.position) if after else (0, None)
    while number < len(ranges):
        index_range = ranges[number]
        result = store.query(
            index_range.index,
            index_range.partition,
            between=index_range.between,
            after=position,
            limit=limit - len(rows),
            newest_first=index_range.newest_first,
        )
        rows.extend(result.items)
        if result.after:
            return QueuePage(rows, PageCursor(number, result.after))
        number, position = number + 1, None
        if len(rows) >= limit:
            has_more = any(_has_rows(store, rest) for rest in ranges[number:])
            return QueuePage(rows, PageCursor(number, None) if has_more else None)
    return QueuePage(rows, None)


def _has_rows(store: Store, index_range: IndexRange) -> bool:
    row_count = store.count(
        index_range.index, index_range.partition, cap=1, between=index_range.between
    )
    return row_count > 0
