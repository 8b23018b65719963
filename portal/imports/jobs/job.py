"""An import as it is stored: what was chosen, and how far it has come.

Its rows lie in items of their own, see `portal.imports.jobs.row_chunks`; so any worker on any
machine goes on where another one stopped.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from portal import records
from portal.imports.model import (
    WRITTEN_KINDS,
    AllowedChange,
    ImportOptions,
    Policy,
    RowKind,
)
from portal.stores import (
    GSI2,
    KEY,
    Cursor,
    Item,
    ItemNotFoundError,
    Replace,
    Store,
    VersionConflictError,
)
from portal.tenants import AuditInfo
from portal.timestamps import format_timestamp, parse_timestamp


class JobState(StrEnum):
    PLANNED = "planned"
    APPLYING = "applying"
    DONE = "done"
    #: Ended by somebody before all rows were written, and before any was.
    STOPPED = "stopped"
    DISCARDED = "discarded"


class UnknownJobError(Exception):
    """No import has this id."""


@dataclass(frozen=True, slots=True)
class RowPosition:
    """A place among the rows of one kind: which chunk, and how many of its rows are behind."""

    kind: RowKind
    chunk: int = 0
    offset: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportJob:
    """One import. `counts` are by kind, as they are now; `processed` of `to_write` rows are done.

    `by` made the plan, `confirmed_by` had it written, `ended_by` stopped or discarded it.
    `chunks` are numbers of items by kind; `cursor` is where applying goes on.
    `reclassified_from`: per kind, the first chunk that holds rows reclassified from new or update.
    `active`, `later` and `until`: see `LicenceTotals`; of what would be written, and from the
    first commit on of what is. `rows_kept`: its rows can still be seen and reported; otherwise
    retention removed them, and of their chunks only `leftover` may still be there, by kind.
    `moved_at`: when rows were last written into the store.
    """

    id: str
    version: int
    at: datetime
    by: str
    who: str
    state: JobState
    choice: ImportOptions
    shapes: tuple[str, ...]
    ignored_keys: int
    counts: Mapping[RowKind, int]
    chunks: Mapping[RowKind, int]
    to_write: int
    processed: int = 0
    reclassified_from: Mapping[RowKind, Mapping[RowKind, int]] = field(default_factory=dict)
    active: int = 0
    later: int = 0
    until: tuple[str, str] = ("", "")
    cursor: RowPosition = field(default_factory=lambda: RowPosition(WRITTEN_KINDS[0]))
    moved_at: datetime | None = None
    finished_at: datetime | None = None
    confirmed_by: str = ""
    ended_by: str = ""
    rows_kept: bool = True
    leftover: Mapping[RowKind, int] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether it can be applied, or go on."""
        return self.state in (JobState.PLANNED, JobState.APPLYING)

    @property
    def last_at(self) -> datetime:
        """When somebody last did something to it."""
        return self.finished_at or self.moved_at or self.at

    @property
    def rows(self) -> int:
        return sum(self.counts.values())

    @property
    def written(self) -> int:
        """How many rows it has put into the store, so far."""
        reclassified_from = self.to_write - sum(self.counts[kind] for kind in WRITTEN_KINDS)
        return self.processed - reclassified_from

    def is_behind(self, place: RowPosition) -> bool:
        """Whether the rows there were written."""
        if place.kind not in WRITTEN_KINDS:
            return False
        at, cursor = WRITTEN_KINDS.index(place.kind), WRITTEN_KINDS.index(self.cursor.kind)
        here, there = (
            (at, place.chunk, place.offset),
            (cursor, self.cursor.chunk, self.cursor.offset),
        )
        return self.state is JobState.DONE or here < there


# ---- Reading it again


def find_job(store: Store, import_id: str) -> ImportJob:
    """`UnknownRunError`."""
    try:
        item = store.get(import_id)
    except ItemNotFoundError as error:
        raise UnknownJobError from error
    if item.get(GSI2.partition) != records.IMPORTS:
        raise UnknownJobError
    return job_of(item)


@dataclass(frozen=True, slots=True)
class JobPage:
    """Imports, the newest first; `after` is `None` exactly when none is left."""

    runs: list[ImportJob]
    after: Cursor | None


def list_jobs(store: Store, *, after: Cursor | None = None, limit: int = 50) -> JobPage:
    """A page of all imports. An index may be a moment behind."""
    page = store.query(GSI2, records.IMPORTS, after=after, limit=limit, newest_first=True)
    return JobPage([job_of(item) for item in page.items], page.after)


def end_job(store: Store, import_id: str, audit: AuditInfo) -> ImportJob:
    """Nobody will apply this any more: a plan is discarded, and what had begun is stopped; what
    was written stays. What is over already stays as it is. `UnknownRunError`."""
    while (job := find_job(store, import_id)).is_open:
        over = replace(ended(job, audit), version=job.version + 1)
        # Somebody may be writing its rows, and have moved it on.
        with suppress(VersionConflictError):
            store.write([Replace(job_item(over), job.version)])
            return over
    return job


def ended(job: ImportJob, audit: AuditInfo) -> ImportJob:
    """What becomes of one that is open when somebody ends it."""
    state = JobState.DISCARDED if job.state is JobState.PLANNED else JobState.STOPPED
    return replace(job, state=state, ended_by=audit.by, finished_at=audit.at)


# ---- Items


def job_item(job: ImportJob) -> Item:
    at = format_timestamp(job.at)
    # In one text: an index carries it as it is, whatever is added later.
    told = {
        "who": job.who,
        "state": job.state,
        "policy": job.choice.policy,
        "allowed": sorted(job.choice.allowed),
        "shapes": job.shapes,
        "ignoredKeys": job.ignored_keys,
        "counts": job.counts,
        "chunks": job.chunks,
        "toWrite": job.to_write,
        "handled": job.processed,
        "late": job.reclassified_from,
        "active": job.active,
        "later": job.later,
        "until": job.until,
        "cursor": [job.cursor.kind, job.cursor.chunk, job.cursor.offset],
        "movedAt": format_timestamp(job.moved_at) if job.moved_at else "",
        "finishedAt": format_timestamp(job.finished_at) if job.finished_at else "",
        "confirmedBy": job.confirmed_by,
        "endedBy": job.ended_by,
        "rowsKept": job.rows_kept,
        "leftover": job.leftover,
    }
    return {
        KEY: job.id,
        "version": job.version,
        "at": at,
        "by": job.by,
        "text": json.dumps(told, ensure_ascii=False),
        GSI2.partition: records.IMPORTS,
        GSI2.sort: f"{at}#{job.id}",
    }


def job_of(item: Item) -> ImportJob:
    told: dict[str, Any] = json.loads(str(item["text"]))
    at = parse_timestamp(str(item["at"]))
    if at is None:
        raise ValueError("an import without a time")
    kind, chunk, offset = told["cursor"]
    return ImportJob(
        id=str(item[KEY]),
        version=int(item["version"]),
        at=at,
        by=str(item["by"]),
        who=told["who"],
        state=JobState(told["state"]),
        choice=ImportOptions(
            policy=Policy(told["policy"]),
            allowed=frozenset(AllowedChange(each) for each in told["allowed"]),
        ),
        shapes=tuple(told["shapes"]),
        ignored_keys=told["ignoredKeys"],
        counts={RowKind(name): number for name, number in told["counts"].items()},
        chunks={RowKind(name): number for name, number in told["chunks"].items()},
        to_write=told["toWrite"],
        processed=told["handled"],
        reclassified_from={
            RowKind(kind): {RowKind(name): number for name, number in firsts.items()}
            for kind, firsts in told.get("late", {}).items()
        },
        active=told["active"],
        later=told.get("later", 0),
        until=(told["until"][0], told["until"][1]),
        cursor=RowPosition(RowKind(kind), chunk, offset),
        moved_at=parse_timestamp(told.get("movedAt", "")),
        finished_at=parse_timestamp(told["finishedAt"]),
        confirmed_by=told.get("confirmedBy", ""),
        ended_by=told.get("endedBy", ""),
        rows_kept=told.get("rowsKept", True),
        leftover={RowKind(name): number for name, number in told.get("leftover", {}).items()},
    )
