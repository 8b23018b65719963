"""Tenants, events, notes, forwards and claims as items, and back. Only this room knows the names
of their attributes.

    tenant         a tenant as an item, and back; the attributes that anybody may read
    access_fields  status and validity of an item, which decide access
    provenance     whether staff set the status and the validity, or an import
    index_keys     the partition and sort keys by which the indexes find a tenant
    sign_up        claims; the forward that replaces an activated sign-up; its status link
    history        events and notes
    ids            ids of sign-ups and claims, and the kind of an item by its id
    attributes     names of single attributes, and values that may have any type

The downstream application reads these attributes too, so never rename one or change its type.
Attributes that the portal does not know belong to others, and a change keeps them.
"""

from portal.records.access_fields import status_of, validity_of
from portal.records.attributes import IMPORT_ID, IMPORTED_STATE, SECRET, SECRET_FINGERPRINT
from portal.records.history import (
    Event,
    Note,
    event_item,
    event_of,
    events_partition,
    note_item,
    note_of,
    notes_partition,
)
from portal.records.ids import REFERENCE_LENGTH, claim_id, is_tenant, item_kind, pending_id
from portal.records.index_keys import (
    ASIDE,
    IMPORTS,
    LAST,
    NEVER,
    account_partition,
    company_partition,
    email_partition,
    normalised,
    status_partition,
)
from portal.records.provenance import imported_state, set_by_staff
from portal.records.sign_up import (
    Forward,
    StatusLink,
    claim_item,
    forward_item,
    forward_of,
    status_link_of,
)
from portal.records.tenant import index_keys_of, item_of, public_view, tenant_of

__all__ = (
    "ASIDE", "IMPORTED_STATE", "IMPORTS", "IMPORT_ID", "LAST", "NEVER", "REFERENCE_LENGTH",
    "SECRET", "SECRET_FINGERPRINT", "Event", "Forward", "Note", "StatusLink", "account_partition",
    "claim_id", "claim_item", "company_partition", "email_partition", "event_item", "event_of",
    "events_partition", "forward_item", "forward_of", "imported_state", "index_keys_of",
    "is_tenant", "item_kind", "item_of", "normalised", "note_item", "note_of", "notes_partition",
    "pending_id", "public_view", "set_by_staff", "status_link_of", "status_of",
    "status_partition", "tenant_of", "validity_of"
)  # fmt: skip
