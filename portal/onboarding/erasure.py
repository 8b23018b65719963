"""Retention: erases the personal fields of sign-ups that were closed long ago, and their notes;
removes sign-ups that were set aside long ago."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from portal import queries, records, search
from portal.contact_fields import CONTACT_FIELDS
from portal.onboarding.decisions import StaleError, UnknownTenantError, decide, find
from portal.onboarding.notes import note_removals, remove_notes, remove_notes_of
from portal.outbox import remove_entries_of
from portal.stores import (
    GSI2,
    KEY,
    Add,
    ItemNotFoundError,
    Remove,
    Replace,
    Store,
    VersionConflictError,
    iter_query,
)
from portal.tenants import AuditInfo, NotAllowedError, Status, Tenant, Verb
from portal.timestamps import format_timestamp, utc_now
from portal.usage import remove_usage


def erase(
    store: Store, tenant_id: str, *, expected_version: int | None, audit: AuditInfo
) -> Tenant:
    """Erases the personal fields of a closed sign-up, and up to 90 notes about it.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is not closed.
        BusyError: Other changes kept interfering.
    """
    return decide(
        store,
        tenant_id,
        Verb.ERASE,
        audit,
        expected_version,
        change=_without_personal_fields,
        extra_changes=note_removals,
    )


def _without_personal_fields(tenant: Tenant, audit: AuditInfo, idempotency_key: str) -> Tenant:
    blank = {part: "" for field in CONTACT_FIELDS if field.personal for part in field.parts}
    contact = replace(tenant.contact, **blank)
    return tenant.without_personal_fields(audit, idempotency_key, contact=contact)


def erase_closed_before(store: Store, instant: datetime, audit: AuditInfo) -> int:
    """Erases every sign-up that was rejected, withdrawn or closed towards an existing tenant before
    `instant`, with all its notes, and removes what the outbox has of it. Returns how many. It may
    be stopped at any point and run again.

    Raises:
        BusyError: Other changes kept interfering.
    """
    due = [str(row[KEY]) for row in queries.closed_before(store, instant)]
    erased = _erase_closed_towards(store, instant)
    for tenant_id in due:
        tenant = find(store, tenant_id)
        # Somebody may have reopened it since the query.
        with suppress(StaleError, NotAllowedError):
            if not tenant.erased:
                erase(store, tenant_id, expected_version=tenant.version, audit=audit)
                erased += 1
            remove_notes_of(store, tenant)
            for stay in tenant.stays:
                remove_entries_of(store, stay.id, between=records.range_of_stay(stay))
            remove_usage(store, tenant_id)
            _forget(store, tenant_id)
    return erased


def remove_set_aside_before(store: Store, instant: datetime) -> int:
    """Removes every sign-up that was set aside, or waits for the proof of its address, and sent
    before `instant`, with all its notes: in so long a time nothing moved it into the queue. Returns
    how many. It may be stopped at any point and run again.
    """
    between = (" ", format_timestamp(instant))
    due = [
        str(row[KEY])
        for partition in (records.ASIDE, records.WAITING)
        for row in iter_query(store, GSI2, partition, between=between)
    ]
    removed = 0
    for tenant_id in due:
        # Somebody may have decided on it since the query.
        with suppress(UnknownTenantError, VersionConflictError):
            tenant = find(store, tenant_id)
            is_pending = tenant.status is Status.PENDING
            if tenant.id == tenant_id and is_pending and not tenant.is_queued:
                remove_notes_of(store, tenant)
                orphans = Add(records.outbox_orphans_item(tenant_id))
                store.write([Remove(tenant_id, tenant.version), orphans])
                removed += 1
                remove_usage(store, tenant_id)
        _forget(store, tenant_id)
    return removed


def _erase_closed_towards(store: Store, instant: datetime) -> int:
    due = [str(row[KEY]) for row in queries.closed_towards_before(store, instant)]
    for sign_up_id in due:
        # The closing may have been undone since the query.
        with suppress(ItemNotFoundError, VersionConflictError):
            item = store.get(sign_up_id)
            if records.closed_sign_up_of(item):
                erased = records.without_closed_sign_up(item)
                store.write([Replace(erased, int(item["version"]), read=item)])
            remove_notes(store, sign_up_id)
            remove_entries_of(store, sign_up_id)
            remove_usage(store, sign_up_id)
            _forget(store, sign_up_id)
    return len(due)


def _forget(store: Store, tenant_id: str) -> None:
    """Remove at once what search has of it. The background process would do so some seconds
    later, and not at all while nobody runs it."""
    search.refresh(store, tenant_id, utc_now(), lease=search.AT_ONCE)
