"""Writes what a plan showed, some rows at a time.

Each commit holds some tenants, an event for each, and the import itself with its cursor moved
on: all of it or nothing. So the cursor says exactly what is done, whoever was stopped where;
and of two who are at it at the same time, one is refused by the other's cursor and goes on
behind it. A row is written only if the store still is as the plan saw it; else it is a
conflict from then on, and the others of its commit are written without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from portal import records
from portal.imports import comparing
from portal.imports.becoming import changed_tenant, new_tenant
from portal.imports.candidates import Candidate, Reason, Value
from portal.imports.chunks import Chunk, chunk_item, chunk_of
from portal.imports.planning import digest_of
from portal.imports.rows import WRITTEN, Kind, Row
from portal.imports.runs import Place, Run, State, find, item_of
from portal.stores.contract import (
    MOST_CHANGES,
    Add,
    AlreadyThereError,
    Change,
    ChangedMeanwhileError,
    Item,
    NotThereError,
    Replace,
    Store,
)
from portal.tenants import Act, Verb

#: Rows of one commit: a tenant and its event each, beside the import, its chunk, and the chunk
#: of those that turned out otherwise.
TOGETHER = (MOST_CHANGES - 4) // 2
STEP = 480


def step(store: Store, run_id: str, act: Act, *, rows: int = STEP) -> Run:
    """Handles about so many rows, and answers the import as it is then. `UnknownRunError`.

    `act`: who does it, which is what the tenants' histories tell; not always who made the plan.
    It may be called by several at once and again after anything. Errors of the store: what
    `runs.find` says is handled is done, and the rest is not.
    """
    run = find(store, run_id)
    left = rows
    at_hand: dict[tuple[Kind, int], Chunk] = {}
    while run.is_open and left > 0:
        before = run.handled
        run = _Commit(store, run, act, at_hand).make(min(left, TOGETHER))
        left -= max(run.handled - before, 1)
    return run


class _Commit:
    """The next rows of a run, and what they become."""

    def __init__(
        self, store: Store, run: Run, act: Act, at_hand: dict[tuple[Kind, int], Chunk]
    ) -> None:
        self._store = store
        self._run = run
        self._act = replace(act, request_id=run.id)
        self._at_hand = at_hand

    def make(self, most: int) -> Run:
        run = self._run
        place = run.cursor
        if place.chunk >= run.chunks[place.kind]:
            return self._next_kind(place)
        chunk = self._chunk(place)
        rows = chunk.rows[place.offset : place.offset + most]
        writes = self._writes(rows)
        while True:
            after = self._after(place, len(rows), chunk, writes)
            try:
                self._store.write(self._changes(after, place, chunk, writes))
            except (AlreadyThereError, ChangedMeanwhileError) as refused:
                late = next((w for w in writes if w.row.tenant_id == refused.tenant_id), None)
                if late is None or not late.changes:
                    # Somebody else has moved the cursor on.
                    self._at_hand.clear()
                    return find(self._store, run.id)
                late.refuse(refused.item)
                continue
            if any(write.outcome for write in writes):
                self._at_hand.clear()
            return after

    def _chunk(self, place: Place) -> Chunk:
        key = (place.kind, place.chunk)
        if key not in self._at_hand:
            self._at_hand.clear()
            self._at_hand[key] = chunk_of(self._store, self._run.id, place.kind, place.chunk)
        return self._at_hand[key]

    def _next_kind(self, place: Place) -> Run:
        """The end of the rows of one kind, or of all."""
        number = WRITTEN.index(place.kind) + 1
        run = self._run
        if number < len(WRITTEN):
            # No commit of its own: the next rows move it on.
            self._run = replace(run, cursor=Place(WRITTEN[number]))
            return self.make(TOGETHER)
        done = replace(
            run,
            version=run.version + 1,
            state=State.DONE,
            cursor=place,
            finished_at=self._act.at,
            confirmed_by=run.confirmed_by or self._act.by,
        )
        try:
            self._store.write([Replace(item_of(done), run.version)])
        except ChangedMeanwhileError:
            return find(self._store, run.id)
        return done

    # ---- Rows

    def _writes(self, rows: Sequence[Row]) -> "list[_Write]":
        return [_Write(row, self._written(row)) for row in rows if row.kind in WRITTEN]

    def _written(self, row: Row) -> "Sequence[Change] | _Found":
        if row.kind is Kind.NEW:
            item = _with_marks(records.item_of(new_tenant(row, self._act)), row, self._run.id)
            event = records.event_item(row.tenant_id, Verb.IMPORT, self._act, None, item)
            return [Add(item), Add(event)]
        try:
            before = self._store.get(row.tenant_id)
        except NotThereError:
            return _Found(None)
        if before.get("version") != row.expected or digest_of(before) != row.digest:
            return _Found(before)
        tenant = changed_tenant(row, records.tenant_of(before), self._act)
        item = _with_marks(records.item_of(tenant, before), row, self._run.id)
        event = records.event_item(row.tenant_id, Verb.IMPORT, self._act, before, item)
        return [Replace(item, row.expected), Add(event)]

    # ---- The import itself

    def _after(self, place: Place, count: int, chunk: Chunk, writes: "list[_Write]") -> Run:
        run = self._run
        offset = place.offset + count
        whole = offset >= len(chunk.rows)
        counts = dict(run.counts)
        late: set[Kind] = set()
        for write in writes:
            if write.outcome:
                counts[place.kind] -= 1
                counts[write.outcome.kind] += 1
                late.add(write.outcome.kind)
        return replace(
            run,
            version=run.version + 1,
            state=State.APPLYING,
            confirmed_by=run.confirmed_by or self._act.by,
            counts=counts,
            chunks={kind: number + (kind in late) for kind, number in run.chunks.items()},
            handled=run.handled + len(writes),
            cursor=Place(place.kind, place.chunk + 1) if whole else replace(place, offset=offset),
        )

    def _changes(
        self, after: Run, place: Place, chunk: Chunk, writes: "list[_Write]"
    ) -> list[Change]:
        run = self._run
        changes: list[Change] = [Replace(item_of(after), run.version)]
        for write in writes:
            changes += write.changes
        outcomes = {write.row.number: write.outcome for write in writes if write.outcome}
        if outcomes:
            rows = [outcomes.get(row.number, row) for row in chunk.rows]
            item = chunk_item(run.id, place.kind, place.chunk, Chunk(chunk.version + 1, rows))
            changes.append(Replace(item, chunk.version))
        for kind in {outcome.kind for outcome in outcomes.values()}:
            rows = [outcome for outcome in outcomes.values() if outcome.kind is kind]
            changes.append(Add(chunk_item(run.id, kind, run.chunks[kind], Chunk(1, rows))))
        return changes


@dataclass(frozen=True, slots=True)
class _Found:
    """What is in the store instead of what the plan saw."""

    item: Item | None


class _Write:
    """One row: the changes that it needs, or what it turned out to be."""

    def __init__(self, row: Row, written: "Sequence[Change] | _Found") -> None:
        self.row = row
        self.changes: Sequence[Change] = ()
        self.outcome: Row | None = None
        if isinstance(written, _Found):
            self.refuse(written.item)
        else:
            self.changes = written

    def refuse(self, item: Item | None) -> None:
        """The store is not as the plan saw it: `item` is there now."""
        self.changes = ()
        row = replace(self.row, sealed="", mark="")
        if item is not None and _is_in(row, item):
            self.outcome = replace(row, kind=Kind.SAME, changes=())
        else:
            text = "It changed in the store since the plan was made, and the store's is kept."
            self.outcome = replace(row, kind=Kind.CONFLICT, reasons=(Reason("", text),))


def _is_in(row: Row, item: Item) -> bool:
    """Whether the store holds just this: somebody else has imported the same."""
    candidate = Candidate(
        id=row.tenant_id,
        values=row.values,
        updated=str(row.values.get("updatedAt", "")),
        email_written=row.email_written,
    )
    # Whether the secret is the same nobody can tell any more: then it is not called so.
    return row.secret != "set" and not comparing.changes_between(candidate, item)  # noqa: S105


def _with_marks(item: Item, row: Row, run_id: str) -> Item:
    marks: dict[str, Value] = {
        records.IMPORT_ID: run_id,
        records.IMPORTED_STATE: comparing.state_of(item),
    }
    if row.mark:
        marks[records.SECRET_MARK] = row.mark
    return {**item, **marks}
