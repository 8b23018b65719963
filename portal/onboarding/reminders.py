"""A customer wants no reminders by mail, or wants them again. It does not change the tenant, so it
needs no version, and disturbs nobody who decides on it."""

from contextlib import suppress

from portal import records
from portal.mail import are_reminders_ended
from portal.stores import (
    Add,
    ItemExistsError,
    ItemNotFoundError,
    Remove,
    Store,
    VersionConflictError,
)
from portal.tenants import AuditInfo, Tenant

__all__ = ["are_reminders_ended", "end_reminders", "resume_reminders"]


def end_reminders(store: Store, tenant: Tenant, audit: AuditInfo) -> None:
    """Notes that the contact wants none, as long as it has this address. A second time changes
    nothing."""
    with suppress(ItemExistsError):
        store.write([Add(records.no_reminders_item(tenant.id, tenant.contact.email, audit))])


def resume_reminders(store: Store, tenant: Tenant) -> None:
    """The contact is reminded again. A second time changes nothing."""
    item_id = records.no_reminders_id(tenant.id, tenant.contact.email)
    with suppress(ItemNotFoundError, VersionConflictError):
        store.write([Remove(item_id, int(store.get(item_id)["version"]))])
