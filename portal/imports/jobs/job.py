"""An import as it is stored: its options, and how far it has been applied.

Its rows are in items of their own, see `portal.imports.jobs.row_chunks`. So any worker on any
machine can continue a job that another one left.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from portal import records
from portal.answer_diff import AnswerDiff
from portal.imports.jobs.undo_progress import UndoProgress
from portal.imports.model import (
    WRITTEN_KINDS,
    AllowedChange,
    ImportOptions,
    Message,
    PlaceSummary,
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
    #: Ended by somebody before all rows were written.
    STOPPED = "stopped"
    #: Ended by somebody before any row was written.
    DISCARDED = "discarded"


#: What confirms that a plan of an earlier version is applied, which compared no answers.
UNKNOWN_LOSING = "unknown"


class UnknownJobError(Exception):
    """No import has this id."""


@dataclass(eq=False)
class UnconfirmedJobError(Exception):
    """Tenants would lose access by the plan, or may, and nobody has confirmed how many."""

    job: "ImportJob"


@dataclass(frozen=True, slots=True)
class RowPosition:
    """A position among the rows of one kind: the chunk, and how many of its rows are before."""

    kind: RowKind
    chunk: int = 0
    offset: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportJob:
    """One import.

    by, who: who made the plan: the name, and the id where there is one.
    file_name: the names of the files, without their folders; empty if nobody named them.
    places: the first of the places whose entries it imports; empty if there is only one, of which
        nothing is known.
    places_total: how many places these are.
    notes: what people must know before they look at the plan.
    names_refused: whether its rows name what was refused. Those of version 1.0 do not.
    counts: rows per kind, as they are classified now.
    chunks: items of rows per kind.
    to_write, processed: rows to write when the plan was made, and how many of them are processed.
    reclassified_from: per kind, the first chunk that holds rows reclassified from new or update.
    active, later, until: see `LicenceTotals`. Over the rows to write; from the first commit on,
        over the rows that are written.
    answers: whose answers the plan changes, as of when it was made; `None` in jobs of earlier
        versions.
    cursor: where applying continues.
    moved_at: when rows were last written.
    confirmed_by, ended_by: who had it applied, and who stopped or discarded it.
    rows_kept: whether the rows can be read; `False` after retention.
    leftover: chunks per kind that retention has yet to remove.
    former_items: items with the former states of what was written; `None`: an earlier version of
        the portal wrote rows, and kept none.
    undo: how far it is undone; `None`: nobody has begun that.
    """

    id: str
    version: int
    at: datetime
    by: str
    who: str
    state: JobState
    options: ImportOptions
    formats: tuple[str, ...]
    ignored_keys: int
    counts: Mapping[RowKind, int]
    chunks: Mapping[RowKind, int]
    to_write: int
    file_name: str = ""
    places: tuple[PlaceSummary, ...] = ()
    places_total: int = 0
    notes: tuple[Message, ...] = ()
    names_refused: bool = True
    processed: int = 0
    reclassified_from: Mapping[RowKind, Mapping[RowKind, int]] = field(default_factory=dict)
    active: int = 0
    later: int = 0
    until: tuple[str, str] = ("", "")
    answers: AnswerDiff | None = None
    cursor: RowPosition = field(default_factory=lambda: RowPosition(WRITTEN_KINDS[0]))
    moved_at: datetime | None = None
    finished_at: datetime | None = None
    confirmed_by: str = ""
    ended_by: str = ""
    rows_kept: bool = True
    leftover: Mapping[RowKind, int] = field(default_factory=dict)
    former_items: int | None = 0
    undo: UndoProgress | None = None

    @property
    def is_open(self) -> bool:
        """Whether it can be applied, or applied further."""
        return self.state in (JobState.PLANNED, JobState.APPLYING)

    @property
    def losing(self) -> str:
        """What confirms the plan: how many tenants lose access by it, as digits; `UNKNOWN_LOSING`
        if nobody knows; empty if nobody loses it."""
        if self.answers is None:
            # A new tenant takes nothing from anybody.
            return UNKNOWN_LOSING if self.counts[RowKind.UPDATE] else ""
        return str(self.answers.losing or "")

    @property
    def last_at(self) -> datetime:
        """When it last changed."""
        return self.finished_at or self.moved_at or self.at

    @property
    def rows(self) -> int:
        return sum(self.counts.values())

    @property
    def written(self) -> int:
        """Rows that are written so far."""
        reclassified = self.to_write - sum(self.counts[kind] for kind in WRITTEN_KINDS)
        return self.processed - reclassified

    def is_written(self, position: RowPosition) -> bool:
        """Whether the row at the position is written."""
        if position.kind not in WRITTEN_KINDS:
            return False
        return self.state is JobState.DONE or _order(position) < _order(self.cursor)


def _order(position: RowPosition) -> tuple[int, int, int]:
    return WRITTEN_KINDS.index(position.kind), position.chunk, position.offset


# ---- Finding and ending jobs


def find_job(store: Store, import_id: str) -> ImportJob:
    """The import with this id.

    Raises:
        UnknownJobError: there is none.
    """
    try:
        item = store.get(import_id)
    except ItemNotFoundError as error:
        raise UnknownJobError from error
    if item.get(GSI2.partition) != records.IMPORTS:
        raise UnknownJobError
    return job_of(item)


@dataclass(frozen=True, slots=True)
class JobPage:
    """Imports, the newest first. `after` continues; it is `None` if no import is left."""

    jobs: list[ImportJob]
    after: Cursor | None


def list_jobs(store: Store, *, after: Cursor | None = None, limit: int = 50) -> JobPage:
    """A page of all imports. The index may lag behind the items for a moment."""
    page = store.query(GSI2, records.IMPORTS, after=after, limit=limit, newest_first=True)
    return JobPage([job_of(item) for item in page.items], page.after)


def end_job(store: Store, import_id: str, audit: AuditInfo) -> ImportJob:
    """Ends an open import: discards a plan, stops one that is being applied. Written rows stay.
    An import that has already ended stays as it is.

    Raises:
        UnknownJobError: no import has this id.
    """
    while (job := find_job(store, import_id)).is_open:
        after = replace(ended_job(job, audit), version=job.version + 1)
        # Somebody who applies it at the same time may have moved its cursor: try again.
        with suppress(VersionConflictError):
            store.write([Replace(job_item(after), job.version)])
            return after
    return job


def ended_job(job: ImportJob, audit: AuditInfo) -> ImportJob:
    """An open job after somebody has ended it; with the same version."""
    state = JobState.DISCARDED if job.state is JobState.PLANNED else JobState.STOPPED
    return replace(job, state=state, ended_by=audit.by, finished_at=audit.at)


# ---- Items


def job_item(job: ImportJob) -> Item:
    at = format_timestamp(job.at)
    # One attribute holds them all, so the index carries whatever is added later.
    fields = {
        "who": job.who,
        "fileName": job.file_name,
        "places": [(each.name, each.entries, each.last_change) for each in job.places],
        "placesTotal": job.places_total,
        "notes": [note.packed() for note in job.notes],
        "state": job.state,
        "policy": job.options.policy,
        "allowed": sorted(job.options.allowed),
        "shapes": job.formats,
        "ignoredKeys": job.ignored_keys,
        "counts": job.counts,
        "chunks": job.chunks,
        "toWrite": job.to_write,
        "handled": job.processed,
        "late": job.reclassified_from,
        "active": job.active,
        "later": job.later,
        "until": job.until,
        **({"answers": job.answers.as_json()} if job.answers else {}),
        "cursor": [job.cursor.kind, job.cursor.chunk, job.cursor.offset],
        "movedAt": format_timestamp(job.moved_at) if job.moved_at else "",
        "finishedAt": format_timestamp(job.finished_at) if job.finished_at else "",
        "confirmedBy": job.confirmed_by,
        "endedBy": job.ended_by,
        "rowsKept": job.rows_kept,
        "leftover": job.leftover,
        "formerItems": job.former_items,
        "undo": job.undo.packed() if job.undo else None,
    }
    return {
        KEY: job.id,
        "version": job.version,
        "at": at,
        "by": job.by,
        "text": json.dumps(fields, ensure_ascii=False),
        GSI2.partition: records.IMPORTS,
        GSI2.sort: f"{at}#{job.id}",
    }


def job_of(item: Item) -> ImportJob:
    """Fields with a default are missing in jobs of earlier versions."""
    fields: dict[str, Any] = json.loads(str(item["text"]))
    at = parse_timestamp(str(item["at"]))
    if at is None:
        raise ValueError("an import without a time")
    kind, chunk, offset = fields["cursor"]
    return ImportJob(
        id=str(item[KEY]),
        version=int(item["version"]),
        at=at,
        by=str(item["by"]),
        who=fields["who"],
        file_name=fields.get("fileName", ""),
        places=tuple(PlaceSummary(*each) for each in fields.get("places", ())),
        places_total=fields.get("placesTotal", 0),
        notes=tuple(Message.unpacked(each) for each in fields.get("notes", ())),
        names_refused="notes" in fields,
        state=JobState(fields["state"]),
        options=ImportOptions(
            policy=Policy(fields["policy"]),
            allowed=frozenset(AllowedChange(each) for each in fields["allowed"]),
        ),
        formats=tuple(fields["shapes"]),
        ignored_keys=fields["ignoredKeys"],
        counts={RowKind(name): number for name, number in fields["counts"].items()},
        chunks={RowKind(name): number for name, number in fields["chunks"].items()},
        to_write=fields["toWrite"],
        processed=fields["handled"],
        reclassified_from={
            RowKind(kind): {RowKind(name): number for name, number in first_chunks.items()}
            for kind, first_chunks in fields.get("late", {}).items()
        },
        active=fields["active"],
        later=fields.get("later", 0),
        until=(fields["until"][0], fields["until"][1]),
        answers=AnswerDiff.from_json(fields["answers"]) if fields.get("answers") else None,
        cursor=RowPosition(RowKind(kind), chunk, offset),
        moved_at=parse_timestamp(fields.get("movedAt", "")),
        finished_at=parse_timestamp(fields["finishedAt"]),
        confirmed_by=fields.get("confirmedBy", ""),
        ended_by=fields.get("endedBy", ""),
        rows_kept=fields.get("rowsKept", True),
        leftover={RowKind(name): number for name, number in fields.get("leftover", {}).items()},
        former_items=fields.get("formerItems"),
        undo=UndoProgress.unpacked(fields["undo"]) if fields.get("undo") else None,
    )
