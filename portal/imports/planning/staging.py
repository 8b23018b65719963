"""Validated entries of one or several files, before they are compared with the store.

They wait in a scratch database, because the newest entry of a tenant is known only when all files
are read. The first valid ones stay in memory as they are, and the database knows their tenants
alone. Secrets are encrypted in the database, under a key that is only in memory.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Self

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal.imports.model import (
    Candidate,
    FieldMessage,
    Message,
    PlaceSummary,
    ValidatedEntry,
    checked_dataclass,
    pack_messages,
)
from portal.imports.planning.staged_places import StagedPlaces, incomplete_place
from portal.imports.reading import EntryReader, EntrySource, FileFormat
from portal.imports.streaming import Limits, Readable, disk_space_needed, open_scratch_db
from portal.imports.validation import possible_tenant_ids, updated_at_of, validate_entry
from portal.sealing import Secret

_ENTRIES_PER_INSERT = 500
#: Valid entries that stay in memory: 2 to 3 kB each, and never more than 30, since their fields
#: have limits. To write one to the database and read it again takes a tenth of its plan.
_ENTRIES_IN_MEMORY = 5_000
_NONCE_BYTES = 12
_TABLES = (
    "CREATE TABLE entries (number INTEGER PRIMARY KEY, source INT, place INT, id TEXT,"
    " updated_at TEXT, body BLOB, secret BLOB);"
    "CREATE TABLE newest (id TEXT, place INT, number INT, updated_at TEXT,"
    " PRIMARY KEY (id, place)) WITHOUT ROWID;"
    "CREATE TABLE invalid (id TEXT, place INT, number INT, updated_at TEXT,"
    " PRIMARY KEY (id, place)) WITHOUT ROWID;"
    "CREATE TABLE chosen (place INTEGER PRIMARY KEY)"
)
#: Of equally new entries of one place the first counts.
_KEEP_NEWEST = (
    "INSERT INTO {table} VALUES (?, ?, ?, ?) ON CONFLICT (id, place) DO UPDATE"
    " SET number = excluded.number, updated_at = excluded.updated_at"
    " WHERE excluded.updated_at > updated_at"
)
_DROP_OTHER_PLACES = "DELETE FROM {table} WHERE place NOT IN (SELECT place FROM chosen)"
#: The same over all places that are left.
_KEEP_NEWEST_OF_ALL = (
    "DELETE FROM {table} AS one WHERE EXISTS (SELECT 1 FROM {table} AS other"
    " WHERE other.id = one.id AND (other.updated_at > one.updated_at"
    " OR (other.updated_at = one.updated_at AND other.number < one.number)))"
)


@checked_dataclass(frozen=True, slots=True)
class StagedEntry:
    """A validated entry and what the files say about its tenant elsewhere.

    number: counts from 1, over all files.
    source: the file, counted from 0.
    place: the name of its place; empty if there is nothing to say about it.
    newest: number of the newest valid entry for this tenant; its own number if it is that one,
        or invalid.
    newer_invalid: number of an invalid entry for this tenant that is newer than all valid ones,
        or 0.
    other_place: the place of that newest or newer invalid entry, if it is another place.
    """

    number: int
    source: int
    place: str
    entry: ValidatedEntry
    newest: int
    newer_invalid: int
    other_place: str


class StagedEntries:
    """A context manager. First all files are added, then places are chosen if there are several.
    Iterating yields the entries of the chosen places in the order of the files.

    formats: the format of each file.
    ignored_keys: number of keys of other programs.
    notes: what people must know before they look at a plan, such as that a file is only a part.
    caveats: what people should know when they look at a plan.
    size: number of entries.
    chosen_places: the places that are imported; empty if nothing is to be said about them.
    places_left_out: how many places were not chosen.

    Iterating raises:
        PlaceChoiceError: there are several places, and none was chosen.
        RefusedFileError: the only place is not complete.
        UnavailableError: the disk is full.
    """

    def __init__(self) -> None:
        self.formats: list[FileFormat] = []
        self.ignored_keys = 0
        self.notes: list[Message] = []
        self.caveats: list[Message] = []
        self.size = 0
        self.chosen_places: list[PlaceSummary] = []
        self.places_left_out = 0
        self._places = StagedPlaces()
        self._incomplete: set[int] = set()
        self._has_choice = False
        self._added = 0
        #: By number.
        self._in_memory: dict[int, ValidatedEntry] = {}
        self._cipher = AESGCM(AESGCM.generate_key(128))
        self._db = open_scratch_db(_TABLES, kilobytes=24_000)

    def add(
        self,
        file: Readable,
        limits: Limits,
        progress: Callable[[int], object] = lambda _: None,
        *,
        name: str = "",
    ) -> None:
        """Reads and validates a whole file; see `add_source`."""
        self.add_source(EntryReader(file, limits), limits, progress, name=name)

    def add_source(
        self,
        reader: EntrySource,
        limits: Limits,
        progress: Callable[[int], object] = lambda _: None,
        *,
        name: str = "",
    ) -> None:
        """Reads and validates all entries.

        progress: called with the number of entries, every 500 entries.
        name: of the file or folder, as people know it; calls places that have no other name.

        Raises:
            RefusedFileError: it cannot be imported. Discard all staged entries.
            UnavailableError: the disk is full. Discard all staged entries.
        """
        source = len(self.formats)
        self._places.begin_file(name)
        rows: list[tuple[object, ...]] = []
        for entry in reader:
            self.size += 1
            self._added += 1
            place = self._places.number(entry, limits.places)
            validated = validate_entry(entry, limits.depth)
            rows.append(self._table_row(source, place, validated))
            if validated.candidate is None:
                self._insert_invalid(place, validated)
            if len(rows) >= _ENTRIES_PER_INSERT:
                self._insert(rows)
                rows.clear()
                progress(self.size)
        self._insert(rows)
        self.formats.append(reader.format or FileFormat.DUMP)
        self.ignored_keys += reader.ignored_keys
        # A source that has nothing to say need not have these.
        self.notes += [note for note in getattr(reader, "notes", ()) if note not in self.notes]
        caveats = getattr(reader, "caveats", ())
        self.caveats += [each for each in caveats if each not in self.caveats]
        self._incomplete |= {
            self._places.number_of(place, "", limits.places)
            for place in getattr(reader, "incomplete_places", ())
        }

    def places(self) -> list[PlaceSummary]:
        """The places that hold tenants, in the order of the files. All files have to be added.

        Raises:
            UnavailableError: the disk is full.
        """
        return self._places.summaries(self._totals())

    def _totals(self) -> dict[int, tuple[int, str]]:
        """Number of entries and last change, for each number of a place."""
        with disk_space_needed():
            rows = self._db.execute(
                "SELECT place, COUNT(*), MAX(updated_at) FROM entries GROUP BY place"
            )
            return {place: (number, last_change) for place, number, last_change in rows}

    def choose(self, names: Collection[str] = ()) -> None:
        """Keeps the entries of the places with these names, and drops the others. Without names,
        keeps all entries if they are of one place. Called once, after all files are added.

        Raises:
            PlaceChoiceError: a name is unknown, or none is given and there are several places.
            RefusedFileError: a chosen place is not complete.
            UnavailableError: the disk is full.
        """
        totals = self._totals()
        places = self._places.summaries(totals)
        chosen = self._places.choose(names, places)
        for number in sorted(self._incomplete.intersection(chosen)):
            raise incomplete_place(places[number].name)
        self.chosen_places = self._places.described(chosen, totals)
        self.places_left_out = len(places) - len(set(names)) if names else 0
        self._has_choice = True
        with disk_space_needed():
            if names:
                rows = [(number,) for number in chosen]
                self._db.executemany("INSERT INTO chosen VALUES (?)", rows)
                for table in ("entries", "newest", "invalid"):
                    self._db.execute(_DROP_OTHER_PLACES.format(table=table))
                (self.size,) = self._db.execute("SELECT COUNT(*) FROM entries").fetchone()
            if len(chosen) > 1:
                for table in ("newest", "invalid"):
                    self._db.execute(_KEEP_NEWEST_OF_ALL.format(table=table))

    def __iter__(self) -> Iterator[StagedEntry]:
        if not self._has_choice:
            self.choose()
        # Reading may write, too: the cache may have to spill to make room for other pages.
        with disk_space_needed():
            rows = self._db.execute(
                "SELECT e.number, e.source, e.place, e.body, e.secret, e.id, e.updated_at,"
                " COALESCE(n.number, e.number), COALESCE(i.number, 0),"
                " CASE WHEN n.number <> e.number THEN n.place ELSE COALESCE(i.place, e.place) END"
                " FROM entries e LEFT JOIN newest n ON n.id = e.id"
                " LEFT JOIN invalid i ON i.id = n.id AND i.updated_at > n.updated_at"
                " ORDER BY e.number"
            )
            for number, source, place, *entry, newest, newer_invalid, other_place in rows:
                yield StagedEntry(
                    number,
                    source,
                    self._places.row_name(place),
                    self._entry(number, *entry),
                    newest,
                    newer_invalid,
                    self._places.row_name(other_place) if other_place != place else "",
                )

    def close(self) -> None:
        self._in_memory.clear()
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

    def has_tenant(self, tenant_id: str) -> bool:
        """Whether a valid entry is for this tenant.

        Raises:
            UnavailableError: the disk is full.
        """
        with disk_space_needed():
            row = self._db.execute("SELECT 1 FROM newest WHERE id = ?", (tenant_id,)).fetchone()
        return row is not None

    def _table_row(self, source: int, place: int, entry: ValidatedEntry) -> tuple[object, ...]:
        """`_entry` reads it, unless the entry stays in memory."""
        candidate = entry.candidate
        if candidate and len(self._in_memory) < _ENTRIES_IN_MEMORY:
            self._in_memory[self._added] = entry
            return self._added, source, place, candidate.id, candidate.updated_at, None, None
        secret = candidate.secret if candidate else None
        body = orjson.dumps([
            entry.key, entry.line, entry.column,
            pack_messages(entry.reasons), pack_messages(entry.repairs), entry.left_out,
            candidate.values if candidate else entry.values,
            candidate.email_in_file if candidate else "", entry.former_tenant_id,
        ])  # fmt: skip
        # The nonce is the number of the entry: unique under this key.
        encrypted = secret and self._cipher.encrypt(
            self._added.to_bytes(_NONCE_BYTES, "big"), secret.reveal().encode(), None
        )
        return (
            self._added, source, place, candidate.id if candidate else None,
            candidate.updated_at if candidate else updated_at_of(entry), body, encrypted,
        )  # fmt: skip

    def _insert(self, rows: list[tuple[object, ...]]) -> None:
        with disk_space_needed():
            self._db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            self._db.executemany(
                _KEEP_NEWEST.format(table="newest"),
                [(row[3], row[2], row[0], row[4]) for row in rows if row[3] is not None],
            )

    def _insert_invalid(self, place: int, entry: ValidatedEntry) -> None:
        ids, updated_at = possible_tenant_ids(entry), updated_at_of(entry)
        rows = [(tenant_id, place, self._added, updated_at) for tenant_id in ids]
        with disk_space_needed():
            self._db.executemany(_KEEP_NEWEST.format(table="invalid"), rows)

    def _entry(
        self,
        number: int,
        body: bytes | None,
        encrypted: bytes | None,
        tenant_id: str | None,
        updated_at: str,
    ) -> ValidatedEntry:
        if body is None:
            return self._in_memory[number]
        key, line, column, reasons, repairs, left_out, values, email_in_file, former_tenant_id = (
            orjson.loads(body)
        )
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
            former_tenant_id=former_tenant_id,
        )
