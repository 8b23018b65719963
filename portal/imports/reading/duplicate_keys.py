"""Whether a key of an object was there before."""

import hashlib
import sqlite3

from portal.imports.reading.scratch_db import disk_space_needed, open_scratch_db
from portal.imports.reading.strict_json import ParsedValue

#: A longer key is known by its digest. No tenant's is that long.
_LONG = 128


class DuplicateKeys:
    """The keys of one object. Few are kept in memory, and many in a file that has no name."""

    _FEW = 20_000

    def __init__(self) -> None:
        self._few: set[str] = set()
        self._many: sqlite3.Connection | None = None

    def add(self, found: ParsedValue) -> bool:
        """Whether it is new. `UnavailableError`: no room for them."""
        key = found.value if len(found.value) <= _LONG else _digest(found.value)
        if self._many is None:
            if key in self._few:
                return False
            self._few.add(key)
            if len(self._few) > self._FEW:
                self._spill()
            return True
        with disk_space_needed():
            return self._insert(self._many, key)

    def _spill(self) -> None:
        self._many = open_scratch_db("CREATE TABLE keys (key BLOB PRIMARY KEY) WITHOUT ROWID")
        with disk_space_needed():
            for key in self._few:
                self._insert(self._many, key)
        self._few.clear()

    def _insert(self, many: sqlite3.Connection, key: str) -> bool:
        row = (_bytes(key),)
        return many.execute("INSERT OR IGNORE INTO keys VALUES (?)", row).rowcount == 1


def _digest(key: str) -> str:
    return hashlib.sha256(_bytes(key)).hexdigest() + f" of {len(key)}"


def _bytes(key: str) -> bytes:
    # A lone surrogate of another program's key is no text for SQLite.
    return key.encode("utf-8", "surrogatepass")
