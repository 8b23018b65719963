"""All items of a table as they are at one moment, for a snapshot."""

import sqlite3
from collections.abc import Iterator
from zlib import crc32

import orjson

from portal.stores.file.journal import Location
from portal.stores.file.table.connections import Connections, SharedConnections
from portal.stores.file.table.items import DamagedTableError, OpenGeneration
from portal.stores.file.table.sql import COUNTED_TOTALS, ITEM, TOTALS
from portal.stores.schema import KEY


def _totals(db: sqlite3.Connection) -> tuple[int, int, int]:
    totals: tuple[int, int, int] | None = db.execute(TOTALS).fetchone()
    if totals is None:
        raise DamagedTableError
    return totals


class FrozenItems:
    """All items of one moment. Call `close` at the end."""

    def __init__(self, connections: Connections, file: OpenGeneration | None) -> None:
        self._file = file
        self._connections = connections
        self._db: sqlite3.Connection | None = None
        self._sums = 0
        self._rows: Iterator[tuple[str, bytes | None, int, int, int]]
        sql = f"SELECT id, {ITEM} FROM items ORDER BY json IS NOT NULL, line_at, rowid"  # noqa: S608
        db = connections.take()
        if isinstance(connections, SharedConnections):
            # A transaction that reads sees one moment, however long it lasts.
            self._db = db
            try:
                db.execute("BEGIN")
                self.count, self.size, self._sums = _totals(db)
                self._rows = db.execute(f"SELECT id, {ITEM} FROM items ORDER BY rowid")  # noqa: S608
            except BaseException:
                self.close()
                raise
            return
        try:
            rows = db.execute(sql).fetchall()
            self.count, self.size, _ = db.execute(COUNTED_TOTALS).fetchone()
            self._rows = iter(rows)
        finally:
            connections.give_back(db)

    def __len__(self) -> int:
        return int(self.count)

    def rows(self) -> Iterator[tuple[str, bytes, bool]]:
        """Id, JSON, and whether the item stays in the file. Those that do come first.

        Raises:
            DamagedTableError: At the end at the latest: something else was put there.
        """
        sums = 0
        # An import writes some hundred items with one line, which is read once for all of them.
        last: Location | None = None
        in_line: dict[str, bytes] = {}
        for item_id, encoded, checksum, line_at, line_size in self._rows:
            if encoded is not None:
                if crc32(encoded) != checksum:
                    raise DamagedTableError
                sums += checksum
                yield item_id, encoded, False
                continue
            if last != (line_at, line_size):
                last = line_at, line_size
                if self._file is None:
                    raise AssertionError("there is no file to read from")
                in_line = {
                    str(each[KEY]): orjson.dumps(each) for each in self._file.read_items(last)
                }
            yield item_id, in_line[item_id], True
        if self._db is not None and sums != self._sums:
            raise DamagedTableError

    def close(self) -> None:
        """Let go of what they were read from."""
        db, self._db = self._db, None
        self._rows = iter(())
        if db is not None:
            if db.in_transaction:
                db.execute("ROLLBACK")
            self._connections.give_back(db)
