"""The items of the file store in memory, packed, with their indexes."""

from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from heapq import nsmallest
from zlib import crc32

import orjson

from portal.stores.contract import Cursor, Item, Page, Segment, Value
from portal.stores.file.sorted_index import Key, SortedIndex
from portal.stores.schema import INDEXES, KEY, Index

_SHAPE_BYTES = 3
_MAX_CACHED_KEYS = 1024


class _Shape:
    """The attribute names of a row, stored once for the thousands of rows that share them."""

    def __init__(self, number: int, names: tuple[str, ...]) -> None:
        self.prefix = number.to_bytes(_SHAPE_BYTES, "big")
        self.names = names
        positions = {name: position for position, name in enumerate(names)}
        self.key_positions = [
            (positions[index.partition], positions[index.sort])
            if index.partition in positions and index.sort in positions
            else None
            for index in INDEXES
        ]
        self.projected_positions = [
            [
                (name, position)
                for name, position in positions.items()
                if index.attributes is None or name in index.attributes
            ]
            for index in INDEXES
        ]
        #: Bytes that an item's JSON has in addition to its values: `"name":` for each attribute.
        self.names_size = sum(len(orjson.dumps(name)) + 1 for name in names)


class MemoryTable:
    """All items and their indexes. Not thread-safe: the caller holds a lock."""

    def __init__(self) -> None:
        self._rows: dict[str, bytes] = {}
        self._shapes: list[_Shape] = []
        self._shapes_by_names: dict[tuple[str, ...], _Shape] = {}
        self._indexes = [SortedIndex(partial(self._key, n)) for n in range(len(INDEXES))]
        self._index_numbers = {index.name: number for number, index in enumerate(INDEXES)}
        # Every search begins at the same few rows.
        self._key_of_row = lru_cache(_MAX_CACHED_KEYS)(self._read_key)
        #: Bytes of all items as JSON.
        self.size = 0

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, item_id: str) -> Item | None:
        row = self._rows.get(item_id)
        if row is None:
            return None
        names = self._shapes[int.from_bytes(row[:_SHAPE_BYTES], "big")].names
        return dict(zip(names, orjson.loads(row[_SHAPE_BYTES:]), strict=True))

    def all(self) -> Iterator[Item]:
        for item_id in self._rows:
            item = self.get(item_id)
            if item is not None:
                yield item

    def load(self, changes: Mapping[str, Item | None]) -> None:
        """Apply `changes` (`None` removes) without the indexes. Call `index` at the end."""
        for item_id, item in changes.items():
            self._set(item_id, None if item is None else self._pack(item))

    def index(self) -> None:
        """Build all indexes."""
        for number, index in enumerate(self._indexes):
            keys: list[Key] = []
            for item_id, row in self._rows.items():
                if (
                    self._shapes[int.from_bytes(row[:_SHAPE_BYTES], "big")].key_positions[number]
                    is not None
                ):
                    keys.append(self._key(number, item_id))
            keys.sort()
            index.fill([key[-1] for key in keys])

    def apply(self, changes: Mapping[str, Item | None]) -> None:
        """Apply `changes` (`None` removes) and update the indexes."""
        for item_id, item in changes.items():
            row = None if item is None else self._pack(item)
            old_keys = self._keys(item_id, self._rows.get(item_id))
            new_keys = self._keys(item_id, row)
            # An index reads its keys from the rows, so remove a key before its row changes.
            for index, old_key, new_key in zip(self._indexes, old_keys, new_keys, strict=True):
                if old_key is not None and old_key != new_key:
                    index.remove(old_key)
            self._set(item_id, row)
            for index, old_key, new_key in zip(self._indexes, old_keys, new_keys, strict=True):
                if new_key is not None and old_key != new_key:
                    index.add(new_key)

    def query(
        self,
        index: Index,
        partition: str,
        *,
        between: tuple[str, str] | None,
        after: Cursor | None,
        limit: int,
        newest_first: bool,
    ) -> Page:
        number = self._index_numbers[index.name]
        sorted_index = self._indexes[number]
        low, high = _bounds(partition, between)
        start, end = sorted_index.position_before(low), sorted_index.position_before(high)
        if after is not None and newest_first:
            end = min(end, sorted_index.position_before((partition, *after)))
        elif after is not None:
            start = max(start, sorted_index.position_after((partition, *after)))
        ids = (
            sorted_index.descending(start, end)
            if newest_first
            else sorted_index.ascending(start, end)
        )
        items: list[Item] = []
        for item_id in ids:
            if len(items) == limit:
                last = items[-1]
                return Page(items, (str(last[index.sort]), str(last[KEY])))
            shape, values = self._values(self._rows[item_id])
            items.append(
                {name: values[position] for name, position in shape.projected_positions[number]}
            )
        return Page(items)

    def count(
        self, index: Index, partition: str, *, between: tuple[str, str] | None, cap: int
    ) -> int:
        sorted_index = self._indexes[self._index_numbers[index.name]]
        low, high = _bounds(partition, between)
        return sorted_index.count(
            sorted_index.position_before(low), sorted_index.position_before(high), cap
        )

    def scan(self, segment: Segment, after: str | None, limit: int) -> Page:
        ids = (
            item_id
            for item_id in self._rows
            if (after is None or item_id > after)
            and crc32(item_id.encode()) % segment.of == segment.number
        )
        next_ids = nsmallest(limit + 1, ids)
        items = [item for item_id in next_ids[:limit] if (item := self.get(item_id)) is not None]
        return Page(items, ("", next_ids[limit - 1]) if len(next_ids) > limit else None)

    def _set(self, item_id: str, row: bytes | None) -> None:
        old = self._rows.get(item_id)
        if old is not None:
            self.size -= self._size(old)
        if row is not None:
            self.size += self._size(row)
            self._rows[item_id] = row
        elif old is not None:
            del self._rows[item_id]

    def _pack(self, item: Item) -> bytes:
        names = tuple(item)
        shape = self._shapes_by_names.get(names)
        if shape is None:
            shape = _Shape(len(self._shapes), names)
            self._shapes.append(shape)
            self._shapes_by_names[names] = shape
        return shape.prefix + orjson.dumps(list(item.values()))

    def _size(self, row: bytes) -> int:
        shape = self._shapes[int.from_bytes(row[:_SHAPE_BYTES], "big")]
        return len(row) - _SHAPE_BYTES + shape.names_size

    def _values(self, row: bytes) -> tuple[_Shape, list[Value]]:
        return self._shapes[int.from_bytes(row[:_SHAPE_BYTES], "big")], orjson.loads(
            row[_SHAPE_BYTES:]
        )

    def _keys(self, item_id: str, row: bytes | None) -> list[Key | None]:
        if row is None:
            return [None] * len(INDEXES)
        shape, values = self._values(row)
        return [
            positions and (str(values[positions[0]]), str(values[positions[1]]), item_id)
            for positions in shape.key_positions
        ]

    def _key(self, number: int, item_id: str) -> Key:
        return self._key_of_row(number, self._rows[item_id], item_id)

    def _read_key(self, number: int, row: bytes, item_id: str) -> Key:
        shape, values = self._values(row)
        positions = shape.key_positions[number]
        if positions is None:
            raise AssertionError("the index does not agree with its rows")
        return str(values[positions[0]]), str(values[positions[1]]), item_id


def _bounds(partition: str, between: tuple[str, str] | None) -> tuple[Key, Key]:
    # No text sorts between a text and the same text followed by NUL.
    if between is None:
        return (partition,), (partition + "\0",)
    return (partition, between[0]), (partition, between[1] + "\0")
