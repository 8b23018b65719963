"""An event becomes one delivery for each subscription that hears of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from portal import records
from portal.outbox import readable_entry, set_aside
from portal.records import DeliveryState
from portal.stores import (
    GSI4,
    KEY,
    ItemExistsError,
    Replace,
    Store,
    VersionConflictError,
    find_item,
)
from portal.timestamps import format_timestamp
from portal.webhooks.book import Book, State
from portal.webhooks.deliveries import deliveries_of, is_readable

_TOGETHER = 25


def fan_out(
    store: Store, book: Book, now: datetime, until: Callable[[], bool] = lambda: False
) -> int:
    """Make the deliveries of all events that are due. Returns how many events there were.

    The deliveries are written together with the end of their event. So whoever is killed in between
    loses none, and of several that do it at once one does.

    Raises:
        StoreError: The store failed. The next call goes on.
    """
    count = 0
    between = (" ", f"{format_timestamp(now)}#{records.LAST}")
    partition = records.due_partition(records.EVENT_QUEUE)
    while not until():
        rows = store.query(GSI4, partition, between=between, limit=_TOGETHER).items
        done = 0
        for row in rows:
            if until():
                break
            done += _fan_out_one(store, book, str(row[KEY]), now)
        count += done
        if not done:
            # Nothing is due, or others have done it all.
            break
    return count


def _fan_out_one(store: Store, book: Book, entry_id: str, now: datetime) -> bool:
    item = find_item(store, entry_id)
    event = readable_entry(store, item) if item else None
    if item is None or event is None or event.state is not DeliveryState.DUE:
        return False
    if not is_readable(event):
        set_aside(store, item)
        return False
    hearing = [
        each for each in book.subscriptions if each.state is State.ON and event.kind in each.types
    ]
    # It stays for a while: of what happens once, nobody writes it a second time.
    ended = replace(
        event,
        version=event.version + 1,
        state=DeliveryState.SENT if hearing else DeliveryState.DROPPED,
        due_at=None,
        ended_at=now,
    )
    changes = [Replace(records.outbox_item(ended), event.version), *deliveries_of(event, hearing)]
    try:
        store.write(changes)
    except (VersionConflictError, ItemExistsError):
        return False
    return True
