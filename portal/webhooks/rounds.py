"""What is done now and then: ends of licences are said, old deliveries given up and removed,
secrets sealed anew. It is made in parts, by any number of processes."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from portal import records
from portal.mail import EXPIRING_DAYS, Span, reached
from portal.stores import (
    GSI2,
    KEY,
    Add,
    Cursor,
    Item,
    ItemExistsError,
    ItemNotFoundError,
    Remove,
    Replace,
    Store,
    VersionConflictError,
    find_item,
)
from portal.tenants import Status
from portal.timestamps import format_timestamp, parse_timestamp
from portal.webhooks.book import Book, State, read_book
from portal.webhooks.deliveries import give_up_old, old_given_up
from portal.webhooks.events import EXPIRED, EXPIRING, Event, event_entry, single_key, tenant_data
from portal.webhooks.fan_out import fan_out
from portal.webhooks.pauses import end_pause, read_pause
from portal.webhooks.signing import WebhookSecrets
from portal.webhooks.subscriptions import forget_removed, reseal

logger = logging.getLogger(__name__)

#: The item that says up to when ends of licences were said.
ROUND_ID = "hook-round"
#: Between two looks for ends of licences.
ENDS_EVERY = timedelta(minutes=15)
#: After a longer time without one, the oldest ends are left out.
_LONGEST = timedelta(days=7)
#: So long a delivery is tried.
LASTS = timedelta(days=3)
#: So long one that has ended stays.
KEPT = timedelta(days=30)
#: So long whoever had read a subscription may go on with it after it was removed.
_SETTLED = timedelta(minutes=5)
_LOOK_SECONDS = 60.0
_TIDY_SECONDS = 3600.0
_PART = 25

Until = Callable[[], bool]


@dataclass
class WebhookRounds:
    """Makes the rounds of one process.

    Attributes:
        is_under_way: The latest call stopped before the end.
    """

    store: Store
    sealing: WebhookSecrets
    clock: Callable[[], datetime]
    seconds: Callable[[], float] = time.monotonic
    is_under_way: bool = field(default=False, init=False)
    _look_at: float = field(default=float("-inf"), init=False)
    _tidy_at: float = field(default=float("-inf"), init=False)
    #: The ends that are said now, and those that are left of them.
    _ends: "_Ends | None" = field(default=None, init=False)

    def run_if_due(self, until: Until = lambda: False) -> bool:
        """Make what is due. Returns whether something is to be sent now.

        Raises:
            StoreError: The store failed. The next call goes on.
        """
        if self.seconds() < self._look_at:
            return False
        self.is_under_way = True
        book = read_book(self.store)
        has_said = book.is_in_use and self._say_ends(until)
        if book.version and not book.is_in_use:
            self._forget_ends()
        is_tidy = self._tidy(book, until)
        self.is_under_way = self._ends is not None or not is_tidy
        if not self.is_under_way:
            self._look_at = self.seconds() + _LOOK_SECONDS
        return has_said

    def _say_ends(self, until: Until) -> bool:
        ends = self._ends or self._due_ends()
        if ends is None:
            return False
        count = 0
        for rows in ends.parts(self.store):
            count += sum(_say_end(self.store, row, *ends.current, ends.at) for row in rows)
            if ends.is_left and until():
                self._ends = ends
                return bool(count)
        self._ends = None
        item: Item = {
            KEY: ROUND_ID,
            "version": ends.version + 1,
            "at": format_timestamp(ends.at),
        }
        # Another process has made the same.
        with suppress(ItemExistsError, VersionConflictError):
            self.store.write([Replace(item, ends.version) if ends.version else Add(item)])
        return bool(count)

    def _forget_ends(self) -> None:
        """Nobody listens. Who does so later hears nothing of what ended meanwhile."""
        self._ends = None
        if item := find_item(self.store, ROUND_ID):
            # Another process has done the same, or makes a round as somebody listens again.
            with suppress(VersionConflictError):
                self.store.write([Remove(ROUND_ID, int(item["version"]))])

    def _due_ends(self) -> "_Ends | None":
        now, item = self.clock(), find_item(self.store, ROUND_ID)
        last = parse_timestamp(str(item["at"])) if item else None
        if last and now - last < ENDS_EVERY:
            return None
        # The first time, nothing is said of what ended before anybody wanted to hear of it.
        since = max(last, now - _LONGEST) if last else now - ENDS_EVERY
        return _Ends(since=since, at=now, version=int(item["version"]) if item else 0)

    def _tidy(self, book: Book, until: Until) -> bool:
        """Whether it came to its end."""
        if self.seconds() < self._tidy_at:
            return True
        now = self.clock()
        reseal(self.store, self.sealing)
        # Also without any subscription: what was written meanwhile is for nobody.
        fan_out(self.store, book, now, until)
        for each in book.subscriptions:
            pause = read_pause(self.store, each.id)
            is_down = pause.since is not None and now - pause.since > LASTS
            if each.state is not State.ON or is_down:
                _log_given_up(each.id, give_up_old(self.store, each.id, now - LASTS, now, until))
            for row in old_given_up(self.store, each.id, now, KEPT):
                _remove(self.store, row)
        for subscription_id, at in book.removed.items():
            removed_at = parse_timestamp(at)
            if removed_at and now - removed_at < _SETTLED:
                continue
            if not _remove_deliveries(self.store, subscription_id, until):
                return False
            end_pause(self.store, subscription_id, read_pause(self.store, subscription_id))
            forget_removed(self.store, subscription_id)
        if until():
            return False
        self._tidy_at = self.seconds() + _TIDY_SECONDS
        return True


def _log_given_up(subscription_id: str, count: int) -> None:
    if count:
        logger.error(
            "Messages to a receiver of webhooks are given up: it has taken none for three days."
            " Staff can send them again.",
            extra={"fields": {"queue": subscription_id, "count": count}},
        )


@dataclass
class _Ends:
    """The licences that ended, or came near their end, between two moments."""

    since: datetime
    at: datetime
    version: int
    _left: list[tuple[str, int]] = field(
        default_factory=lambda: [(EXPIRED, 0), *((EXPIRING, days) for days in EXPIRING_DAYS)]
    )
    _after: Cursor | None = None
    current: tuple[str] = ("",)

    @property
    def is_left(self) -> bool:
        return bool(self._left)

    def parts(self, store: Store) -> Iterator[list[Item]]:
        while self._left:
            kind, days = self._left[0]
            self.current = (kind,)
            span: Span = reached(days, self.since, self.at)
            page = span.page(store, _PART, self._after)
            self._after = page.after
            if page.after is None:
                self._left.pop(0)
            yield list(page.items)


def _say_end(store: Store, row: Item, kind: str, at: datetime) -> bool:
    """Whether it was said. Of one tenant and one end, each is said once."""
    item = find_item(store, str(row[KEY]))
    if item is None or not records.is_tenant(item):
        return False
    tenant = records.tenant_of(item)
    end = tenant.validity.valid_to
    # The index may lag behind.
    is_true = end is not None and ((end > at) if kind == EXPIRING else (end <= at))
    if end is None or not is_true or tenant.status is not Status.ACTIVE:
        return False
    event = Event(
        type=kind,
        tenant_id=tenant.id,
        at=at,
        data=tenant_data(tenant, at),
        key=single_key(kind, tenant.id, format_timestamp(end)),
    )
    try:
        store.write([Add(records.outbox_item(event_entry(event)))])
    except ItemExistsError:
        return False
    return True


def _remove_deliveries(store: Store, subscription_id: str, until: Until) -> bool:
    """Whether all are gone."""
    while True:
        partition = records.outbox_partition(subscription_id)
        rows = store.query(GSI2, partition, limit=_PART).items
        if not rows:
            return True
        for row in rows:
            _remove(store, row)
        if until():
            return False


def _remove(store: Store, row: Item) -> None:
    with suppress(ItemNotFoundError, VersionConflictError):
        store.write([Remove(str(row[KEY]), int(store.get(str(row[KEY]))["version"]))])
