"""Retention: erases the personal fields of sign-ups that were closed long ago, and their notes."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from portal import queries, records
from portal.contact_fields import CONTACT_FIELDS
from portal.onboarding.decisions import StaleError, decide, find
from portal.stores import GSI2, KEY, Change, Remove, Store
from portal.tenants import AuditInfo, NotAllowedError, Tenant, Verb

#: Notes that one write removes together with the change of their tenant.
_NOTES_PER_WRITE = 90


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
        extra_changes=_note_removals,
    )


def _without_personal_fields(tenant: Tenant, audit: AuditInfo, idempotency_key: str) -> Tenant:
    blank = {part: "" for field in CONTACT_FIELDS if field.personal for part in field.parts}
    contact = replace(tenant.contact, **blank)
    return tenant.without_personal_fields(audit, idempotency_key, contact=contact)


def _note_removals(store: Store, tenant_id: str) -> list[Change]:
    notes = store.query(GSI2, records.notes_partition(tenant_id), limit=_NOTES_PER_WRITE).items
    return [Remove(str(note[KEY]), 1) for note in notes]


def erase_closed_before(store: Store, instant: datetime, audit: AuditInfo) -> int:
    """Erases every sign-up that was rejected or withdrawn before `instant`, with all its notes.
    Returns how many. It may be stopped at any point and run again.

    Raises:
        BusyError: Other changes kept interfering.
    """
    due = [str(row[KEY]) for row in queries.closed_before(store, instant)]
    erased = 0
    for tenant_id in due:
        tenant = find(store, tenant_id)
        # Somebody may have reopened it since the query.
        with suppress(StaleError, NotAllowedError):
            if not tenant.erased:
                erase(store, tenant_id, expected_version=tenant.version, audit=audit)
                erased += 1
            # One write removes a limited number of notes; the rest needs further writes.
            while notes := _note_removals(store, tenant_id):
                store.write(notes)
    return erased
