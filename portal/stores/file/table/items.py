"""An item as the table holds it: its JSON, or the place in the store's file where it stays."""

import sqlite3
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zlib import crc32

import orjson

from portal.stores.contract import CorruptStoreError, Item
from portal.stores.file import journal
from portal.stores.file.disk import Disk, OpenFile
from portal.stores.file.journal import Location
from portal.stores.schema import GSI2, INDEXES, KEY, Index

#: Bytes of JSON. A longer item that is in no index stays in the file, if the table is in memory:
#: rows of imports, but no tenant of the old application.
_MAX_BYTES_UNINDEXED = 4096
#: The same for an item that is in no index of tenants: events, which are read with a tenant's page.
_MAX_BYTES_LISTED = 512

#: Rows of indexes that are kept, and the bytes of JSON of the longest: 4 MB at most, and 1 MB as
#: long as items are.
_MOST_KEPT = 512
MAX_BYTES_KEPT = 4096

#: Partition and sort key in each index, one after the other; `None` where the item is not in it.
Keys = tuple[str | None, ...]


def keys_of(item: Item) -> Keys:
    """The index keys of an item."""
    keys: list[str | None] = []
    for index in INDEXES:
        partition, sort = item.get(index.partition), item.get(index.sort)
        if partition is None or sort is None:
            keys += (None, None)
        else:
            keys += (str(partition), str(sort))
    return tuple(keys)


_LISTED = 2 * INDEXES.index(GSI2)


def may_stay_in_file(size: int, keys: Keys) -> bool:
    """Whether an item of `size` bytes with these keys need not be in memory."""
    if any(keys[:_LISTED]) or any(keys[_LISTED + 2 :]):
        return False
    return size > (_MAX_BYTES_UNINDEXED if keys[_LISTED] is None else _MAX_BYTES_LISTED)


def decoded(encoded: object, checksum: int) -> Item:
    """The item with this JSON.

    Raises:
        DamagedTableError: It is not what was put there.
    """
    if not isinstance(encoded, bytes) or crc32(encoded) != checksum:
        raise DamagedTableError
    item: Item = orjson.loads(encoded)
    return item


@lru_cache(_MOST_KEPT)
def kept_row(encoded: bytes, checksum: int, number: int) -> Item:
    """What an index shows of the item with this JSON. A page of a list is asked for again and
    again, so the rows that were read last are kept, by the whole JSON.

    Args:
        encoded: At most `MAX_BYTES_KEPT` long.
        number: Of the index, from 0 on.

    Raises:
        DamagedTableError: It is not what was put there.
    """
    return shown(decoded(encoded, checksum), INDEXES[number])


def shown(item: Item, index: Index) -> Item:
    """What an index shows of an item."""
    attributes = index.attributes
    if attributes is None:
        return item
    own = dict(item)
    for name in own.keys() - attributes:
        del own[name]
    return own


class DamagedTableError(Exception):
    """The table holds something else than was put there. The store's file does not matter here:
    the table can be made from it anew."""


class ReplacedTableError(Exception):
    """Another file has the name of this table's. It may be just as good."""


#: What a table raises that is shared by processes. The caller then goes on with another one.
TABLE_ERRORS = (sqlite3.Error, DamagedTableError, ReplacedTableError)


@dataclass(frozen=True, slots=True)
class OpenGeneration:
    """An open generation of the file. While anything refers to it, it can be read."""

    disk: Disk
    fd: OpenFile
    path: Path

    def read_items(self, location: Location) -> list[Item]:
        """The items of one line. Raises `OSError`, or `CorruptStoreError`."""
        return list(journal.read_items(self.disk, self.fd, self.path, location))


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
                return item if self.index is None else shown(item, self.index)
        raise CorruptStoreError(
            reason=f"{self.file.path} is damaged: an item is not where it was.",
            remedy="Run `portal store verify`.",
        )
