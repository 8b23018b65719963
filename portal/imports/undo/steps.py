"""Undoes an import: its rows, some at a time.

A commit writes some tenants, an event for each, what became of the rows, and the job with its place
moved on: all or nothing. So it may be stopped anywhere, and anybody goes on; if two do so at the
same time, the job refuses one of them, who then goes on after the other. A tenant is written only
with the version that the import gave it. What became of a row takes the place of the former state,
which is not needed any more.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import accumulate

from portal.imports.jobs import (
    FormerStates,
    ImportJob,
    UndoProgress,
    find_job,
    job_item,
    read_states,
    states_item,
)
from portal.imports.undo.refusals import refuse_undo
from portal.imports.undo.row_undo import RowUndo, row_undos_of
from portal.stores import (
    MAX_CHANGES,
    Change,
    ItemExistsError,
    ItemNotFoundError,
    Replace,
    Store,
    VersionConflictError,
)
from portal.tenants import AuditInfo

#: A commit has up to three more changes: the job, what became of the rows, the mark for search.
_MOST_CHANGES = MAX_CHANGES - 3
#: Tenants are read together; each row asks the store up to two times more.
ROWS_PER_UNDO_STEP = 94


def undo_step(
    store: Store,
    import_id: str,
    audit: AuditInfo,
    *,
    rows: int = ROWS_PER_UNDO_STEP,
    workers: int = 1,
) -> ImportJob:
    """Undoes about `rows` rows; returns the job after that. The first step begins the undoing.

    Several workers may call it at once, and anybody may repeat it after an error. After an error of
    the store, exactly the rows that `find_job` reports are undone.

    audit: who undoes it, for the tenants' histories.
    workers: threads that ask the store, see `lookup_workers`.

    Raises:
        UnknownJobError: no import has this id.
        UndoRefusedError: the import cannot be undone.
        StoreError: as of the store.
    """
    job = find_job(store, import_id)
    refuse_undo(job)
    if job.undo is None:
        job = _begin(store, job, audit)
    left = rows
    while job.undo and not job.undo.is_over and left > 0:
        before = job
        try:
            job = _commit(store, job, job.undo, audit, left, workers=workers)
        except ItemNotFoundError:
            # Retention has just removed the former states.
            job = find_job(store, import_id)
            if job.version == before.version:
                raise
        left -= max(_processed(job) - _processed(before), 1)
    return job


def _begin(store: Store, job: ImportJob, audit: AuditInfo) -> ImportJob:
    begun = replace(job, version=job.version + 1, undo=UndoProgress(by=audit.by, at=audit.at))
    with suppress(VersionConflictError):
        store.write([Replace(job_item(begun), job.version)])
        return begun
    # Somebody else has begun it, or retention has removed what it needs.
    again = find_job(store, job.id)
    refuse_undo(again)
    return again


def _commit(
    store: Store, job: ImportJob, undo: UndoProgress, audit: AuditInfo, most: int, *, workers: int
) -> ImportJob:
    audit = replace(audit, request_id=job.id)
    states = read_states(store, job.id, undo.item)
    while True:
        rows = states.rows[undo.offset : undo.offset + most]
        row_undos = _of_one_commit(row_undos_of(store, rows, audit, workers=workers))
        after = _job_after(job, undo, states, row_undos, audit)
        try:
            store.write(_changes(job, after, undo, states, row_undos))
        except (ItemExistsError, VersionConflictError) as conflict:
            if all(row_undo.row.tenant_id != conflict.item_id for row_undo in row_undos):
                # Somebody else goes on with the same job.
                return find_job(store, job.id)
            # Somebody has just changed the tenant: a second look says so.
            continue
        return after


def _of_one_commit(row_undos: Sequence[RowUndo]) -> Sequence[RowUndo]:
    """The first ones, as many as one commit takes."""
    numbers = accumulate(len(row_undo.changes) for row_undo in row_undos)
    return row_undos[: sum(number <= _MOST_CHANGES for number in numbers)]


def _job_after(
    job: ImportJob,
    undo: UndoProgress,
    states: FormerStates,
    row_undos: Sequence[RowUndo],
    audit: AuditInfo,
) -> ImportJob:
    offset = undo.offset + len(row_undos)
    is_item_done = offset >= len(states.rows)
    item = undo.item + is_item_done
    rows = [row_undo.row for row_undo in row_undos]
    progress = replace(
        undo,
        item=item,
        offset=0 if is_item_done else offset,
        is_over=item >= (job.former_items or 0),
        counts=Counter(undo.counts) + Counter(row.outcome for row in rows if row.outcome),
        moved_at=audit.at,
    )
    return replace(job, version=job.version + 1, undo=progress)


def _changes(
    job: ImportJob,
    after: ImportJob,
    undo: UndoProgress,
    states: FormerStates,
    row_undos: Sequence[RowUndo],
) -> list[Change]:
    ended = [row_undo.row.without_values() for row_undo in row_undos]
    rows = [*states.rows[: undo.offset], *ended, *states.rows[undo.offset + len(ended) :]]
    kept = states_item(job.id, undo.item, rows, version=states.version + 1)
    changes: list[Change] = [Replace(job_item(after), job.version), Replace(kept, states.version)]
    for row_undo in row_undos:
        changes += row_undo.changes
    return changes


def _processed(job: ImportJob) -> int:
    return job.undo.processed if job.undo else 0
