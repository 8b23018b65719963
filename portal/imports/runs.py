"""An import as it is stored: what was chosen, how far it has come, and its rows.

The rows of each kind lie in items of their own, a few hundred together and packed, each below
DynamoDB's limit with much to spare; so a page of one kind reads little, and any worker on any
machine goes on where another one stopped. They hold no secret that is not sealed.
"""

import base64
import heapq
import json
import secrets
import string
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from portal import records
from portal.imports.planning import Choice, Plan, Tally
from portal.imports.rows import WRITTEN, Allowed, Kind, Policy, Row
from portal.instants import to_instant, to_text
from portal.stores.contract import (
    Add,
    ChangedMeanwhileError,
    Item,
    NotThereError,
    Position,
    Replace,
    Store,
    Value,
)
from portal.stores.table import GSI2, KEY
from portal.tenants import Act

#: Bytes of rows in one item before they are packed. What cannot be made smaller takes a third
#: more as text.
CHUNK = 200_000

_ALPHABET = string.ascii_lowercase + string.digits


class State(StrEnum):
    PLANNED = "planned"
    APPLYING = "applying"
    DONE = "done"
    #: Ended by somebody before all rows were written, and before any was.
    STOPPED = "stopped"
    DISCARDED = "discarded"


class UnknownRunError(Exception):
    """No import has this id."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place among the rows of one kind: which chunk, and how many of its rows are behind."""

    kind: Kind
    chunk: int = 0
    offset: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One import. `counts` are by kind, as they are now; `handled` of `to_write` rows are done.

    `by` made the plan, `confirmed_by` had it written, `ended_by` stopped or discarded it. `chunks`
    are numbers of items by kind; `cursor` is where applying goes on. `active` and `until`: see
    `planning.Tally`.
    """

    id: str
    version: int
    at: datetime
    by: str
    who: str
    state: State
    choice: Choice
    shapes: tuple[str, ...]
    ignored_keys: int
    counts: Mapping[Kind, int]
    chunks: Mapping[Kind, int]
    to_write: int
    handled: int = 0
    active: int = 0
    until: tuple[str, str] = ("", "")
    cursor: Place = field(default_factory=lambda: Place(WRITTEN[0]))
    finished_at: datetime | None = None
    confirmed_by: str = ""
    ended_by: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it can be applied, or go on."""
        return self.state in (State.PLANNED, State.APPLYING)

    @property
    def rows(self) -> int:
        return sum(self.counts.values())

    def is_behind(self, place: Place) -> bool:
        """Whether the rows there were written."""
        if place.kind not in WRITTEN:
            return False
        at, cursor = WRITTEN.index(place.kind), WRITTEN.index(self.cursor.kind)
        here, there = (
            (at, place.chunk, place.offset),
            (cursor, self.cursor.chunk, self.cursor.offset),
        )
        return self.state is State.DONE or here < there


# ---- Saving a plan


def save(store: Store, plan: Plan, act: Act) -> Run:
    """Goes through the plan and keeps it. Nobody finds it before it is whole; if this is broken
    off, what was kept so far is never used. Errors as of the store and the sealer."""
    reference = "".join(secrets.choice(_ALPHABET) for _ in range(26))
    run_id = f"import-{reference}"
    chunks = _Chunks(store, run_id)
    for row in plan:
        chunks.take(row)
    chunks.end()
    return add(store, plan, act, run_id, chunks.numbers)


def add(store: Store, plan: Plan, act: Act, run_id: str, chunks: Mapping[Kind, int]) -> Run:
    """The run itself, once its rows are there."""
    tally: Tally = plan.tally
    run = Run(
        id=run_id,
        version=1,
        at=act.at,
        by=act.by,
        who=act.who or act.by,
        state=State.PLANNED,
        choice=plan.choice,
        shapes=tuple(shape.value for shape in plan.draft.shapes),
        ignored_keys=plan.draft.ignored_keys,
        counts={kind: tally.counts[kind] for kind in Kind},
        chunks={kind: chunks.get(kind, 0) for kind in Kind},
        to_write=tally.to_write,
        active=tally.active,
        until=tally.until,
    )
    store.write([Add(item_of(run))])
    return run


class _Chunks:
    """Rows on their way into items, each kind by itself."""

    def __init__(self, store: Store, run_id: str) -> None:
        self._store = store
        self._run_id = run_id
        self._waiting: dict[Kind, list[bytes]] = {kind: [] for kind in Kind}
        self._sizes: Counter[Kind] = Counter()
        self.numbers: Counter[Kind] = Counter()

    def take(self, row: Row) -> None:
        packed = orjson.dumps(row.packed())
        if self._waiting[row.kind] and self._sizes[row.kind] + len(packed) > CHUNK:
            self._flush(row.kind)
        self._waiting[row.kind].append(packed)
        self._sizes[row.kind] += len(packed) + 1

    def end(self) -> None:
        for kind, waiting in self._waiting.items():
            if waiting:
                self._flush(kind)

    def _flush(self, kind: Kind) -> None:
        text = b"[%b]" % b",".join(self._waiting[kind])
        item = _chunk_item(self._run_id, kind, self.numbers[kind], text, 1)
        self._store.write([Add(item)])
        self.numbers[kind] += 1
        self._waiting[kind].clear()
        self._sizes[kind] = 0


# ---- Reading it again


def find(store: Store, run_id: str) -> Run:
    """`UnknownRunError`."""
    try:
        item = store.get(run_id)
    except NotThereError as error:
        raise UnknownRunError from error
    if item.get(GSI2.partition) != records.IMPORTS:
        raise UnknownRunError
    return run_of(item)


@dataclass(frozen=True, slots=True)
class Listing:
    """Imports, the newest first; `after` is `None` exactly when none is left."""

    runs: list[Run]
    after: Position | None


def listed(store: Store, *, after: Position | None = None, limit: int = 50) -> Listing:
    """A page of all imports. An index may be a moment behind."""
    page = store.query(GSI2, records.IMPORTS, after=after, limit=limit, newest_first=True)
    return Listing([run_of(item) for item in page.items], page.after)


def page(
    store: Store, run: Run, kind: Kind, *, after: Place | None = None, limit: int = 50
) -> tuple[list[Row], Place | None]:
    """The next rows of one kind, and where the page after them begins, if there is one."""
    place = after or Place(kind)
    found: list[Row] = []
    while place.chunk < run.chunks[kind]:
        rows = chunk_of(store, run.id, kind, place.chunk).rows
        for number in range(place.offset, len(rows)):
            here = Place(kind, place.chunk, number)
            if len(found) == limit:
                return found, here
            # A row that turned out otherwise stands where its kind is now.
            if rows[number].kind is kind:
                found.append(_as_it_went(run, here, rows[number]))
        place = Place(kind, place.chunk + 1)
    return found, None


def rows_of(store: Store, run: Run) -> Iterator[Row]:
    """All rows in the order of the files, a few hundred of each kind in memory."""
    streams = (_rows_of_kind(store, run, kind) for kind in Kind)
    return heapq.merge(*streams, key=lambda row: row.number)


def _rows_of_kind(store: Store, run: Run, kind: Kind) -> Iterator[Row]:
    for number in range(run.chunks[kind]):
        for offset, row in enumerate(chunk_of(store, run.id, kind, number).rows):
            if row.kind is kind:
                yield _as_it_went(run, Place(kind, number, offset), row)


def _as_it_went(run: Run, place: Place, row: Row) -> Row:
    return replace(row, written=True) if run.is_behind(place) else row


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of one kind, as they were stored in one item."""

    version: int
    rows: list[Row]


def chunk_of(store: Store, run_id: str, kind: Kind, number: int) -> Chunk:
    item = store.get(_chunk_id(run_id, kind, number))
    text = zlib.decompress(base64.b64decode(str(item["rows"])))
    return Chunk(int(item["version"]), [Row.unpacked(packed) for packed in orjson.loads(text)])


def chunk_item(run_id: str, kind: Kind, number: int, chunk: Chunk) -> Item:
    text = orjson.dumps([row.packed() for row in chunk.rows])
    return _chunk_item(run_id, kind, number, text, chunk.version)


def end(store: Store, run_id: str, act: Act) -> Run:
    """Nobody will apply this any more: a plan is discarded, and what had begun is stopped; what
    was written stays. What is over already stays as it is. `UnknownRunError`."""
    while (run := find(store, run_id)).is_open:
        state = State.DISCARDED if run.state is State.PLANNED else State.STOPPED
        ended = replace(
            run, version=run.version + 1, state=state, ended_by=act.by, finished_at=act.at
        )
        # Somebody may be writing its rows, and have moved it on.
        with suppress(ChangedMeanwhileError):
            store.write([Replace(item_of(ended), run.version)])
            return ended
    return run


# ---- Items


def item_of(run: Run) -> Item:
    at = to_text(run.at)
    # In one text: an index carries it as it is, whatever is added later.
    told = {
        "who": run.who,
        "state": run.state,
        "policy": run.choice.policy,
        "allowed": sorted(run.choice.allowed),
        "shapes": run.shapes,
        "ignoredKeys": run.ignored_keys,
        "counts": run.counts,
        "chunks": run.chunks,
        "toWrite": run.to_write,
        "handled": run.handled,
        "active": run.active,
        "until": run.until,
        "cursor": [run.cursor.kind, run.cursor.chunk, run.cursor.offset],
        "finishedAt": to_text(run.finished_at) if run.finished_at else "",
        "confirmedBy": run.confirmed_by,
        "endedBy": run.ended_by,
    }
    return {
        KEY: run.id,
        "version": run.version,
        "at": at,
        "by": run.by,
        "text": json.dumps(told, ensure_ascii=False),
        GSI2.partition: records.IMPORTS,
        GSI2.sort: f"{at}#{run.id}",
    }


def run_of(item: Item) -> Run:
    told: dict[str, Any] = json.loads(str(item["text"]))
    at = to_instant(str(item["at"]))
    if at is None:
        raise ValueError("an import without a time")
    kind, chunk, offset = told["cursor"]
    return Run(
        id=str(item[KEY]),
        version=int(item["version"]),
        at=at,
        by=str(item["by"]),
        who=told["who"],
        state=State(told["state"]),
        choice=Choice(
            policy=Policy(told["policy"]),
            allowed=frozenset(Allowed(each) for each in told["allowed"]),
        ),
        shapes=tuple(told["shapes"]),
        ignored_keys=told["ignoredKeys"],
        counts={Kind(name): number for name, number in told["counts"].items()},
        chunks={Kind(name): number for name, number in told["chunks"].items()},
        to_write=told["toWrite"],
        handled=told["handled"],
        active=told["active"],
        until=(told["until"][0], told["until"][1]),
        cursor=Place(Kind(kind), chunk, offset),
        finished_at=to_instant(told["finishedAt"]),
        confirmed_by=told.get("confirmedBy", ""),
        ended_by=told.get("endedBy", ""),
    )


def _chunk_id(run_id: str, kind: Kind, number: int) -> str:
    return f"{run_id}-{kind}-{number}"


def _chunk_item(run_id: str, kind: Kind, number: int, text: bytes, version: int) -> Item:
    item: dict[str, Value] = {
        KEY: _chunk_id(run_id, kind, number),
        "version": version,
        "rows": base64.b64encode(zlib.compress(text, 1)).decode(),
    }
    return item
