"""Entries that nobody needs any more are removed.

That something was sent stays visible as long as its tenant is there. Retention removes its entries
with it. Staff clear many sign-ups in one act: the write that removes a sign-up adds an item that
names it, and the round removes the entries later, however often it is interrupted. Entries that are
of no tenant, such as digests and lost links, stay for 30 days after their end.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from portal import records
from portal.mail import STAFF
from portal.records import DeliveryState
from portal.stores import (
    GSI2,
    GSI4,
    KEY,
    Cursor,
    Item,
    ItemNotFoundError,
    Remove,
    Store,
    VersionConflictError,
)
from portal.timestamps import format_timestamp

#: So long an entry of no tenant stays.
KEPT = timedelta(days=30)
#: Seconds between two rounds of one process.
_ROUND_SECONDS = 3600.0
#: Entries that one write removes.
_TOGETHER = 25
_FIRST = " "


class OldEntries:
    """Makes the rounds. Any number of processes and machines may do so at the same time.

    Attributes:
        is_under_way: The latest call stopped before the end of a round.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], datetime],
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._clock, self._seconds = store, clock, seconds
        self._look_at = float("-inf")
        self.is_under_way = False

    def remove_if_due(self, until: Callable[[], bool] = lambda: False) -> None:
        """Make a round once an hour, or go on with one.

        Args:
            until: Whether to stop here, and go on at the next call.

        Raises:
            StoreError: The store failed. The round goes on at the next call.
        """
        if self._seconds() < self._look_at:
            return
        self.is_under_way = True
        if remove_old_entries(self._store, self._clock(), until):
            self.is_under_way = False
            self._look_at = self._seconds() + _ROUND_SECONDS


def remove_old_entries(
    store: Store, now: datetime, until: Callable[[], bool] = lambda: False
) -> bool:
    """Remove the entries of sign-ups that were cleared, and old ones of no tenant. It may be
    stopped at any point and run again. Returns whether it came to its end.

    Raises:
        StoreError: The store failed. What was removed before that stays removed.
    """
    after: Cursor | None = None
    while True:
        page = store.query(GSI4, records.OUTBOX_ORPHANS, after=after, limit=_TOGETHER)
        for row in page.items:
            _remove_orphans(store, str(row[KEY]))
            if until():
                return False
        after = page.after
        if after is None:
            break
    between = (_FIRST, format_timestamp(now - KEPT))
    # An earlier version gave digests no place in the list of those that have ended.
    lists = ((GSI4, records.OUTBOX_ENDED), (GSI2, records.outbox_partition(STAFF)))
    for index, partition in lists:
        after = None
        while True:
            old = store.query(index, partition, between=between, after=after, limit=_TOGETHER)
            _remove(store, old.items)
            after = old.after
            if after is None:
                break
            if until():
                return False
    return True


def remove_entries_of(
    store: Store, tenant_id: str, *, between: tuple[str, str] | None = None
) -> bool:
    """Remove the entries under this id of a tenant. Returns whether all are gone: one that is being
    delivered stays.

    Args:
        between: Only these, see `records.range_of_stay`.

    Raises:
        StoreError: The store failed. The same call again removes the rest.
    """
    are_gone, after = True, None
    while True:
        partition = records.outbox_partition(tenant_id)
        page = store.query(GSI2, partition, between=between, after=after, limit=_TOGETHER)
        are_gone &= _remove(store, [row for row in page.items if not _is_of_others(row)])
        after = page.after
        if after is None:
            return are_gone


def _remove_orphans(store: Store, item_id: str) -> None:
    try:
        item = store.get(item_id)
    except ItemNotFoundError:
        # Another process was faster.
        return
    tenant_id = str(item["of"])
    try:
        # The customer may have sent the same form once more. Then they are of that sign-up.
        store.get(tenant_id)
    except ItemNotFoundError:
        if not remove_entries_of(store, tenant_id):
            return
    with suppress(VersionConflictError):
        store.write([Remove(item_id, int(item["version"]))])


def _is_of_others(row: Item) -> bool:
    """Whether an entry is still to be delivered for other requests of the same address."""
    entry = records.outbox_entry_of(row)
    return not entry.is_of_tenant and entry.state is DeliveryState.DUE


def _remove(store: Store, rows: Sequence[Item]) -> bool:
    """Whether all of them are gone."""
    removals = [Remove(str(row[KEY]), int(row["version"])) for row in rows]
    if not removals:
        return True
    try:
        store.write(removals)
    except VersionConflictError:
        # Somebody delivers or removes one of them, or the index lags behind.
        left = [removal for removal in removals if not _is_removed(store, removal.item_id)]
        return not left
    return True


def _is_removed(store: Store, entry_id: str) -> bool:
    try:
        store.write([Remove(entry_id, int(store.get(entry_id)["version"]))])
    except ItemNotFoundError:
        return True
    except VersionConflictError:
        return False
    return True
