"""A mail that comes back is seen: hard ones mark it, soft ones are counted, each notice once."""

import json
import logging
import threading
from collections.abc import Callable

import pytest

from portal import onboarding, queries, records
from portal.logs import JsonLines
from portal.mail import DELIVERED, MailError, Notice, Problem, Retry
from portal.outbox import Delivery, Noted, Tally, note_return
from portal.records import DeliveryState, OutboxEntry, outbox_key
from portal.settings import Settings
from portal.stores.contract import Store, UnavailableError
from portal.stores.schema import GSI4
from tests.conftest import START, Clock
from tests.examples import ANN, PERSONAL, Behind, later, sign_up
from tests.mail.letters_and_facts import Kept, entries, post_to


@pytest.fixture
def send(settings: Settings, clock: Clock) -> Callable[..., Tally]:
    """`send(store, *errors)`: delivers what is due."""

    def deliver(store: Store, *errors: Exception) -> Tally:
        post = post_to(settings, Kept(*errors))
        return Delivery(store=store, post=post, clock=clock.now).send_due()

    return deliver


@pytest.fixture
def sent(store: Store, send: Callable[..., Tally]) -> OutboxEntry:
    sign_up(store)
    send(store)
    return only(store)


def only(store: Store) -> OutboxEntry:
    (entry,) = entries(store)
    return entry


def notice(entry: OutboxEntry, number: int = 1, *, is_hard: bool = True) -> Notice:
    reason = "no_such_address 5.1.1" if is_hard else "mailbox_full 4.2.2"
    return Notice(id=f"{number:016x}", key=outbox_key(entry.id), is_hard=is_hard, reason=reason)


def test_a_hard_bounce_marks_the_mail_once(store, sent, clock) -> None:
    at = clock.advance(minutes=5)
    assert note_return(store, notice(sent), at) is Noted.NOTED
    after = only(store)
    assert (after.state, after.reason) == (DeliveryState.CAME_BACK, "no_such_address 5.1.1")
    assert after.ended_at == at
    assert note_return(store, notice(sent), clock.advance(days=1)) is Noted.REPEATED
    # What came first stands, whatever comes later.
    note_return(store, notice(sent, 2, is_hard=False), clock.advance(days=1))
    assert only(store).reason == "no_such_address 5.1.1"
    assert only(store).ended_at == at


def test_soft_bounces_are_counted_each_once(store, sent, clock) -> None:
    for number in (1, 2, 2, 1, 3):
        note_return(store, notice(sent, number, is_hard=False), clock.now())
    after = only(store)
    assert (after.state, after.soft_bounces) == (DeliveryState.SENT, 3)
    # Rows of the index, which the page of the tenant reads, say the same.
    (row,) = queries.mails(store, sign_up(store))
    assert (row.soft_bounces, row.reason) == (3, "mailbox_full 4.2.2")
    note_return(store, notice(sent, 4), clock.now())
    assert only(store).state is DeliveryState.CAME_BACK


def test_a_mail_that_arrived_says_so_unless_more_is_known(store, sent, clock, caplog) -> None:
    def heard(number: int, reason: str, *, is_hard: bool = False) -> OutboxEntry:
        key = outbox_key(sent.id)
        note_return(store, Notice(id=f"{number}", key=key, is_hard=is_hard, reason=reason), START)
        return only(store)

    delivered = heard(1, DELIVERED)
    assert (delivered.state, delivered.reason, delivered.soft_bounces) == ("sent", DELIVERED, 0)
    assert caplog.records == []
    assert heard(2, Problem.COMPLAINT.value).reason == Problem.COMPLAINT
    assert heard(3, DELIVERED).reason == Problem.COMPLAINT
    assert heard(4, "no_such_address 5.1.1", is_hard=True).state is DeliveryState.CAME_BACK
    assert heard(5, DELIVERED).reason == "no_such_address 5.1.1"


def test_a_delay_does_not_hide_why_a_mail_was_given_up(store, send, clock) -> None:
    sign_up(store)
    send(store, MailError(retry=Retry.NEVER, problem=Problem.ADDRESS_REFUSED, detail="550 5.1.1"))
    given_up = only(store)
    assert note_return(store, notice(given_up, is_hard=False), clock.now()) is Noted.NOTED
    after = only(store)
    assert (after.state, after.reason) == (DeliveryState.GIVEN_UP, given_up.reason)
    assert (after.ended_at, after.soft_bounces) == (given_up.ended_at, 1)
    # That it came back is news.
    note_return(store, notice(given_up, 2), clock.now())
    assert only(store).reason == "no_such_address 5.1.1"


def test_very_many_notices_do_not_grow_the_item(store, sent, clock) -> None:
    for number in range(60):
        note_return(store, notice(sent, number, is_hard=False), clock.now())
    assert len(only(store).notices) == 20


def test_many_at_the_same_moment_are_counted_right(store, open_again, sent, clock) -> None:
    outcomes: list[Noted] = []

    def note(own: Store) -> None:
        outcomes.extend(
            note_return(own, notice(sent, number, is_hard=False), clock.now())
            for number in range(5)
        )

    stores = [open_again() for _ in range(3)]
    threads = [threading.Thread(target=note, args=(own,)) for own in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for own in stores:
        own.close()
    assert outcomes.count(Noted.NOTED) == only(store).soft_bounces == 5
    assert outcomes.count(Noted.REPEATED) == 10


def test_a_mail_that_nobody_knows_or_that_has_not_left_is_marked_by_nothing(
    store, clock, send
) -> None:
    tenant = sign_up(store)
    due = only(store)
    assert note_return(store, notice(due), clock.now()) is Noted.UNKNOWN
    onboarding.withdraw(store, tenant.id, expected_version=1, audit=later(ANN, seconds=1))
    assert send(store).dropped == 1
    assert note_return(store, notice(due), clock.now()) is Noted.UNKNOWN
    assert only(store).state is DeliveryState.DROPPED


def test_smtps_own_refusal_and_a_bounce_stand_in_one_list_until_it_is_sent_again(
    store, sent, clock, send
) -> None:
    note_return(store, notice(sent), clock.now())
    second = sign_up(store, 2)
    send(store, MailError(retry=Retry.NEVER, problem=Problem.ADDRESS_REFUSED, detail="550 5.1.1"))
    shown = queries.undelivered(store, clock.now(), limit=10)
    assert {each.entry.reason for each in shown} == {
        "no_such_address 5.1.1", "address_refused 550 5.1.1",
    }  # fmt: skip
    for entry in (each.entry for each in shown):
        onboarding.send_again(
            store, entry.tenant_id, audit=later(ANN, minutes=1), mail_id=entry.id, after=entry.id
        )
    assert second.id in {each.entry.tenant_id for each in shown}
    assert queries.undelivered(store, clock.now(), limit=10) == []
    # A late notice does not bring it back into the list.
    note_return(store, notice(sent, 9), clock.now())
    assert store.query(GSI4, records.OUTBOX_GIVEN_UP).items == []


def test_a_store_that_fails_loses_no_notice(store, sent, clock) -> None:
    class Lost(Behind):
        """Writes, and then says that nobody knows."""

        def write(self, changes) -> None:
            super().write(changes)
            raise UnavailableError(reason="No answer.", remedy="Look.", outcome_unknown=True)

    with pytest.raises(UnavailableError):
        note_return(Lost(store), notice(sent, is_hard=False), clock.now())
    assert note_return(store, notice(sent, is_hard=False), clock.now()) is Noted.REPEATED
    assert only(store).soft_bounces == 1


def test_the_log_names_nobody(store, sent, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        note_return(store, notice(sent), START)
    (line,) = (json.loads(JsonLines().format(record)) for record in caplog.records)
    assert (line["mail"], line["reason"]) == (outbox_key(sent.id), "no_such_address 5.1.1")
    assert not [text for text in (*PERSONAL, sent.tenant_id) if text in str(line)]
