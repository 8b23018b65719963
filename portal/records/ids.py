"""Ids of sign-ups and claims, and the kind of an item by its id."""

from portal.stores import KEY, Item
from portal.tenants import Ids

#: The prefix, up to the first hyphen, of every id that is not a tenant's.
OTHER_KINDS = frozenset({
    "claim", "event", "import", "limit", "mail", "note", "staff", "link", "session", "token",
    "stats", "followup", "search", "usage", "views", "report", "desk", "moved", "hook",
})  # fmt: skip
#: Length of the reference of a sign-up, in lower-case letters and digits.
REFERENCE_LENGTH = 26


def pending_id(reference: str) -> str:
    """The id of a sign-up. `reference`: 26 lower-case letters and digits."""
    return f"pending-{reference}"


def reference_of(sign_up_id: str) -> str:
    """The reference in the id of a sign-up; empty if the id is not one of a sign-up."""
    prefix = pending_id("")
    return sign_up_id.removeprefix(prefix) if sign_up_id.startswith(prefix) else ""


def claim_id(ids: Ids) -> str:
    return f"claim-{ids.tenant_id}"


def item_kind(item_id: str) -> str:
    """The prefix of the id if it is one of `OTHER_KINDS`, else `tenant`."""
    kind = item_id.partition("-")[0]
    return kind if kind in OTHER_KINDS else "tenant"


def is_final_id(item_id: str) -> bool:
    """Whether this is the id of a tenant that the downstream application can ask for."""
    return "_" in item_id and item_kind(item_id) == "tenant"


def is_tenant(item: Item) -> bool:
    """Whether the item is a tenant, not a forward, a claim, an event or another kind."""
    return "forwardTo" not in item and item_kind(str(item[KEY])) == "tenant"
