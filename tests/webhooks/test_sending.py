"""What is due arrives, signed; what fails comes again, and is given up visibly after three days."""

import json
import logging
import socket
import threading
import time
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from portal import onboarding
from portal.outbox import Tally
from portal.records import DeliveryState, OutboxEntry
from portal.settings import Settings
from portal.stores import Store
from portal.tenants import AuditInfo
from portal.timestamps import utc_now
from portal.webhooks import (
    AnnouncingStore,
    State,
    Subscription,
    end_earlier_secret,
    newest,
    read_pause,
    replay,
    replay_given_up,
    rotate,
    send_test,
    switch,
)
from portal.webhooks.courier import read_retry_after
from tests.conftest import START, Clock
from tests.examples import CONTACT, PERSONAL, sign_up
from tests.onboarding.verb_calls import call_reject
from tests.webhooks.receivers import (
    ADMIN,
    SECRETS,
    Got,
    Receiver,
    now_of,
    receiving,
    seen,
    sender,
    settings_for,
    subscribe,
)


def only(store: Store, subscription: Subscription) -> OutboxEntry:
    (entry,) = newest(store, subscription.id, 10)
    return entry


def secret_of(store: Store, subscription: Subscription) -> str:
    return SECRETS.shown(now_of(store, subscription).secret, subscription.id)


def test_what_happened_arrives_once(
    store: AnnouncingStore, receiver: Receiver, allowed: Settings, clock: Clock
) -> None:
    subscription = subscribe(store, receiver.address)
    pending = sign_up(store)
    worker = sender(store, allowed, clock)
    assert worker.send_due() == Tally(sent=1)
    assert worker.send_due() == Tally()
    (got,) = receiver.got
    assert got.path == "/hooks?key=s3cret"
    assert got.headers["content-type"] == "application/json"
    assert got.json == {
        "type": "tenant.pending",
        "timestamp": "2026-11-23T10:00:00.000Z",
        "data": {
            "id": pending.id, "status": "pending", "validFrom": None, "validTo": None,
            "version": 1, "at": "2026-11-23T10:00:00.000Z",
        },
    }  # fmt: skip
    entry = only(store, subscription)
    assert (entry.state, entry.way, entry.tries) == (DeliveryState.SENT, "webhook", 1)
    assert not [word for word in PERSONAL if word.encode() in got.body]


def test_the_package_of_the_scheme_verifies_it(
    store: AnnouncingStore, receiver: Receiver, allowed: Settings
) -> None:
    subscription = subscribe(store, receiver.address)
    sign_up(store, now=utc_now())
    assert sender(store, allowed).send_due().sent == 1
    (got,) = receiver.got
    said = Webhook(secret_of(store, subscription)).verify(got.body, dict(got.headers))
    assert said["type"] == "tenant.pending"
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "QUJD" * 10).verify(got.body, dict(got.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_of(store, subscription)).verify(got.body + b" ", dict(got.headers))


def test_two_secrets_sign_for_a_day(
    store: AnnouncingStore, receiver: Receiver, allowed: Settings, clock: Clock
) -> None:
    subscription = subscribe(store, receiver.address, clock=clock)
    first = secret_of(store, subscription)
    rotated = rotate(store, SECRETS, seen(subscription), ADMIN, clock.now())
    second = secret_of(store, subscription)
    assert first != second
    worker = sender(store, allowed, clock)

    def sent() -> list[str]:
        sign_up(store, len(receiver.got), now=clock.now())
        assert worker.send_due().sent == 1
        return receiver.got[-1].headers["webhook-signature"].split(" ")

    def signatures(*secrets: str) -> list[str]:
        got = receiver.got[-1]
        return [Webhook(secret).sign(got.id, clock.now(), got.body.decode()) for secret in secrets]

    assert sent() == signatures(second, first)
    clock.advance(hours=24)
    assert sent() == signatures(second)
    again = rotate(store, SECRETS, seen(rotated), ADMIN, clock.now())
    assert len(sent()) == 2
    end_earlier_secret(store, seen(again), ADMIN, clock.now())
    assert sent() == signatures(secret_of(store, subscription))


@pytest.mark.parametrize("status", [200, 202, 299])
def test_any_good_status_is_enough_whatever_comes_with_it(
    store: AnnouncingStore, receiver: Receiver, allowed: Settings, clock: Clock, status: int
) -> None:
    receiver.status, receiver.body = status, b"x" * 1_000_000
    subscribe(store, receiver.address)
    sign_up(store)
    assert sender(store, allowed, clock).send_due().sent == 1


@pytest.mark.parametrize("status", [302, 400, 401, 404, 500])
def test_another_status_holds_up_only_its_message(
    store: AnnouncingStore, receiver: Receiver, allowed: Settings, clock: Clock, status: int
) -> None:
    receiver.status = status
    receiver.headers = {"Location": receiver.address}
    subscription = subscribe(store, receiver.address)
    sign_up(store, 1)
    sign_up(store, 2)
    assert sender(store, allowed, clock).send_due() == Tally(put_off=2)
    # Each was asked once: no redirect is followed.
    assert len(receiver.got) == 2
    assert {entry.reason for entry in newest(store, subscription.id, 5)} == {f"status {status}"}
    assert read_pause(store, subscription.id).failures == 0


def test_it_is_tried_for_three_days_with_growing_pauses(
    store: AnnouncingStore, receiver: Receiver, allowed: Settings, clock: Clock
) -> None:
    receiver.status = 500
    subscription = subscribe(store, receiver.address)
    sign_up(store)
    worker = sender(store, allowed, clock)
    at = []
    while True:
        worker.send_due()
        at.append(clock.now() - START)
        entry = only(store, subscription)
        if entry.due_at is None:
            break
        clock.advance(seconds=(entry.due_at - clock.now()).total_seconds())
    pauses = [later - sooner for sooner, later in pairwise(at)]
    assert at[0] == timedelta(0)
    assert at[-1] == timedelta(days=3)
    assert timedelta(seconds=4) <= pauses[0] <= timedelta(seconds=6)
    assert 10 <= len(at) <= 14
    # All but the last, which ends with the three days.
    assert max(pauses) <= timedelta(hours=24)
    assert (entry.state, entry.reason) == (DeliveryState.GIVEN_UP, "status 500")
    ids, stamps = zip(
        *((got.id, got.headers["webhook-timestamp"]) for got in receiver.got), strict=True
    )
    assert len(set(ids)) == 1
    assert len(set(stamps)) == len(at)


def test_what_was_given_up_is_sent_once_more(
    store: AnnouncingStore, receiver: Receiver, allowed: Settings, clock: Clock
) -> None:
    receiver.status = 500
    subscription = subscribe(store, receiver.address)
    sign_up(store, 1)
    sign_up(store, 2)
    worker = sender(store, allowed, clock)
    worker.send_due()
    clock.advance(days=3, seconds=1)
    assert worker.send_due().given_up == 2
    given_up = receiver.got[-2:]
    receiver.status = 204
    assert worker.send_due() == Tally()
    first, _second = newest(store, subscription.id, 5)
    replay(store, subscription, first.id, ADMIN, clock.now())
    replay(store, subscription, first.id, ADMIN, clock.now())
    assert worker.send_due() == Tally(sent=1)
    assert replay_given_up(store, subscription, ADMIN, clock.now()) == 1
    assert replay_given_up(store, subscription, ADMIN, clock.now()) == 0
    assert worker.send_due() == Tally(sent=1)
    assert {got.id for got in receiver.got[-2:]} == {got.id for got in given_up}
    # One that had arrived can be sent again, too: its receiver may have lost it.
    replay(store, subscription, first.id, ADMIN, clock.now())
    assert worker.send_due() == Tally(sent=1)
    assert len({got.id for got in receiver.got}) == 2


def test_a_receiver_that_is_gone_gets_nothing_any_more(
    store: AnnouncingStore,
    receiver: Receiver,
    allowed: Settings,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiver.status = 410
    subscription = subscribe(store, receiver.address)
    for number in range(3):
        sign_up(store, number)
    worker = sender(store, allowed, clock)
    with caplog.at_level(logging.ERROR):
        assert worker.send_due().given_up == 1
    assert "is gone" in caplog.text
    assert "s3cret" not in caplog.text
    assert worker.send_due() == Tally()
    assert len(receiver.got) == 1
    gone = now_of(store, subscription)
    assert (gone.state, gone.ended_at) == (State.GONE, clock.now())
    # What waits is sent once it is switched on again.
    receiver.status = 204
    switch(store, seen(gone), State.ON, ADMIN, clock.now())
    assert worker.send_due().sent == 2


@pytest.mark.parametrize(
    ("answer", "least"),
    [
        ((429, "120"), 120),
        ((429, ""), 4),
        ((502, ""), 4),
        ((503, "60"), 60),
        ((504, "soon"), 4),
    ],
)
def test_a_receiver_that_wants_less_is_left_alone_as_a_whole(
    store: AnnouncingStore,
    receiver: Receiver,
    allowed: Settings,
    clock: Clock,
    *,
    answer: tuple[int, str],
    least: int,
) -> None:
    receiver.status, retry_after = answer
    receiver.headers = {"Retry-After": retry_after} if retry_after else {}
    subscription = subscribe(store, receiver.address)
    for number in range(3):
        sign_up(store, number)
    worker = sender(store, allowed, clock)
    assert worker.send_due() == Tally(put_off=1)
    assert worker.send_due() == Tally()
    pause = read_pause(store, subscription.id)
    assert pause.until is not None
    assert pause.until - clock.now() >= timedelta(seconds=least)
    clock.advance(seconds=(pause.until - clock.now()).total_seconds())
    # It is asked with one message until it works again; each pause is longer.
    assert worker.send_due() == Tally(put_off=1)
    assert read_pause(store, subscription.id).failures == 2
    receiver.status = 204
    clock.advance(hours=1)
    assert worker.send_due().sent == 3
    assert read_pause(store, subscription.id).failures == 0
    assert len({got.id for got in receiver.got}) == 3


def test_how_long_a_receiver_may_ask_to_be_left_alone() -> None:
    assert read_retry_after("90", START) == timedelta(seconds=90)
    assert read_retry_after("9" * 30, START) == timedelta(hours=12)
    assert read_retry_after("Mon, 23 Nov 2026 10:05:00 GMT", START) == timedelta(minutes=5)
    assert read_retry_after("Mon, 23 Nov 2020 10:05:00 GMT", START) == timedelta(0)
    large = f"Mon, 1 Jan {'9' * 20} 00:00:00 +{'9' * 20}"
    for text in ("", "-5", "1.5", "soon", "²", large):
        assert read_retry_after(text, START) is None


def test_a_dead_and_a_slow_receiver_hold_up_no_other(
    store: AnnouncingStore, receiver: Receiver, allowed: Settings, clock: Clock, tmp_path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        dead = f"https://localhost:{taken.getsockname()[1]}/"
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    with receiving(other_folder, tls=False) as slow:
        slow.until = threading.Event()
        receiver.on_got = lambda _got: None
        for address in (dead, slow.address, receiver.address):
            subscribe(store, address)
        for number in range(3):
            sign_up(store, number)
        # The slow one answers when the good one has got everything.
        receiver.on_got = lambda _got: (
            slow.until.set() if slow.until and len(receiver.got) == 3 else None
        )
        tally = sender(store, allowed, clock).send_due()
    assert len(receiver.got) == len(slow.got) == 3
    assert (tally.sent, tally.put_off) == (6, 1)


def test_what_happens_while_a_receiver_is_slow_reaches_the_others_at_once(
    store: AnnouncingStore, receiver: Receiver, allowed: Settings, clock: Clock, tmp_path: Path
) -> None:
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    with receiving(other_folder, tls=False) as slow:
        answers = slow.until = threading.Event()
        for address in (slow.address, receiver.address):
            subscribe(store, address, clock=clock)
        sign_up(store)

        # Something else happens when both have begun. The slow one answers when that has arrived.
        def sign_up_once(_got: Got) -> None:
            if len(slow.got) == 1:
                sign_up(store, 2)

        slow.on_got = sign_up_once
        receiver.on_got = lambda _got: answers.set() if len(receiver.got) == 2 else None
        began = time.monotonic()
        assert sender(store, allowed, clock, look_seconds=0.01).send_due() == Tally(sent=4)
    # Otherwise it would have waited for the end of the slow one's time.
    assert time.monotonic() - began < 10


def test_what_is_switched_off_in_the_middle_of_its_turn_gets_nothing_more(
    store: AnnouncingStore, receiver: Receiver, allowed: Settings, clock: Clock
) -> None:
    subscription = subscribe(store, receiver.address)
    for number in range(3):
        sign_up(store, number)

    def switch_off(_got: Got) -> None:
        switch(store, seen(subscription), State.OFF, ADMIN, clock.now())

    receiver.on_got = switch_off
    assert sender(store, allowed, clock).send_due() == Tally(sent=1)
    assert len(receiver.got) == 1
    receiver.on_got = lambda _got: None
    switch(store, seen(now_of(store, subscription)), State.ON, ADMIN, clock.now())
    assert sender(store, allowed, clock).send_due() == Tally(sent=2)


def test_a_new_secret_signs_from_the_next_message_on(
    store: AnnouncingStore, receiver: Receiver, allowed: Settings, clock: Clock
) -> None:
    subscription = subscribe(store, receiver.address, clock=clock)
    for number in range(2):
        sign_up(store, number, now=clock.now())

    def give_another_secret(_got: Got) -> None:
        if len(receiver.got) == 1:
            rotate(store, SECRETS, seen(subscription), ADMIN, clock.now())

    receiver.on_got = give_another_secret
    assert sender(store, allowed, clock).send_due() == Tally(sent=2)
    signed = [len(got.headers["webhook-signature"].split(" ")) for got in receiver.got]
    assert signed == [1, 2]


def test_nothing_goes_into_an_inner_network(
    store: AnnouncingStore, receiver: Receiver, clock: Clock, tmp_path
) -> None:
    strict = settings_for(tmp_path, receiver.ca_file, PORTAL_WEBHOOK_PRIVATE_ADDRESSES="")
    subscription = subscribe(store, receiver.address)
    sign_up(store)
    assert sender(store, strict, clock).send_due() == Tally(put_off=1)
    assert only(store, subscription).reason == "call private"
    # Another inner network that is allowed does not open this one.
    other = settings_for(tmp_path, receiver.ca_file, PORTAL_WEBHOOK_PRIVATE_ADDRESSES="10.0.0.0/8")
    clock.advance(hours=1)
    assert sender(store, other, clock).send_due() == Tally(put_off=1)
    # Nor does a proxy: whoever typed the address does not choose what it may reach.
    proxied = settings_for(
        tmp_path, receiver.ca_file,
        PORTAL_WEBHOOK_PRIVATE_ADDRESSES="", HTTPS_PROXY="http://127.0.0.1:1",
    )  # fmt: skip
    clock.advance(hours=1)
    assert sender(store, proxied, clock).send_due() == Tally(put_off=1)
    assert only(store, subscription).reason == "call private"
    assert receiver.got == []


def test_a_certificate_of_nobody(
    store: AnnouncingStore, receiver: Receiver, clock: Clock, tmp_path
) -> None:
    subscription = subscribe(store, receiver.address)
    sign_up(store)
    sender(store, settings_for(tmp_path, None), clock).send_due()
    assert only(store, subscription).reason == "call certificate"
    assert receiver.got == []


def test_details_of_the_contact_only_for_who_asked_and_as_they_are_then(
    store: AnnouncingStore, receiver: Receiver, allowed: Settings, clock: Clock
) -> None:
    subscribe(store, receiver.address, personal=True)
    pending = sign_up(store)
    onboarding.edit_contact(
        store, pending.id, expected_version=1, audit=AuditInfo(by="customer", at=START),
        contact=replace(CONTACT, name="Kim M. Meyer"),
    )  # fmt: skip
    worker = sender(store, allowed, clock)
    worker.send_due()
    assert receiver.got[0].json["data"]["contact"] == {
        "company": CONTACT.company, "name": "Kim M. Meyer", "email": CONTACT.email
    }  # fmt: skip
    # It is erased while the next message waits.
    rejected = call_reject(store, pending.id, 2, AuditInfo(by="Ann", who="ann", at=START))
    audit = AuditInfo(by="operator", at=START)
    onboarding.erase(store, pending.id, expected_version=rejected.version, audit=audit)
    worker.send_due()
    assert receiver.got[1].type == "tenant.rejected"
    assert "contact" not in receiver.got[1].json["data"]
    assert not [word for word in PERSONAL if word.encode() in receiver.got[1].body]


def test_who_hears_of_what(
    store: AnnouncingStore, receiver: Receiver, allowed: Settings, clock: Clock
) -> None:
    subscribe(store, receiver.address, types=("tenant.rejected",))
    off = subscribe(store, receiver.address)
    switch(store, seen(off), State.OFF, ADMIN, START)
    pending = sign_up(store)
    call_reject(store, pending.id, 1, AuditInfo(by="Ann", who="ann", at=START))
    sender(store, allowed, clock).send_due()
    assert receiver.types() == ["tenant.rejected"]


def test_a_test_is_sent_once(
    store: AnnouncingStore, receiver: Receiver, allowed: Settings, clock: Clock
) -> None:
    subscription = subscribe(store, receiver.address, types=("tenant.rejected",), personal=True)
    for _ in range(2):
        send_test(store, subscription, "ab" * 16, ADMIN, clock.now())
    assert sender(store, allowed, clock).send_due() == Tally(sent=1)
    assert receiver.got[0].json == {
        "type": "webhook.test",
        "timestamp": "2026-11-23T10:00:00.000Z",
        "data": {"subscription": subscription.id},
    }
    assert only(store, subscription).tenant_id == ""


def test_a_secret_that_no_key_opens_is_said_and_waits(
    store: AnnouncingStore, receiver: Receiver, allowed: Settings, clock: Clock
) -> None:
    from portal.webhooks import WebhookSecrets, WebhookSender  # noqa: PLC0415 - only here

    subscription = subscribe(store, receiver.address)
    sign_up(store)
    others = WebhookSecrets(["another-key-that-only-tests-sign-with"])
    WebhookSender(store, allowed, others, clock.now).send_due()
    assert only(store, subscription).reason == "no_secret"
    assert receiver.got == []
    both = WebhookSecrets(["another-key-that-only-tests-sign-with", "x" * 40])
    assert both.open(subscription.secret, subscription.id) is None


def test_plain_http_only_where_inner_addresses_are_allowed(
    store: AnnouncingStore, clock: Clock, tmp_path
) -> None:
    with receiving(tmp_path, tls=False) as plain:
        subscribe(store, plain.address)
        sign_up(store)
        allowed = settings_for(tmp_path, None)
        assert sender(store, allowed, clock).send_due() == Tally(sent=1)
        assert plain.got[0].headers["host"] == f"localhost:{plain.port}"
        sign_up(store, 2)
        strict = settings_for(tmp_path, None, PORTAL_WEBHOOK_PRIVATE_ADDRESSES="")
        assert sender(store, strict, clock).send_due() == Tally(put_off=1)
        assert len(plain.got) == 1


def test_lines_of_the_log_name_neither_address_nor_secret(
    store: AnnouncingStore,
    receiver: Receiver,
    allowed: Settings,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiver.status = 500
    subscription = subscribe(store, receiver.address, personal=True)
    sign_up(store)
    with caplog.at_level(logging.DEBUG, logger="portal"):
        sender(store, allowed, clock).send_due()
    fields = [getattr(line, "fields", {}) for line in caplog.records]
    assert {"queue": subscription.id, "state": "due", "reason": "status 500"}.items() <= {
        key: value for each in fields for key, value in each.items()
    }.items()
    assert receiver.got[0].id in [each.get("webhook") for each in fields]
    text = caplog.text + json.dumps([str(each) for each in fields])
    for word in ("s3cret", "hooks", subscription.secret, *PERSONAL):
        assert word not in text
