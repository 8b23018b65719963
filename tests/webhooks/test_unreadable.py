"""What something else has changed so that it cannot be read is set aside, and holds up nothing."""

import logging
from collections.abc import Callable

import pytest

from portal import records
from portal.outbox import Tally
from portal.settings import Settings
from portal.stores import GSI2, GSI4, KEY, Item, Replace, Store
from portal.stores.wrapper import StoreWrapper
from portal.webhooks import AnnouncingStore, newest
from portal.webhooks.book import LIST_ID
from tests.conftest import Clock
from tests.examples import sign_up
from tests.webhooks.receivers import Receiver, sender, subscribe

#: What somebody else makes of the item, by what is wrong with it then.
CHANGES: dict[str, Callable[[Item], Item]] = {
    "no time": lambda item: {name: value for name, value in item.items() if name != "at"},
    "an unknown state": lambda item: {**item, "status": "lost"},
    "a number for a time": lambda item: {**item, "dueAt": 12},
    "no version": lambda item: {name: value for name, value in item.items() if name != "version"},
}
BODIES = {"no JSON": "{", "a list": "[]", "no id": '{"type":"tenant.pending"}'}


def damage(store: Store, partition: str, change: Callable[[Item], Item]) -> str:
    """Changes the first entry that is due in this partition. Returns its id."""
    entry_id = str(store.query(GSI4, partition, limit=1).items[0][KEY])
    item = store.get(entry_id)
    store.write([Replace(change(item), int(item["version"]))])
    return entry_id


def aside(store: Store) -> list[str]:
    rows = store.query(GSI4, records.OUTBOX_UNREADABLE).items
    return [str(row[KEY]) for row in rows]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_event_that_cannot_be_read_is_set_aside_and_said(
    store: AnnouncingStore,
    receiver: Receiver,
    allowed: Settings,
    *,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    change: Callable[[Item], Item],
) -> None:
    subscribe(store, receiver.address)
    sign_up(store, 1)
    events = records.due_partition(records.EVENT_QUEUE)
    damaged = damage(store, events, change)
    sign_up(store, 2)
    with caplog.at_level(logging.ERROR):
        assert sender(store, allowed, clock).send_due() == Tally(sent=1)
        assert sender(store, allowed, clock).send_due() == Tally()
    assert aside(store) == [damaged]
    assert store.count(GSI4, events, cap=9) == 0
    (line,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert "cannot be read, and is set aside" in line.getMessage()
    assert line.__dict__["fields"] == {"entry": records.outbox_key(damaged)}
    # All else that it holds is still there.
    assert store.get(damaged)["verb"] == "tenant.pending"


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_an_event_whose_message_cannot_be_read_reaches_no_receiver(
    store: AnnouncingStore, receiver: Receiver, allowed: Settings, clock: Clock, body: str
) -> None:
    subscribe(store, receiver.address)
    sign_up(store)
    partition = records.due_partition(records.EVENT_QUEUE)
    damaged = damage(store, partition, lambda item: {**item, "body": body})
    assert sender(store, allowed, clock).send_due() == Tally()
    assert aside(store) == [damaged]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_delivery_that_cannot_be_read_holds_up_no_other(
    store: AnnouncingStore,
    receiver: Receiver,
    allowed: Settings,
    clock: Clock,
    change: Callable[[Item], Item],
) -> None:
    subscription = subscribe(store, receiver.address)
    for number in range(2):
        sign_up(store, number)
    receiver.status = 500
    assert sender(store, allowed, clock).send_due() == Tally(put_off=2)
    receiver.status = 200
    damaged = damage(store, records.due_partition(subscription.id), change)
    clock.advance(minutes=1)
    assert sender(store, allowed, clock).send_due() == Tally(sent=1)
    assert aside(store) == [damaged]
    # Lists of it can be shown.
    assert [entry.id for entry in newest(store, subscription.id, 9)] != []
    partition = records.outbox_partition(subscription.id)
    assert damaged not in [row[KEY] for row in store.query(GSI2, partition).items]


class Noting(StoreWrapper):
    """Notes reads of single items, and writes."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.calls: list[str] = []

    def get(self, item_id: str) -> Item:
        self.calls.append(item_id)
        return super().get(item_id)


def test_the_book_is_read_once_to_see_who_is_due_and_once_before_each_message(
    store: AnnouncingStore, receiver: Receiver, allowed: Settings, clock: Clock
) -> None:
    subscription = subscribe(store, receiver.address)
    for number in range(2):
        sign_up(store, number)
    noting = Noting(store)
    assert sender(noting, allowed, clock).send_due() == Tally(sent=2)
    deliveries = [
        number
        for number, item_id in enumerate(noting.calls)
        if item_id.startswith(f"hook-{subscription.id}-")
    ]
    first, second = deliveries[0], deliveries[1]
    assert noting.calls[:first].count(LIST_ID) == 2
    assert noting.calls[first:second].count(LIST_ID) == 1
