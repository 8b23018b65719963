"""Status and validity of an item, which decide access: of the portal or the old application."""

from portal.records.attributes import parse_optional_timestamp
from portal.stores import Item, Value
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
    """The validity. It is open-ended only if each date is missing or could be read. In an item of
    the old application, a missing date alone means open-ended."""
    valid_from, valid_to = (
        parse_optional_timestamp(item.get(name)) for name in ("validFrom", "validTo")
    )
    unreadable = (valid_from is None and item.get("validFrom")) or (
        valid_to is None and item.get("validTo")
    )
    if "status" in item:
        open_ended = item.get("openEnded") is True
    else:
        open_ended = valid_from is None or valid_to is None
    return Validity(
        valid_from=valid_from, valid_to=valid_to, open_ended=open_ended and not unreadable
    )
