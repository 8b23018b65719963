"""A plan on its way into the store, to be applied from there."""

import secrets
import string
from collections.abc import Mapping

from portal import records
from portal.imports.jobs.job import ImportJob, JobState, job_item
from portal.imports.jobs.row_chunks import Chunks, remove
from portal.imports.model import RowKind
from portal.imports.planning import Plan, Tally
from portal.stores import (
    GSI2,
    KEY,
    Add,
    Item,
    Remove,
    Store,
    VersionConflictError,
)
from portal.tenants import AuditInfo
from portal.timestamps import format_timestamp

_ALPHABET = string.ascii_lowercase + string.digits
#: The list of plans that are being saved, or were broken off meanwhile.
BEGUN = f"{records.IMPORTS}#BEGUN"
_SUFFIX = "-begun"


def create_job(store: Store, plan: Plan, audit: AuditInfo) -> ImportJob:
    """Goes through the plan and keeps it. Nobody finds it before it is whole; if this is broken
    off, what was kept so far is never used, and `retention` finds it. Errors as of the store and
    the sealer."""
    reference = "".join(secrets.choice(_ALPHABET) for _ in range(26))
    import_id = f"import-{reference}"
    store.write([Add(_begun_item(import_id, audit))])
    chunks = Chunks(store, import_id)
    for row in plan:
        chunks.take(row)
    chunks.end()
    try:
        return _add(store, plan, audit, import_id, chunks.numbers)
    except VersionConflictError:
        # Whoever took the sign away has not seen the chunks that came behind it.
        remove(store, import_id, chunks.numbers)
        raise


def _add(
    store: Store, plan: Plan, audit: AuditInfo, import_id: str, chunks: Mapping[RowKind, int]
) -> ImportJob:
    """The run itself, once its rows are there."""
    tally: Tally = plan.tally
    job = ImportJob(
        id=import_id,
        version=1,
        at=audit.at,
        by=audit.by,
        who=audit.who or audit.by,
        state=JobState.PLANNED,
        choice=plan.choice,
        shapes=tuple(shape.value for shape in plan.draft.shapes),
        ignored_keys=plan.draft.ignored_keys,
        counts={kind: tally.counts[kind] for kind in RowKind},
        chunks={kind: chunks.get(kind, 0) for kind in RowKind},
        to_write=tally.to_write,
        active=tally.active,
        later=tally.later,
        until=tally.until,
    )
    store.write([Add(job_item(job)), Remove(draft_marker_id(import_id), 1)])
    return job


def draft_marker_id(import_id: str) -> str:
    """What stands for a plan while it is being saved."""
    return f"{import_id}{_SUFFIX}"


def job_id_of_marker(begun: str) -> str:
    """The other side of `begun_id`."""
    return begun.removesuffix(_SUFFIX)


def _begun_item(import_id: str, audit: AuditInfo) -> Item:
    at = format_timestamp(audit.at)
    return {
        KEY: draft_marker_id(import_id),
        "version": 1,
        "at": at,
        GSI2.partition: BEGUN,
        GSI2.sort: f"{at}#{import_id}",
    }
