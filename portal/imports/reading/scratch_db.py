"""Tables that do not fit into memory, in files that have no name and are gone with the program."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from portal.stores import UnavailableError


def open_scratch_db(script: str, kilobytes: int = 2_000) -> sqlite3.Connection:
    """What the script makes, in a transaction that never ends. So much of it stays in memory
    before it is on the disk."""
    # An empty name: SQLite keeps it in memory, until it grows over its cache.
    db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    db.executescript(
        f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-{kilobytes};"
        f"{script}; BEGIN"
    )
    return db


@contextmanager
def disk_space_needed() -> Iterator[None]:
    """Around all that may have to go to the disk. `UnavailableError`."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise no_disk_space_error() from error


def no_disk_space_error() -> UnavailableError:
    return UnavailableError(
        reason="There is no room for the working copy of the file.",
        remedy="Make room in the folder for temporary files, or name another one in TMPDIR.",
    )
