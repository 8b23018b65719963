"""What staff write down about a tenant."""

from contextlib import suppress

from portal import records
from portal.onboarding.decisions import find
from portal.stores import Add, ItemExistsError, Store
from portal.tenants import AuditInfo


def add_note(store: Store, tenant_id: str, *, audit: AuditInfo, text: str, after: str = "") -> None:
    """A note of staff. It changes nothing of the tenant, so it needs no version.
    `after` says when the newest note that its page showed was written: so a form that is sent
    twice is one note, and the same words later on are another."""
    tenant = find(store, tenant_id)
    with suppress(ItemExistsError):
        store.write([Add(records.note_item(tenant.id, audit, text, after))])
