"""Status and validity of an item, which decide access: of the portal or the old application."""

from portal.records.attributes import parse_optional_timestamp
from portal.stores import Item, Value, other_types
from portal.tenants import Status, Validity

_STATUSES: dict[Value | None, Status] = {status.value: status for status in Status}


def status_of(item: Item) -> Status:
    """The stored status. An item of the old application has none: then `isActive` decides."""
    stored = _STATUSES.get(item.get("status"))
    if stored is None:
        return Status.ACTIVE if item.get("isActive") is True else Status.SUSPENDED
    # The old application suspends a tenant by this attribute alone.
    if stored is Status.ACTIVE and item.get("isActive") is False:
        return Status.SUSPENDED
    return stored


def validity_of(item: Item) -> Validity:
    """The validity. It is open-ended only if each date is missing or could be read.

    In an item of the old application, a missing start means "no limit". A missing end means
    nothing: it may have been forgotten. `openEnded` is there once an operator has said that it
    never ends.
    """
    valid_from, valid_to = (
        parse_optional_timestamp(item.get(name)) for name in ("validFrom", "validTo")
    )
    unreadable = (valid_from is None and is_given(item, "validFrom")) or (
        valid_to is None and is_given(item, "validTo")
    )
    open_ended = item.get("openEnded") is True or (
        "status" not in item and valid_from is None and valid_to is not None
    )
    return Validity(
        valid_from=valid_from, valid_to=valid_to, open_ended=open_ended and not unreadable
    )


def is_given(item: Item, name: str) -> bool:
    """Whether the attribute has a value of any type. An empty text and DynamoDB's null are none."""
    return bool(item.get(name)) or "NULL" not in other_types(item).get(name, {"NULL": True})
