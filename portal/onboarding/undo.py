"""Undoing the latest decision on a tenant: all is as it was before, as long as nobody has touched
the tenant since."""

from dataclasses import replace
from datetime import datetime

from portal import records
from portal.desk import ended_changes
from portal.mail import Kind
from portal.onboarding.claims import claim_changes
from portal.onboarding.decisions import (
    MAX_ATTEMPTS,
    Loaded,
    StaleError,
    UnknownTenantError,
    load,
    too_busy,
)
from portal.onboarding.moves import moving_changes, refuse_taken_ids, remembered_move
from portal.outbox import entries_of
from portal.records import DeliveryState, OutboxEntry, Undone
from portal.stores import (
    Add,
    Change,
    Item,
    ItemExistsError,
    ItemNotFoundError,
    Remove,
    Replace,
    Store,
    VersionConflictError,
    find_item,
)
from portal.tenants import (
    AuditInfo,
    Decision,
    Status,
    Tenant,
    Verb,
    idempotency_key_of,
)

#: What the customer is told if the mail about the decision has left already.
_TOLD_BACK = {
    Verb.ACTIVATE: Kind.REOPENED,
    Verb.REJECT: Kind.REOPENED,
    Verb.SUSPEND: Kind.REINSTATED,
    Verb.REINSTATE: Kind.SUSPENDED,
    Verb.REOPEN: Kind.REJECTED,
}
#: They were counted when they were made, see `portal.onboarding.waiting_times` and
#: `portal.figures`.
_COUNTED = frozenset({Verb.ACTIVATE, Verb.REJECT, Verb.RELEASE})


def undo(store: Store, tenant_id: str, *, expected_version: int | None, audit: AuditInfo) -> Tenant:
    """Restores what the latest decision of this person has changed, drops its mail if that has not
    left, and returns the tenant. If the mail has left, the customer is told of this as well.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: Somebody, or the customer, has changed the tenant since; or the decision was
            another person's, or cannot be undone.
        IdsTakenError: Another tenant has the ids by now that this one had.
        BusyError: Other changes kept interfering.
    """
    key = idempotency_key_of(Verb.UNDO, audit, expected_version)
    for _ in range(MAX_ATTEMPTS):
        loaded = _load(store, tenant_id)
        if loaded.already_applied(key):
            return loaded.tenant
        if loaded.tenant.version != expected_version or not _may_undo(loaded, audit):
            raise StaleError(loaded.tenant)
        after, changes = _changes(store, loaded, audit, key)
        try:
            store.write(changes)
        except ItemExistsError as error:
            refuse_taken_ids(store, loaded.tenant, after.id, error)
        except VersionConflictError:
            pass
        else:
            return after
    raise too_busy()


def _load(store: Store, tenant_id: str) -> Loaded:
    """Also the sign-up whose activation was undone: who presses twice asks for its final id.

    Raises:
        UnknownTenantError: There is no such tenant.
    """
    try:
        return load(store, tenant_id)
    except UnknownTenantError:
        moved = find_item(store, records.moved_id(tenant_id))
        if moved is None:
            raise
        return load(store, records.moved_to(moved))


def _may_undo(loaded: Loaded, audit: AuditInfo) -> bool:
    decision = loaded.tenant.decision
    is_own = decision is not None and bool(audit.who) and decision.who == audit.who
    return is_own and records.undo_of(loaded.item) is not None


def _changes(
    store: Store, loaded: Loaded, audit: AuditInfo, key: str
) -> tuple[Tenant, list[Change]]:
    tenant, undo = loaded.tenant, records.undo_of(loaded.item)
    if undo is None or tenant.decision is None:
        raise StaleError(tenant)
    verb = tenant.decision.verb
    base = records.restored(loaded.item, undo)
    before = records.tenant_of(base)
    entries, told_at = _mails(store, undo.mails, before, audit)
    after = replace(
        before,
        version=(tenant.version or 0) + 1,
        updated_at=audit.at,
        was_reopened=before.was_reopened or verb in _COUNTED,
        decision=Decision(
            verb=Verb.UNDO, by=audit.by, at=audit.at, who=audit.who, idempotency_key=key
        ),
    )
    if before.id != tenant.id:
        after = replace(
            after,
            id_since=audit.at if before.is_final else None,
            former_ids=tenant.stays_after(audit.at),
        )
    changes: list[Change]
    if before.id == tenant.id:
        item = _item(after, base, verb, told_at)
        changes = [Replace(item, tenant.version, read=loaded.item)]
    elif before.is_final:
        item = _item(after, base, verb, told_at)
        changes = [
            Add(item),
            *moving_changes(store, tenant, before.id, key, audit),
        ]
    else:
        # The sign-up takes the place of its forward again.
        forward = _forward(store, before.id, tenant)
        version = int(forward["version"])
        link = records.status_link_of(forward).hashed
        after = replace(after, version=version + 1, status_link=link)
        item = _item(after, base, verb, told_at)
        changes = [
            Replace(item, version, read=forward),
            Remove(tenant.id, tenant.version),
            remembered_move(store, tenant.id, before.id, key, audit),
        ]
    changes.append(
        Add(records.event_item(after.id, Verb.UNDO, audit, loaded.item, item, reason=verb.value))
    )
    if before.id != tenant.id:
        changes.append(Add(records.gone_event_item(tenant.id, Verb.UNDO, audit, loaded.item)))
    kind = _TOLD_BACK.get(verb) if told_at else None
    if kind and not (kind is Kind.REJECTED and after.status is not Status.REJECTED):
        changes += entries_of(kind, after, audit.at)
    changes += [*entries, *claim_changes(store, tenant, after)]
    return after, [*changes, *ended_changes(store, tenant, after, audit)]


def _item(tenant: Tenant, base: Item, verb: Verb, told_at: datetime | None) -> Item:
    undone = Undone(verb=verb.value, told_at=told_at)
    return records.with_undone(records.item_of(tenant, base), undone)


def _forward(store: Store, sign_up_id: str, tenant: Tenant) -> Item:
    try:
        return store.get(sign_up_id)
    except ItemNotFoundError as error:
        raise StaleError(tenant) from error


def _mails(
    store: Store, mail_ids: tuple[str, ...], before: Tenant, audit: AuditInfo
) -> tuple[list[Change], datetime | None]:
    """What to write so that mails that have not left never do; and when one has left, if so. One
    that is tried just now may leave."""
    changes: list[Change] = []
    told_at: datetime | None = None
    for mail_id in mail_ids:
        try:
            entry = records.outbox_entry_of(store.get(mail_id))
        except ItemNotFoundError:
            continue
        after: OutboxEntry = entry
        match entry.state:
            case DeliveryState.DUE if not entry.tries:
                after = replace(
                    entry,
                    state=DeliveryState.DROPPED,
                    due_at=None,
                    ended_at=audit.at,
                    reason="undone",
                )
            case DeliveryState.DUE:
                told_at = audit.at
            case DeliveryState.SENT | DeliveryState.CAME_BACK:
                told_at = entry.ended_at or audit.at
        if entry.state is not DeliveryState.DUE or after is not entry:
            # The list of mails of the sign-up shows it, since its tenant is gone.
            after = replace(after, tenant_id=before.id)
        if after != entry:
            after = replace(after, version=entry.version + 1)
            changes.append(Replace(records.outbox_item(after), entry.version))
    return changes, told_at
