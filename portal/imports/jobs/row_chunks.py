"""The rows of an import as they are stored: those of each kind in items of their own.

A few hundred lie together and packed, each item below DynamoDB's limit with much to spare; so a
page of one kind reads little. They hold no secret that is not sealed.
"""

import base64
import heapq
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import orjson

from portal.imports.jobs.job import ImportJob, RowPosition
from portal.imports.model import PlanRow, RowKind
from portal.stores import (
    KEY,
    Add,
    Item,
    Remove,
    Store,
    Value,
    VersionConflictError,
)

#: Bytes of rows in one item before they are packed. What cannot be made smaller takes a third
#: more as text.
CHUNK_BYTES = 200_000


class Chunks:
    """Rows on their way into items, each kind by itself."""

    def __init__(self, store: Store, import_id: str) -> None:
        self._store = store
        self._run_id = import_id
        self._waiting: dict[RowKind, list[bytes]] = {kind: [] for kind in RowKind}
        self._sizes: Counter[RowKind] = Counter()
        self.numbers: Counter[RowKind] = Counter()

    def take(self, row: PlanRow) -> None:
        packed = orjson.dumps(row.packed())
        if self._waiting[row.kind] and self._sizes[row.kind] + len(packed) > CHUNK_BYTES:
            self._flush(row.kind)
        self._waiting[row.kind].append(packed)
        self._sizes[row.kind] += len(packed) + 1

    def end(self) -> None:
        for kind, waiting in self._waiting.items():
            if waiting:
                self._flush(kind)

    def _flush(self, kind: RowKind) -> None:
        text = b"[%b]" % b",".join(self._waiting[kind])
        item = _chunk_item(self._run_id, kind, self.numbers[kind], text, 1)
        self._store.write([Add(item)])
        self.numbers[kind] += 1
        self._waiting[kind].clear()
        self._sizes[kind] = 0


def page_of_rows(
    store: Store,
    job: ImportJob,
    kind: RowKind,
    *,
    after: RowPosition | None = None,
    limit: int = 50,
) -> tuple[list[PlanRow], RowPosition | None]:
    """The next rows of one kind, and where the page after them begins, if there is one."""
    place = after or RowPosition(kind)
    found: list[PlanRow] = []
    while place.chunk < job.chunks[kind]:
        rows = read_chunk(store, job.id, kind, place.chunk).rows
        for number in range(place.offset, len(rows)):
            here = RowPosition(kind, place.chunk, number)
            if len(found) == limit:
                return found, here
            # A row that turned out otherwise stands where its kind is now.
            if rows[number].kind is kind:
                found.append(_as_it_went(job, here, rows[number]))
        place = RowPosition(kind, place.chunk + 1)
    return found, None


def rows_of_job(store: Store, job: ImportJob) -> Iterator[PlanRow]:
    """All rows in the order of the files, a few hundred of each kind in memory."""
    streams = (
        _rows_in(store, job, kind, chunks) for kind in RowKind for chunks in _in_order(job, kind)
    )
    return heapq.merge(*streams, key=lambda row: row.number)


def _in_order(job: ImportJob, kind: RowKind) -> Iterator[range]:
    """The chunks of one kind, as stretches in which the numbers of the rows only rise: those
    that were planned so, and those that turned out so behind them."""
    end = job.chunks[kind]
    reclassified_from = sorted(
        first for first in job.reclassified_from.get(kind, {}).values() if first < end
    )
    return (range(first, behind) for first, behind in pairwise((0, *reclassified_from, end)))


def _rows_in(store: Store, job: ImportJob, kind: RowKind, chunks: range) -> Iterator[PlanRow]:
    for number in chunks:
        for offset, row in enumerate(read_chunk(store, job.id, kind, number).rows):
            if row.kind is kind:
                yield _as_it_went(job, RowPosition(kind, number, offset), row)


def _as_it_went(job: ImportJob, place: RowPosition, row: PlanRow) -> PlanRow:
    return replace(row, written=True) if job.is_behind(place) else row


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of one kind, as they were stored in one item."""

    version: int
    rows: list[PlanRow]


def read_chunk(store: Store, import_id: str, kind: RowKind, number: int) -> Chunk:
    item = store.get(chunk_id(import_id, kind, number))
    text = zlib.decompress(base64.b64decode(str(item["rows"])))
    return Chunk(int(item["version"]), [PlanRow.unpacked(packed) for packed in orjson.loads(text)])


def chunk_item(import_id: str, kind: RowKind, number: int, chunk: Chunk) -> Item:
    text = orjson.dumps([row.packed() for row in chunk.rows])
    return _chunk_item(import_id, kind, number, text, chunk.version)


def chunk_id(import_id: str, kind: RowKind, number: int) -> str:
    """The numbers of each kind count from 0."""
    return f"{import_id}-{kind}-{number}"


def remove(store: Store, import_id: str, numbers: Mapping[RowKind, int]) -> None:
    """So many of each kind, as far as they are there. The last one first: whoever goes on after
    this was stopped can count the others again."""
    for kind, number in numbers.items():
        for each in reversed(range(number)):
            _remove(store, chunk_id(import_id, kind, each))


def _remove(store: Store, chunk: str) -> None:
    """Most are as they were made, and one that is not says how it is; so none is read."""
    version = 1
    while True:
        try:
            store.write([Remove(chunk, version)])
        except VersionConflictError as refused:
            if refused.item is None:
                return
            version = int(refused.item["version"])
        else:
            return


def _chunk_item(import_id: str, kind: RowKind, number: int, text: bytes, version: int) -> Item:
    item: dict[str, Value] = {
        KEY: chunk_id(import_id, kind, number),
        "version": version,
        "rows": base64.b64encode(zlib.compress(text, 1)).decode(),
    }
    return item
