"""Stores a plan as a job, from which it can be applied.

While its rows are being saved, a draft marker stands for the job. So retention finds the rows of
a plan whose saving broke off.
"""

import re
import secrets
import string
from collections.abc import Mapping, Sequence

from portal import records
from portal.answer_diff import TooManyLoseError
from portal.imports.jobs.job import ImportJob, JobState, job_item
from portal.imports.jobs.row_chunks import ChunkWriter, remove_chunks
from portal.imports.model import RowKind, printable_excerpt
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
#: The index partition of all draft markers.
DRAFT_MARKERS = f"{records.IMPORTS}#BEGUN"
_MARKER_SUFFIX = "-begun"
#: Notes of all files that a job keeps. One file has a few.
_MAX_NOTES = 20
#: Places that a job lists. Each of its rows names its own.
_MAX_PLACES = 50


def create_job(
    store: Store,
    plan: Plan,
    audit: AuditInfo,
    *,
    file_names: Sequence[str] = (),
    most_losing: int | None = None,
) -> ImportJob:
    """Goes through the plan and stores it. The job appears only when all its rows are stored.

    file_names: as the sender named them; they serve people to recognise the import, nothing else.
    most_losing: how many tenants may lose access by the plan; `None` is any number.

    Raises:
        TooManyLoseError: more would lose access. Nothing of the plan is stored any more.

    Raises errors of the store and the sealer. What was stored by then is never used, and
    retention removes it.
    """
    reference = "".join(secrets.choice(_ALPHABET) for _ in range(26))
    import_id = f"import-{reference}"
    store.write([Add(_draft_marker(import_id, audit))])
    chunks = ChunkWriter(store, import_id)
    for row in plan:
        chunks.add(row)
    try:
        plan.answers.refuse_more_than(most_losing)
    except TooManyLoseError:
        remove_chunks(store, import_id, chunks.counts)
        store.write([Remove(draft_marker_id(import_id), 1)])
        raise
    chunks.flush()
    try:
        file_name = _shown_name(file_names)
        return _add_job(store, plan, audit, import_id, chunks.counts, file_name=file_name)
    except VersionConflictError:
        # Retention deleted the marker before these chunks existed; delete them here.
        remove_chunks(store, import_id, chunks.counts)
        raise


def _shown_name(file_names: Sequence[str]) -> str:
    """The last part of each name, on one line: browsers and people may send a whole path."""
    shown = [re.split(r"[/\\]", name)[-1].strip() for name in file_names]
    return printable_excerpt(", ".join(name for name in shown if name))


def _add_job(
    store: Store,
    plan: Plan,
    audit: AuditInfo,
    import_id: str,
    chunks: Mapping[RowKind, int],
    *,
    file_name: str,
) -> ImportJob:
    tally: Tally = plan.tally
    job = ImportJob(
        id=import_id,
        version=1,
        at=audit.at,
        by=audit.by,
        who=audit.who or audit.by,
        file_name=file_name,
        places=tuple(plan.staged.chosen_places[:_MAX_PLACES]),
        places_total=len(plan.staged.chosen_places),
        notes=tuple(plan.staged.notes[:_MAX_NOTES]),
        state=JobState.PLANNED,
        options=plan.options,
        formats=tuple(each.value for each in plan.staged.formats),
        ignored_keys=plan.staged.ignored_keys,
        counts={kind: tally.counts[kind] for kind in RowKind},
        chunks={kind: chunks.get(kind, 0) for kind in RowKind},
        to_write=tally.to_write,
        active=tally.active,
        later=tally.later,
        until=tally.until,
        answers=plan.answers,
    )
    store.write([Add(job_item(job)), Remove(draft_marker_id(import_id), 1)])
    return job


def draft_marker_id(import_id: str) -> str:
    return f"{import_id}{_MARKER_SUFFIX}"


def job_id_of_marker(marker_id: str) -> str:
    return marker_id.removesuffix(_MARKER_SUFFIX)


def _draft_marker(import_id: str, audit: AuditInfo) -> Item:
    at = format_timestamp(audit.at)
    return {
        KEY: draft_marker_id(import_id),
        "version": 1,
        "at": at,
        GSI2.partition: DRAFT_MARKERS,
        GSI2.sort: f"{at}#{import_id}",
    }
