"""Profiles as browsers leave them, made without a browser.

Their form is that of Chromium 156, Firefox ESR 153 and WebKitGTK 2.50.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import plyvel

from portal.imports.browsers import open_browser_storage
from portal.imports.model import Entry, Message
from portal.imports.reading import FileFormat
from tests.imports.files import LIMITS

#: The old application in a frame of the shell, in its own tab, and a staging system.
APP = "https://app.example.com"
IN_SHELL = "https://app.example.com/^0https://fsm.cloud.sap"
STAGING = "https://staging.example.com"

Records = Mapping[str, str | None]


# ---- Chromium


def chromium_text(text: str) -> bytes:
    """A key or a value, as Chromium encodes it by its content."""
    try:
        return b"\x01" + text.encode("latin-1")
    except UnicodeEncodeError:
        return b"\0" + text.encode("utf-16-le", "surrogatepass")


def varint(number: int) -> bytes:
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])


def note(size: int) -> bytes:
    """What Chromium writes under `META:<storage key>`."""
    return b"\x08" + varint(13_408_000_000_000_000) + b"\x10" + varint(size)


class ChromiumProfile:
    """`folder` is a user-data folder; the storage is that of its first profile."""

    def __init__(self, folder: Path, profile: str = "Default") -> None:
        self.folder = folder
        self.leveldb = folder / profile / "Local Storage" / "leveldb"
        self.leveldb.parent.mkdir(parents=True)
        self._sizes: dict[str, dict[bytes, int]] = {}
        self.change(lambda db: db.put(b"VERSION", b"1"))

    def change(self, change: Callable[[Any], object]) -> None:
        """Opens and closes the database: the log before becomes a table."""
        db = plyvel.DB(str(self.leveldb), create_if_missing=True)
        change(db)
        db.close()

    def write(self, storage: str, records: Records) -> None:
        """Writes records, or deletes those that are `None`, in one batch with the note, as the
        browser does."""
        self.write_raw(
            storage,
            {
                chromium_text(key): None if value is None else chromium_text(value)
                for key, value in records.items()
            },
        )

    def write_raw(self, storage: str, records: Mapping[bytes, bytes | None]) -> None:
        sizes = self._sizes.setdefault(storage, {})

        def change(db: Any) -> None:
            with db.write_batch(sync=True) as batch:
                for key, value in records.items():
                    full = b"_" + storage.encode() + b"\0" + key
                    if value is None:
                        batch.delete(full)
                        del sizes[key]
                    else:
                        batch.put(full, value)
                        sizes[key] = len(key) + len(value)
                batch.put(b"META:" + storage.encode(), note(sum(sizes.values())))
                batch.put(b"METAACCESS:" + storage.encode(), note(0)[:10])

        self.change(change)

    def files(self, pattern: str = "*") -> list[Path]:
        return sorted(self.leveldb.glob(pattern))


# ---- Firefox


def snappy_literal(data: bytes) -> bytes:
    """Raw snappy that compresses nothing: the length, and literals of at most 60 bytes."""
    parts = [varint(len(data))]
    for at in range(0, len(data), 60):
        part = data[at : at + 60]
        parts.append(bytes([len(part) - 1 << 2]) + part)
    return b"".join(parts)


def firefox_file(
    path: Path, origin: str, rows: Iterable[tuple[str, int, int, int, object]] = ()
) -> Path:
    """`rows`: key, utf16_length, conversion_type, compression_type, value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "CREATE TABLE database (origin TEXT NOT NULL, usage INTEGER NOT NULL DEFAULT 0,"
            " last_vacuum_time INTEGER NOT NULL DEFAULT 0,"
            " last_analyze_time INTEGER NOT NULL DEFAULT 0,"
            " last_vacuum_size INTEGER NOT NULL DEFAULT 0)"
        )
        db.execute(
            "CREATE TABLE data (key TEXT PRIMARY KEY, utf16_length INTEGER NOT NULL,"
            " conversion_type INTEGER NOT NULL, compression_type INTEGER NOT NULL,"
            " last_access_time INTEGER NOT NULL DEFAULT 0, value BLOB NOT NULL)"
        )
        db.execute("INSERT INTO database (origin) VALUES (?)", (origin,))
        db.executemany("INSERT INTO data VALUES (?, ?, ?, ?, 0, ?)", rows)
    return path


def firefox_row(
    key: str, text: str, conversion: int = 1, compression: int = 0
) -> tuple[str, int, int, int, bytes]:
    length = len(text.encode("utf-16-le", "surrogatepass")) // 2
    value = text.encode("utf-8" if conversion else "utf-16-le", "surrogatepass")
    return key, length, conversion, compression, snappy_literal(value) if compression else value


def firefox_path(profile: Path, folder: str) -> Path:
    return profile / "storage" / "default" / folder / "ls" / "data.sqlite"


# ---- WebKit


def webkit_db(path: Path, records: Mapping[str, str]) -> sqlite3.Connection:
    """An open connection, as of a browser that runs: the records are in the `-wal` only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute(
        "CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE,"
        " value BLOB NOT NULL ON CONFLICT FAIL)"
    )
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.executemany(
        "INSERT INTO ItemTable VALUES (?, ?)",
        [(key, value.encode("utf-16-le", "surrogatepass")) for key, value in records.items()],
    )
    return db


# ---- Reading


class Reading:
    """What one reading of a path gave."""

    def __init__(self, path: Path, limits: Any = LIMITS) -> None:
        self.notes: list[Message] = []
        with open_browser_storage(path, limits, self.notes.append) as source:
            self.entries: list[Entry] = list(source)
            self.caveats = source.caveats
            self.incomplete_places = source.incomplete_places
            self.format: FileFormat | None = source.format
            self.ignored_keys = source.ignored_keys

    @property
    def values(self) -> dict[str, Any]:
        return {entry.key: entry.value for entry in self.entries}

    @property
    def problems(self) -> dict[str, str]:
        return {entry.key: str(entry.problem) for entry in self.entries if entry.problem}


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Of all files: bytes, and when they were changed."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
