"""Ends of licences are said once each; what nobody needs any more goes."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from portal import onboarding, records
from portal.records import DeliveryState
from portal.settings import Settings
from portal.stores import GSI2, Store
from portal.tenants import Ids, Reason, Tenant, Validity
from portal.webhooks import (
    AnnouncingStore,
    State,
    WebhookRounds,
    WebhookSecrets,
    newest,
    remove_subscription,
    replay_given_up,
    said,
    switch,
)
from tests.conftest import SECRET_KEY, START, Clock
from tests.examples import ANN, activate, all_items, later, sign_up
from tests.onboarding.verb_calls import SEALER
from tests.webhooks.receivers import (
    ADMIN,
    SECRETS,
    Receiver,
    now_of,
    seen,
    sender,
    subscribe,
)

ADDRESS = "https://receiver.example/hooks"
ENDS = ("tenant.expiring", "tenant.expired")

MakeRounds = Callable[[], WebhookRounds]


class Seconds:
    """As long as a test likes goes by between two looks."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 10_000
        return self.now


@pytest.fixture
def new_rounds(store: AnnouncingStore, clock: Clock) -> MakeRounds:
    return lambda: WebhookRounds(store, SECRETS, clock.now, Seconds())


def licensed(store: Store, number: int, days: float) -> Tenant:
    ids = Ids(account_id="86810", company_id=str(number), cluster="eu")
    window = Validity(valid_from=START, valid_to=START + timedelta(days=days))
    return activate(store, SEALER, sign_up(store, number), ids=ids, validity=window)


def said_ends(store: Store) -> list[tuple[str, str]]:
    found = [
        records.outbox_entry_of(item)
        for key, item in all_items(store).items()
        if key.startswith("hook-event-")
    ]
    ends = [entry for entry in found if entry.kind in ENDS]
    return [(entry.kind, entry.tenant_id) for entry in sorted(ends, key=lambda entry: entry.at)]


def test_each_end_is_said_once(
    store: AnnouncingStore, clock: Clock, new_rounds: MakeRounds
) -> None:
    subscribe(store, ADDRESS)
    licensed(store, 1, 40)
    licensed(store, 2, 20)
    rounds = new_rounds()
    seen_at: dict[tuple[str, str], timedelta] = {}
    for _ in range(42 * 2):
        rounds.run_if_due()
        # One that was killed begins anew.
        new_rounds().run_if_due()
        for each in said_ends(store):
            seen_at.setdefault(each, clock.now() - START)
        clock.advance(hours=12)
    assert sorted(said_ends(store)) == sorted(seen_at)
    days = {each: round(at / timedelta(days=1), 2) for each, at in seen_at.items()}
    # A round says what ended before it.
    assert days == {
        ("tenant.expiring", "86810_1"): 10.5,
        ("tenant.expired", "86810_1"): 40.5,
        # Thirty days before the end there was no licence yet.
        ("tenant.expiring", "86810_2"): 6.5,
        ("tenant.expired", "86810_2"): 20.5,
    }


def test_who_gets_another_end_hears_of_that_one_too(
    store: AnnouncingStore, clock: Clock, new_rounds: MakeRounds
) -> None:
    subscribe(store, ADDRESS)
    tenant = licensed(store, 1, 1)
    rounds = new_rounds()
    rounds.run_if_due()
    clock.advance(days=1, minutes=1)
    rounds.run_if_due()
    onboarding.set_validity(
        store, tenant.id, expected_version=1, audit=later(ANN, days=1),
        validity=Validity(valid_from=START, valid_to=START + timedelta(days=3)),
    )  # fmt: skip
    clock.advance(days=2)
    rounds.run_if_due()
    assert said_ends(store) == [("tenant.expired", "86810_1")] * 2
    (_first, second) = [
        said(records.outbox_entry_of(item))["data"]
        for key, item in sorted(all_items(store).items(), key=lambda each: str(each[1].get("at")))
        if key.startswith("hook-event-") and item["verb"] == "tenant.expired"
    ]
    assert isinstance(second, dict)
    assert (second["status"], second["validTo"]) == ("active", "2026-11-26T10:00:00.000Z")


def test_a_suspended_tenant_and_the_time_before_anybody_listens(
    store: AnnouncingStore, clock: Clock, new_rounds: MakeRounds
) -> None:
    tenant = licensed(store, 1, 2)
    licensed(store, 2, 1)
    onboarding.suspend(store, tenant.id, expected_version=1, audit=ANN, reason=Reason.API)
    rounds = new_rounds()
    clock.advance(days=1, minutes=30)
    rounds.run_if_due()
    assert said_ends(store) == []
    subscribe(store, ADDRESS)
    rounds.run_if_due()
    clock.advance(days=1)
    rounds.run_if_due()
    assert said_ends(store) == []


def test_what_ended_while_all_were_switched_off_is_not_said_later(
    store: AnnouncingStore, clock: Clock, new_rounds: MakeRounds
) -> None:
    subscription = subscribe(store, ADDRESS)
    licensed(store, 1, 2)
    licensed(store, 2, 4)
    new_rounds().run_if_due()
    off = switch(store, seen(subscription), State.OFF, ADMIN, clock.now())
    new_rounds().run_if_due()
    clock.advance(days=3)
    new_rounds().run_if_due()
    switch(store, seen(off), State.ON, ADMIN, clock.now())
    new_rounds().run_if_due()
    clock.advance(days=2)
    new_rounds().run_if_due()
    assert said_ends(store) == [("tenant.expired", "86810_2")]


def test_many_ends_are_said_in_parts(
    store: AnnouncingStore, clock: Clock, new_rounds: MakeRounds
) -> None:
    subscribe(store, ADDRESS)
    for number in range(30):
        licensed(store, number, 1)
    rounds = new_rounds()
    rounds.run_if_due()
    clock.advance(days=1, minutes=1)
    counts = []
    while True:
        rounds.run_if_due(until=lambda: True)
        counts.append(len(said_ends(store)))
        if counts[-1] == 30:
            break
    assert len(counts) == 2
    rounds.run_if_due()
    assert len(said_ends(store)) == 30


def test_what_is_removed_leaves_nothing(
    store: AnnouncingStore, receiver: Receiver, allowed: Settings, clock: Clock,
    new_rounds: MakeRounds,
) -> None:  # fmt: skip
    receiver.status = 502
    subscription = subscribe(store, receiver.address)
    for number in range(30):
        sign_up(store, number)
    sender(store, allowed, clock).send_due()
    remove_subscription(store, seen(subscription), ADMIN, clock.now())
    assert sender(store, allowed, clock).send_due().handled == 0
    rounds = new_rounds()
    rounds.run_if_due()
    # Another process may have read it right before.
    assert newest(store, subscription.id, 1)
    clock.advance(minutes=6)
    rounds.run_if_due()
    left = [key for key in all_items(store) if subscription.id in key]
    assert left == []
    assert subscription.id not in str(all_items(store)["hook-list"])


def test_what_waits_for_one_that_is_off_is_given_up_after_three_days(
    store: AnnouncingStore, receiver: Receiver, allowed: Settings, clock: Clock,
    new_rounds: MakeRounds,
) -> None:  # fmt: skip
    subscription = subscribe(store, receiver.address)
    sign_up(store)
    receiver.status = 500
    worker = sender(store, allowed, clock)
    worker.send_due()
    off = switch(store, seen(subscription), State.OFF, ADMIN, clock.now())
    sign_up(store, 2)
    clock.advance(days=2)
    new_rounds().run_if_due()
    assert worker.send_due().handled == 0
    (entry,) = newest(store, subscription.id, 5)
    assert entry.state is DeliveryState.DUE
    clock.advance(days=1, seconds=1)
    new_rounds().run_if_due()
    (entry,) = newest(store, subscription.id, 5)
    assert entry.state is DeliveryState.GIVEN_UP
    # It can be sent all the same, and after thirty days more it goes.
    receiver.status = 204
    switch(store, seen(off), State.ON, ADMIN, clock.now())
    assert replay_given_up(store, subscription, ADMIN, clock.now()) == 1
    receiver.status = 500
    worker.send_due()
    clock.advance(days=4)
    worker.send_due()
    clock.advance(days=31)
    new_rounds().run_if_due()
    assert newest(store, subscription.id, 5) == []


def test_what_was_never_tried_at_a_dead_receiver_is_given_up_as_well(
    store: AnnouncingStore, receiver: Receiver, allowed: Settings, clock: Clock,
    new_rounds: MakeRounds,
) -> None:  # fmt: skip
    receiver.status = 502
    subscription = subscribe(store, receiver.address)
    for number in range(5):
        sign_up(store, number)
    worker = sender(store, allowed, clock)
    worker.send_due()
    clock.advance(days=3, seconds=1)
    worker.send_due()
    new_rounds().run_if_due()
    states = [entry.state for entry in newest(store, subscription.id, 10)]
    assert states == [DeliveryState.GIVEN_UP] * 5


def test_secrets_are_sealed_with_the_newest_key(store: AnnouncingStore, clock: Clock) -> None:
    subscription = subscribe(store, ADDRESS)
    text = SECRETS.shown(subscription.secret, subscription.id)
    assert text.startswith("whsec_")
    new = "a-newer-key-that-only-tests-sign-with"
    WebhookRounds(store, WebhookSecrets([new, SECRET_KEY]), clock.now, Seconds()).run_if_due()
    resealed = now_of(store, subscription)
    assert resealed.secret != subscription.secret
    # The earlier key may go now.
    assert WebhookSecrets([new]).shown(resealed.secret, subscription.id) == text
    # A secret opens for its subscription alone.
    assert WebhookSecrets([new]).open(resealed.secret, "0" * 16) is None


def test_events_that_nobody_hears_do_not_wait_for_ever(
    store: AnnouncingStore, clock: Clock, new_rounds: MakeRounds
) -> None:
    subscription = subscribe(store, ADDRESS)
    sign_up(store)
    remove_subscription(store, seen(subscription), ADMIN, clock.now())
    new_rounds().run_if_due()
    (event,) = [item for key, item in all_items(store).items() if key.startswith("hook-event-")]
    assert event["status"] == DeliveryState.DROPPED.value
    assert store.query(GSI2, records.outbox_partition(subscription.id)).items == []
