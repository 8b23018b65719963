"""SQLite tables that do not fit into memory, in unnamed files that disappear with the process."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from portal.stores import UnavailableError

_NO_FOLDER = (errno.ENOENT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR)
_NO_FOLDER_FOR_SQLITE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR_GETTEMPPATH)


def open_scratch_db(script: str, kilobytes: int = 2_000) -> sqlite3.Connection:
    """A database with the tables of `script`, inside a transaction that never ends.

    kilobytes: how much of it stays in memory before SQLite writes to the disk.
    """
    # With an empty name SQLite creates a file only when the database outgrows its cache.
    db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    db.executescript(
        f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-{kilobytes};"
        f"{script}; BEGIN"
    )
    return db


@contextmanager
def disk_space_needed() -> Iterator[None]:
    """For all calls that may write to the disk.

    Raises:
        UnavailableError: the disk is full, or there is no folder for temporary files.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        raise no_disk_space_error(error) from error


def no_disk_space_error(error: OSError | sqlite3.OperationalError) -> UnavailableError:
    """Our error if a temporary file could not be written: where there is none, room is no help."""
    has_no_folder = (
        error.errno in _NO_FOLDER
        if isinstance(error, OSError)
        else error.sqlite_errorcode in _NO_FOLDER_FOR_SQLITE
    )
    if has_no_folder:
        return UnavailableError(
            reason="There is no folder for temporary files that the portal can write to.",
            remedy="Mount a writable folder at /tmp, or name one in TMPDIR.",
        )
    return UnavailableError(
        reason="There is no room for the working copy of the file.",
        remedy="Make room in the folder for temporary files, or name another one in TMPDIR.",
    )
