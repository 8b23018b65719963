"""An SQLite file that the workers of one machine share, and that is trusted only if it is theirs.

A file that cannot be trusted is thrown away, since it is only a memory: one that is damaged, and
one that somebody else has written, for example by restoring a backup. It may be older than a
suspension. The portal notes in the file when it last wrote it; the operating system notes the same
beside the file, and nobody can set that time. So if the two differ, it is not the portal's own.
"""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from portal.atomic_files import file_lock

logger = logging.getLogger(__name__)

#: Seconds that the two notes about the last write may differ: what a slow disk needs for it.
_MAX_TOUCHED = 30.0
#: Seconds that throwing the file away waits for whoever makes a new one.
_DISCARD_SECONDS = 0.05
_FORMAT = 1

_FACTS = "CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID"


class KnownFileError(Exception):
    """The file cannot be used now. Its text says why, without a value from the file."""


class KnownFileBusyError(KnownFileError):
    """Another worker is writing, or is opening the file. Nothing is wrong with it."""


class OwnFile:
    """Not for two threads at once.

    Args:
        tables: SQL statements that make its tables, beside that of its facts.
        wall: Returns the seconds since 1970 on the clock that the file system uses as well.
        make_folder: Whether its folder is made if it is missing.

    Attributes:
        times_opened: How often it was opened.
        times_made: How often this object opened another file than before: one that is new, or was
            made anew by another worker.
    """

    def __init__(
        self,
        path: Path,
        tables: tuple[str, ...],
        wall: Callable[[], float],
        *,
        make_folder: bool = True,
    ) -> None:
        self.path = path
        self._make_folder = make_folder
        self._tables = (_FACTS, *tables)
        self._wall = wall
        self._connection: sqlite3.Connection | None = None
        self._inode = self._last_inode = 0
        self.times_opened = self.times_made = 0

    # ---- Reading and writing

    @contextmanager
    def use(self, seconds: float) -> Iterator[sqlite3.Connection]:
        """The file, opened and made if need be.

        Args:
            seconds: How long to wait for another worker: once for one that opens the file, and
                once for one that writes.

        Raises:
            KnownFileError: It cannot be read and written.
        """
        try:
            connection = self._opened(seconds)
            connection.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")
            yield connection
        except (sqlite3.Error, OSError, ValueError, TypeError) as error:
            if _is_busy(error):
                raise KnownFileBusyError(str(error)) from error
            if isinstance(error, sqlite3.OperationalError | OSError):
                self.close()
            else:
                self.discard()
            # SQLite's texts hold no values, but an error about a value of another type may.
            reason = str(error) if isinstance(error, sqlite3.Error | OSError) else "damaged"
            raise KnownFileError(reason) from error

    def note_write(self, connection: sqlite3.Connection, **facts: int) -> None:
        """Belongs to each transaction, so that the file stays trusted."""
        facts["written_at"] = round(self._wall() * 1000)
        connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())

    @staticmethod
    def fact(connection: sqlite3.Connection, name: str) -> int:
        """What was noted; 0 if nothing was."""
        found = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return int(found[0]) if found else 0

    # ---- Opening

    def _opened(self, seconds: float) -> sqlite3.Connection:
        if self._connection is not None:
            if self._inode == self._inode_now():
                return self._connection
            # Another worker has thrown the file away.
            self.close()
        with file_lock(self.path, seconds, make_folder=self._make_folder):
            if self.path.exists() and not self._is_our_own(seconds):
                logger.warning(
                    "%s was written by somebody else, for example from a backup, or is damaged."
                    " It is made anew: what was valid before is no longer known.",
                    self.path,
                )
                self._unlink()
            # SQLite would make it readable for others.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            connection = self._connect(seconds)
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection, self._inode = connection, self._inode_now()
        self.times_opened += 1
        if self._inode != self._last_inode:
            self._last_inode = self._inode
            self.times_made += 1
        return self._connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Makes the tables, and writes once: what cannot be written could not take a "no" in."""
        connection.execute("PRAGMA synchronous = FULL")
        with transaction(connection):
            if not connection.execute("PRAGMA user_version").fetchone()[0]:
                for statement in self._tables:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {_FORMAT}")
            self.note_write(connection)

    def _is_our_own(self, seconds: float) -> bool:
        touched = self.path.stat().st_ctime
        connection = self._connect(seconds)
        try:
            made_by = connection.execute("PRAGMA user_version").fetchone()[0]
            written_at = self.fact(connection, "written_at") / 1000
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                # A process was killed while it made the file.
                return False
            raise
        except sqlite3.DatabaseError:
            return False
        finally:
            connection.close()
        return made_by == _FORMAT and abs(touched - written_at) <= _MAX_TOUCHED

    def _connect(self, seconds: float) -> sqlite3.Connection:
        return sqlite3.connect(
            self.path, timeout=seconds, isolation_level=None, check_same_thread=False
        )

    def _inode_now(self) -> int:
        try:
            return self.path.stat().st_ino
        except OSError:
            return 0

    # ---- Closing, and throwing away

    def discard(self) -> None:
        """Throw the file away, as far as that can be done. The next call makes a new one.

        A worker that hangs while it makes the file anew does not save the old one: at worst a new
        one goes too, and less is known.
        """
        inode = self._inode
        self.close()
        try:
            with file_lock(self.path, _DISCARD_SECONDS, make_folder=False):
                # Perhaps another worker has made a new one meanwhile.
                if not inode or inode == self._inode_now():
                    self._unlink()
        except TimeoutError:
            with suppress(OSError):
                self._unlink()
        except OSError:
            return

    def _unlink(self) -> None:
        self.path.with_name(f"{self.path.name}-journal").unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        connection, self._connection = self._connection, None
        self._inode = 0
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def __del__(self) -> None:
        self.close()

    def forget_after_fork(self) -> None:
        """A connection must not be used, nor closed, in a child of the process that opened it."""
        _of_the_parent.append(self._connection)
        self._connection, self._inode = None, 0


_of_the_parent: list[sqlite3.Connection | None] = []


def _is_busy(error: Exception) -> bool:
    is_locked = isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
    return is_locked or isinstance(error, TimeoutError)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
