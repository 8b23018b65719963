"""Notes of staff about a tenant."""

from contextlib import suppress

from portal import records
from portal.onboarding.decisions import find
from portal.stores import Add, ItemExistsError, Store
from portal.tenants import AuditInfo


def add_note(store: Store, tenant_id: str, *, audit: AuditInfo, text: str, after: str = "") -> None:
    """Adds a note. It does not change the tenant, so it needs no version.

    Args:
        after: When the newest note was written that the page showed. So a form that is sent
            twice adds one note, and the same text later adds another.

    Raises:
        UnknownTenantError: No tenant has this id.
    """
    tenant = find(store, tenant_id)
    with suppress(ItemExistsError):
        store.write([Add(records.note_item(tenant.id, audit, text, after))])
