"""What becomes of a row when its import is undone: the tenant as it is now decides."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime

from portal import records
from portal.imports.jobs import AccessChange, FormerState, UndoOutcome
from portal.stores import (
    GSI2,
    Add,
    Change,
    Item,
    Remove,
    Replace,
    Store,
    find_item,
    version_of,
)
from portal.tenants import AccessStatus, AuditInfo, Verb, access_status

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
        return [row_undo_of(store, row, audit) for row in rows]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda row: row_undo_of(store, row, audit), rows))


def row_undo_of(store: Store, row: FormerState, audit: AuditInfo) -> RowUndo:
    """What becomes of one row, see `row_undos_of`."""
    item = find_item(store, row.tenant_id)
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
        return _removal(store, row, item, audit)
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


def _removal(store: Store, row: FormerState, item: Item, audit: AuditInfo) -> RowUndo:
    """Of a tenant that the import made. Notes and requests do not change it, and need it."""
    tenant_id = row.tenant_id
    if _is_noted(store, tenant_id):
        return _stays(row, item, UndoOutcome.NOTED)
    if _is_asked(store, item):
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


def _is_noted(store: Store, tenant_id: str) -> bool:
    """Whether somebody has written a note about the tenant, or looks after it."""
    if store.query(GSI2, records.notes_partition(tenant_id), limit=1).items:
        return True
    item = find_item(store, records.desk_id(tenant_id))
    desk = records.desk_of(item) if item else None
    return desk is not None and bool(desk.owner or desk.followers)


def _is_asked(store: Store, item: Item) -> bool:
    """Whether a request follows the tenant, or an open sign-up names its ids."""
    tenant = records.tenant_of(item)
    keys = [records.follow_up_id(tenant.id)]
    if tenant.ids:
        keys.append(records.claim_id(tenant.ids))
    return any(find_item(store, key) for key in keys)


def _latest_change(store: Store, tenant_id: str) -> tuple[str, datetime | None]:
    """Who changed a tenant last that is not there any more, and when."""
    partition = records.events_partition(tenant_id)
    for row in store.query(GSI2, partition, limit=1, newest_first=True).items:
        event = records.event_of(row)
        return event.by, event.at
    return "", None
