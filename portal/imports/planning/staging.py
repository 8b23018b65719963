"""Validated entries of one or several files, before they are compared with the store.

They wait in a scratch database, because the newest entry of a tenant is known only when all files
are read. Few entries never leave memory. Secrets are encrypted there, under a key that is only in
memory.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal.imports.model import Candidate, FieldMessage, ValidatedEntry, pack_messages
from portal.imports.reading import (
    EntryReader,
    FileFormat,
    Limits,
    Readable,
    disk_space_needed,
    open_scratch_db,
)
from portal.imports.validation import possible_tenant_ids, updated_at_of, validate_entry
from portal.sealing import Secret

_ENTRIES_PER_INSERT = 500
_NONCE_BYTES = 12
_TABLES = (
    "CREATE TABLE entries (number INTEGER PRIMARY KEY, source INT, id TEXT, updated_at TEXT,"
    " body BLOB, secret BLOB);"
    "CREATE TABLE newest (id TEXT PRIMARY KEY, number INT, updated_at TEXT) WITHOUT ROWID;"
    "CREATE TABLE invalid (id TEXT PRIMARY KEY, number INT, updated_at TEXT) WITHOUT ROWID"
)
#: Of equally new entries the first counts.
_KEEP_NEWEST = (
    "INSERT INTO {table} VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE"
    " SET number = excluded.number, updated_at = excluded.updated_at"
    " WHERE excluded.updated_at > updated_at"
)


@dataclass(frozen=True, slots=True)
class StagedEntry:
    """A validated entry and what the files say about its tenant elsewhere.

    number: counts from 1, over all files.
    source: the file, counted from 0.
    newest: number of the newest valid entry for this tenant; its own number if it is that one,
        or invalid.
    newer_invalid: number of an invalid entry for this tenant that is newer than all valid ones,
        or 0.
    """

    number: int
    source: int
    entry: ValidatedEntry
    newest: int
    newer_invalid: int


class StagedEntries:
    """A context manager. Iterating yields the entries in the order of the files.

    shapes: the format of each file.
    ignored_keys: number of keys of other programs.
    size: number of entries.

    Iterating raises:
        UnavailableError: the disk is full.
    """

    def __init__(self) -> None:
        self.formats: list[FileFormat] = []
        self.ignored_keys = 0
        self.size = 0
        self._cipher = AESGCM(AESGCM.generate_key(128))
        self._db = open_scratch_db(_TABLES, kilobytes=32_000)

    def add(
        self, file: Readable, limits: Limits, progress: Callable[[int], object] = lambda _: None
    ) -> None:
        """Reads and validates a whole file.

        progress: called with the number of entries, every 500 entries.

        Raises:
            RefusedFileError: the file cannot be imported. Discard all staged entries.
            UnavailableError: the disk is full. Discard all staged entries.
        """
        reader = EntryReader(file, limits)
        source = len(self.formats)
        rows: list[tuple[object, ...]] = []
        for entry in reader:
            self.size += 1
            validated = validate_entry(entry, limits.depth)
            rows.append(self._table_row(source, validated))
            if validated.candidate is None:
                self._insert_invalid(validated)
            if len(rows) >= _ENTRIES_PER_INSERT:
                self._insert(rows)
                rows.clear()
                progress(self.size)
        self._insert(rows)
        self.formats.append(reader.format or FileFormat.DUMP)
        self.ignored_keys += reader.ignored_keys

    def __iter__(self) -> Iterator[StagedEntry]:
        # Reading may write, too: the cache may have to spill to make room for other pages.
        with disk_space_needed():
            rows = self._db.execute(
                "SELECT e.number, e.source, e.body, e.secret, e.id, e.updated_at,"
                " COALESCE(n.number, e.number), COALESCE(i.number, 0)"
                " FROM entries e LEFT JOIN newest n ON n.id = e.id"
                " LEFT JOIN invalid i ON i.id = n.id AND i.updated_at > n.updated_at"
                " ORDER BY e.number"
            )
            for number, source, body, secret, tenant_id, updated_at, newest, newer_invalid in rows:
                entry = self._entry(number, body, secret, tenant_id, updated_at)
                yield StagedEntry(number, source, entry, newest, newer_invalid)

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def candidate(self, number: int) -> Candidate | None:
        """The candidate of the entry with this number; `None` if the entry is invalid.

        Raises:
            UnavailableError: the disk is full.
        """
        with disk_space_needed():
            row = self._db.execute(
                "SELECT body, secret, id, updated_at FROM entries WHERE number = ?", (number,)
            ).fetchone()
        return self._entry(number, *row).candidate

    def _table_row(self, source: int, entry: ValidatedEntry) -> tuple[object, ...]:
        """`_entry` reads it."""
        candidate = entry.candidate
        secret = candidate.secret if candidate else None
        body = orjson.dumps([
            entry.key, entry.line, entry.column,
            pack_messages(entry.reasons), pack_messages(entry.repairs), entry.left_out,
            candidate.values if candidate else entry.values,
            candidate.email_in_file if candidate else "",
        ])  # fmt: skip
        # The nonce is the number of the entry: unique under this key.
        encrypted = secret and self._cipher.encrypt(
            self.size.to_bytes(_NONCE_BYTES, "big"), secret.reveal().encode(), None
        )
        return (
            self.size, source, candidate.id if candidate else None,
            candidate.updated_at if candidate else "", body, encrypted,
        )  # fmt: skip

    def _insert(self, rows: list[tuple[object, ...]]) -> None:
        with disk_space_needed():
            self._db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", rows)
            self._db.executemany(
                _KEEP_NEWEST.format(table="newest"),
                [(row[2], row[0], row[3]) for row in rows if row[2] is not None],
            )

    def _insert_invalid(self, entry: ValidatedEntry) -> None:
        updated_at = updated_at_of(entry)
        rows = [(tenant_id, self.size, updated_at) for tenant_id in possible_tenant_ids(entry)]
        with disk_space_needed():
            self._db.executemany(_KEEP_NEWEST.format(table="invalid"), rows)

    def _entry(
        self,
        number: int,
        body: bytes,
        encrypted: bytes | None,
        tenant_id: str | None,
        updated_at: str,
    ) -> ValidatedEntry:
        key, line, column, reasons, repairs, left_out, values, email_in_file = orjson.loads(body)
        candidate = None
        if tenant_id is not None:
            nonce = number.to_bytes(_NONCE_BYTES, "big")
            secret = encrypted and self._cipher.decrypt(nonce, encrypted, None)
            candidate = Candidate(
                id=tenant_id,
                values=values,
                updated_at=updated_at,
                email_in_file=email_in_file,
                secret=Secret(secret.decode()) if secret else None,
            )
        return ValidatedEntry(
            key=key,
            line=line,
            column=column,
            candidate=candidate,
            reasons=tuple(map(FieldMessage.unpacked, reasons)),
            repairs=tuple(map(FieldMessage.unpacked, repairs)),
            left_out=tuple(left_out),
            values={} if candidate else values,
        )
