"""Reading that several calls of a store, or an answer of `None`, make simpler."""

from collections.abc import Iterator

from portal.stores.contract import Cursor, Item, ItemNotFoundError, Segment, Store
from portal.stores.schema import Index


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
