"""Applies a plan: writes its rows, some at a time.

A commit writes some tenants, an event for each, their former states, and the job with its cursor
moved on: all or nothing. So the cursor says exactly which rows are processed, wherever anybody was
interrupted. If two workers apply the same job, the cursor refuses one of them, which then continues
after the other. A row is written only if the store is still as the plan saw it. Otherwise the row
becomes a conflict, and the other rows of its commit are written without it.
"""

from collections.abc import Sequence
from dataclasses import replace

from portal.imports.jobs.former_states import STATES_BYTES, states_item
from portal.imports.jobs.job import (
    ImportJob,
    JobState,
    RowPosition,
    UnconfirmedJobError,
    find_job,
    job_item,
)
from portal.imports.jobs.row_chunks import Chunk, chunk_item, read_chunk
from portal.imports.jobs.row_writes import RowWrite, write_new, write_update
from portal.imports.model import WRITTEN_KINDS, PlanRow, RowKind
from portal.imports.planning import LicenceTotals
from portal.stores import (
    MAX_CHANGES,
    Add,
    Change,
    ItemExistsError,
    ItemNotFoundError,
    Replace,
    Store,
    VersionConflictError,
)
from portal.tenants import AuditInfo
from portal.timestamps import format_timestamp

#: A commit has two changes for each row (tenant and event), and up to six more: the job, the former
#: states, the chunk of the rows, a chunk of reclassified rows for each of two kinds, and the mark
#: for search.
ROWS_PER_COMMIT = (MAX_CHANGES - 6) // 2
ROWS_PER_STEP = 480

#: Chunks that were read, by kind and number. It holds one at a time.
_ChunkCache = dict[tuple[RowKind, int], Chunk]


def apply_step(
    store: Store,
    import_id: str,
    audit: AuditInfo,
    *,
    rows: int = ROWS_PER_STEP,
    confirmed: str | None = None,
) -> ImportJob:
    """Processes about `rows` rows; returns the job after that.

    Several workers may call it at once, and anybody may repeat it after an error. After an error
    of the store, exactly the rows that `find_job` reports as processed are.

    audit: who applies the plan, for the tenants' histories. It may be somebody else than who
        made it.
    confirmed: what was confirmed of the plan, as `ImportJob.losing` has it; `None` if nothing needs
        to be. It is asked for before the first row.

    Raises:
        UnconfirmedJobError: something else was confirmed. Nothing was written.
        UnknownJobError: no import has this id.
        StoreError: as of the store.
    """
    job = find_job(store, import_id)
    if (
        confirmed is not None
        and job.state is JobState.PLANNED
        and job.losing not in ("", confirmed)
    ):
        raise UnconfirmedJobError(job)
    left = rows
    cache: _ChunkCache = {}
    while job.is_open and left > 0:
        before = job
        try:
            job = _Commit(store, job, audit, cache).make(min(left, ROWS_PER_COMMIT))
        except ItemNotFoundError:
            # Retention has just ended the job and removed its rows.
            job = find_job(store, import_id)
            if job.version == before.version:
                raise
        left -= max(job.processed - before.processed, 1)
    return job


class _Commit:
    """One commit: the next rows of a job."""

    def __init__(self, store: Store, job: ImportJob, audit: AuditInfo, cache: _ChunkCache) -> None:
        self._store = store
        self._job = job
        self._audit = replace(audit, request_id=job.id)
        self._now = format_timestamp(audit.at)
        self._cache = cache

    def make(self, most: int) -> ImportJob:
        """Writes at most `most` rows; returns the job after that."""
        job = self._job
        cursor = job.cursor
        if cursor.chunk >= job.chunks[cursor.kind]:
            return self._next_kind(cursor, most)
        chunk = self._chunk(cursor)
        count, writes = self._next_writes(chunk.rows[cursor.offset : cursor.offset + most])
        while True:
            after = self._job_after(cursor, count, chunk, writes)
            try:
                self._store.write(self._changes(after, cursor, chunk, writes))
            except (ItemExistsError, VersionConflictError) as conflict:
                refused = next((w for w in writes if w.row.tenant_id == conflict.item_id), None)
                if refused is None or not refused.changes:
                    # The job was refused: somebody else has moved the cursor.
                    self._cache.clear()
                    return find_job(self._store, job.id)
                refused.reclassify(conflict.item)
                continue
            if any(write.reclassified for write in writes):
                # The chunk has a new version.
                self._cache.clear()
            return after

    def _next_writes(self, rows: Sequence[PlanRow]) -> tuple[int, list[RowWrite]]:
        """How many of the rows the commit takes, and what it writes for them: no more than their
        former states fit into one item."""
        writes: list[RowWrite] = []
        size = 0
        for count, row in enumerate(rows):
            if row.kind not in WRITTEN_KINDS:
                continue
            write = self._write(row)
            size += write.former.size if write.former else 0
            if writes and size > STATES_BYTES:
                return count, writes
            writes.append(write)
        return len(rows), writes

    def _chunk(self, position: RowPosition) -> Chunk:
        key = (position.kind, position.chunk)
        if key not in self._cache:
            self._cache.clear()
            self._cache[key] = read_chunk(self._store, self._job.id, position.kind, position.chunk)
        return self._cache[key]

    def _next_kind(self, cursor: RowPosition, most: int) -> ImportJob:
        """After the last row of a kind: goes on with the next kind, or ends the job."""
        index = WRITTEN_KINDS.index(cursor.kind) + 1
        job = self._job
        if index < len(WRITTEN_KINDS):
            # This needs no commit: the next rows move the cursor.
            self._job = replace(job, cursor=RowPosition(WRITTEN_KINDS[index]))
            return self.make(most)
        done = replace(
            job,
            version=job.version + 1,
            state=JobState.DONE,
            cursor=cursor,
            finished_at=self._audit.at,
            confirmed_by=job.confirmed_by or self._audit.by,
        )
        try:
            self._store.write([Replace(job_item(done), job.version)])
        except VersionConflictError:
            return find_job(self._store, job.id)
        return done

    def _write(self, row: PlanRow) -> RowWrite:
        if row.kind is RowKind.NEW:
            return write_new(row, self._audit)
        return write_update(self._store, row, self._audit)

    def _job_after(
        self, cursor: RowPosition, count: int, chunk: Chunk, writes: Sequence[RowWrite]
    ) -> ImportJob:
        """The job after the next `count` rows of the chunk."""
        job = self._job
        offset = cursor.offset + count
        is_chunk_done = offset >= len(chunk.rows)
        counts, reclassified_from = dict(job.counts), dict(job.reclassified_from)
        # The totals of a planned job are over the rows to write. Those of written rows start at 0.
        has_begun = job.state is JobState.APPLYING
        totals = LicenceTotals(job.active, job.later, job.until) if has_begun else LicenceTotals()
        for write in writes:
            totals.add(write.licence, self._now)
            if write.reclassified:
                kind = write.reclassified.kind
                counts[cursor.kind] -= 1
                counts[kind] += 1
                reclassified_from[kind] = {
                    cursor.kind: job.chunks[kind],
                    **reclassified_from.get(kind, {}),
                }
        new_chunks = {write.reclassified.kind for write in writes if write.reclassified}
        return replace(
            job,
            version=job.version + 1,
            state=JobState.APPLYING,
            confirmed_by=job.confirmed_by or self._audit.by,
            counts=counts,
            chunks={kind: number + (kind in new_chunks) for kind, number in job.chunks.items()},
            reclassified_from=reclassified_from,
            processed=job.processed + len(writes),
            active=totals.active,
            later=totals.later,
            until=totals.until,
            cursor=RowPosition(cursor.kind, cursor.chunk + 1)
            if is_chunk_done
            else replace(cursor, offset=offset),
            moved_at=self._audit.at,
            former_items=self._former_items_after(writes),
        )

    def _former_items_after(self, writes: Sequence[RowWrite]) -> int | None:
        number = self._job.former_items
        return None if number is None else number + any(write.former for write in writes)

    def _changes(
        self, after: ImportJob, cursor: RowPosition, chunk: Chunk, writes: Sequence[RowWrite]
    ) -> list[Change]:
        job = self._job
        changes: list[Change] = [Replace(job_item(after), job.version)]
        for write in writes:
            changes += write.changes
        reclassified = {write.row.number: write.reclassified for write in writes
                        if write.reclassified}  # fmt: skip
        if reclassified:
            rows = [reclassified.get(row.number, row) for row in chunk.rows]
            item = chunk_item(job.id, cursor.kind, cursor.chunk, Chunk(chunk.version + 1, rows))
            changes.append(Replace(item, chunk.version))
        for kind in {row.kind for row in reclassified.values()}:
            rows = [row for row in reclassified.values() if row.kind is kind]
            changes.append(Add(chunk_item(job.id, kind, job.chunks[kind], Chunk(1, rows))))
        former = [write.former for write in writes if write.former]
        # An earlier version began to write this import and kept none: then it cannot be undone.
        if former and job.former_items is not None:
            changes.append(Add(states_item(job.id, job.former_items, former)))
        return changes
