"""An entry of the outbox that cannot be read: something else than the portal has changed it."""

from portal.stores import (
    GSI2,
    GSI3,
    GSI4,
    KEY,
    Item,
    Replace,
    version_of,
    without_other_types,
)

#: The partition of such entries, by their ids.
OUTBOX_UNREADABLE = "OUTBOX#unreadable"

_KEYS = [name for index in (GSI2, GSI3, GSI4) for name in (index.partition, index.sort)]


def entry_set_aside(item: Item) -> Replace:
    """The change that takes it out of every list, so that nobody tries to deliver it or to show it.
    Otherwise it stays as it is."""
    left = {
        name: value
        for name, value in without_other_types(item, ["version", *_KEYS]).items()
        if name not in _KEYS
    }
    expected = version_of(item)
    left |= {
        "version": (expected or 0) + 1,
        GSI4.partition: OUTBOX_UNREADABLE,
        GSI4.sort: str(item[KEY]),
    }
    return Replace(left, expected, read=item)
