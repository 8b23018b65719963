"""Removes the rows of old imports.

Rows hold names, addresses and sealed secrets long after anybody needs them, and so do the former
states of what they changed. The job itself stays listed, with its counts and who ran it.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from portal import records
from portal.imports.jobs.create import DRAFT_MARKERS, draft_marker_id, job_id_of_marker
from portal.imports.jobs.former_states import states_id
from portal.imports.jobs.job import ImportJob, ended_job, find_job, job_item, job_of
from portal.imports.jobs.row_chunks import chunk_id, remove_chunks, remove_items
from portal.imports.model import RowKind
from portal.stores import (
    GSI2,
    KEY,
    Item,
    ItemNotFoundError,
    Remove,
    Replace,
    Store,
    VersionConflictError,
    iter_query,
)
from portal.tenants import AuditInfo
from portal.timestamps import format_timestamp


def remove_rows_before(store: Store, instant: datetime, audit: AuditInfo) -> int:
    """Removes the rows of every import that ended before `instant`. An open import that was
    planned, or last written, before it is ended as well. So are plans whose saving broke off.
    Returns the number of these imports.

    It can be interrupted at any point and repeated. Raises errors of the store.
    """
    removed = 0
    for item in _listed_before(store, records.IMPORTS, instant):
        listed = job_of(item)
        if listed.rows_kept or listed.leftover:
            job = _give_up_rows(store, listed.id, instant, audit)
            removed += bool(job.leftover)
            _remove_leftover(store, job)
    for item in _listed_before(store, DRAFT_MARKERS, instant):
        _remove_draft(store, job_id_of_marker(str(item[KEY])))
        removed += 1
    return removed


def _listed_before(store: Store, partition: str, instant: datetime) -> Iterator[Item]:
    return iter_query(store, GSI2, partition, between=(" ", format_timestamp(instant)))


def _give_up_rows(store: Store, import_id: str, instant: datetime, audit: AuditInfo) -> ImportJob:
    """The job, without rows if it is due. From then on nobody applies it or reads its chunks;
    `leftover` remembers them until they are removed."""
    while (job := find_job(store, import_id)).rows_kept and job.last_at < instant:
        after = replace(
            job,
            version=job.version + 1,
            rows_kept=False,
            chunks=dict.fromkeys(RowKind, 0),
            reclassified_from={},
            leftover=job.chunks,
        )
        if job.undo and not job.undo.is_over:
            after = replace(after, undo=replace(job.undo, is_over=True, ended_by=audit.by))
        if job.is_open:
            # In the same write: a job that ended now would keep its rows for the whole time again.
            after = ended_job(after, audit)
        with suppress(VersionConflictError):
            store.write([Replace(job_item(after), job.version)])
            return after
    return job


def _remove_leftover(store: Store, job: ImportJob) -> None:
    if not job.leftover:
        return
    # Looked for and not counted: a portal of an earlier version forgets how many there are.
    remove_items(store, [states_id(job.id, n) for n in range(_number_of_states(store, job.id))])
    remove_chunks(store, job.id, job.leftover)
    # On a conflict somebody else has removed the same chunks at the same time.
    with suppress(VersionConflictError):
        after = replace(job, version=job.version + 1, leftover={})
        store.write([Replace(job_item(after), job.version)])


def _number_of_states(store: Store, import_id: str) -> int:
    count = 0
    while _exists(store, states_id(import_id, count)):
        count += 1
    return count


def _remove_draft(store: Store, import_id: str) -> None:
    """Removes the chunks of a plan whose saving broke off, and its marker."""
    for kind in RowKind:
        count = 0
        while _exists(store, chunk_id(import_id, kind, count)):
            count += 1
        remove_chunks(store, import_id, {kind: count})
    with suppress(VersionConflictError):
        store.write([Remove(draft_marker_id(import_id), 1)])


def _exists(store: Store, item_id: str) -> bool:
    try:
        store.get(item_id)
    except ItemNotFoundError:
        return False
    return True
