"""The item that leads from a tenant to the request with which its customer asked again: for access
after a refusal, or to renew. There is one for each tenant, so nobody asks twice at a time."""

from dataclasses import dataclass
from datetime import datetime

from portal.records.attributes import Texts
from portal.stores import KEY, Item
from portal.timestamps import format_timestamp, parse_timestamp


@dataclass(frozen=True, slots=True)
class FollowUp:
    """`to`: the id of the latest request that follows; `at`: when it was made."""

    to: str
    at: datetime | None


def follow_up_id(tenant_id: str) -> str:
    return f"followup-{tenant_id}"


def follow_up_item(tenant_id: str, to: str, at: datetime, version: int) -> Item:
    """It holds no personal data, and is in no index."""
    return {
        KEY: follow_up_id(tenant_id),
        "to": to,
        "at": format_timestamp(at),
        "version": version,
    }


def follow_up_of(item: Item) -> FollowUp:
    text = Texts(item)
    return FollowUp(text["to"], parse_timestamp(text["at"]))
