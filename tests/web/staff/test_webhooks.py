"""The pages of webhooks: receivers are added, looked at, switched, removed. For admins only."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from werkzeug.test import TestResponse

from portal.records import DeliveryState, outbox_item
from portal.stores import Replace, Store
from portal.webhooks import State, Subscription, newest, read_book, rotate, send_test, switch
from portal.webhooks.subscriptions import end_gone
from tests.conftest import Clock
from tests.web.pages import (
    Staff,
    by_id,
    error_beside,
    everything,
    facts,
    form_of,
    forms,
    heading,
    ids,
    links,
    outcome,
    page_words,
    sent_in,
    summary,
    words,
)
from tests.webhooks.receivers import ADMIN, SECRETS, now_of, seen, subscribe

PAGE = "/staff/webhooks"
ADDRESS = "https://receiver.example/hooks?key=s3cret"
TYPED = {"address": ADDRESS, "pending": "1", "activated": "1"}


def add(admin: Staff, **typed: str) -> TestResponse:
    """Fills in the real form and sends it."""
    form = form_of(admin.get(PAGE), PAGE) | typed
    return admin.client.post(PAGE, data=form)


def press(admin: Staff, subscription: Subscription, act: str, page: TestResponse | None = None):
    url = f"{PAGE}/{subscription.id}"
    shown = page or admin.get(url)
    return admin.client.post(f"{url}/{act}", data=form_of(shown, f"{url}/{act}"))


def only(store: Store) -> Subscription:
    (found,) = read_book(store).subscriptions
    return found


def test_a_receiver_is_added_and_its_secret_is_shown(admin: Staff, store: Store) -> None:
    answer = add(admin, **TYPED)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert (heading(answer), outcome(answer)) == ("receiver.example", "The receiver is added.")
    text = words(by_id(answer, "secret-1"))
    assert text == SECRETS.shown(only(store).secret, only(store).id)
    assert only(store).types == ("tenant.pending", "tenant.activated")
    assert (only(store).personal, only(store).created_by) == (False, "Ada")
    # No page that is loaded by itself has it, and no item.
    page = admin.get(f"{PAGE}/{only(store).id}")
    assert facts(page)["Address"] == ADDRESS
    for shown in (page, admin.get(PAGE), admin.get("/staff/security")):
        assert text not in shown.text
    assert text.removeprefix("whsec_") not in str(everything(store))
    assert "s3cret" not in admin.get(PAGE).text + admin.get("/staff/security").text
    assert "Webhook added" in page_words(admin.get("/staff/security"))


def test_a_form_that_is_sent_twice_adds_one(admin: Staff, store: Store) -> None:
    form = form_of(admin.get(PAGE), PAGE) | TYPED
    assert admin.client.post(PAGE, data=form).status_code == 200
    again = admin.client.post(PAGE, data=form)
    assert again.status_code == 409
    assert summary(again) == [("", "This form was sent before. The receiver is in the list.")]
    assert only(store)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("", "Enter the address of the receiver."),
        ("http://receiver.example/", "Enter an address that begins with https://."),
        (
            "https://10.0.0.1/",
            (
                "This address leads into an inner network. Enter one that is open to the internet,"
                " or have an operator set PORTAL_WEBHOOK_PRIVATE_ADDRESSES."
            ),
        ),
        (
            "https://receiver.example:25/",
            "Enter an address with the port 443, or with one from 1024 on.",
        ),
    ],
)
def test_what_is_wrong_with_an_address_is_said(
    admin: Staff, store: Store, address: str, sentence: str
) -> None:
    answer = add(admin, **TYPED | {"address": address})
    assert answer.status_code == 422
    assert error_beside(answer, "address") == sentence
    assert read_book(store).subscriptions == ()


def test_something_has_to_be_heard_of(admin: Staff) -> None:
    answer = add(admin, address=ADDRESS)
    assert summary(answer) == [("pending", "Choose at least one.")]


def test_the_secret_is_shown_on_request_and_the_log_says_so(
    admin: Staff, store: Store, clock: Clock
) -> None:
    subscription = subscribe(store, ADDRESS, clock=clock)
    answer = press(admin, subscription, "secret")
    assert words(by_id(answer, "secret-1")).startswith("whsec_")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "secret-2" not in ids(answer)
    assert "Secret of a webhook shown" in page_words(admin.get("/staff/security"))
    rotate(store, SECRETS, seen(subscription), ADMIN, clock.now())
    both = press(admin, subscription, "secret")
    assert words(by_id(both, "secret-1")) != words(by_id(both, "secret-2"))


def test_rotation(admin: Staff, store: Store, clock: Clock) -> None:
    subscription = subscribe(store, ADDRESS, clock=clock)
    done = admin.client.get(press(admin, subscription, "rotate").headers["Location"])
    assert outcome(done).startswith("There is a new secret.")
    assert len(now_of(store, subscription).secrets_at(clock.now())) == 2
    ended = press(admin, subscription, "end-secret")
    assert ended.status_code == 303
    assert len(now_of(store, subscription).secrets_at(clock.now())) == 1
    url = f"{PAGE}/{subscription.id}"
    assert f"{url}/end-secret" not in forms(admin.get(url))


def test_off_on_and_removed(admin: Staff, store: Store, clock: Clock) -> None:
    subscription = subscribe(store, ADDRESS, clock=clock)
    press(admin, subscription, "off")
    assert now_of(store, subscription).state is State.OFF
    press(admin, subscription, "on")
    assert now_of(store, subscription).state is State.ON
    answer = press(admin, subscription, "remove")
    assert outcome(admin.get(answer.headers["Location"])).startswith("The receiver is removed.")
    assert admin.get(f"{PAGE}/{subscription.id}").status_code == 404
    assert read_book(store).subscriptions == ()


@pytest.mark.parametrize("act", ["off", "rotate", "remove"])
def test_the_second_of_two_admins_is_told(
    admin: Staff, store: Store, clock: Clock, act: str
) -> None:
    subscription = subscribe(store, ADDRESS, clock=clock)
    page = admin.get(f"{PAGE}/{subscription.id}")
    rotate(store, SECRETS, seen(subscription), ADMIN, clock.now())
    before = now_of(store, subscription)
    answer = press(admin, subscription, act, page)
    assert answer.status_code == 409
    ((_where, sentence),) = summary(answer)
    assert sentence.startswith("Somebody else has changed this receiver.")
    assert now_of(store, subscription) == before


def test_a_test_once_for_each_page(admin: Staff, store: Store, clock: Clock) -> None:
    subscription = subscribe(store, ADDRESS, clock=clock)
    page = admin.get(f"{PAGE}/{subscription.id}")
    for _ in range(2):
        assert press(admin, subscription, "test", page).status_code == 303
    (entry,) = newest(store, subscription.id, 5)
    assert (entry.kind, entry.state) == ("webhook.test", DeliveryState.DUE)
    shown = admin.get(f"{PAGE}/{subscription.id}")
    assert "webhook.test" in page_words(shown)
    # It is of no tenant.
    assert "/staff/tenants/" not in shown.text


def give_up(store: Store, subscription: Subscription, key: str, clock: Clock) -> None:
    send_test(store, subscription, key, ADMIN, clock.now())
    entry = next(each for each in newest(store, subscription.id, 5) if each.id.endswith(key))
    ended = replace(
        entry, version=2, state=DeliveryState.GIVEN_UP, due_at=None, ended_at=clock.now(),
        reason="status 500",
    )  # fmt: skip
    store.write([Replace(outbox_item(ended), 1)])


def test_what_was_given_up_is_seen_and_sent_again(admin: Staff, store: Store, clock: Clock) -> None:
    subscription = subscribe(store, ADDRESS, clock=clock)
    for key in ("a" * 32, "b" * 32, "c" * 32):
        give_up(store, subscription, key, clock)
    page = admin.get(f"{PAGE}/{subscription.id}")
    assert facts(page)["Given up"] == "3"
    assert "The receiver answered 500." in page_words(page)
    assert facts(admin.get("/staff/background"))["Webhooks that were given up"] == "3"
    url = f"{PAGE}/{subscription.id}/replay"
    form = form_of(page, url) | {"delivery": f"hook-{subscription.id}-{'a' * 32}"}
    assert admin.client.post(url, data=form).status_code == 303
    assert facts(admin.get(f"{PAGE}/{subscription.id}"))["Given up"] == "2"
    press(admin, subscription, "replay-all")
    left = facts(admin.get(f"{PAGE}/{subscription.id}"))
    assert (left["Waits"], left["Given up"]) == ("3", "0")
    # A delivery to another receiver is none of this one.
    other = subscribe(store, ADDRESS, clock=clock)
    form["delivery"] = f"hook-{other.id}-{'a' * 32}"
    assert admin.client.post(url, data=form).status_code == 404


def test_what_happens_in_the_portal_is_written_for_the_receiver(
    admin: Staff, store: Store, clock: Clock, new_client
) -> None:
    add(admin, **TYPED)
    sign_up = sent_in(new_client())
    entries = [item for key, item in everything(store).items() if key.startswith("hook-event-")]
    assert [(item["verb"], item["of"]) for item in entries] == [("tenant.pending", sign_up.id)]


def test_one_that_is_gone_is_said(admin: Staff, store: Store, clock: Clock) -> None:
    subscription = subscribe(store, ADDRESS, clock=clock)
    end_gone(store, subscription.id, clock.now())
    page = admin.get(f"{PAGE}/{subscription.id}")
    assert "gone for good (410)" in page_words(page)
    background = facts(admin.get("/staff/background"))
    assert background["Receivers of webhooks that are gone"] == "receiver.example"
    assert "Receiver of a webhook is gone" in page_words(admin.get("/staff/security"))
    overview = admin.get("/staff/")
    assert "They answered 410, so nothing is sent to them any more." in page_words(overview)
    assert links(overview)["receiver.example"] == f"{PAGE}/{subscription.id}"
    switch(store, seen(now_of(store, subscription)), State.ON, ADMIN, clock.now())
    assert "answered 410" not in page_words(admin.get("/staff/"))


def test_two_receivers_on_one_host_can_be_told_apart(
    admin: Staff, store: Store, clock: Clock
) -> None:
    one, two = (subscribe(store, ADDRESS, clock=clock) for _ in range(2))
    other = subscribe(store, "https://other.example/hooks", clock=clock)
    for each in (one, two, other):
        end_gone(store, each.id, clock.now())
    names = [f"receiver.example ({one.id})", f"receiver.example ({two.id})", "other.example"]
    background = facts(admin.get("/staff/background"))
    assert background["Receivers of webhooks that are gone"] == ", ".join(names)
    overview = links(admin.get("/staff/"))
    for name, each in zip(names, (one, two, other), strict=True):
        assert overview[name] == f"{PAGE}/{each.id}"


def test_only_admins_read_on_the_overview_that_one_is_gone(
    signed_in: Callable[..., Staff], store: Store, clock: Clock
) -> None:
    end_gone(store, subscribe(store, ADDRESS).id, clock.now())
    assert "answered 410" not in page_words(signed_in("Anna", "approver").get("/staff/"))
