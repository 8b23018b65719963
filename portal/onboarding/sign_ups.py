"""Verbs for sign-ups: submit, edit_contact, withdraw, reject, reopen, release."""

from datetime import datetime

from portal import records
from portal.onboarding.claims import claim_changes
from portal.onboarding.decisions import MAX_ATTEMPTS, decide, find, too_busy
from portal.stores import (
    Add,
    ItemExistsError,
    Store,
    VersionConflictError,
)
from portal.tenants import AuditInfo, Contact, Ids, Reason, Status, Tenant, Verb


def submit(
    store: Store,
    *,
    reference: str,
    contact: Contact,
    claims: Ids | None,
    status_link: str,
    now: datetime,
    locale: str = "",
    set_aside: bool = False,
) -> Tenant:
    """Adds a pending tenant. `reference` comes signed with the form. So a form that is sent twice
    adds nothing, and returns the tenant of the first time.

    Raises:
        BusyError: Other changes kept interfering.
    """
    tenant = Tenant(
        id=records.pending_id(reference),
        status=Status.PENDING,
        version=1,
        contact=contact,
        ids=claims,
        created_at=now,
        updated_at=now,
        locale=locale,
        status_link=status_link,
        set_aside=set_aside,
    )
    for _ in range(MAX_ATTEMPTS):
        try:
            store.write([Add(records.item_of(tenant)), *claim_changes(store, None, tenant)])
        except ItemExistsError as error:
            if error.item_id == tenant.id:
                return find(store, tenant.id)
        except VersionConflictError:
            pass
        else:
            return tenant
    raise too_busy()


def withdraw(
    store: Store, tenant_id: str, *, expected_version: int | None, audit: AuditInfo
) -> Tenant:
    """Withdraws a pending sign-up, for its customer.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is not pending.
        BusyError: Other changes kept interfering.
    """
    return decide(store, tenant_id, Verb.WITHDRAW, audit, expected_version)


def edit_contact(
    store: Store,
    tenant_id: str,
    *,
    expected_version: int | None,
    audit: AuditInfo,
    contact: Contact,
) -> Tenant:
    """Sets another contact.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is closed.
        BusyError: Other changes kept interfering.
    """
    return decide(store, tenant_id, Verb.EDIT_CONTACT, audit, expected_version, contact=contact)


def reject(
    store: Store,
    tenant_id: str,
    *,
    expected_version: int | None,
    audit: AuditInfo,
    reason: Reason,
    message: str = "",
) -> Tenant:
    """Rejects a pending sign-up. The customer reads `message`, which may be empty.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is not pending.
        BusyError: Other changes kept interfering.
    """
    return decide(
        store, tenant_id, Verb.REJECT, audit, expected_version, reason=reason.value, message=message
    )


def reopen(
    store: Store, tenant_id: str, *, expected_version: int | None, audit: AuditInfo
) -> Tenant:
    """Makes a rejected or withdrawn sign-up pending again.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is neither rejected nor withdrawn.
        ErasedError: Its personal fields were erased.
        BusyError: Other changes kept interfering.
    """
    return decide(store, tenant_id, Verb.REOPEN, audit, expected_version, change=Tenant.reopened)


def release(
    store: Store, tenant_id: str, *, expected_version: int | None, audit: AuditInfo
) -> Tenant:
    """Moves a sign-up that was set aside as suspicious into the queue.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is not pending, or not set aside.
        BusyError: Other changes kept interfering.
    """
    return decide(store, tenant_id, Verb.RELEASE, audit, expected_version, change=Tenant.released)
