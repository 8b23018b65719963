"""Changes of a table: all of them, or none."""

import sqlite3
from collections.abc import Callable
from zlib import crc32

from portal.stores.contract import Item
from portal.stores.file.journal import Changes, Location
from portal.stores.file.table.items import Keys, keys_of
from portal.stores.file.table.kept_ranges import KeptRanges
from portal.stores.file.table.sql import BEFORE, DELETE, INSERT, UPDATE, UPDATE_SAME_KEYS
from portal.stores.file.table.state import TableState

#: What the table holds of an item beside its keys, and its bytes as JSON.
Values = tuple[tuple[bytes | None, int | None, int | None, int | None, int, int], int]
#: The number of items, their bytes, and the sum of their checksums.
Totals = tuple[int, int, int]


class TableChange:
    """A transaction of `ItemTable.changing`.

    Attributes:
        items: The number of items in the table.
        size: Bytes of all items as JSON.
        sums: All their checksums together. A row that goes back to what it was before, as no
            checksum of its own tells, does not agree with them.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        totals: Totals,
        values: Callable[[Item, Keys, Location | None, int], Values],
        kept: KeptRanges | None,
    ) -> None:
        self.items, self.size, self.sums = totals
        self._db = db
        self._values = values
        self._kept = kept

    def apply(self, changes: Changes, location: Location | None, seq: int) -> None:
        """Apply the changes of one commit; `None` removes.

        Args:
            location: Of their line in the file.
            seq: The number of the commit.
        """
        db, kept = self._db, self._kept
        for item_id, item in changes.items():
            before = db.execute(BEFORE, (item_id,)).fetchone()
            if before is not None:
                if kept:
                    kept.changed(before[2:], -1)
                self.items -= 1
                self.size -= before[0]
                self.sums -= before[1] or 0
            if item is None:
                db.execute(DELETE, (item_id,))
                continue
            keys = keys_of(item)
            if kept:
                kept.changed(keys, 1)
            values, size = self._values(item, keys, location, seq)
            self.items += 1
            self.size += size
            self.sums += values[1] or 0
            if before is None:
                db.execute(INSERT, (item_id, crc32(item_id.encode()), *values, *keys))
            elif before[2:] == keys:
                db.execute(UPDATE_SAME_KEYS, (*values, item_id))
            else:
                db.execute(UPDATE, (*values, *keys, item_id))

    @property
    def state(self) -> TableState | None:
        """Of a shared table."""
        return TableState.read(self._db)

    @state.setter
    def state(self, state: TableState) -> None:
        state.write(self._db)
