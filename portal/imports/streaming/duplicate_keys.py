"""Finds a key that occurs twice in one JSON object, in bounded memory."""

import hashlib
import sqlite3

from portal.imports.streaming.scratch_db import disk_space_needed, open_scratch_db
from portal.imports.streaming.strict_json import ParsedValue

#: Longer keys are kept as digests. No tenant's key is that long.
_MAX_KEY_LENGTH = 128
#: With more keys than this, all of them move from memory into a scratch database.
_MAX_KEYS_IN_MEMORY = 20_000


class DuplicateKeys:
    """The keys of one object so far."""

    def __init__(self) -> None:
        self._in_memory: set[str] = set()
        self._on_disk: sqlite3.Connection | None = None

    def add(self, parsed: ParsedValue) -> bool:
        """Whether the key is new.

        Raises:
            UnavailableError: the disk has no space for the keys.
        """
        key = parsed.value if len(parsed.value) <= _MAX_KEY_LENGTH else _digest(parsed.value)
        if self._on_disk is None:
            if key in self._in_memory:
                return False
            self._in_memory.add(key)
            if len(self._in_memory) > _MAX_KEYS_IN_MEMORY:
                self._move_to_disk()
            return True
        with disk_space_needed():
            return _insert(self._on_disk, key)

    def _move_to_disk(self) -> None:
        self._on_disk = open_scratch_db("CREATE TABLE keys (key BLOB PRIMARY KEY) WITHOUT ROWID")
        with disk_space_needed():
            for key in self._in_memory:
                _insert(self._on_disk, key)
        self._in_memory.clear()


def _insert(db: sqlite3.Connection, key: str) -> bool:
    return db.execute("INSERT OR IGNORE INTO keys VALUES (?)", (_encode(key),)).rowcount == 1


def _digest(key: str) -> str:
    return hashlib.sha256(_encode(key)).hexdigest() + f" of {len(key)}"


def _encode(key: str) -> bytes:
    # SQLite takes no text with a lone surrogate, which other programs' keys may hold.
    return key.encode("utf-8", "surrogatepass")
