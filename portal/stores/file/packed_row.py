"""A row of the table in memory: the values of an item, or where in the file it is.

The first bytes of a row name its shape, that is, the names of its attributes. Shape 0 is that of
an item that stays in the file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from struct import Struct

import orjson

from portal.stores.contract import Item
from portal.stores.file import journal
from portal.stores.file.disk import Disk, OpenFile
from portal.stores.file.journal import Location
from portal.stores.schema import GSI2, INDEXES, KEY, Index

SHAPE_BYTES = 3

#: Bytes of values as JSON. A longer item that is in no index stays in the file: rows of imports,
#: but no tenant of the old application.
_MAX_BYTES_UNINDEXED = 4096
#: The same for an item that is in no index of tenants: events, which are read with a tenant's page.
_MAX_BYTES_LISTED = 512

IN_FILE_PREFIX = bytes(SHAPE_BYTES)
#: Offset and length of the line, and the bytes of the item as JSON. Its index keys follow.
_IN_FILE = Struct(">QII")
_LOCATION = Struct(">QI")
_KEYS_OFFSET = SHAPE_BYTES + _IN_FILE.size

#: Partition and sort key in each index; `None` if the item is not in it.
IndexKeys = Sequence[Sequence[str] | None]
_NO_KEYS: IndexKeys = (None,) * len(INDEXES)


class Shape:
    """The attribute names of a row, stored once for the thousands of rows that share them."""

    def __init__(self, number: int, names: tuple[str, ...]) -> None:
        self.prefix = number.to_bytes(SHAPE_BYTES, "big")
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
        indexes = {index for index, key in zip(INDEXES, self.key_positions, strict=True) if key}
        #: Bytes of values up to which an item stays in memory; `None` without a limit.
        self.max_bytes = (
            _MAX_BYTES_UNINDEXED
            if not indexes
            else _MAX_BYTES_LISTED
            if indexes == {GSI2}
            else None
        )
        #: Bytes that an item's JSON has in addition to its values: `"name":` for each attribute.
        self.names_size = sum(len(orjson.dumps(name)) + 1 for name in names)


@dataclass(frozen=True, slots=True)
class OpenGeneration:
    """An open generation of the file. While anything refers to it, it can be read."""

    disk: Disk
    fd: OpenFile
    path: Path

    def read_items(self, location: Location) -> Sequence[Item]:
        """The items of one line. Raises `OSError`, or `CorruptStoreError`."""
        return journal.read_items(self.disk, self.fd, self.path, location)


@dataclass(frozen=True, slots=True)
class ItemInFile:
    """An item that is to be read. That needs no lock: what was committed never changes."""

    file: OpenGeneration
    location: Location
    item_id: str
    #: The index through which it was found: it shows only some attributes.
    index: Index | None = None

    def read(self) -> Item:
        """The item. Raises `OSError`, or `CorruptStoreError`."""
        for item in self.file.read_items(self.location):
            if item[KEY] == self.item_id:
                return self._shown(item)
        raise AssertionError("the table does not agree with its file")

    def _shown(self, item: Item) -> Item:
        shown = self.index.attributes if self.index else None
        if shown is None:
            return item
        return {name: value for name, value in item.items() if name in shown}


def pack_location(location: Location, size: int, keys: IndexKeys) -> bytes:
    """The row of an item in the file that has `size` bytes as JSON."""
    packed_keys = orjson.dumps(keys) if any(keys) else b""
    return IN_FILE_PREFIX + _IN_FILE.pack(*location, size) + packed_keys


def unpack_location(row: bytes) -> tuple[Location, int]:
    """Location and size of an item in the file."""
    offset, length, size = _IN_FILE.unpack_from(row, SHAPE_BYTES)
    return (offset, length), size


def unpack_keys(row: bytes) -> IndexKeys:
    """The index keys of an item in the file."""
    if len(row) == _KEYS_OFFSET:
        return _NO_KEYS
    keys: IndexKeys = orjson.loads(row[_KEYS_OFFSET:])
    return keys


def moved(row: bytes, location: Location) -> bytes:
    """The row of the same item at another location."""
    return IN_FILE_PREFIX + _LOCATION.pack(*location) + row[SHAPE_BYTES + _LOCATION.size :]
