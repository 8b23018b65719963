"""The checked entries of one or several files, before they are held against the store.

They lie in a file that has no name and is gone when the program is; few of them never leave
memory. Which of two entries for one tenant is the newer one is known when all are read. Secrets
lie there encrypted under a key that is nowhere else than in memory.
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

_TOGETHER = 500
_NONCE_BYTES = 12
#: Of equally new ones the first counts.
_KEEP_NEWEST = (
    "INSERT INTO {table} VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE"
    " SET number = excluded.number, updated = excluded.updated WHERE excluded.updated > updated"
)


@dataclass(frozen=True, slots=True)
class StagedEntry:
    """A checked entry, its number and file, and the number of the newest for its tenant.

    `failed`: the number of one that is newer than all of them and cannot be imported, or 0."""

    number: int
    source: int
    checked: ValidatedEntry
    newest: int
    failed: int


class StagedEntries:
    """To be closed when it has become a plan."""

    def __init__(self) -> None:
        self.shapes: list[FileFormat] = []
        self.ignored_keys = 0
        self.size = 0
        self._cipher = AESGCM(AESGCM.generate_key(128))
        self._db = open_scratch_db(
            "CREATE TABLE entries (number INTEGER PRIMARY KEY, source INT, id TEXT, updated TEXT,"
            " body BLOB, secret BLOB);"
            "CREATE TABLE newest (id TEXT PRIMARY KEY, number INT, updated TEXT) WITHOUT ROWID;"
            "CREATE TABLE failed (id TEXT PRIMARY KEY, number INT, updated TEXT) WITHOUT ROWID",
            kilobytes=32_000,
        )

    def add(
        self, file: Readable, limits: Limits, progress: Callable[[int], object] = lambda _: None
    ) -> None:
        """Reads and checks a whole file. `RefusedFileError`, and `UnavailableError` where there is
        no room for it: then nothing of it may be used.

        `progress` is told the number of entries now and then.
        """
        reader = EntryReader(file, limits)
        source = len(self.shapes)
        waiting: list[tuple[object, ...]] = []
        for entry in reader:
            self.size += 1
            checked = validate_entry(entry, limits.depth)
            waiting.append(self._row(source, checked))
            if checked.candidate is None:
                self._fail(checked)
            if len(waiting) >= _TOGETHER:
                self._insert(waiting)
                waiting.clear()
                progress(self.size)
        self._insert(waiting)
        self.shapes.append(reader.format or FileFormat.DUMP)
        self.ignored_keys += reader.ignored_keys

    def __iter__(self) -> Iterator[StagedEntry]:
        """In the order of the files. `UnavailableError`."""
        # What was not written yet may be, when other parts have to be read.
        with disk_space_needed():
            rows = self._db.execute(
                "SELECT e.number, e.source, e.body, e.secret, e.id, e.updated,"
                " COALESCE(n.number, e.number), COALESCE(f.number, 0)"
                " FROM entries e LEFT JOIN newest n ON n.id = e.id"
                " LEFT JOIN failed f ON f.id = n.id AND f.updated > n.updated ORDER BY e.number"
            )
            for number, source, body, secret, tenant_id, updated, newest, failed in rows:
                checked = self._read(number, body, secret, tenant_id, updated)
                yield StagedEntry(number, source, checked, newest, failed)

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def candidate(self, number: int) -> Candidate | None:
        """The tenant that the entry with this number would be. `UnavailableError`."""
        with disk_space_needed():
            found = self._db.execute(
                "SELECT body, secret, id, updated FROM entries WHERE number = ?", (number,)
            ).fetchone()
        return self._read(number, *found).candidate

    def _row(self, source: int, checked: ValidatedEntry) -> tuple[object, ...]:
        candidate = checked.candidate
        secret = candidate.secret if candidate else None
        pairs = [pack_messages(part) for part in (checked.reasons, checked.repairs)]
        body = orjson.dumps([
            checked.key, checked.line, checked.column, *pairs, checked.left_out,
            candidate.values if candidate else checked.values,
            candidate.email_in_file if candidate else "",
        ])  # fmt: skip
        kept = secret and self._cipher.encrypt(
            self.size.to_bytes(_NONCE_BYTES, "big"), secret.reveal().encode(), None
        )
        return (
            self.size, source, candidate.id if candidate else None,
            candidate.updated_at if candidate else "", body, kept,
        )  # fmt: skip

    def _insert(self, rows: list[tuple[object, ...]]) -> None:
        with disk_space_needed():
            self._db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", rows)
            self._db.executemany(
                _KEEP_NEWEST.format(table="newest"),
                [(row[2], row[0], row[3]) for row in rows if row[2] is not None],
            )

    def _fail(self, checked: ValidatedEntry) -> None:
        updated = updated_at_of(checked)
        told = [(tenant_id, self.size, updated) for tenant_id in possible_tenant_ids(checked)]
        with disk_space_needed():
            self._db.executemany(_KEEP_NEWEST.format(table="failed"), told)

    def _read(
        self, number: int, body: bytes, kept: bytes | None, tenant_id: str | None, updated: str
    ) -> ValidatedEntry:
        key, line, column, reasons, repairs, left_out, values, email_in_file = orjson.loads(body)
        candidate = None
        if tenant_id is not None:
            secret = kept and self._cipher.decrypt(number.to_bytes(_NONCE_BYTES, "big"), kept, None)
            candidate = Candidate(
                id=tenant_id,
                values=values,
                updated_at=updated,
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
