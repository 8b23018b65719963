"""What is left of an import when the time of its rows is over.

Rows hold names, addresses and sealed secrets of people, long after they are of use. The import
itself stays listed, with its counts and who ran it.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from portal import records
from portal.imports.jobs.create import BEGUN, draft_marker_id, job_id_of_marker
from portal.imports.jobs.job import ImportJob, ended, find_job, job_item, job_of
from portal.imports.jobs.row_chunks import chunk_id, remove
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
    """Removes the rows of every import that ended before `instant`; of one that is still open and
    was planned, or written the last time, before it, which is thereby ended; and of plans that
    broke off while they were saved. Answers of how many.

    It may be stopped anywhere and run again. Errors as of the store.
    """
    removed = 0
    for item in _listed_before(store, records.IMPORTS, instant):
        seen = job_of(item)
        if seen.rows_kept or seen.leftover:
            job = _without_rows(store, seen.id, instant, audit)
            removed += bool(job.leftover)
            _remove_leftover(store, job)
    for item in _listed_before(store, BEGUN, instant):
        _remove_begun(store, job_id_of_marker(str(item[KEY])))
        removed += 1
    return removed


def _listed_before(store: Store, partition: str, instant: datetime) -> Iterator[Item]:
    return iter_query(store, GSI2, partition, between=(" ", format_timestamp(instant)))


def _without_rows(store: Store, import_id: str, instant: datetime, audit: AuditInfo) -> ImportJob:
    """The import, from now on without rows if it is due. Nobody can apply it any more then, nor
    look for its chunks; what they were is still known, until they are removed."""
    while (job := find_job(store, import_id)).rows_kept and job.last_at < instant:
        gone = replace(
            job,
            version=job.version + 1,
            rows_kept=False,
            chunks=dict.fromkeys(RowKind, 0),
            reclassified_from={},
            leftover=job.chunks,
        )
        if job.is_open:
            # In the same write: ended now, it would be kept for as long again.
            gone = ended(gone, audit)
        with suppress(VersionConflictError):
            store.write([Replace(job_item(gone), job.version)])
            return gone
    return job


def _remove_leftover(store: Store, job: ImportJob) -> None:
    if not job.leftover:
        return
    remove(store, job.id, job.leftover)
    with suppress(VersionConflictError):
        # Somebody else has removed the same at the same time.
        done = replace(job, version=job.version + 1, leftover={})
        store.write([Replace(job_item(done), job.version)])


def _remove_begun(store: Store, import_id: str) -> None:
    for kind in RowKind:
        number = 0
        while _is_there(store, chunk_id(import_id, kind, number)):
            number += 1
        remove(store, import_id, {kind: number})
    with suppress(VersionConflictError):
        store.write([Remove(draft_marker_id(import_id), 1)])


def _is_there(store: Store, tenant_id: str) -> bool:
    try:
        store.get(tenant_id)
    except ItemNotFoundError:
        return False
    return True
