"""What becomes of a row when its import is undone: the tenant as it is now decides."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain

from portal import records
from portal.imports.jobs import AccessChange, FormerState, UndoOutcome
from portal.stores import (
    GSI2,
    KEY,
    Add,
    Change,
    Item,
    Remove,
    Replace,
    Store,
    version_of,
)
from portal.tenants import AccessStatus, AuditInfo, Verb, access_status

#: Tenants that are read at once. Each has up to three items beside it, and DynamoDB reads 100.
_ROWS_PER_READ = 33
_MAY_USE = frozenset({AccessStatus.VALID, AccessStatus.EXPIRING})


@dataclass(frozen=True, kw_only=True, slots=True)
class RowUndo:
    """What becomes of one row.

    row: with its outcome.
    before: the tenant as it is now; `None` if there is none.
    after: the tenant once the row is undone; the same if it stays, `None` if it goes.
    changes: what to write for that; empty if it stays.
    """

    row: FormerState
    before: Item | None = field(repr=False)
    after: Item | None = field(repr=False)
    changes: Sequence[Change] = ()


def row_undos_of(
    store: Store, rows: Sequence[FormerState], audit: AuditInfo, *, workers: int = 1
) -> list[RowUndo]:
    """What becomes of rows that are not undone yet.

    audit: who undoes the import; its `request_id` is the import's id.
    workers: threads that ask the store, see `portal.imports.lookup_workers`.
    """
    if workers == 1:
        return _row_undos(store, rows, audit)
    # Small enough that all workers have a part.
    size = min(-(-len(rows) // workers), _ROWS_PER_READ)
    parts = [rows[start : start + size] for start in range(0, len(rows), size or 1)]
    with ThreadPoolExecutor(workers) as pool:
        undos = pool.map(lambda part: _row_undos(store, part, audit), parts)
        return list(chain.from_iterable(undos))


def _row_undos(store: Store, rows: Sequence[FormerState], audit: AuditInfo) -> list[RowUndo]:
    """What becomes of rows, whose tenants are read together. Nothing is decided by an earlier
    state: each tenant is written with the version that was read, or the write is refused."""
    items = store.get_many([row.tenant_id for row in rows])
    new = [items[row.tenant_id] for row in rows if row.is_new and row.tenant_id in items]
    beside = store.get_many([key for item in new for key in _ids_beside(item)]) if new else {}
    return [_row_undo(store, row, items.get(row.tenant_id), beside, audit) for row in rows]


def _row_undo(
    store: Store,
    row: FormerState,
    item: Item | None,
    beside: Mapping[str, Item],
    audit: AuditInfo,
) -> RowUndo:
    """What becomes of one row.

    item: its tenant as it is now; `None` if there is none.
    beside: of the items with the ids `_ids_beside`, those that are there.
    """
    if item is None:
        by, at = _latest_change(store, row.tenant_id)
        return _stays(row, None, UndoOutcome.GONE, by, at)
    version = version_of(item)
    if version != row.version:
        decision = records.tenant_of(item).decision
        by, at = (decision.by, decision.at) if decision else ("", None)
        return _stays(row, item, UndoOutcome.CHANGED, by, at)
    if not records.is_as_written(item, row.digest):
        # The version is the same, so it was no portal, and nobody knows who it was.
        return _stays(row, item, UndoOutcome.CHANGED)
    if row.is_new:
        return _removal(store, row, item, beside, audit)
    if row.former is None:
        return _stays(row, item, UndoOutcome.NOT_KEPT)
    former = {**row.former, records.SECRET: row.secret} if row.secret else row.former
    after = records.with_former_values(item, former, audit)
    event = records.event_item(
        row.tenant_id, Verb.UNDO, audit, item, after, reason=records.UNDONE_IMPORT
    )
    return RowUndo(
        row=_ended(row, UndoOutcome.BACK, item, after, audit.at),
        before=item,
        after=after,
        changes=[Replace(after, version, read=item), Add(event)],
    )


def _removal(
    store: Store, row: FormerState, item: Item, beside: Mapping[str, Item], audit: AuditInfo
) -> RowUndo:
    """Of a tenant that the import made. Notes and requests do not change it, and need it."""
    tenant_id = row.tenant_id
    if _is_noted(store, tenant_id, beside):
        return _stays(row, item, UndoOutcome.NOTED)
    if not beside.keys().isdisjoint(_ids_of_requests(item)):
        return _stays(row, item, UndoOutcome.ASKED)
    gone = records.gone_event_item(tenant_id, Verb.UNDO, audit, item)
    changes: list[Change] = [
        Remove(tenant_id, row.version),
        Add({**gone, "reason": records.UNDONE_IMPORT}),
    ]
    if store.query(GSI2, records.outbox_partition(tenant_id), limit=1).items:
        changes.append(Add(records.outbox_orphans_item(tenant_id)))
    return RowUndo(
        row=_ended(row, UndoOutcome.REMOVED, item, None, audit.at),
        before=item,
        after=None,
        changes=changes,
    )


def _stays(
    row: FormerState,
    item: Item | None,
    outcome: UndoOutcome,
    by: str = "",
    at: datetime | None = None,
) -> RowUndo:
    return RowUndo(row=replace(row, outcome=outcome, by=by, at=at), before=item, after=item)


def _ended(
    row: FormerState, outcome: UndoOutcome, before: Item, after: Item | None, now: datetime
) -> FormerState:
    was, becomes = _may_use(before, now), after is not None and _may_use(after, now)
    access = None
    if was is not becomes:
        access = AccessChange.GAINED if becomes else AccessChange.LOST
    return replace(row, outcome=outcome, access=access)


def _may_use(item: Item, now: datetime) -> bool:
    status, validity = records.status_of(item), records.validity_of(item)
    return access_status(status, validity, now) in _MAY_USE


def _ids_beside(item: Item) -> list[str]:
    """The ids of what may stand beside a tenant, and needs it."""
    return [records.desk_id(str(item[KEY])), *_ids_of_requests(item)]


def _ids_of_requests(item: Item) -> list[str]:
    """Of a request that follows the tenant, and of open sign-ups that name its ids."""
    tenant = records.tenant_of(item)
    ids = [records.follow_up_id(tenant.id)]
    if tenant.ids:
        ids.append(records.claim_id(tenant.ids))
    return ids


def _is_noted(store: Store, tenant_id: str, beside: Mapping[str, Item]) -> bool:
    """Whether somebody has written a note about the tenant, or looks after it."""
    if store.query(GSI2, records.notes_partition(tenant_id), limit=1).items:
        return True
    item = beside.get(records.desk_id(tenant_id))
    desk = records.desk_of(item) if item else None
    return desk is not None and bool(desk.owner or desk.followers)


def _latest_change(store: Store, tenant_id: str) -> tuple[str, datetime | None]:
    """Who changed a tenant last that is not there any more, and when."""
    partition = records.events_partition(tenant_id)
    for row in store.query(GSI2, partition, limit=1, newest_first=True).items:
        event = records.event_of(row)
        return event.by, event.at
    return "", None
