"""What is known, in a file of the data folder. The workers of one machine share it."""

import sqlite3
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from portal.grace.own_file import KnownFileBusyError, KnownFileError, OwnFile, transaction
from portal.grace.readings import counts_from, is_newer

__all__ = ["MAX_IDS", "NAME", "Known", "KnownFile", "KnownFileBusyError", "KnownFileError"]

NAME = "last-known.sqlite"
#: Ids in the file, valid or not. The oldest go first.
MAX_IDS = 50_000
#: Seconds to wait for another worker: in the background, and in a request.
WRITE_SECONDS = 1.0
READ_SECONDS = 0.05

_TABLES = (
    """CREATE TABLE known (
    tenant_id TEXT PRIMARY KEY, version INTEGER NOT NULL, at INTEGER NOT NULL, row BLOB,
    change INTEGER NOT NULL, crc INTEGER NOT NULL
) WITHOUT ROWID""",
    "CREATE INDEX known_by_age ON known (at)",
    "CREATE INDEX known_by_change ON known (change)",
)
_FIND = "SELECT version, at, row FROM known WHERE tenant_id = ?"
_WRITE = "INSERT OR REPLACE INTO known VALUES (:id, :version, :at, :row, :change, :crc)"


class Known(NamedTuple):
    """A row of the file, as `portal.grace.readings` explains it. `at`: milliseconds since 1970."""

    tenant_id: str
    version: int
    at: int
    row: bytes | None

    @property
    def crc(self) -> int:
        """SQLite itself does not notice a bit that fell over in a row."""
        return zlib.crc32(repr(tuple(self)).encode())


class KnownFile:
    """The file in `folder`. Not for two threads at once.

    Args:
        wall: Returns the seconds since 1970 on the clock that the file system uses as well.
        make_folder: Whether `folder` is made if it is missing.
    """

    def __init__(
        self, folder: Path, wall: Callable[[], float] = time.time, *, make_folder: bool = True
    ) -> None:
        self.path = folder / NAME
        self._file = OwnFile(self.path, _TABLES, wall, make_folder=make_folder)
        self._seen_change = 0
        #: As which opening of the file that counts.
        self._seen_opening = 0

    @property
    def times_made(self) -> int:
        """How often this object opened another file than before: one that is new, or was made
        anew by another worker."""
        return self._file.times_made

    def changed_rows(self, seconds: float = READ_SECONDS) -> list[Known]:
        """The rows that anybody has written since the last call; at first, all of them.

        Args:
            seconds: How long to wait for another worker.

        Raises:
            KnownFileError: The file cannot be read and written.
        """
        with self._file.use(seconds) as connection:
            found = connection.execute(
                "SELECT tenant_id, version, at, row, crc, change FROM known WHERE change > ?",
                (self._seen(),),
            ).fetchall()
            rows = [Known(*values[:4]) for values in found]
            if any(row.crc != values[4] for row, values in zip(rows, found, strict=True)):
                raise sqlite3.DatabaseError("a row is damaged")
            self._seen_change = max([self._seen_change, *(values[5] for values in found)])
            return rows

    def _seen(self) -> int:
        """The newest change that was seen of the file that is open now."""
        if self._seen_opening != self._file.times_opened:
            self._seen_opening = self._file.times_opened
            self._seen_change = 0
        return self._seen_change

    def write(
        self,
        rows: Sequence[Known],
        *,
        only_known: Sequence[Known] = (),
        oldest: int = 0,
        looked_at: int = 0,
    ) -> None:
        """Write durably, all or nothing. A row stays as it is where it is newer.

        Args:
            only_known: Every "no" that is written only if the id is there already.
            oldest: Rows from before this time are removed.
            looked_at: When the store was last asked what others have ended; 0: not now.

        Raises:
            KnownFileError: Nothing was written.
        """
        with self._file.use(WRITE_SECONDS) as connection:
            # Whoever counts through ids makes nobody write.
            there = [row for row in only_known if _is_there(connection, row.tenant_id)]
            if rows or there or looked_at:
                self._write(connection, (*rows, *there), oldest, looked_at)

    def _write(
        self, connection: sqlite3.Connection, rows: Sequence[Known], oldest: int, looked_at: int
    ) -> None:
        with transaction(connection):
            change = self._file.fact(connection, "change") + 1
            self._file.note_write(connection, change=change)
            if looked_at:
                self._file.note_write(connection, looked_at=looked_at)
            for row in rows:
                _write_row(connection, row, change)
            connection.execute("DELETE FROM known WHERE at < ?", (oldest,))
            connection.execute(
                "DELETE FROM known WHERE tenant_id IN (SELECT tenant_id FROM known ORDER BY at"
                " LIMIT max(0, (SELECT count(*) FROM known) - ?))",
                (MAX_IDS,),
            )
        if self._seen() == change - 1:
            # Nobody has written since, so what is new for this process is what it has just written.
            self._seen_change = change

    def looked_at(self, seconds: float = READ_SECONDS) -> int:
        """When a process of this machine last asked what others have ended; 0 if none has.

        Raises:
            KnownFileError: The file cannot be read and written.
        """
        with self._file.use(seconds) as connection:
            return self._file.fact(connection, "looked_at")

    def discard(self) -> None:
        """Throw the file away, as far as that can be done. The next call makes a new one."""
        self._file.discard()

    def close(self) -> None:
        self._file.close()

    def forget_after_fork(self) -> None:
        """As in `OwnFile`."""
        self._file.forget_after_fork()


def _is_there(connection: sqlite3.Connection, tenant_id: str) -> bool:
    return connection.execute(_FIND, (tenant_id,)).fetchone() is not None


def _write_row(connection: sqlite3.Connection, new: Known, change: int) -> None:
    found = connection.execute(_FIND, (new.tenant_id,)).fetchone()
    if found is not None:
        old = Known(new.tenant_id, *found)
        if not is_newer(new, old):
            return
        new = new._replace(at=counts_from(new, old))
    values = {
        "id": new.tenant_id,
        "version": new.version,
        "at": new.at,
        "row": new.row,
        "change": change,
        "crc": new.crc,
    }
    connection.execute(_WRITE, values)
