"""What goes, or went, to one subscription: sent to it, listed, sent once more."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from portal import records
from portal.auth import SecurityAct, Source
from portal.records import DeliveryState, OutboxEntry
from portal.stores import (
    GSI2,
    GSI4,
    KEY,
    Add,
    Change,
    Cursor,
    Item,
    ItemExistsError,
    Replace,
    Store,
    VersionConflictError,
    find_item,
    iter_query,
)
from portal.timestamps import format_timestamp
from portal.webhooks.book import Subscription
from portal.webhooks.events import TEST, Event
from portal.webhooks.subscriptions import note_act

_TOGETHER = 25
#: Why something was given up without a further attempt.
TOO_OLD = "too_old"


class UnknownDeliveryError(LookupError):
    """There is no such delivery to this subscription, or it is still to be sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """What there is for a subscription, counted up to a limit."""

    waiting: int
    given_up: int


def delivery_id(subscription_id: str, event_key: str) -> str:
    return f"hook-{subscription_id}-{event_key}"


def deliveries_of(event: OutboxEntry, subscriptions: Sequence[Subscription]) -> list[Change]:
    """What is to be written when an event becomes one delivery for each of these."""
    key = event.id.removeprefix("hook-event-")
    return [
        Add(
            records.outbox_item(
                replace(
                    event,
                    id=delivery_id(each.id, key),
                    version=1,
                    state=DeliveryState.DUE,
                    due_at=event.at,
                    queue=each.id,
                )
            )
        )
        for each in subscriptions
    ]


def send_test(
    store: Store, subscription: Subscription, key: str, source: Source, now: datetime
) -> None:
    """Has a test be sent. The same `key` sends it once.

    Raises:
        StoreError: It could not be written.
    """
    event = Event(type=TEST, tenant_id="", at=now, data={"subscription": subscription.id}, key=key)
    entry = OutboxEntry(
        id=delivery_id(subscription.id, key),
        tenant_id="",
        kind=TEST,
        locale="",
        at=now,
        due_at=now,
        queue=subscription.id,
        body=event.body(),
    )
    with suppress(ItemExistsError):
        note_act(
            store, subscription, SecurityAct.WEBHOOK_TESTED, source, now,
            together=[Add(records.outbox_item(entry))],
        )  # fmt: skip


def newest(store: Store, subscription_id: str, limit: int) -> list[OutboxEntry]:
    """The newest deliveries.

    Raises:
        StoreError: The store could not be asked.
    """
    partition = records.outbox_partition(subscription_id)
    rows = store.query(GSI2, partition, limit=limit, newest_first=True).items
    items = [find_item(store, str(row[KEY])) for row in rows]
    return [records.outbox_entry_of(item) for item in items if item]


def counts(store: Store, subscription_id: str, cap: int) -> Counts:
    """Raises `StoreError`."""
    return Counts(
        waiting=store.count(GSI4, records.due_partition(subscription_id), cap=cap),
        given_up=store.count(GSI4, records.given_up_partition(subscription_id), cap=cap),
    )


def replay(
    store: Store, subscription: Subscription, entry_id: str, source: Source, now: datetime
) -> None:
    """Has a delivery that has ended be sent once more: with the same id, so that a receiver that
    has had it can tell. Pressed twice, it is sent once.

    Raises:
        UnknownDeliveryError: There is no such delivery.
        StoreError: It could not be written.
    """
    item = find_item(store, entry_id) if entry_id.startswith(f"hook-{subscription.id}-") else None
    if item is None:
        raise UnknownDeliveryError
    entry = records.outbox_entry_of(item)
    if entry.state is DeliveryState.DUE:
        return
    with suppress(VersionConflictError):
        note_act(
            store, subscription, SecurityAct.WEBHOOK_REPLAYED, source, now,
            together=[_due_again(entry, now)],
        )  # fmt: skip


def replay_given_up(
    store: Store,
    subscription: Subscription,
    source: Source,
    now: datetime,
    *,
    enough: Callable[[], bool] = lambda: False,
) -> int:
    """Has all that was given up be sent once more. Returns how many. It may be stopped at any point
    and run again.

    Raises:
        StoreError: The store failed. What was written before that stays.
    """
    partition = records.given_up_partition(subscription.id)
    rows = list(iter_query(store, GSI4, partition))
    count = 0
    for start in range(0, len(rows), _TOGETHER):
        if enough():
            break
        entries = [
            records.outbox_entry_of(item)
            for row in rows[start : start + _TOGETHER]
            if (item := find_item(store, str(row[KEY])))
        ]
        again = [
            _due_again(entry, now) for entry in entries if entry.state is DeliveryState.GIVEN_UP
        ]
        if again:
            # On a conflict somebody else does the same just now.
            with suppress(VersionConflictError):
                store.write(again)
                count += len(again)
    if count:
        note_act(store, subscription, SecurityAct.WEBHOOK_REPLAYED, source, now)
    return count


def _due_again(entry: OutboxEntry, now: datetime) -> Change:
    again = replace(
        entry,
        version=entry.version + 1,
        state=DeliveryState.DUE,
        # Its three days begin anew.
        at=now,
        due_at=now,
        tries=0,
        ended_at=None,
        reason="",
        way="",
    )
    return Replace(records.outbox_item(again), entry.version)


def give_up_old(
    store: Store,
    subscription_id: str,
    before: datetime,
    now: datetime,
    until: Callable[[], bool] = lambda: False,
) -> int:
    """Give up what has waited since before this moment. Returns how many.

    Raises:
        StoreError: The store failed. The next call goes on.
    """
    count = 0
    # Rows of this index do not say since when they wait.
    for row in list(iter_query(store, GSI4, records.due_partition(subscription_id))):
        if until():
            break
        item = find_item(store, str(row[KEY]))
        entry = records.outbox_entry_of(item) if item else None
        if entry is None or entry.state is not DeliveryState.DUE or entry.at >= before:
            continue
        ended = replace(
            entry,
            version=entry.version + 1,
            state=DeliveryState.GIVEN_UP,
            due_at=None,
            ended_at=now,
            reason=entry.reason or TOO_OLD,
        )
        with suppress(VersionConflictError):
            store.write([Replace(records.outbox_item(ended), entry.version)])
            count += 1
    return count


def old_given_up(store: Store, subscription_id: str, now: datetime, kept: timedelta) -> list[Item]:
    """Rows of what was given up so long ago that nobody will send it again.

    Raises:
        StoreError: The store could not be asked.
    """
    between = (" ", format_timestamp(now - kept))
    partition = records.given_up_partition(subscription_id)
    after: Cursor | None = None
    found: list[Item] = []
    while True:
        page = store.query(GSI4, partition, between=between, after=after, limit=100)
        found += page.items
        after = page.after
        if after is None:
            return found


def is_readable(entry: OutboxEntry) -> bool:
    """Whether its body says what each message says."""
    try:
        found = said(entry)
    except ValueError:
        return False
    names = ("id", "type", "timestamp", "data")
    return isinstance(found, dict) and all(name in found for name in names)


def said(entry: OutboxEntry) -> dict[str, object]:
    """What an entry says, as it was written."""
    found: dict[str, object] = json.loads(entry.body)
    return found
