"""The rows of a job as they are stored: in chunks of some hundred rows of one kind, packed.

A chunk stays far below DynamoDB's limit on items, and a page of one kind reads few of them. Its
rows hold secrets only sealed.
"""

import base64
import heapq
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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

#: Bytes of rows in one chunk before they are compressed. Rows that do not compress take a third
#: more as base64.
CHUNK_BYTES = 200_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """The rows of one item."""

    version: int
    rows: list[PlanRow]


class ChunkWriter:
    """Collects rows and writes a chunk whenever one is full.

    counts: chunks written so far, per kind.
    """

    def __init__(self, store: Store, import_id: str) -> None:
        self._store = store
        self._import_id = import_id
        self._pending: dict[RowKind, list[bytes]] = {kind: [] for kind in RowKind}
        self._sizes: Counter[RowKind] = Counter()
        self.counts: Counter[RowKind] = Counter()

    def add(self, row: PlanRow) -> None:
        packed = orjson.dumps(row.packed())
        if self._pending[row.kind] and self._sizes[row.kind] + len(packed) > CHUNK_BYTES:
            self._write_chunk(row.kind)
        self._pending[row.kind].append(packed)
        self._sizes[row.kind] += len(packed) + 1

    def flush(self) -> None:
        """Writes the rows that do not fill a chunk."""
        for kind, pending in self._pending.items():
            if pending:
                self._write_chunk(kind)

    def _write_chunk(self, kind: RowKind) -> None:
        text = b"[%b]" % b",".join(self._pending[kind])
        item = _item(chunk_id(self._import_id, kind, self.counts[kind]), text, version=1)
        self._store.write([Add(item)])
        self.counts[kind] += 1
        self._pending[kind].clear()
        self._sizes[kind] = 0


# ---- Reading


def page_of_rows(
    store: Store,
    job: ImportJob,
    kind: RowKind,
    *,
    after: RowPosition | None = None,
    limit: int = 50,
) -> tuple[list[PlanRow], RowPosition | None]:
    """The next rows of one kind, and where the next page begins; `None` if it would be empty."""
    position = after or RowPosition(kind)
    page: list[PlanRow] = []
    while position.chunk < job.chunks[kind]:
        rows = read_chunk(store, job.id, kind, position.chunk).rows
        for offset in range(position.offset, len(rows)):
            here = RowPosition(kind, position.chunk, offset)
            if len(page) == limit:
                return page, here
            # A reclassified row is shown with its new kind, from another chunk.
            if rows[offset].kind is kind:
                page.append(_with_written(job, here, rows[offset]))
        position = RowPosition(kind, position.chunk + 1)
    return page, None


def rows_of_job(store: Store, job: ImportJob) -> Iterator[PlanRow]:
    """All rows in the order of the files. Memory holds a few chunks of each kind."""
    streams = (
        _rows_in(store, job, kind, chunks)
        for kind in RowKind
        for chunks in _ordered_ranges(job, kind)
    )
    return heapq.merge(*streams, key=lambda row: row.number)


def _ordered_ranges(job: ImportJob, kind: RowKind) -> Iterator[range]:
    """Ranges of chunks within which row numbers only rise: the rows that were planned as this
    kind, then those that were reclassified from new, and from update."""
    end = job.chunks[kind]
    starts = sorted(first for first in job.reclassified_from.get(kind, {}).values() if first < end)
    return (range(start, stop) for start, stop in pairwise((0, *starts, end)))


def _rows_in(store: Store, job: ImportJob, kind: RowKind, chunks: range) -> Iterator[PlanRow]:
    for number in chunks:
        for offset, row in enumerate(read_chunk(store, job.id, kind, number).rows):
            if row.kind is kind:
                yield _with_written(job, RowPosition(kind, number, offset), row)


def _with_written(job: ImportJob, position: RowPosition, row: PlanRow) -> PlanRow:
    return replace(row, written=True) if job.is_written(position) else row


def read_chunk(store: Store, import_id: str, kind: RowKind, number: int) -> Chunk:
    """`ItemNotFoundError` if retention has removed it."""
    item = store.get(chunk_id(import_id, kind, number))
    text = zlib.decompress(base64.b64decode(str(item["rows"])))
    return Chunk(int(item["version"]), [PlanRow.unpacked(packed) for packed in orjson.loads(text)])


# ---- Items


def chunk_id(import_id: str, kind: RowKind, number: int) -> str:
    """`number` counts from 0 in each kind."""
    return f"{import_id}-{kind}-{number}"


def chunk_item(import_id: str, kind: RowKind, number: int, chunk: Chunk) -> Item:
    text = orjson.dumps([row.packed() for row in chunk.rows])
    return _item(chunk_id(import_id, kind, number), text, chunk.version)


def _item(item_id: str, text: bytes, version: int) -> Item:
    item: dict[str, Value] = {
        KEY: item_id,
        "version": version,
        "rows": base64.b64encode(zlib.compress(text, 1)).decode(),
    }
    return item


def remove_chunks(store: Store, import_id: str, counts: Mapping[RowKind, int]) -> None:
    """Removes the first `counts[kind]` chunks of each kind; some may be gone already."""
    for kind, count in counts.items():
        remove_items(store, [chunk_id(import_id, kind, number) for number in range(count)])


def remove_items(store: Store, item_ids: Sequence[str]) -> None:
    """Removes them; some may be gone already. Removes the last one first, so that after an
    interruption the rest can still be counted from 0."""
    for item_id in reversed(item_ids):
        _remove_item(store, item_id)


def _remove_item(store: Store, item_id: str) -> None:
    # Most of them still have their first version. A conflict tells the version of the others, so
    # none is read.
    version = 1
    while True:
        try:
            store.write([Remove(item_id, version)])
        except VersionConflictError as conflict:
            if conflict.item is None:
                return
            version = int(conflict.item["version"])
        else:
            return
