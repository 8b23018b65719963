"""What an id tells of its item."""

from portal.stores import KEY, Item
from portal.tenants import Ids

#: What an id that is no tenant's says in front of its first hyphen.
OTHER_KINDS = frozenset({
    "claim", "event", "import", "note", "staff", "link", "session", "token",
})  # fmt: skip
#: Lower-case letters and digits in the reference of a sign-up.
REFERENCE_LENGTH = 26


def pending_id(reference: str) -> str:
    """`reference` is 26 lower-case letters and digits."""
    return f"pending-{reference}"


def claim_id(ids: Ids) -> str:
    return f"claim-{ids.tenant_id}"


def item_kind(item_id: str) -> str:
    """`tenant`, or what the portal's other ids say in front of their first hyphen."""
    kind = item_id.partition("-")[0]
    return kind if kind in OTHER_KINDS else "tenant"


def is_tenant(item: Item) -> bool:
    """Whether the item is a tenant, and not a forward, a claim, an event or the like."""
    return "forwardTo" not in item and item_kind(str(item[KEY])) == "tenant"
