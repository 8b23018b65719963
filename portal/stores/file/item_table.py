"""All items of the file store with their indexes, in a database of SQLite.

It holds nothing that is not in the store's file, and can be made from it at any time. A small
store has it in memory, each process for itself. A large one has it in a file that all processes
share (`index_file`): then the one that writes brings it up to date for all of them.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from zlib import crc32

import orjson

from portal.stores.contract import Cursor, Item, Segment
from portal.stores.file.journal import Changes, Location
from portal.stores.file.stored_items import (
    DamagedTableError,
    ItemInFile,
    Keys,
    OpenGeneration,
    decoded,
    keys_of,
    may_stay_in_file,
    shown,
)
from portal.stores.file.table_connections import (
    Connections,
    PrivateConnection,
    SharedConnections,
    transaction,
)
from portal.stores.file.table_state import TableState
from portal.stores.schema import INDEXES, KEY, Index

_NUMBERS = range(1, len(INDEXES) + 1)
_KEY_COLUMNS = [column for n in _NUMBERS for column in (f"p{n}", f"s{n}")]

#: `json` is NULL for an item that stays in the store's file, in the line at `line_at`.
_COLUMNS = ["json", "checksum", "line_at", "line_size", "size", "seq", *_KEY_COLUMNS]

SCHEMA = f"""
CREATE TABLE items (
    id TEXT PRIMARY KEY, hash INT NOT NULL, json BLOB, checksum INT, line_at INT, line_size INT,
    size INT NOT NULL, seq INT NOT NULL, {", ".join(f"{column} TEXT" for column in _KEY_COLUMNS)}
);
"""
#: Made once the items are there, which is faster.
INDEX_SCHEMA = [
    f"CREATE INDEX gsi{n} ON items (p{n}, s{n}, id) WHERE p{n} IS NOT NULL" for n in _NUMBERS
]

_ITEM = "json, checksum, line_at, line_size"
_FIND = f"SELECT {_ITEM} FROM items WHERE id = ?"  # noqa: S608 - our own names
_FIND_WITH_SEQ = f"SELECT seq, {_ITEM} FROM items WHERE id = ?"  # noqa: S608
_SEQ = "SELECT seq FROM items WHERE id = ?"
_BEFORE = f"SELECT size, {', '.join(_KEY_COLUMNS)} FROM items WHERE id = ?"  # noqa: S608
_INSERT = (
    f"INSERT INTO items (id, hash, {', '.join(_COLUMNS)})"  # noqa: S608
    f" VALUES (?, ?, {', '.join('?' * len(_COLUMNS))})"
)
_INSERT_OR_UPDATE = (
    f"{_INSERT} ON CONFLICT (id) DO UPDATE SET"
    f" {', '.join(f'{column} = excluded.{column}' for column in _COLUMNS)}"
)
_UPDATE = f"UPDATE items SET {', '.join(f'{column} = ?' for column in _COLUMNS)} WHERE id = ?"  # noqa: S608
#: SQLite takes an entry out of each index whose columns are named, and puts it in again.
_UPDATE_SAME_KEYS = (
    f"UPDATE items SET {', '.join(f'{column} = ?' for column in _COLUMNS[:6])} WHERE id = ?"  # noqa: S608
)
_DELETE = "DELETE FROM items WHERE id = ?"
_TOTALS = "SELECT items, bytes FROM state"
_COUNTED_TOTALS = "SELECT count(*), coalesce(sum(size), 0) FROM items"

#: The item as JSON with its checksum, or the place of its line.
_Row = tuple[bytes | None, int, int, int]


class ItemTable:
    """All items and their indexes. Any number of threads may use it at the same time.

    Args:
        connections: To a database with `SCHEMA`; by default to an empty one in memory.
        file: Where items that do not stay in memory are read.

    Each method may raise `sqlite3.Error` or `DamagedTableError` if it is shared: then it can be
    made anew. One in memory raises neither.
    """

    def __init__(
        self, file: OpenGeneration | None = None, connections: Connections | None = None
    ) -> None:
        self._file = file
        self._connections: Connections = connections or PrivateConnection()
        self.is_shared = self._connections.is_shared
        #: Changed only by a process that has the table for itself.
        self._items = self._bytes = 0
        self._totals_known = True
        if connections is None:
            with self._connection() as db:
                db.executescript(SCHEMA)
                db.execute("PRAGMA synchronous = OFF")

    # ---- Reading

    def find(self, item_id: str) -> Item | ItemInFile | None:
        """The item, or where to read it; `None` if there is none."""
        connections = self._connections
        # Each access check comes here, and this is faster than a `with`.
        db = connections.take()
        try:
            row: _Row | None = db.execute(_FIND, (item_id,)).fetchone()
        finally:
            connections.give_back(db)
        return None if row is None else self._item(item_id, row)

    def find_row(self, item_id: str) -> tuple[int, Item | ItemInFile] | None:
        """The number of the commit with the item as it is now, and the item.

        The number may be too low for an item that has not changed since the table was made. It
        grows with each change.
        """
        with self._connection() as db:
            row = db.execute(_FIND_WITH_SEQ, (item_id,)).fetchone()
        return None if row is None else (row[0], self._item(item_id, row[1:]))

    def find_row_at_once(self, item_id: str) -> tuple[bool, tuple[int, Item | ItemInFile] | None]:
        """The same for a thread that must not wait, and whether that is possible."""
        db = self._connections.take_at_once()
        if db is None:
            return False, None
        try:
            row = db.execute(_FIND_WITH_SEQ, (item_id,)).fetchone()
        finally:
            self._connections.give_back(db)
        return True, None if row is None else (row[0], self._item(item_id, row[1:]))

    def get(self, item_id: str) -> Item | None:
        """The item, read from the file if need be."""
        found = self.find(item_id)
        return found.read() if isinstance(found, ItemInFile) else found

    def seq_of(self, item_id: str) -> int | None:
        """That number alone; `None` if there is no item."""
        with self._connection() as db:
            row = db.execute(_SEQ, (item_id,)).fetchone()
        return None if row is None else int(row[0])

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
        n = INDEXES.index(index) + 1
        condition, values = _condition(n, partition, between)
        if after is not None:
            condition += f" AND (s{n}, id) {'<' if newest_first else '>'} (?, ?)"
            values += after
        order = "DESC" if newest_first else "ASC"
        sql = (
            f"SELECT id, s{n}, {_ITEM} FROM items INDEXED BY gsi{n} WHERE {condition}"  # noqa: S608
            f" ORDER BY s{n} {order}, id {order} LIMIT ?"
        )
        rows = self._all(sql, [*values, limit + 1])
        items = [self._item(row[0], row[2:], index) for row in rows[:limit]]
        return items, (rows[limit - 1][1], rows[limit - 1][0]) if len(rows) > limit else None

    def count(
        self, index: Index, partition: str, *, between: tuple[str, str] | None, cap: int
    ) -> int:
        n = INDEXES.index(index) + 1
        condition, values = _condition(n, partition, between)
        sql = (
            f"SELECT count(*) FROM (SELECT 1 FROM items INDEXED BY gsi{n}"  # noqa: S608
            f" WHERE {condition} LIMIT ?)"
        )
        return int(self._all(sql, [*values, cap])[0][0])

    def scan(
        self, segment: Segment, after: str | None, limit: int
    ) -> tuple[list[Item | ItemInFile], Cursor | None]:
        """The next items, or where to read them, and the cursor behind them."""
        conditions, values = ["id > ?"], [after or ""]
        if after is None:
            conditions = ["id >= ?"]
        sql = (
            f"SELECT id, {_ITEM} FROM items WHERE {conditions[0]} AND hash % ? = ?"  # noqa: S608
            " ORDER BY id LIMIT ?"
        )
        rows = self._all(sql, [*values, segment.of, segment.number, limit + 1])
        items = [self._item(row[0], row[1:]) for row in rows[:limit]]
        return items, ("", rows[limit - 1][0]) if len(rows) > limit else None

    def _all(self, sql: str, values: list[str | int]) -> list[tuple]:  # type: ignore[type-arg]
        connections = self._connections
        db = connections.take()
        try:
            return db.execute(sql, values).fetchall()
        finally:
            connections.give_back(db)

    def _item(self, item_id: str, row: _Row, index: Index | None = None) -> Item | ItemInFile:
        encoded, checksum, line_at, line_size = row
        if encoded is None:
            return ItemInFile(self._generation(), (line_at, line_size), item_id, index)
        item = decoded(encoded, checksum)
        return item if index is None else shown(item, index)

    # ---- Changing

    @contextmanager
    def changing(self) -> Iterator["TableChange"]:
        """All changes in here, or none. Threads and processes take turns."""
        connections = self._connections
        db = connections.take()
        try:
            with transaction(db):
                change = TableChange(db, self)
                if self.is_shared or not self._totals_known:
                    change.items, change.size = self._read_totals(db)
                else:
                    change.items, change.size = self._items, self._bytes
                yield change
                if self.is_shared:
                    db.execute("UPDATE state SET items = ?, bytes = ?", (change.items, change.size))
            self._items, self._bytes, self._totals_known = change.items, change.size, True
        finally:
            connections.give_back(db)

    def values(
        self, item: Item, keys: Keys, location: Location | None, seq: int
    ) -> tuple[tuple[bytes | int | None, ...], int]:
        """What the table holds of an item beside its keys, and its bytes as JSON."""
        encoded = orjson.dumps(item)
        size = len(encoded)
        if (
            location is not None
            and self._file is not None
            and not self.is_shared
            and may_stay_in_file(size, keys)
        ):
            return (None, None, *location, size, seq), size
        return (encoded, crc32(encoded), None, None, size, seq), size

    # ---- Filling it

    def load(self, changes: Changes, location: Location | None = None, seq: int = 0) -> None:
        """Apply `changes` to a table without indexes. At the end call `index`."""
        self._totals_known = False
        with self._connection() as db:
            for item_id, item in changes.items():
                if item is None:
                    db.execute(_DELETE, (item_id,))
                    continue
                keys = keys_of(item)
                values, _ = self.values(item, keys, location, seq)
                db.execute(_INSERT_OR_UPDATE, (item_id, crc32(item_id.encode()), *values, *keys))

    def index(self) -> None:
        """Build all indexes."""
        with self._connection() as db:
            for statement in INDEX_SCHEMA:
                db.execute(statement)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        db = self._connections.take()
        try:
            yield db
        finally:
            self._connections.give_back(db)

    # ---- A shared table

    def stored_state(self) -> TableState | None:
        """How far of the store's file a shared table holds; `None` if it holds nothing useful."""
        with self._connection() as db:
            return TableState.read(db)

    def user_version(self) -> int:
        """The format of the database."""
        return int(self._all("PRAGMA user_version", [])[0][0])

    def go_on_in(self, file: OpenGeneration) -> None:
        """From now on this is the generation that is open."""
        self._file = file

    def move_log(self, *, whole: bool = False) -> bool:
        """Move what was written into the database itself, so that no writer has to. Whether all
        of it was moved.

        Args:
            whole: Wait for those who read, and empty the log.
        """
        if not self.is_shared:
            return True
        with self._connection() as db:
            mode = "TRUNCATE" if whole else "PASSIVE"
            busy, in_log, moved = db.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        return not busy and in_log == moved

    # ---- All items

    def __len__(self) -> int:
        return self._totals()[0]

    @property
    def size(self) -> int:
        """Bytes of all items as JSON."""
        return self._totals()[1]

    def _totals(self) -> tuple[int, int]:
        if self.is_shared or not self._totals_known:
            with self._connection() as db:
                self._items, self._bytes = self._read_totals(db)
            self._totals_known = True
        return self._items, self._bytes

    def _read_totals(self, db: sqlite3.Connection) -> tuple[int, int]:
        items, size = db.execute(_TOTALS if self.is_shared else _COUNTED_TOTALS).fetchone()
        return items, size

    def frozen(self) -> "FrozenItems":
        """The items as they are now. Later changes leave them."""
        return FrozenItems(self._connections, self._file)

    def all(self) -> Iterator[Item]:
        """All items. Those that stay in the file come first."""
        frozen = self.frozen()
        try:
            for _, encoded, _ in frozen.rows():
                yield orjson.loads(encoded)
        finally:
            frozen.close()

    # ---- Items that stay in the file

    @property
    def ids_in_file(self) -> Set[str]:
        """The ids of the items that stay in the file."""
        if self.is_shared:
            return set()
        return {row[0] for row in self._all("SELECT id FROM items WHERE json IS NULL", [])}

    def relocate(self, file: OpenGeneration, locations: Mapping[str, Location]) -> bool:
        """From now on read from this `file`. `False` if it is not known where all items are."""
        ids = self.ids_in_file
        if not ids <= locations.keys():
            return False
        with self._connection() as db:
            db.execute("BEGIN")
            db.executemany(
                "UPDATE items SET line_at = ?, line_size = ? WHERE id = ?",
                [(*locations[item_id], item_id) for item_id in ids],
            )
            db.execute("COMMIT")
            self._file = file
        return True

    def forget_file(self) -> None:
        """Let the files be closed. The items in them cannot be read any more."""
        self._file = None
        self._connections.close()

    def _generation(self) -> OpenGeneration:
        if self._file is None:
            raise AssertionError("there is no file to read from")
        return self._file


class TableChange:
    """A transaction of `ItemTable.changing`.

    Attributes:
        items: The number of items in the table.
        size: Bytes of all items as JSON.
    """

    def __init__(self, db: sqlite3.Connection, table: ItemTable) -> None:
        self.items = self.size = 0
        self._db = db
        self._table = table

    def apply(self, changes: Changes, location: Location | None, seq: int) -> None:
        """Apply the changes of one commit; `None` removes.

        Args:
            location: Of their line in the file.
            seq: The number of the commit.
        """
        db = self._db
        for item_id, item in changes.items():
            before = db.execute(_BEFORE, (item_id,)).fetchone()
            if before is not None:
                self.items -= 1
                self.size -= before[0]
            if item is None:
                db.execute(_DELETE, (item_id,))
                continue
            keys = keys_of(item)
            values, size = self._table.values(item, keys, location, seq)
            self.items += 1
            self.size += size
            if before is None:
                db.execute(_INSERT, (item_id, crc32(item_id.encode()), *values, *keys))
            elif before[1:] == keys:
                db.execute(_UPDATE_SAME_KEYS, (*values, item_id))
            else:
                db.execute(_UPDATE, (*values, *keys, item_id))

    @property
    def state(self) -> TableState | None:
        """Of a shared table."""
        return TableState.read(self._db)

    @state.setter
    def state(self, state: TableState) -> None:
        state.write(self._db)


class FrozenItems:
    """All items of one moment. Call `close` at the end."""

    def __init__(self, connections: Connections, file: OpenGeneration | None) -> None:
        self._file = file
        self._connections = connections
        self._db: sqlite3.Connection | None = None
        self._rows: Iterator[tuple[str, bytes | None, int, int, int]]
        sql = f"SELECT id, {_ITEM} FROM items ORDER BY json IS NOT NULL, line_at, rowid"  # noqa: S608
        db = connections.take()
        if isinstance(connections, SharedConnections):
            # A transaction that reads sees one moment, however long it lasts.
            self._db = db
            db.execute("BEGIN")
            self.count, self.size = db.execute(_TOTALS).fetchone()
            self._rows = db.execute(f"SELECT id, {_ITEM} FROM items ORDER BY rowid")  # noqa: S608
            return
        try:
            rows = db.execute(sql).fetchall()
            self.count, self.size = db.execute(_COUNTED_TOTALS).fetchone()
            self._rows = iter(rows)
        finally:
            connections.give_back(db)

    def __len__(self) -> int:
        return int(self.count)

    def rows(self) -> Iterator[tuple[str, bytes, bool]]:
        """Id, JSON, and whether the item stays in the file. Those that do come first."""
        # An import writes some hundred items with one line, which is read once for all of them.
        last: Location | None = None
        in_line: dict[str, bytes] = {}
        for item_id, encoded, checksum, line_at, line_size in self._rows:
            if encoded is not None:
                if crc32(encoded) != checksum:
                    raise DamagedTableError
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

    def close(self) -> None:
        """Let go of what they were read from."""
        db, self._db = self._db, None
        self._rows = iter(())
        if db is not None:
            db.execute("ROLLBACK")
            self._connections.give_back(db)


def _condition(
    n: int, partition: str, between: tuple[str, str] | None
) -> tuple[str, list[str | int]]:
    if between is None:
        return f"p{n} = ?", [partition]
    return f"p{n} = ? AND s{n} >= ? AND s{n} <= ?", [partition, *between]
