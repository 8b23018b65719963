"""Whether a key of an object was there before."""

import sqlite3

from portal.imports.strict import Found


class Keys:
    """The keys of one object. Few are kept in memory, and many in a file that has no name."""

    _FEW = 20_000

    def __init__(self) -> None:
        self._few: set[str] = set()
        self._many: sqlite3.Connection | None = None

    def add(self, found: Found) -> bool:
        """Whether it is new."""
        key = found.value
        if self._many is None:
            if key in self._few:
                return False
            self._few.add(key)
            if len(self._few) > self._FEW:
                self._spill()
            return True
        return self._insert(self._many, key)

    def _spill(self) -> None:
        self._many = sqlite3.connect("", isolation_level=None)
        self._many.execute("PRAGMA journal_mode=OFF")
        self._many.execute("CREATE TABLE keys (key BLOB PRIMARY KEY) WITHOUT ROWID")
        self._many.execute("BEGIN")
        for key in self._few:
            self._insert(self._many, key)
        self._few.clear()

    def _insert(self, many: sqlite3.Connection, key: str) -> bool:
        # As bytes: a lone surrogate of another program's key is no text for SQLite.
        row = (key.encode("utf-8", "surrogatepass"),)
        return many.execute("INSERT OR IGNORE INTO keys VALUES (?)", row).rowcount == 1
