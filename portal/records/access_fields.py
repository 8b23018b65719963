"""The status and the window of an item, whoever wrote it: what decides access."""

from portal.records.attributes import parse_optional_timestamp
from portal.stores import Item, Value
from portal.tenants import Status, Validity

_STATUSES: dict[Value | None, Status] = {status.value: status for status in Status}


def status_of(item: Item) -> Status:
    """The stored status; for an item of the old application, what its `isActive` says."""
    stored = _STATUSES.get(item.get("status"))
    if stored is None:
        return Status.ACTIVE if item.get("isActive") is True else Status.SUSPENDED
    # The old application switches a tenant off by this alone.
    if stored is Status.ACTIVE and item.get("isActive") is False:
        return Status.SUSPENDED
    return stored


def validity_of(item: Item) -> Validity:
    """The window. `open_ended` only where nothing was lost in reading it; to the old application
    a missing end said so."""
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
