"""Reading that several calls of a store, or an answer of `None`, make simpler."""

from collections.abc import Iterator, Sequence

from portal.stores.contract import Cursor, Item, ItemNotFoundError, Segment, Store
from portal.stores.schema import Index
from portal.stores.wrapper import StoreWrapper

#: A partition, and the range of sort keys in it; `None`: all of it.
CountedRange = tuple[str, tuple[str, str] | None]


def find_item(store: Store, item_id: str) -> Item | None:
    """The item with this id; `None` if there is none. May raise the other errors of `Store.get`."""
    try:
        return store.get(item_id)
    except ItemNotFoundError:
        return None


def iter_query(
    store: Store,
    index: Index,
    partition: str,
    *,
    between: tuple[str, str] | None = None,
    newest_first: bool = False,
) -> Iterator[Item]:
    """All rows that `Store.query` returns. May raise that call's errors before each page."""
    after: Cursor | None = None
    while True:
        page = store.query(
            index, partition, between=between, after=after, newest_first=newest_first
        )
        yield from page.items
        after = page.after
        if after is None:
            return


def iter_scan(store: Store) -> Iterator[Item]:
    """All items that `Store.scan` returns. May raise that call's errors before each page."""
    after: str | None = None
    while True:
        page = store.scan(Segment(), after=after)
        yield from page.items
        if page.after is None:
            return
        after = page.after[1]


def count_each(
    store: Store, index: Index, ranges: Sequence[CountedRange], *, cap: int
) -> list[int]:
    """What `store.count` says of each range. May raise what that may raise.

    A page of staff has nine counts, and in the file store most of what each costs is the way to the
    table. So a store may have a `count_each` of its own; of any other each is asked for by itself.
    """
    inner = store
    # A wrapper that has its own way of counting is asked.
    while isinstance(inner, StoreWrapper) and type(inner).count is StoreWrapper.count:
        inner = inner.inner
    # The class has to say so: a stand-in may pass on whatever it does not know itself.
    own = getattr(type(inner), "count_each", None)
    if own is not None:
        numbers: list[int] = own(inner, index, ranges, cap=cap)
        return numbers
    return [
        store.count(index, partition, cap=cap, between=between) for partition, between in ranges
    ]
