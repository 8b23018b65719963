"""The index file `tenants.index`: the table of a large store, which all processes share.

It saves each of them from reading the whole store at its start and from holding it in memory. It
holds nothing else than `tenants.jsonl`, which alone counts: it is made anew whenever it is missing,
damaged, or does not fit. SQLite keeps it whole if a process is killed; after a power cut it is as
old as its last sync at worst, and what is missing is read from `tenants.jsonl`.
"""

import logging
import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from portal.stores.contract import BusyError
from portal.stores.file import journal
from portal.stores.file.disk import Disk, OpenFile
from portal.stores.file.journal import Apply, Header, JournalPosition
from portal.stores.file.table.connections import SharedConnections, connect
from portal.stores.file.table.item_table import ItemTable
from portal.stores.file.table.items import OpenGeneration, ReplacedTableError
from portal.stores.file.table.sql import COUNTED_TOTALS, INDEX_SCHEMA, SCHEMA
from portal.stores.file.table.state import STATE_SCHEMA, TableState

logger = logging.getLogger("portal.store")

INDEX_NAME = "tenants.index"
#: Who holds its lock makes the index file; it is never deleted.
_LOCK_NAME = "tenants.index.lock"
#: Raised with each change of the schema: other files are made anew.
_FORMAT = 1
_SUFFIXES = ("", "-wal", "-shm", "-journal")

#: Passes each commit of the file on, and returns the position behind the last one.
Read = Callable[[Apply], JournalPosition]


class IndexFile:
    """The index file of the store's file `path`."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self._path = path.with_name(INDEX_NAME)
        self._disk = disk

    def exists(self) -> bool:
        """Whether there is one, perhaps of no use."""
        return self._path.exists()

    def open(self, file: OpenGeneration, header: Header) -> ItemTable | None:
        """The table, if there is one that fits to this generation; else `None`."""
        if not self._path.exists():
            return None
        try:
            connections = SharedConnections(self._path)
        except (sqlite3.Error, ReplacedTableError):
            return None
        table = ItemTable(file, connections)
        try:
            if self._has_right_format(table) and self._fits(table, file, header):
                return table
        except sqlite3.Error as error:
            logger.warning("%s cannot be used, and is made anew (%s)", self._path, error)
        connections.close()
        return None

    def _has_right_format(self, table: ItemTable) -> bool:
        return table.user_version() == _FORMAT

    def _fits(self, table: ItemTable, file: OpenGeneration, header: Header) -> bool:
        disk, fd = self._disk, file.fd
        state = table.stored_state()
        if state is None or state.position.generation != header.generation:
            return False
        if not state.fits(disk, fd):
            return False
        # Whoever has changed it may have damaged it.
        return state.is_untouched(disk, fd) or journal.is_whole(disk, fd, state.position.size)

    def make(
        self, file: OpenGeneration, header: Header, read: Read, seconds: float
    ) -> ItemTable | None:
        """Make it from the file, or open what another process has made meanwhile.

        `None` if that is not possible here: on a full disk, say.

        Args:
            read: Reads the file.
            seconds: How long to wait for another process.

        Raises:
            BusyError: Another process is making it.
            CorruptStoreError: The file is damaged.
        """
        disk = self._disk
        lock = OpenFile.open(disk, self._path.with_name(_LOCK_NAME), create=True)
        if not disk.lock(lock, seconds):
            raise BusyError(reason=f"{self._path} is being made by another process.")
        try:
            return self.open(file, header) or self._make(file, read)
        except (sqlite3.Error, OSError) as error:
            logger.warning("%s could not be made (%s)", self._path, error)
            return None
        finally:
            disk.unlock(lock)

    def _make(self, file: OpenGeneration, read: Read) -> ItemTable:
        new = self._path.with_name(f"{INDEX_NAME}.new")
        self._remove(new)
        # SQLite would make it readable for others.
        os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        try:
            db = connect(new)
            try:
                self._fill(db, file, read)
            finally:
                db.close()
            with new.open("rb") as made:
                os.fsync(made.fileno())
            # Without the log of the one before: SQLite would apply it to this one.
            self._remove(self._path)
            # A power cut must not bring that log back.
            self._disk.sync_folder(new.parent)
            new.rename(self._path)
        except BaseException:
            self._remove(new)
            raise
        # Nobody else makes one while this process has the lock.
        return ItemTable(file, SharedConnections(self._path))

    def _fill(self, db: sqlite3.Connection, file: OpenGeneration, read: Read) -> None:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", f"user_version = {_FORMAT}"):
            db.execute(f"PRAGMA {pragma}")
        db.executescript(SCHEMA + STATE_SCHEMA)
        table = ItemTable(file, _Lent(db))
        db.execute("BEGIN")
        position = read(table.load)
        for statement in INDEX_SCHEMA:
            db.execute(statement)
        db.execute(f"INSERT INTO state (items, bytes, sums) {COUNTED_TOTALS}")
        TableState.of(self._disk, file.fd, position).write(db)
        db.execute("COMMIT")
        db.execute("PRAGMA journal_mode = WAL")

    def discard(self) -> None:
        """Remove it. Whoever has it open may go on with it."""
        with suppress(OSError):
            self._remove(self._path)

    def _remove(self, path: Path) -> None:
        for suffix in _SUFFIXES:
            path.with_name(path.name + suffix).unlink(missing_ok=True)


class _Lent:
    """The one connection of a table that is being made."""

    is_shared = True

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def take(self) -> sqlite3.Connection:
        return self._db

    def take_at_once(self) -> sqlite3.Connection | None:
        return None

    def give_back(self, connection: sqlite3.Connection) -> None:
        pass

    def close(self) -> None:
        pass

    def have_their_name(self) -> bool:
        return False
