"""The items of the file store in memory, with their indexes."""

from dataclasses import replace
from functools import lru_cache, partial
from heapq import nsmallest
from zlib import crc32

import orjson

from portal.stores.contract import Cursor, Item, Segment, Value
from portal.stores.file.journal import Changes, Location
from portal.stores.file.packed_row import (
    IN_FILE_PREFIX,
    SHAPE_BYTES,
    ItemInFile,
    OpenGeneration,
    Shape,
    unpack_keys,
)
from portal.stores.file.packed_rows import PackedRows
from portal.stores.file.sorted_index import Key, SortedIndex
from portal.stores.schema import INDEXES, Index

_MAX_CACHED_KEYS = 1024


class MemoryTable(PackedRows):
    """All items and their indexes. Not thread-safe: the caller holds a lock."""

    def __init__(self, file: OpenGeneration | None = None) -> None:
        super().__init__(file)
        self._indexes = [SortedIndex(partial(self._key, n)) for n in range(len(INDEXES))]
        self._index_numbers = {index.name: number for number, index in enumerate(INDEXES)}
        # Every search begins at the same few rows.
        self._key_of_row = lru_cache(_MAX_CACHED_KEYS)(self._read_key)

    def index(self) -> None:
        """Build all indexes."""
        for number, index in enumerate(self._indexes):
            keys: list[Key] = []
            for item_id, row in self._rows.items():
                shape = self._shapes[int.from_bytes(row[:SHAPE_BYTES], "big")]
                if shape.key_positions[number] is not None or (
                    not shape.names and unpack_keys(row)[number] is not None
                ):
                    keys.append(self._key(number, item_id))
            keys.sort()
            index.fill([key[-1] for key in keys])

    def apply(self, changes: Changes, location: Location | None = None) -> None:
        """Apply `changes` (`None` removes) as `load` does, and update the indexes."""
        for item_id, item in changes.items():
            row = None if item is None else self._pack(item, location)
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
    ) -> tuple[list[Item | ItemInFile], Cursor | None]:
        """The next rows, or where to read them, and the cursor behind them."""
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
        items: list[Item | ItemInFile] = []
        last = ""
        for item_id in ids:
            if len(items) == limit:
                return items, (self._key(number, last)[1], last)
            last, row = item_id, self._rows[item_id]
            shape = self._shapes[int.from_bytes(row[:SHAPE_BYTES], "big")]
            if not shape.names:
                items.append(replace(self._item_in_file(item_id, row), index=index))
                continue
            values = orjson.loads(row[SHAPE_BYTES:])
            items.append(
                {name: values[position] for name, position in shape.projected_positions[number]}
            )
        return items, None

    def count(
        self, index: Index, partition: str, *, between: tuple[str, str] | None, cap: int
    ) -> int:
        sorted_index = self._indexes[self._index_numbers[index.name]]
        low, high = _bounds(partition, between)
        return sorted_index.count(
            sorted_index.position_before(low), sorted_index.position_before(high), cap
        )

    def scan(
        self, segment: Segment, after: str | None, limit: int
    ) -> tuple[list[Item | ItemInFile], Cursor | None]:
        """The next items, or where to read them, and the cursor behind them."""
        ids = (
            item_id
            for item_id in self._rows
            if (after is None or item_id > after)
            and crc32(item_id.encode()) % segment.of == segment.number
        )
        next_ids = nsmallest(limit + 1, ids)
        found = [item for item_id in next_ids[:limit] if (item := self.find(item_id)) is not None]
        return found, ("", next_ids[limit - 1]) if len(next_ids) > limit else None

    def _values(self, row: bytes) -> tuple[Shape, list[Value]]:
        return self._shapes[int.from_bytes(row[:SHAPE_BYTES], "big")], orjson.loads(
            row[SHAPE_BYTES:]
        )

    def _keys(self, item_id: str, row: bytes | None) -> list[Key | None]:
        if row is None:
            return [None] * len(INDEXES)
        if row.startswith(IN_FILE_PREFIX):
            return [(key[0], key[1], item_id) if key else None for key in unpack_keys(row)]
        shape, values = self._values(row)
        return [
            positions and (str(values[positions[0]]), str(values[positions[1]]), item_id)
            for positions in shape.key_positions
        ]

    def _key(self, number: int, item_id: str) -> Key:
        return self._key_of_row(number, self._rows[item_id], item_id)

    def _read_key(self, number: int, row: bytes, item_id: str) -> Key:
        if row.startswith(IN_FILE_PREFIX):
            pair = unpack_keys(row)[number]
            if pair is not None:
                return pair[0], pair[1], item_id
        else:
            shape, values = self._values(row)
            positions = shape.key_positions[number]
            if positions is not None:
                return str(values[positions[0]]), str(values[positions[1]]), item_id
        raise AssertionError("the index does not agree with its rows")


def _bounds(partition: str, between: tuple[str, str] | None) -> tuple[Key, Key]:
    # No text sorts between a text and the same text followed by NUL.
    if between is None:
        return (partition,), (partition + "\0",)
    return (partition, between[0]), (partition, between[1] + "\0")
