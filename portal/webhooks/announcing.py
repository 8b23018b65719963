"""Writes what programs are told together with what happened, in the same write: either both are
there or none."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from portal import records
from portal.stores import (
    KEY,
    Add,
    BusyError,
    Change,
    Count,
    Remove,
    Store,
    StoreWrapper,
    UnavailableError,
)
from portal.timestamps import utc_now
from portal.webhooks.book import LIST_ID, read_book
from portal.webhooks.events import changes_tenants, event_entry, events_of

#: So long a process goes on without looking whether there are subscriptions.
KEPT_SECONDS = 10.0


class AnnouncingStore(StoreWrapper):
    """A `Store` that adds to each write what programs are told of it. Every verb writes through it,
    so none can forget that. Without subscriptions it adds nothing.

    Whether there are any is looked up once in ten seconds, and only when something changes. So a
    new subscription hears of what happens ten seconds later at the latest.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime] = utc_now,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(store)
        self._clock, self._seconds = clock, seconds
        #: Whether there are subscriptions, and when that was read.
        self._known: tuple[bool, float] | None = None

    def write(self, changes: Sequence[Change]) -> None:
        entries: list[Change] = []
        if changes_tenants(changes) and self._is_in_use():
            events = events_of(changes, self._clock())
            entries = [Add(records.outbox_item(event_entry(event))) for event in events]
        # Last: whoever learns that their write was refused looks at the first condition that
        # failed.
        super().write([*changes, *entries])
        if any(_item_id(change) == LIST_ID for change in changes):
            self._known = None

    def _is_in_use(self) -> bool:
        known, now = self._known, self._seconds()
        if known and now - known[1] < KEPT_SECONDS:
            return known[0]
        try:
            is_in_use = read_book(self.inner).is_in_use
        except (BusyError, UnavailableError):
            # Nobody knows. What nobody wants to hear is written for nothing, and lost is nothing.
            return True
        self._known = is_in_use, now
        return is_in_use


def _item_id(change: Change) -> str:
    return change.item_id if isinstance(change, Remove | Count) else str(change.item[KEY])
