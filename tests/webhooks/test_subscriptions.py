"""What admins do with subscriptions: each act with its event, and none over another admin's."""

import json

import pytest

from portal.auth import SECURITY_EVENTS
from portal.settings import Settings
from portal.stores import GSI2
from portal.webhooks import (
    MOST_SUBSCRIPTIONS,
    AddedBeforeError,
    AddressError,
    AnnouncingStore,
    StaleSubscriptionError,
    State,
    TooManySubscriptionsError,
    UnknownSubscriptionError,
    add_subscription,
    end_earlier_secret,
    read_address,
    read_book,
    remove_subscription,
    rotate,
    switch,
)
from tests.conftest import START
from tests.examples import all_items
from tests.webhooks.receivers import ADMIN, SECRETS, now_of, seen, settings_for, subscribe

ADDRESS = "https://receiver.example/hooks/s3cret-part?key=s3cret"


def test_acts_are_events_without_address_or_secret(store: AnnouncingStore) -> None:
    subscription = subscribe(store, ADDRESS)
    text = SECRETS.shown(subscription.secret, subscription.id)
    off = switch(store, seen(subscription), State.OFF, ADMIN, START)
    on = switch(store, seen(off), State.ON, ADMIN, START)
    rotated = rotate(store, SECRETS, seen(on), ADMIN, START)
    ended = end_earlier_secret(store, seen(rotated), ADMIN, START)
    remove_subscription(store, seen(ended), ADMIN, START)
    rows = store.query(GSI2, SECURITY_EVENTS).items
    assert {str(row["verb"]) for row in rows} == {
        "webhook_added", "webhook_off", "webhook_on", "webhook_rotated", "webhook_secret_ended",
        "webhook_removed",
    }  # fmt: skip
    assert {(row["by"], row["text"]) for row in rows} == {
        ("Ada Admin", f"receiver.example ({subscription.id})")
    }
    events = json.dumps([dict(row) for row in rows])
    everything = json.dumps([dict(item) for item in all_items(store).values()])
    assert "s3cret" not in events
    for secret in (text, text.removeprefix("whsec_")):
        assert secret not in everything


def test_the_second_of_two_admins_is_told(store: AnnouncingStore) -> None:
    subscription = subscribe(store, ADDRESS)
    other = subscribe(store, ADDRESS)
    rotate(store, SECRETS, seen(subscription), ADMIN, START)
    for act in (
        lambda: switch(store, seen(subscription), State.OFF, ADMIN, START),
        lambda: rotate(store, SECRETS, seen(subscription), ADMIN, START),
        lambda: end_earlier_secret(store, seen(subscription), ADMIN, START),
        lambda: remove_subscription(store, seen(subscription), ADMIN, START),
    ):
        with pytest.raises(StaleSubscriptionError):
            act()
    # Another subscription is another matter.
    switch(store, seen(other), State.OFF, ADMIN, START)
    assert now_of(store, other).state is State.OFF
    remove_subscription(store, seen(now_of(store, subscription)), ADMIN, START)
    with pytest.raises(UnknownSubscriptionError):
        switch(store, seen(subscription), State.OFF, ADMIN, START)


def test_a_form_that_is_sent_twice_adds_one_and_there_is_a_limit(store: AnnouncingStore) -> None:
    def add(number: int) -> None:
        add_subscription(
            store, SECRETS, subscription_id=f"{number:016x}", address=ADDRESS, types=(),
            personal=False, source=ADMIN, now=START,
        )  # fmt: skip

    add(0)
    with pytest.raises(AddedBeforeError):
        add(0)
    for number in range(1, MOST_SUBSCRIPTIONS):
        add(number)
    with pytest.raises(TooManySubscriptionsError):
        add(99)
    assert len(read_book(store).subscriptions) == MOST_SUBSCRIPTIONS


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("https://receiver.example", None),
        (" https://receiver.example:8443/a?b=c ", None),
        ("https://[2606:4700:4700::1111]/", None),
        ("https://8.8.8.8/", None),
        ("http://receiver.example/", "https"),
        ("ftp://receiver.example/", "https"),
        ("receiver.example", "https"),
        ("https://", "form"),
        ("https:///path", "form"),
        ("https://user@receiver.example/", "form"),
        ("https://user:password@receiver.example/", "form"),
        ("https://receiver.example/#part", "form"),
        ("https://receiver.example\\@127.0.0.1/", "form"),
        ("https://receiver.example/a b", "form"),
        ("https://receiver.example/\n", None),
        ("https://bücher.example/", "form"),
        ("https://receiver.example:99999/", "form"),
        ("https://receiver.example:22/", "port"),
        ("https://receiver.example:80/", "port"),
        ("https://127.0.0.1/", "private"),
        ("https://[::1]/", "private"),
        ("https://[::ffff:127.0.0.1]/", "private"),
        ("https://[64:ff9b::a9fe:a9fe]/", "private"),
        ("https://[64:ff9b:1::808:808]/", "private"),
        ("https://169.254.169.254/latest/meta-data", "private"),
        ("https://100.64.0.1/", "private"),
        ("https://0.0.0.0/", "private"),
        # Forms of an address that only some programs know.
        ("https://2130706433/", "form"),
        ("https://0x7f000001/", "form"),
        ("https://127.1/", "form"),
        ("https://0177.0.0.1/", "form"),
        ("https://localhost./", "form"),
        (f"https://receiver.example/{'x' * 1000}", "form"),
    ],
)
def test_what_may_be_typed_as_an_address(settings: Settings, text: str, reason: str | None) -> None:
    if reason is None:
        assert read_address(text, settings) == text.strip()
        return
    with pytest.raises(AddressError) as caught:
        read_address(text, settings)
    assert caught.value.args == (reason,)


def test_inner_addresses_that_are_allowed(tmp_path) -> None:
    allowed = settings_for(tmp_path, None, PORTAL_WEBHOOK_PRIVATE_ADDRESSES="10.1.0.0/16")
    assert read_address("https://10.1.2.3/", allowed)
    assert read_address("http://10.1.2.3:8080/", allowed)
    assert read_address("http://inner.example/", allowed)
    for text, reason in (("https://10.2.0.1/", "private"), ("http://8.8.8.8/", "private")):
        with pytest.raises(AddressError) as caught:
            read_address(text, allowed)
        assert caught.value.args == (reason,)
