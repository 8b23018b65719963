"""Connections to the SQLite database of a table: one in memory, or several to a file."""

import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from portal.stores.file.table.items import ReplacedTableError
from portal.stores.file.table.sql import SCHEMA

#: Seconds that a connection waits for one that writes, which takes a millisecond.
_BUSY_SECONDS = 5.0
#: KiB of the file that a connection keeps. The system keeps the rest, once for all processes.
_CACHE_KIB = 1024
#: Pages of 4 KiB in the write-ahead log after which a writer moves them into the file itself.
#: Usually somebody else has done it long before, see `ItemTable.move_log`.
_MAX_LOG_PAGES = 4000
#: A larger log is cut once nobody needs it.
_MAX_IDLE_LOG_BYTES = 4 * 1024 * 1024


class Connections(Protocol):
    """Lends connections to threads. Give back each one, whatever happens."""

    is_shared: bool

    def take(self) -> sqlite3.Connection: ...

    def take_at_once(self) -> sqlite3.Connection | None:
        """The same, or `None` where a thread would have to wait."""

    def give_back(self, connection: sqlite3.Connection) -> None: ...

    def close(self) -> None:
        """Close those that are not lent; each of the others when it is given back."""

    def have_their_name(self) -> bool:
        """Whether a new connection would lead to the same database."""


def connect(path: Path | str, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection that any thread may use, one at a time, and that begins no transaction by
    itself."""
    if isinstance(path, str):
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    mode = "ro" if read_only else "rw"
    return sqlite3.connect(
        f"{path.as_uri()}?mode={mode}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=64,
    )


class PrivateConnection:
    """The one connection to a database in memory. Threads take turns."""

    is_shared = False

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        _all.add(self)

    def take(self) -> sqlite3.Connection:
        self._lock.acquire()
        return self._connection or self._open()

    def take_at_once(self) -> sqlite3.Connection | None:
        if not self._lock.acquire(False):
            return None
        return self._connection or self._open()

    def _open(self) -> sqlite3.Connection:
        # Most tables of a command or of a test are never looked at.
        self._connection = connect(":memory:")
        self._connection.executescript(SCHEMA)
        return self._connection

    def give_back(self, connection: sqlite3.Connection) -> None:
        del connection
        self._lock.release()

    def close(self) -> None:
        """The database ends with the last thread that reads it."""

    def have_their_name(self) -> bool:
        return True

    def before_fork(self) -> None:
        # A child inherits locks of SQLite as they are, without the threads that would release them.
        self._lock.acquire()

    def after_fork(self) -> None:
        self._lock.release()


class SharedConnections:
    """Connections to a file that other processes use as well. Who finds none opens one."""

    is_shared = True

    def __init__(self, path: Path) -> None:
        self._path = path
        #: A list, since a thread takes from it and adds to it without a lock.
        self._idle: list[sqlite3.Connection] = []
        self._open_ones = 0
        self._changed = threading.Condition(threading.Lock())
        self._is_closed = self._is_held = False
        self._inode = self._inode_of_path()
        _all.add(self)
        self.give_back(self.take())

    def take(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            pass
        with self._changed:
            while self._is_held:
                self._changed.wait()
            connection = self._open()
            self._open_ones += 1
            return connection

    def take_at_once(self) -> sqlite3.Connection | None:
        # Whatever it reads, the device might have to be waited for.
        return None

    def give_back(self, connection: sqlite3.Connection) -> None:
        self._idle.append(connection)
        if self._is_closed:
            self._close_idle()
        if self._is_held:
            with self._changed:
                self._changed.notify_all()

    def close(self) -> None:
        self._is_closed = True
        self._close_idle()

    def have_their_name(self) -> bool:
        return self._inode == self._inode_of_path()

    def _refuse_other_file(self) -> None:
        # Some threads would read the old file, and others the new one.
        if not self.have_their_name():
            raise ReplacedTableError

    def _inode_of_path(self) -> int | None:
        try:
            return self._path.stat().st_ino
        except OSError:
            return None

    def _close_idle(self) -> None:
        with self._changed:
            while self._idle:
                self._idle.pop().close()
                self._open_ones -= 1

    def _open(self) -> sqlite3.Connection:
        self._refuse_other_file()
        connection = connect(self._path)
        try:
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_MAX_LOG_PAGES}")
            connection.execute(f"PRAGMA journal_size_limit = {_MAX_IDLE_LOG_BYTES}")
            # What was erased must not stay in a free part of the file.
            connection.execute("PRAGMA secure_delete = ON")
            self._refuse_other_file()
        except BaseException:
            connection.close()
            raise
        return connection

    def before_fork(self) -> None:
        """Close all. The locks that SQLite keeps for a process do not hold in its child, where
        SQLite would not notice."""
        with self._changed:
            self._is_held = True
            self._changed.wait_for(lambda: len(self._idle) == self._open_ones, _BUSY_SECONDS)
            while self._idle:
                self._idle.pop().close()
                self._open_ones -= 1

    def after_fork(self) -> None:
        with self._changed:
            self._is_held = False
            self._changed.notify_all()


#: Threads that fork take turns.
_forking = threading.Lock()
_all: "weakref.WeakSet[PrivateConnection | SharedConnections]" = weakref.WeakSet()
_held: list[PrivateConnection | SharedConnections] = []


def _before_fork() -> None:
    _forking.acquire()
    _held[:] = list(_all)
    for each in _held:
        each.before_fork()


def _after_fork() -> None:
    try:
        for each in _held:
            each.after_fork()
    finally:
        _held.clear()
        _forking.release()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing. The database is locked for other writers."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # Some errors of SQLite have ended it.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def is_damage(error: Exception) -> bool:
    """Whether the database is not what was written there, so that a new one would help."""
    # Our own error has no code. An index that is missing is an error in a statement.
    damage = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
    return _code(error) in (None, *damage)


def is_shortage(error: Exception) -> bool:
    """Whether there was nothing to open it with: too many files are open, say."""
    return _code(error) in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM)


def _code(error: Exception) -> int | None:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
