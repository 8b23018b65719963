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

from portal.stores.contract import Item
from portal.stores.file.journal import Changes, Location
from portal.stores.file.table.change import TableChange, Totals, Values
from portal.stores.file.table.connections import Connections, PrivateConnection, transaction
from portal.stores.file.table.frozen_items import FrozenItems
from portal.stores.file.table.items import (
    DamagedTableError,
    Keys,
    OpenGeneration,
    decoded,
    keys_of,
    may_stay_in_file,
)
from portal.stores.file.table.sql import (
    COUNTED_TOTALS,
    DELETE,
    EVERYTHING,
    INDEX_SCHEMA,
    INSERT_OR_UPDATE,
    TOTALS,
)
from portal.stores.file.table.state import TableState
from portal.stores.file.table.table_reads import TableReads
from portal.stores.schema import KEY


class ItemTable(TableReads):
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
        super().__init__(file, connections or PrivateConnection())
        self.is_shared = self._connections.is_shared
        #: Whoever remembers this one refers to the table without keeping it in memory.
        self.identity = object()
        #: `None` while they are not known. Those of a shared table others change as well.
        self._totals: Totals | None = (0, 0, 0)

    # ---- Changing

    @contextmanager
    def changing(self) -> Iterator[TableChange]:
        """All changes in here, or none. Threads and processes take turns."""
        connections = self._connections
        db = connections.take()
        try:
            with transaction(db):
                totals = None if self.is_shared else self._totals
                change = TableChange(db, totals or self._read_totals(db), self._values, self._kept)
                yield change
                totals = change.items, change.size, change.sums
                if self.is_shared:
                    db.execute("UPDATE state SET items = ?, bytes = ?, sums = ?", totals)
            self._totals = totals
        except BaseException:
            if self._kept:
                self._kept.forget()
            raise
        finally:
            connections.give_back(db)

    def _values(self, item: Item, keys: Keys, location: Location | None, seq: int) -> Values:
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
        self._totals = None
        with self.connection() as db:
            if self._kept:
                self._kept.forget()
            for item_id, item in changes.items():
                if item is None:
                    db.execute(DELETE, (item_id,))
                    continue
                keys = keys_of(item)
                values, _ = self._values(item, keys, location, seq)
                db.execute(INSERT_OR_UPDATE, (item_id, crc32(item_id.encode()), *values, *keys))

    def index(self) -> None:
        """Build all indexes."""
        with self.connection() as db:
            for statement in INDEX_SCHEMA:
                db.execute(statement)

    # ---- A shared table

    def stored_state(self) -> TableState | None:
        """How far of the store's file a shared table holds; `None` if it holds nothing useful."""
        with self.connection() as db:
            return TableState.read(db)

    def user_version(self) -> int:
        """The format of the database."""
        return int(self._all("PRAGMA user_version", [])[0][0])

    def is_sound(self) -> bool:
        """Whether each row of a shared table still holds what its item says, in every index.

        Reads all of it.
        """
        with self.connection() as db:
            if db.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
                return False
            db.execute("BEGIN")
            try:
                rows = db.execute(EVERYTHING)
                is_sound = all(_is_sound(*row) for row in rows)
                return is_sound and self._read_totals(db) == db.execute(COUNTED_TOTALS).fetchone()
            finally:
                db.execute("ROLLBACK")

    def invalidate(self) -> None:
        """Have every process give up this table at the next commit, and make it anew."""
        with self.connection() as db:
            db.execute("DELETE FROM state")

    def has_its_name(self) -> bool:
        """Whether other processes that open the file of a shared table find this one."""
        return self._connections.have_their_name()

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
        with self.connection() as db:
            mode = "TRUNCATE" if whole else "PASSIVE"
            busy, in_log, moved = db.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        return not busy and in_log == moved

    # ---- All items

    def __len__(self) -> int:
        return self._known_totals()[0]

    @property
    def size(self) -> int:
        """Bytes of all items as JSON."""
        return self._known_totals()[1]

    def _known_totals(self) -> Totals:
        totals = None if self.is_shared else self._totals
        if totals is None:
            with self.connection() as db:
                totals = self._totals = self._read_totals(db)
        return totals

    def _read_totals(self, db: sqlite3.Connection) -> Totals:
        totals: Totals | None
        totals = db.execute(TOTALS if self.is_shared else COUNTED_TOTALS).fetchone()
        if totals is None:
            raise DamagedTableError
        return totals

    def frozen(self) -> FrozenItems:
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
        with self.connection() as db:
            db.execute("BEGIN")
            db.executemany(
                "UPDATE items SET line_at = ?, line_size = ? WHERE id = ?",
                [(*locations[item_id], item_id) for item_id in ids],
            )
            db.execute("COMMIT")
            self._file = file
        return True

    def close(self) -> None:
        """Let go of the database. Threads that are reading it can go on."""
        self._connections.close()


def _is_sound(
    item_id: str, hashed: int, encoded: bytes, checksum: int, size: int, *keys: str | None
) -> bool:
    try:
        item = decoded(encoded, checksum)
    except DamagedTableError:
        return False
    return (
        item[KEY] == item_id
        and hashed == crc32(item_id.encode())
        and size == len(encoded)
        and keys == keys_of(item)
    )
