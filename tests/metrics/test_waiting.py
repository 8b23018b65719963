"""How much waits, as gauges."""

import math
from datetime import timedelta
from pathlib import Path

import pytest

from portal.metrics import SHARED_FOLDER, prometheus_recorder
from portal.metrics.shared_folder import Turns, forget_process
from portal.metrics.sources import WaitingGauges
from portal.metrics.sources.waiting import LARGE_SECONDS, READ_SECONDS
from portal.stores import Store
from portal.webhooks import MOST_SUBSCRIPTIONS, AnnouncingStore, State, switch
from tests.conftest import START, Clock
from tests.examples import Counting, sign_up
from tests.prometheus_text import total
from tests.web.failing_store import TroubledStore, silent
from tests.webhooks.receivers import (
    ADMIN,
    now_of,
    receiving,
    seen,
    sender,
    settings_for,
    subscribe,
)


def shown(store: Store, clock: Clock) -> str:
    recorder = prometheus_recorder()
    WaitingGauges(store, recorder, clock.now).read_if_due()
    return recorder.to_prometheus()


def test_they_say_what_waits_and_for_how_long(each_store: Store, clock: Clock) -> None:
    empty = shown(each_store, clock)
    assert total(empty, "portal_queue_length") == 0
    assert total(empty, "portal_queue_oldest_wait_seconds") == 0
    sign_up(each_store, 1)
    clock.advance(hours=2)
    sign_up(each_store, 2, now=clock.now())
    sign_up(each_store, 3, set_aside=True)
    clock.advance(seconds=30)
    text = shown(each_store, clock)
    assert total(text, "portal_queue_length", list="pending") == 2
    assert total(text, "portal_queue_length", list="doubtful") == 1
    assert total(text, "portal_queue_oldest_wait_seconds") == 7230
    # The mails about both are due, since nobody sends any.
    assert total(text, "portal_outbox_entries", state="due") == 2
    assert total(text, "portal_outbox_oldest_due_seconds") == 7230
    assert total(text, "portal_outbox_entries", state="given_up") == 0
    assert START + timedelta(seconds=7230) == clock.now()


def test_what_cannot_be_read_is_no_number(store: Store, clock: Clock) -> None:
    troubled, recorder = TroubledStore(store), prometheus_recorder()
    turns = Turns()
    gauges = WaitingGauges(troubled, recorder, clock.now, turns)
    gauges.read_if_due()
    assert total(recorder.to_prometheus(), "portal_queue_length") == 0
    troubled.begin(silent)
    turns.put_off(0)
    gauges.read_if_due()
    assert math.isnan(total(recorder.to_prometheus(), "portal_queue_length", list="pending"))
    troubled.calm()
    turns.put_off(0)
    gauges.read_if_due()
    assert total(recorder.to_prometheus(), "portal_queue_length") == 0


def test_they_are_read_by_one_process_and_kept(
    store: Store, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SHARED_FOLDER, str(tmp_path))
    first, second = Counting(store), Counting(store)
    for each in (first, second, first, second):
        WaitingGauges(each, prometheus_recorder(), clock.now, Turns()).read_if_due()
    assert (first.cost.counts, second.cost.counts) == (5, 0)
    # When that process has died, another one reads soon.
    forget_process(4_000_000)
    WaitingGauges(second, prometheus_recorder(), clock.now, Turns()).read_if_due()
    assert second.cost.counts == 5


def test_many_that_wait_are_counted_less_often(store: Store, clock: Clock) -> None:
    for number in range(1, 102):
        sign_up(store, number)
    pauses: list[float] = []

    class Noted(Turns):
        def put_off(self, seconds: float) -> None:
            pauses.append(seconds)
            super().put_off(seconds)

    WaitingGauges(store, prometheus_recorder(), clock.now, Noted()).read_if_due()
    assert pauses == [READ_SECONDS, LARGE_SECONDS]


def test_their_cost_does_not_grow_with_what_is_stored(store: Store, clock: Clock) -> None:
    costs = []
    for number in range(1, 31):
        sign_up(store, number)
        if number in (1, 30):
            counting = Counting(store)
            WaitingGauges(counting, prometheus_recorder(), clock.now).read_if_due()
            cost = counting.cost
            costs.append((cost.queries, cost.rows, cost.counts, max(cost.caps)))
    assert costs == [(2, 2, 5, 1000)] * 2


def test_webhooks_that_wait_and_were_given_up_are_said(
    each_store: Store, clock: Clock, tmp_path: Path
) -> None:
    store = AnnouncingStore(each_store, clock.now)
    with receiving(tmp_path) as receiver:
        receiver.status = 500
        first = subscribe(store, receiver.address)
        second = subscribe(store, receiver.address)
        sign_up(store, 1)
        clock.advance(minutes=5)
        # Nobody has sent anything yet: it is due since it happened.
        text = shown(store, clock)
        assert total(text, "portal_webhook_entries", state="waiting") == 1
        assert total(text, "portal_webhook_oldest_due_seconds") == 300
        worker = sender(store, settings_for(tmp_path, receiver.ca_file), clock)
        assert worker.send_due().put_off == 2
        text = shown(store, clock)
        assert total(text, "portal_webhook_entries", state="waiting") == 2
        assert total(text, "portal_webhook_oldest_due_seconds") == 0
        clock.advance(days=4)
        assert worker.send_due().given_up == 2
        receiver.status = 410
        sign_up(store, 2, now=clock.now())
        worker.send_due()
    switch(store, seen(now_of(store, second)), State.OFF, ADMIN, clock.now())
    text = shown(store, clock)
    assert now_of(store, first).state is State.GONE
    assert total(text, "portal_webhook_entries", state="waiting") == 0
    assert total(text, "portal_webhook_entries", state="given_up") == 4
    for state, count in {"on": 0, "off": 1, "gone": 1}.items():
        assert total(text, "portal_webhook_receivers", state=state) == count
    # Those are no mails.
    assert total(text, "portal_outbox_entries", state="given_up") == 0


def test_the_cost_of_webhooks_is_bounded_by_their_receivers(store: Store, clock: Clock) -> None:
    announcing = AnnouncingStore(store, clock.now)
    for _ in range(MOST_SUBSCRIPTIONS):
        subscribe(announcing, "https://receiver.example/")
    for number in range(30):
        sign_up(announcing, number)
    counting = Counting(store)
    WaitingGauges(counting, prometheus_recorder(), clock.now).read_if_due()
    cost = counting.cost
    assert (cost.gets, cost.counts, cost.queries) == (1, 5 + 1 + 40, 2 + 1 + 20)
    assert max(cost.caps) == 1000
