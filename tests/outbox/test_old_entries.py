"""What the outbox has goes with its tenant, or after 30 days if it is of none. No more."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from portal import onboarding, queries, records
from portal.mail import MailError, Problem, Retry
from portal.onboarding import LinkMails
from portal.outbox import Daily, Delivery, OldEntries, Tally, remove_old_entries
from portal.settings import Settings
from portal.stores.contract import Add, Item, Remove, Replace, Store, StoreError
from portal.tenants import Tenant
from tests.conftest import SECRET_KEY, Clock
from tests.examples import ANN, Failing, Interrupted, all_items, later, sign_up
from tests.mail.letters_and_facts import Kept, entries, post_to
from tests.onboarding.verb_calls import call_reject

#: What is written with what is cleared: who did it.
CLEARED = "event-cleared"


@pytest.fixture
def send(settings: Settings, clock: Clock) -> Callable[..., Tally]:
    def deliver(store: Store, *errors: Exception) -> Tally:
        post = post_to(settings, Kept(*errors))
        return Delivery(store=store, post=post, clock=clock.now).send_due()

    return deliver


def waiting(store: Store, number: int) -> Tenant:
    """A sign-up that waits for the proof of its address, and has got the mail for it."""
    tenant = sign_up(store, number)
    aside = replace(tenant, set_aside=True, waits_for_address=True, version=2)
    store.write([Replace(records.item_of(aside, store.get(tenant.id)), 1)])
    return aside


def clear(store: Store, clock: Clock) -> int:
    found = queries.doubtful(store, until=clock.now())
    rows = [*found.robots, *found.waiting]
    number = iter(range(100))
    return onboarding.clear_doubtful(
        store,
        rows,
        together=lambda _count: Add({"tenantId": f"{CLEARED}-{next(number)}", "version": 1}),
    ).removed


def without_events(store: Store) -> dict[str, Item]:
    return {key: item for key, item in all_items(store).items() if not key.startswith(CLEARED)}


def of_tenants(store: Store) -> set[str]:
    return {entry.tenant_id for entry in entries(store)}


def test_what_was_cleared_leaves_nothing_in_the_outbox(store, clock, send) -> None:
    kept = sign_up(store, 99)
    send(store)
    before = all_items(store)
    sent = [waiting(store, number) for number in range(30)]
    send(store)
    unsent = [waiting(store, number) for number in range(40, 45)]
    assert clear(store, clock) == 35
    assert of_tenants(store) == {each.id for each in (kept, *sent, *unsent)}
    OldEntries(store, clock=clock.now).remove_if_due()
    assert without_events(store) == before
    assert [entry.tenant_id for entry in entries(store)] == [kept.id]


def test_a_round_that_is_interrupted_goes_on(store, clock, send) -> None:
    for number in range(5):
        waiting(store, number)
    send(store)
    assert clear(store, clock) == 5
    old = OldEntries(store, clock=clock.now, seconds=lambda: 0.0)
    calls = 0
    while entries(store):
        old.remove_if_due(lambda: True)
        assert old.is_under_way
        calls += 1
    assert calls == 5
    old.remove_if_due()
    assert not old.is_under_way
    assert without_events(store) == {}


def test_a_round_whose_store_fails_at_any_call_is_made_again(store, clock, send) -> None:
    for k in range(100):
        waiting(store, k)
        send(store)
        assert clear(store, clock) == 1
        failing = Failing(store, k, too_late=k % 2 == 1)
        with suppress(StoreError):
            remove_old_entries(failing, clock.now())
        remove_old_entries(store, clock.now())
        assert without_events(store) == {}
        store.write([Remove(f"{CLEARED}-0", 1)])
        if not failing.failed:
            return
    raise AssertionError("it never succeeded")


def test_one_that_is_being_delivered_goes_with_the_next_round(store, clock, send) -> None:
    waiting(store, 1)
    assert clear(store, clock) == 1

    busy = MailError(retry=Retry.SOON, problem=Problem.BUSY)
    delivering = Interrupted(store, lambda: send(store, busy))
    remove_old_entries(delivering, clock.now())
    remove_old_entries(store, clock.now())
    assert entries(store) == []


def test_two_rounds_at_once_remove_the_same(store, clock, send) -> None:
    for number in range(3):
        waiting(store, number)
    send(store)
    clear(store, clock)
    for k in range(12):
        others = [lambda: None] * k + [lambda: remove_old_entries(store, clock.now())]
        remove_old_entries(Interrupted(store, *others), clock.now())
        assert without_events(store) == {}


def test_the_same_form_sent_again_after_the_clearing_keeps_its_mail(store, clock) -> None:
    waiting(store, 1)
    assert clear(store, clock) == 1
    again = sign_up(store, 1, now=clock.advance(minutes=1))
    remove_old_entries(store, clock.now())
    assert of_tenants(store) == {again.id}
    assert not [key for key in all_items(store) if key.startswith("limit-mails-of")]


def test_retention_removes_the_mails_of_what_it_erases_and_no_others(store, clock, send) -> None:
    rejected = call_reject(store, sign_up(store, 1).id, 1, ANN)
    recent = call_reject(store, sign_up(store, 2).id, 1, later(ANN, days=5))
    clock.advance(days=6)
    send(store)
    assert len(queries.mails(store, rejected)) == 2
    onboarding.erase_closed_before(store, ANN.at + timedelta(days=1), later(ANN, days=9))
    assert queries.mails(store, onboarding.find(store, rejected.id)) == []
    assert len(queries.mails(store, recent)) == 2


def test_set_aside_long_ago_leaves_nothing(store, clock, send) -> None:
    waiting(store, 1)
    send(store)
    assert onboarding.remove_set_aside_before(store, clock.advance(days=40)) == 1
    remove_old_entries(store, clock.now())
    assert list(all_items(store)) == []


def test_digests_and_lost_links_go_after_thirty_days(store, clock, send, settings) -> None:
    tenant = sign_up(store)
    send(store)
    own = entries(store)
    clock.advance(days=5)
    daily = Daily(
        store=store,
        clock=clock.now,
        zone=settings.time_zone,
        promised_days=2,
        staff=("team@example.com",),
    )
    assert daily.run_if_due()
    links = LinkMails(SECRET_KEY, is_limited=False)
    refused = MailError(retry=Retry.NEVER, problem=Problem.ADDRESS_REFUSED)
    for errors in ((), (refused, refused)):
        links.send(store, tenant.contact.email, network="", locale="en", now=clock.now())
        send(store, *errors)
        clock.advance(days=1)
    assert {entry.kind for entry in entries(store)} == {"received", "links", "digest"}
    # This one is still to leave.
    links.send(store, tenant.contact.email, network="", locale="en", now=clock.now())
    clock.advance(days=28)
    remove_old_entries(store, clock.now())
    assert len(entries(store)) == len(own) + 4
    clock.advance(days=3)
    remove_old_entries(store, clock.now())
    left = entries(store)
    assert [entry.kind for entry in left] == ["received", "links"]
    assert left[0] == own[0]


def test_lost_links_that_are_due_stay_although_their_newest_request_is_cleared(
    store, clock, send
) -> None:
    mine = sign_up(store, 1, now=clock.now())
    waiting(store, 2)
    LinkMails(SECRET_KEY, is_limited=False).send(
        store, mine.contact.email, network="", locale="en", now=clock.now()
    )
    assert clear(store, clock) == 1
    remove_old_entries(store, clock.now())
    assert {entry.kind for entry in entries(store)} == {"received", "links"}
    assert send(store).sent == 2
