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
from portal.imports.jobs.job import ImportJob, ended, find_job, job_item, run_of
from portal.imports.jobs.row_chunks import chunk_id, remove
from portal.imports.model.rows import Kind
from portal.stores.contract import (
    ChangedMeanwhileError,
    Item,
    NotThereError,
    Remove,
    Replace,
    Store,
    queried,
)
from portal.stores.schema import GSI2, KEY
from portal.tenants import Act
from portal.timestamps import to_text


def remove_rows_before(store: Store, instant: datetime, act: Act) -> int:
    """Removes the rows of every import that ended before `instant`; of one that is still open and
    was planned, or written the last time, before it, which is thereby ended; and of plans that
    broke off while they were saved. Answers of how many.

    It may be stopped anywhere and run again. Errors as of the store.
    """
    removed = 0
    for item in _listed_before(store, records.IMPORTS, instant):
        seen = run_of(item)
        if seen.rows_kept or seen.leftover:
            run = _without_rows(store, seen.id, instant, act)
            removed += bool(run.leftover)
            _remove_leftover(store, run)
    for item in _listed_before(store, BEGUN, instant):
        _remove_begun(store, job_id_of_marker(str(item[KEY])))
        removed += 1
    return removed


def _listed_before(store: Store, partition: str, instant: datetime) -> Iterator[Item]:
    return queried(store, GSI2, partition, between=(" ", to_text(instant)))


def _without_rows(store: Store, run_id: str, instant: datetime, act: Act) -> ImportJob:
    """The import, from now on without rows if it is due. Nobody can apply it any more then, nor
    look for its chunks; what they were is still known, until they are removed."""
    while (run := find_job(store, run_id)).rows_kept and run.last_at < instant:
        gone = replace(
            run,
            version=run.version + 1,
            rows_kept=False,
            chunks=dict.fromkeys(Kind, 0),
            late={},
            leftover=run.chunks,
        )
        if run.is_open:
            # In the same write: ended now, it would be kept for as long again.
            gone = ended(gone, act)
        with suppress(ChangedMeanwhileError):
            store.write([Replace(job_item(gone), run.version)])
            return gone
    return run


def _remove_leftover(store: Store, run: ImportJob) -> None:
    if not run.leftover:
        return
    remove(store, run.id, run.leftover)
    with suppress(ChangedMeanwhileError):
        # Somebody else has removed the same at the same time.
        done = replace(run, version=run.version + 1, leftover={})
        store.write([Replace(job_item(done), run.version)])


def _remove_begun(store: Store, run_id: str) -> None:
    for kind in Kind:
        number = 0
        while _is_there(store, chunk_id(run_id, kind, number)):
            number += 1
        remove(store, run_id, {kind: number})
    with suppress(ChangedMeanwhileError):
        store.write([Remove(draft_marker_id(run_id), 1)])


def _is_there(store: Store, tenant_id: str) -> bool:
    try:
        store.get(tenant_id)
    except NotThereError:
        return False
    return True
