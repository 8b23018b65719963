"""What was not delivered goes to the second address that staff added, once, and never after it was
erased."""

from collections.abc import Callable

import pytest

from portal import onboarding, queries
from portal.mail import MailError, Notice, Problem, Retry
from portal.outbox import Delivery, Noted, Tally, note_return
from portal.records import DeliveryState, outbox_key
from portal.settings import Settings
from portal.stores.contract import BusyError, Page, Replace, Store, UnavailableError
from tests.conftest import Clock
from tests.examples import ANN, BOB, CONTACT, Behind, Failing, all_items, events, later, sign_up
from tests.mail.letters_and_facts import Kept, entries, post_to, read
from tests.onboarding.verb_calls import call_reject

SECOND = "office@other.example"
REFUSED = MailError(retry=Retry.NEVER, problem=Problem.ADDRESS_REFUSED, detail="550 5.1.1")


@pytest.fixture
def send(settings: Settings, clock: Clock) -> Callable[..., tuple[Tally, list[str]]]:
    """`send(store, *errors)`: what became of what was due, and to whom it went."""

    def deliver(store: Store, *errors: Exception) -> tuple[Tally, list[str]]:
        way = Kept(*errors)
        # Each delivery is a moment later, as in real life.
        worker = Delivery(
            store=store, post=post_to(settings, way), clock=lambda: clock.advance(seconds=1)
        )
        tally = worker.send_due()
        return tally, [mail.recipient for mail in way.mails]

    return deliver


def add_second(store: Store, tenant_id: str, address: str = SECOND, **by: float) -> None:
    """What staff do on the page: the newest mail once more, to this address."""
    newest = queries.mails(store, onboarding.find(store, tenant_id))[0]
    onboarding.send_again(
        store,
        tenant_id,
        audit=later(ANN, **(by or {"seconds": 1})),
        mail_id=newest.id,
        after=newest.id,
        address=address,
    )


def test_what_came_back_is_sent_to_the_second_address(store, send, clock) -> None:
    tenant = sign_up(store)
    assert send(store)[1] == [CONTACT.email]
    (entry,) = entries(store)
    hard = Notice(id="1", key=outbox_key(entry.id), is_hard=True, reason="no_such_address 5.1.1")
    note_return(store, hard, clock.now())
    add_second(store, tenant.id, seconds=5)
    clock.advance(seconds=10)
    assert send(store)[1] == [SECOND]
    assert queries.undelivered(store, clock.now(), limit=5) == []


def test_later_mail_that_is_refused_goes_there_by_itself(store, send, clock) -> None:
    tenant = sign_up(store)
    send(store)
    add_second(store, tenant.id)
    clock.advance(seconds=10)
    send(store)
    call_reject(store, tenant.id, 1, later(ANN, seconds=20))
    clock.advance(seconds=30)
    tally, recipients = send(store, REFUSED)
    assert (tally.given_up, tally.sent) == (1, 1)
    assert recipients == [SECOND]
    first, second = (entry for entry in entries(store) if entry.kind == "rejected")
    assert (first.state, first.sent_again, first.to_second) == (
        DeliveryState.GIVEN_UP, True, False,
    )  # fmt: skip
    assert (second.state, second.to_second) == (DeliveryState.SENT, True)
    # Nobody has to see to it any more.
    assert queries.undelivered(store, clock.now(), limit=5) == []


def test_later_mail_that_comes_back_goes_there_once(store, send, clock) -> None:
    tenant = sign_up(store)
    send(store)
    add_second(store, tenant.id)
    clock.advance(seconds=10)
    send(store)
    call_reject(store, tenant.id, 1, later(ANN, seconds=20))
    clock.advance(seconds=30)
    assert send(store)[1] == [CONTACT.email]
    (entry,) = (entry for entry in entries(store) if entry.kind == "rejected")
    key = outbox_key(entry.id)
    soft = Notice(id="0", key=key, is_hard=False, reason="mailbox_full 4.2.2")
    note_return(store, soft, clock.now())
    assert send(store)[1] == []
    for number in (1, 1, 2):
        hard = Notice(id=f"{number}", key=key, is_hard=True, reason="no_such_address 5.1.1")
        note_return(store, hard, clock.now())
    assert send(store)[1] == [SECOND]
    # What cannot be delivered there, either, is given up, and staff see it.
    (second,) = (entry for entry in entries(store) if entry.kind == "rejected" and entry.to_second)
    hard = Notice(id="1", key=outbox_key(second.id), is_hard=True, reason="mailbox_full 5.2.2")
    assert note_return(store, hard, clock.now()) is Noted.NOTED
    assert send(store)[1] == []
    assert [each.entry.id for each in queries.undelivered(store, clock.now(), limit=5)] == [
        second.id
    ]


def test_an_index_that_lags_behind_only_delays_it(store, send, clock) -> None:
    tenant = sign_up(store)
    send(store)
    add_second(store, tenant.id)
    clock.advance(seconds=10)

    class Lagging(Behind):
        def query(self, index, partition, **how):
            if partition.startswith("NOTES#"):
                return Page([], None)
            return super().query(index, partition, **how)

    tally, recipients = send(Lagging(store))
    assert (tally.put_off, recipients) == (1, [])
    clock.advance(seconds=30)
    assert send(store)[1] == [SECOND]


def test_the_newest_second_address_counts(store, send, clock) -> None:
    tenant = sign_up(store)
    send(store)
    add_second(store, tenant.id, "old@other.example", seconds=1)
    add_second(store, tenant.id, SECOND, seconds=5)
    clock.advance(seconds=10)
    assert set(send(store)[1]) == {SECOND}


def test_a_form_that_is_sent_twice_by_two_people_adds_one_mail(store, send) -> None:
    tenant = sign_up(store)
    send(store)
    (entry,) = entries(store)
    for audit in (ANN, ANN, BOB):
        onboarding.send_again(
            store, tenant.id, audit=audit, mail_id=entry.id, after=entry.id, address=SECOND
        )
    assert len(entries(store)) == 2


def test_two_people_who_add_two_addresses_on_the_same_page_send_two_mails(store, send) -> None:
    tenant = sign_up(store)
    send(store)
    (entry,) = entries(store)
    for audit, address in ((ANN, SECOND), (later(BOB, seconds=1), "desk@other.example")):
        onboarding.send_again(
            store, tenant.id, audit=audit, mail_id=entry.id, after=entry.id, address=address
        )
    assert len(entries(store)) == 3
    assert {note.text for note in queries.notes(store, tenant)} == {SECOND, "desk@other.example"}


@pytest.mark.parametrize("times", [1, 7, 8])
def test_what_is_noted_about_the_mail_meanwhile_does_not_lose_it(store, send, times: int) -> None:
    tenant = sign_up(store)
    send(store, REFUSED)
    (given_up,) = entries(store)

    class Meanwhile(Behind):
        """Somebody notes something before each of the first writes."""

        left = times

        def write(self, changes) -> None:
            if self.left:
                self.left -= 1
                item = store.get(given_up.id)
                version = int(item["version"])
                store.write([Replace({**item, "version": version + 1}, version)])
            super().write(changes)

    def again() -> None:
        onboarding.send_again(
            Meanwhile(store), tenant.id, audit=later(ANN, seconds=1), mail_id=given_up.id, after="x"
        )

    if times == 8:
        with pytest.raises(BusyError):
            again()
        assert len(entries(store)) == 1
    else:
        again()
        assert len(entries(store)) == 2
        assert store.get(given_up.id)["sentAgain"] is True


def test_it_is_erased_with_the_contact_and_stands_in_no_event_and_no_entry(
    store, send, clock
) -> None:
    tenant = sign_up(store)
    send(store)
    add_second(store, tenant.id)
    rejected = call_reject(store, tenant.id, 1, later(ANN, seconds=20))
    assert SECOND not in str(events(store)) + str(entries(store))
    onboarding.erase(store, rejected.id, expected_version=2, audit=later(ANN, days=200))
    assert SECOND not in str(all_items(store))
    clock.advance(days=201)
    tally, recipients = send(store)
    assert (recipients, tally.sent) == ([], 0)
    # Nor can it be added again.
    with pytest.raises(onboarding.UnknownTenantError):
        add_second(store, tenant.id, days=202)
    assert SECOND not in str(all_items(store))


@pytest.mark.parametrize("too_late", [False, True])
def test_a_store_that_fails_sends_nothing_twice(store, send, clock, *, too_late: bool) -> None:
    tenant = sign_up(store)
    send(store)
    add_second(store, tenant.id)
    clock.advance(seconds=10)
    send(store)
    (first,) = (entry for entry in entries(store) if not entry.to_second)
    hard = Notice(id="1", key=outbox_key(first.id), is_hard=True, reason="no_such_address")
    for failing in range(20):
        broken = Failing(store, failing, too_late=too_late)
        try:
            note_return(broken, hard, clock.now())
        except UnavailableError:
            continue
        break
    assert failing > 2
    assert send(store)[1] == [SECOND]


def test_a_mail_to_the_second_address_proves_nothing_about_the_first(
    store: Store, settings: Settings, clock: Clock
) -> None:
    tenant = sign_up(store)
    way = Kept()
    worker = Delivery(
        store=store, post=post_to(settings, way), clock=lambda: clock.advance(seconds=1)
    )
    worker.send_due()
    add_second(store, tenant.id)
    clock.advance(seconds=10)
    worker.send_due()
    links = ["/confirm/" in read(mail).text() for mail in way.mails]
    assert [mail.recipient for mail in way.mails] == [CONTACT.email, SECOND]
    assert links == [True, False]


def test_what_is_told_to_staff_never_goes_to_an_address_of_the_customer(
    store: Store, settings: Settings, clock: Clock
) -> None:
    tenant = sign_up(store)
    way = Kept()
    worker = Delivery(
        store=store, post=post_to(settings, way), clock=lambda: clock.advance(seconds=1)
    )
    worker.send_due()
    add_second(store, tenant.id)
    asked = onboarding.ask(
        store, tenant.id, expected_version=1, audit=later(ANN, seconds=5), text="Which?"
    )
    onboarding.answer(
        store, tenant.id, expected_version=asked.version, audit=later(ANN, seconds=6),
        text="This.", contact=CONTACT,
    )  # fmt: skip
    clock.advance(seconds=20)
    worker.send_due()
    (told,) = (entry for entry in entries(store) if entry.kind == "answered")
    # Nobody of staff has the id of the examples.
    assert (told.state, told.reason) == (DeliveryState.DROPPED, "gone")
    assert all("has answered" not in read(mail).text() for mail in way.mails)


def test_a_mail_that_was_given_up_and_comes_back_goes_there_once(store, send, clock) -> None:
    tenant = sign_up(store)
    send(store)
    add_second(store, tenant.id)
    clock.advance(seconds=10)
    send(store)
    call_reject(store, tenant.id, 1, later(ANN, seconds=20))
    clock.advance(seconds=30)
    assert send(store, REFUSED)[1] == [SECOND]
    (entry,) = (e for e in entries(store) if e.kind == "rejected" and not e.to_second)
    # The server had taken it after all, and says so now.
    hard = Notice(id="1", key=outbox_key(entry.id), is_hard=True, reason="no_such_address 5.1.1")
    assert note_return(store, hard, clock.now()) is Noted.NOTED
    assert send(store)[1] == []
