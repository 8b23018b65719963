"""Entries that cannot be read are set aside, so that they hold up no other, and counted."""

import logging
from contextlib import suppress

from portal import records
from portal.records import DeliveryState, OutboxEntry
from portal.stores import KEY, Item, Store, VersionConflictError

logger = logging.getLogger(__name__)


def readable_entry(store: Store, item: Item) -> OutboxEntry | None:
    """The entry of an item. `None`: it cannot be read, and stands in no queue any more.

    Raises:
        StoreError: It cannot be read, and the store failed.
    """
    try:
        entry = records.outbox_entry_of(item)
    except (KeyError, TypeError, ValueError):
        set_aside(store, item)
        return None
    if entry.state is DeliveryState.DUE and entry.due_at is None:
        # It would be looked at again and again, and never delivered.
        set_aside(store, item)
        return None
    return entry


def set_aside(store: Store, item: Item) -> None:
    """Raises `StoreError`."""
    # Who has changed it meanwhile may have mended it.
    with suppress(VersionConflictError):
        store.write([records.entry_set_aside(item)])
        logger.error(
            "An entry of the outbox cannot be read, and is set aside: “portal outbox status” names"
            " it.",
            extra={"fields": {"entry": records.outbox_key(str(item[KEY]))}},
        )
