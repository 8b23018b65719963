"""Undoing a renewal: the sign-up that it closed is pending again."""

from dataclasses import replace

from portal import records
from portal.mail import Kind, is_heard
from portal.onboarding.claims import claim_changes
from portal.onboarding.decisions import MAX_ATTEMPTS, StaleError, UnknownTenantError, load, too_busy
from portal.outbox import entries_after
from portal.stores import (
    Add,
    ItemExistsError,
    ItemNotFoundError,
    Replace,
    Store,
    VersionConflictError,
)
from portal.tenants import AuditInfo, Decision, Tenant, Verb, idempotency_key_of


def undo_renewal(
    store: Store, tenant_id: str, *, expected_version: int | None, audit: AuditInfo
) -> Tenant:
    """Makes the sign-up `tenant_id` pending again, and gives the tenant that was renewed the
    validity that it had. Returns the sign-up.

    Args:
        expected_version: Of the tenant that was renewed.

    Raises:
        UnknownTenantError: No such sign-up was closed, or its details were erased since.
        StaleError: The tenant was changed after the renewal.
        BusyError: Other changes kept interfering.
    """
    key = idempotency_key_of(Verb.REOPEN, audit, expected_version, tenant_id)
    for _ in range(MAX_ATTEMPTS):
        try:
            item = store.get(tenant_id)
        except ItemNotFoundError as error:
            raise UnknownTenantError(tenant_id) from error
        forward, closed = records.forward_of(item), records.closed_sign_up_of(item)
        if forward is None:
            loaded = load(store, tenant_id)
            if loaded.already_applied(key):
                return loaded.tenant
            raise StaleError(loaded.tenant)
        if closed is None:
            raise UnknownTenantError(tenant_id)
        loaded = load(store, forward.to)
        existing = loaded.require_version(forward.to, expected_version)
        if not existing.decision or existing.decision.idempotency_key != forward.idempotency_key:
            raise StaleError(existing)
        restored = existing.changed(
            Verb.SET_VALIDITY, audit, key, validity=records.validity_of(closed.validity_before)
        )
        existing_item = records.with_validity_before(
            records.item_of(restored, loaded.item), closed.validity_before
        )
        forward_version = int(item["version"])
        pending = replace(
            records.tenant_of(closed.sign_up),
            version=forward_version + 1,
            was_reopened=True,
            updated_at=audit.at,
            decision=Decision(
                verb=Verb.REOPEN, by=audit.by, at=audit.at, who=audit.who, idempotency_key=key
            ),
        )
        pending_item = records.item_of(pending, closed.sign_up)
        event, of_existing = (
            records.event_item(tenant_id, Verb.REOPEN, audit, closed.sign_up, pending_item),
            records.event_item(existing.id, Verb.SET_VALIDITY, audit, loaded.item, existing_item),
        )
        # Whoever has not heard of the term needs not hear that it was taken back.
        is_told = is_heard(store, existing.id, Kind.APPROVED, until=audit.at, sign_up_id=tenant_id)
        try:
            store.write([
                Replace(pending_item, forward_version, read=item),
                Replace(existing_item, expected_version, read=loaded.item),
                Add(event),
                Add(of_existing),
                *(entries_after(Verb.REOPEN, pending, audit.at) if is_told else []),
                *claim_changes(store, None, pending),
            ])  # fmt: skip
        except (VersionConflictError, ItemExistsError):
            continue
        return pending
    raise too_busy()
