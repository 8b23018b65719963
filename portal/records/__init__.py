"""Tenants and their events as items, and back: the one place that knows attribute names.

    tenant      a tenant, and what anybody may read of it
    windows     its status and its window, which decide access
    origins     whether staff set these, or an import left them so
    lists       where lists find a tenant, and what they sort it by
    sign_up     what a sign-up claims, and what it leaves in its place: forward, status link
    history     events and notes
    ids         what an id tells of its item
    attributes  names of single attributes, and values that anybody may have written

The downstream application reads these attributes too; none may be renamed or retyped.
Attributes that the portal does not know are kept as they are: they are somebody else's.
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
