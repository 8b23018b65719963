"""Writes what a plan showed, some rows at a time.

Each commit holds some tenants, an event for each, and the import itself with its cursor moved
on: all of it or nothing. So the cursor says exactly what is done, whoever was stopped where;
and of two who are at it at the same time, one is refused by the other's cursor and goes on
behind it. A row is written only if the store still is as the plan saw it; else it is a
conflict from then on, and the others of its commit are written without it.
"""

from collections.abc import Sequence
from dataclasses import replace

from portal import records
from portal.imports.jobs.job import ImportJob, JobState, RowPosition, find_job, job_item
from portal.imports.jobs.row_chunks import Chunk, chunk_item, read_chunk
from portal.imports.jobs.to_tenant import changed_tenant, new_tenant
from portal.imports.model import (
    WRITTEN_KINDS,
    Candidate,
    FieldMessage,
    FieldValue,
    Message,
    PlanRow,
    RowKind,
)
from portal.imports.planning import (
    NO_LICENCE,
    WINDOW,
    Licence,
    LicenceTotals,
    changes_between,
    digest_of,
    licence_after,
)
from portal.stores import (
    MAX_CHANGES,
    Add,
    Change,
    Item,
    ItemExistsError,
    ItemNotFoundError,
    Replace,
    Store,
    VersionConflictError,
)
from portal.tenants import AuditInfo, Tenant, Verb
from portal.timestamps import format_timestamp

#: Rows of one commit: a tenant and its event each, beside the import, its chunk, and the chunk
#: of those that turned out otherwise.
ROWS_PER_COMMIT = (MAX_CHANGES - 4) // 2
ROWS_PER_STEP = 480


def apply_step(
    store: Store, import_id: str, audit: AuditInfo, *, rows: int = ROWS_PER_STEP
) -> ImportJob:
    """Handles about so many rows, and answers the import as it is then. `UnknownRunError`.

    `act`: who does it, which is what the tenants' histories tell; not always who made the plan.
    It may be called by several at once and again after anything. Errors of the store: what
    `runs.find` says is handled is done, and the rest is not.
    """
    job = find_job(store, import_id)
    left = rows
    at_hand: dict[tuple[RowKind, int], Chunk] = {}
    while job.is_open and left > 0:
        before = job
        try:
            job = _Commit(store, job, audit, at_hand).make(min(left, ROWS_PER_COMMIT))
        except ItemNotFoundError:
            # Its rows' time was over just now, and somebody has ended it.
            job = find_job(store, import_id)
            if job.version == before.version:
                raise
        left -= max(job.processed - before.processed, 1)
    return job


class _Commit:
    """The next rows of a run, and what they become."""

    def __init__(
        self,
        store: Store,
        job: ImportJob,
        audit: AuditInfo,
        at_hand: dict[tuple[RowKind, int], Chunk],
    ) -> None:
        self._store = store
        self._job = job
        self._act = replace(audit, request_id=job.id)
        self._now = format_timestamp(audit.at)
        self._at_hand = at_hand

    def make(self, most: int) -> ImportJob:
        job = self._job
        place = job.cursor
        if place.chunk >= job.chunks[place.kind]:
            return self._next_kind(place, most)
        chunk = self._chunk(place)
        rows = chunk.rows[place.offset : place.offset + most]
        writes = self._writes(rows)
        while True:
            after = self._after(place, len(rows), chunk, writes)
            try:
                self._store.write(self._changes(after, place, chunk, writes))
            except (ItemExistsError, VersionConflictError) as refused:
                reclassified_from = next(
                    (w for w in writes if w.row.tenant_id == refused.item_id), None
                )
                if reclassified_from is None or not reclassified_from.changes:
                    # Somebody else has moved the cursor on.
                    self._at_hand.clear()
                    return find_job(self._store, job.id)
                reclassified_from.refuse(refused.item)
                continue
            if any(write.outcome for write in writes):
                self._at_hand.clear()
            return after

    def _chunk(self, place: RowPosition) -> Chunk:
        key = (place.kind, place.chunk)
        if key not in self._at_hand:
            self._at_hand.clear()
            self._at_hand[key] = read_chunk(self._store, self._job.id, place.kind, place.chunk)
        return self._at_hand[key]

    def _next_kind(self, place: RowPosition, most: int) -> ImportJob:
        """The end of the rows of one kind, or of all."""
        number = WRITTEN_KINDS.index(place.kind) + 1
        job = self._job
        if number < len(WRITTEN_KINDS):
            # No commit of its own: the next rows move it on.
            self._job = replace(job, cursor=RowPosition(WRITTEN_KINDS[number]))
            return self.make(most)
        done = replace(
            job,
            version=job.version + 1,
            state=JobState.DONE,
            cursor=place,
            finished_at=self._act.at,
            confirmed_by=job.confirmed_by or self._act.by,
        )
        try:
            self._store.write([Replace(job_item(done), job.version)])
        except VersionConflictError:
            return find_job(self._store, job.id)
        return done

    # ---- Rows

    def _writes(self, rows: Sequence[PlanRow]) -> "list[_Write]":
        return [self._written(row) for row in rows if row.kind in WRITTEN_KINDS]

    def _written(self, row: PlanRow) -> "_Write":
        if row.kind is RowKind.NEW:
            tenant = new_tenant(row, self._act)
            item = {**records.item_of(tenant), **self._fingerprints(tenant, row, (False, False))}
            event = records.event_item(row.tenant_id, Verb.IMPORT, self._act, None, item)
            return _Write(row, [Add(item), Add(event)], row.values)
        try:
            before = self._store.get(row.tenant_id)
        except ItemNotFoundError:
            return _refused(row, None)
        # Without a version, the digest alone tells.
        if before.get("version") != row.expected_version or digest_of(before) != row.item_digest:
            return _refused(row, before)
        changed = {change.field for change in row.changes}
        tenant = changed_tenant(row, records.tenant_of(before), self._act)
        # Else a date that nobody can read would stay, which the row takes away.
        kept = {name: value for name, value in before.items() if name not in changed}
        by_staff = records.set_by_staff(before)
        left = by_staff[0] and "isActive" not in changed, by_staff[1] and not changed & WINDOW
        item = {**records.item_of(tenant, kept), **self._fingerprints(tenant, row, left)}
        event = records.event_item(row.tenant_id, Verb.IMPORT, self._act, before, item)
        licence = licence_after(row.values, before)
        return _Write(row, [Replace(item, row.expected_version, read=before), Add(event)], licence)

    def _fingerprints(
        self, tenant: Tenant, row: PlanRow, by_staff: tuple[bool, bool]
    ) -> dict[str, FieldValue]:
        """`by_staff`: whether the status, and the window, are as staff have set them."""
        fingerprints: dict[str, FieldValue] = {
            records.IMPORT_ID: self._job.id,
            records.IMPORTED_STATE: records.imported_state(tenant, by_staff),
        }
        if row.secret_fingerprint:
            fingerprints[records.SECRET_FINGERPRINT] = row.secret_fingerprint
        return fingerprints

    # ---- The import itself

    def _after(
        self, place: RowPosition, count: int, chunk: Chunk, writes: "list[_Write]"
    ) -> ImportJob:
        job = self._job
        offset = place.offset + count
        whole = offset >= len(chunk.rows)
        counts, reclassified_from = dict(job.counts), dict(job.reclassified_from)
        # What was planned is told until something is written.
        begun = job.state is JobState.APPLYING
        licences = LicenceTotals(job.active, job.later, job.until) if begun else LicenceTotals()
        for write in writes:
            licences.add(write.licence, self._now)
            if write.outcome:
                kind = write.outcome.kind
                counts[place.kind] -= 1
                counts[kind] += 1
                reclassified_from[kind] = {
                    place.kind: job.chunks[kind],
                    **reclassified_from.get(kind, {}),
                }
        more = {write.outcome.kind for write in writes if write.outcome}
        return replace(
            job,
            version=job.version + 1,
            state=JobState.APPLYING,
            confirmed_by=job.confirmed_by or self._act.by,
            counts=counts,
            chunks={kind: number + (kind in more) for kind, number in job.chunks.items()},
            reclassified_from=reclassified_from,
            processed=job.processed + len(writes),
            active=licences.active,
            later=licences.later,
            until=licences.until,
            cursor=RowPosition(place.kind, place.chunk + 1)
            if whole
            else replace(place, offset=offset),
            moved_at=self._act.at,
        )

    def _changes(
        self, after: ImportJob, place: RowPosition, chunk: Chunk, writes: "list[_Write]"
    ) -> list[Change]:
        job = self._job
        changes: list[Change] = [Replace(job_item(after), job.version)]
        for write in writes:
            changes += write.changes
        outcomes = {write.row.number: write.outcome for write in writes if write.outcome}
        if outcomes:
            rows = [outcomes.get(row.number, row) for row in chunk.rows]
            item = chunk_item(job.id, place.kind, place.chunk, Chunk(chunk.version + 1, rows))
            changes.append(Replace(item, chunk.version))
        for kind in {outcome.kind for outcome in outcomes.values()}:
            rows = [outcome for outcome in outcomes.values() if outcome.kind is kind]
            changes.append(Add(chunk_item(job.id, kind, job.chunks[kind], Chunk(1, rows))))
        return changes


class _Write:
    """One row: the changes that it needs and the licence that it gives, or what it turned out
    to be."""

    def __init__(self, row: PlanRow, changes: Sequence[Change], licence: Licence) -> None:
        self.row = row
        self.changes = changes
        self.licence = licence
        self.outcome: PlanRow | None = None

    def refuse(self, item: Item | None) -> None:
        """The store is not as the plan saw it: `item` is there now."""
        self.changes, self.licence = (), NO_LICENCE
        row = replace(self.row, sealed_secret="", secret_fingerprint="")
        if item is not None and _is_in(row, item):
            self.outcome = replace(row, kind=RowKind.SAME, changes=())
        else:
            text = Message(
                "It changed in the store since the plan was made, and the store's is kept."
            )
            self.outcome = replace(row, kind=RowKind.CONFLICT, reasons=(FieldMessage("", text),))


def _refused(row: PlanRow, item: Item | None) -> _Write:
    write = _Write(row, (), NO_LICENCE)
    write.refuse(item)
    return write


def _is_in(row: PlanRow, item: Item) -> bool:
    """Whether the store holds just this: somebody else has imported the same."""
    candidate = Candidate(
        id=row.tenant_id,
        values=row.values,
        updated_at=str(row.values.get("updatedAt", "")),
        email_in_file=row.email_in_file,
    )
    # Whether the secret is the same nobody can tell any more: then it is not called so.
    return row.secret != "set" and not changes_between(candidate, item)  # noqa: S105 - a word
