"""Stores for the benches: one that counts what DynamoDB would charge, and one that fills fast."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import ceil

from portal.stores import (
    Add,
    Change,
    Count,
    Cursor,
    Item,
    ItemNotFoundError,
    Page,
    Remove,
    Replace,
    Store,
)
from portal.stores.schema import KEY, Index
from portal.stores.wrapper import StoreWrapper

#: Bytes of a read unit.
_UNIT = 4096


class ChargedStore(StoreWrapper):
    """Counts the read units that DynamoDB charges for the same calls: one for each 4 KB of an item,
    two for one that is read together with others, and half of one for each 4 KB of rows that a
    query looks at. What is not there costs as much as 4 KB.

    Attributes:
        read_units: So far.
        calls: How many calls were that.
    """

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.read_units = 0.0
        self.calls = 0

    def get(self, item_id: str) -> Item:
        self.calls += 1
        try:
            item = super().get(item_id)
        except ItemNotFoundError:
            self.read_units += 1
            raise
        self.read_units += ceil(_size(item) / _UNIT)
        return item

    def get_many(self, item_ids: Sequence[str]) -> Mapping[str, Item]:
        self.calls += 1
        found = super().get_many(item_ids)
        # As `BatchReads`: a transaction, unless there is but one.
        ids = set(item_ids)
        factor = 1 if len(ids) == 1 else 2
        sizes = [ceil(_size(found.get(each, {})) / _UNIT) for each in ids]
        self.read_units += factor * sum(max(1, size) for size in sizes)
        return found

    def query(
        self,
        index: Index,
        partition: str,
        *,
        between: tuple[str, str] | None = None,
        after: Cursor | None = None,
        limit: int = 50,
        newest_first: bool = False,
    ) -> Page:
        page = super().query(
            index,
            partition,
            between=between,
            after=after,
            limit=limit,
            newest_first=newest_first,
        )
        self._charge(page)
        return page

    def count(
        self, index: Index, partition: str, *, cap: int, between: tuple[str, str] | None = None
    ) -> int:
        page = super().query(index, partition, between=between, limit=max(1, cap))
        self._charge(page)
        return super().count(index, partition, cap=cap, between=between)

    def _charge(self, page: Page) -> None:
        self.calls += 1
        self.read_units += max(1, ceil(sum(_size(row) for row in page.items) / _UNIT)) / 2


def _size(item: Item) -> int:
    """Bytes, nearly as DynamoDB counts them."""
    return sum(len(name) + len(str(value).encode()) for name, value in item.items())


class FillingStore(StoreWrapper):
    """Gathers the writes of one writer, and writes 100 items at once: an item that is written
    several times is written once. `flush` now and then, and at the end: what was flushed is not
    written again."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._gathered: dict[str, Item] = {}

    def get(self, item_id: str) -> Item:
        if item_id in self._gathered:
            return self._gathered[item_id]
        return super().get(item_id)

    def write(self, changes: Sequence[Change]) -> None:
        for change in changes:
            match change:
                case Add(item) | Replace(item):
                    self._gathered[str(item[KEY])] = item
                case Remove(item_id):
                    # Whoever only adds removes nothing that was flushed.
                    with suppress(KeyError):
                        del self._gathered[item_id]
                case Count(item_id):
                    raise NotImplementedError(item_id)

    def flush(self) -> None:
        items = list(self._gathered.values())
        for at in range(0, len(items), 100):
            super().write([Add(item) for item in items[at : at + 100]])
        self._gathered = {}
