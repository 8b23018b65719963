"""Claims, the forward that replaces an activated sign-up, and the status link of its customer."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.records.attributes import Texts
from portal.records.ids import claim_id
from portal.stores import KEY, Item, Value
from portal.tenants import Ids, Tenant
from portal.timestamps import format_timestamp, parse_timestamp


@dataclass(frozen=True, kw_only=True, slots=True)
class Forward:
    """Replaces a pending tenant that was activated: `to` is its final id. The item also keeps the
    status link, so that the link still works."""

    to: str
    idempotency_key: str


def forward_of(item: Item) -> Forward | None:
    """`None` if `item` is not a forward."""
    if "forwardTo" not in item:
        return None
    text = Texts(item)
    return Forward(to=text["forwardTo"], idempotency_key=text["decidedMark"])


def forward_item(pending: Tenant, to: str, idempotency_key: str) -> Item:
    """The forward that replaces the item of `pending`."""
    item: dict[str, Value] = {
        KEY: pending.id,
        "forwardTo": to,
        "version": (pending.version or 0) + 1,
        "statusLink": pending.status_link,
        "decidedMark": idempotency_key,
    }
    if pending.created_at:
        item["createdAt"] = format_timestamp(pending.created_at)
    return item


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusLink:
    """The hash of a customer's status link, and when it was made."""

    hashed: str
    made_at: datetime | None

    def is_over(self, now: datetime, days: int) -> bool:
        """Whether the link has expired, `days` days after it was made; or there is none."""
        return not self.hashed or self.made_at is None or now - self.made_at > timedelta(days=days)


def status_link_of(item: Item) -> StatusLink:
    """The status link in the item of a pending tenant, or in the forward that replaced it."""
    text = Texts(item)
    return StatusLink(hashed=text["statusLink"], made_at=parse_timestamp(text["createdAt"]))


def claim_item(ids: Ids, count: int, version: int) -> Item:
    """The number of pending tenants that claim these ids. It is in no index."""
    return {KEY: claim_id(ids), "count": count, "version": version}
