"""Sign-ups: what a customer asks for and takes back, and what staff say to it short of a yes."""

from datetime import datetime

from portal import records
from portal.onboarding.claims import claim_changes
from portal.onboarding.decisions import MAX_TRIES, decide, find, too_busy
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
    """A new pending tenant. `reference` comes signed with the form, so that sending the form
    twice adds nothing: the tenant that is there already is the answer."""
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
    for _ in range(MAX_TRIES):
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
    """The customer takes a pending sign-up back."""
    return decide(store, tenant_id, Verb.WITHDRAW, audit, expected_version)


def edit_contact(
    store: Store,
    tenant_id: str,
    *,
    expected_version: int | None,
    audit: AuditInfo,
    contact: Contact,
) -> Tenant:
    """Other contact details, for a tenant that is not closed."""
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
    """`message`: words for the customer, may be empty."""
    return decide(
        store, tenant_id, Verb.REJECT, audit, expected_version, reason=reason.value, message=message
    )


def reopen(
    store: Store, tenant_id: str, *, expected_version: int | None, audit: AuditInfo
) -> Tenant:
    """Undoes a rejection or a withdrawal. `ErasedError`."""
    return decide(store, tenant_id, Verb.REOPEN, audit, expected_version, change=Tenant.reopened)


def release(
    store: Store, tenant_id: str, *, expected_version: int | None, audit: AuditInfo
) -> Tenant:
    """Moves a sign-up that was set aside as suspicious into the queue."""
    return decide(store, tenant_id, Verb.RELEASE, audit, expected_version, change=Tenant.released)
