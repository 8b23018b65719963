"""Retention: what is left of a closed sign-up, when its time is over."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from portal import queries, records
from portal.contact_fields import CONTACT_FIELDS
from portal.onboarding.decisions import StaleError, decide, find
from portal.stores import GSI2, KEY, Change, Remove, Store
from portal.tenants import AuditInfo, NotAllowedError, Tenant, Verb

#: As many notes as one write removes together with what they are about.
_NOTES_PER_WRITE = 90


def erase(
    store: Store, tenant_id: str, *, expected_version: int | None, audit: AuditInfo
) -> Tenant:
    """Erases the personal fields of a closed sign-up, and the notes about it."""
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
    """Erases every sign-up that was rejected or withdrawn before `instant`; answers how many.
    It may be stopped anywhere and run again."""
    due = [str(row[KEY]) for row in queries.closed_before(store, instant)]
    erased = 0
    for tenant_id in due:
        tenant = find(store, tenant_id)
        # Somebody may reopen one meanwhile: then it is not due any more.
        with suppress(StaleError, NotAllowedError):
            if not tenant.erased:
                erase(store, tenant_id, expected_version=tenant.version, audit=audit)
                erased += 1
            # One write takes so many notes; the few sign-ups with more get more writes.
            while notes := _note_removals(store, tenant_id):
                store.write(notes)
    return erased
