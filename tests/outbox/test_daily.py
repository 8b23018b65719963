"""The daily round: ends that come near are announced once each, and staff learn what waits."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal import onboarding, queries, records
from portal.desk import set_mail_wishes
from portal.mail import MailError, Problem, Retry
from portal.outbox import HELD_FOR, Daily, Delivery, Tally
from portal.records import DeliveryState, MailWishes, OutboxEntry
from portal.settings import Settings
from portal.stores.contract import Store, UnavailableError
from portal.tenants import Ids, Tenant, Validity
from tests.conftest import START, Clock
from tests.desk.staff import new_person
from tests.examples import ANN, CONTACT, PERSONAL, Behind, Failing, activate, later, sign_up
from tests.mail.letters_and_facts import Kept, entries, post_to, read
from tests.onboarding.verb_calls import SEALER

STAFF = ("anna@portal.example", "ben@portal.example")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, mail_staff=STAFF)


@pytest.fixture
def daily(clock: Clock) -> Callable[..., Daily]:
    """`daily(store)`: a worker that looks at each call."""

    def make(store: Store, **changes: object) -> Daily:
        seconds = iter(range(0, 10**9, 1000))
        values = {"staff": STAFF, "tells_customers": True, **changes}
        return Daily(
            store=store,
            clock=clock.now,
            zone=ZoneInfo("Europe/Berlin"),
            promised_days=2,
            seconds=lambda: float(next(seconds)),
            **values,  # type: ignore[arg-type] # its fields
        )

    return make


@pytest.fixture
def send(settings: Settings, clock: Clock) -> Callable[..., tuple[Tally, Kept]]:
    def deliver(store: Store) -> tuple[Tally, Kept]:
        way = Kept()
        worker = Delivery(store=store, post=post_to(settings, way), clock=clock.now)
        return worker.send_due(), way

    return deliver


def ending(store: Store, number: int, valid_to: datetime) -> Tenant:
    """An active tenant whose validity ends then."""
    contact = replace(CONTACT, company=f"Meyer {number}", email=f"kim{number}@meyer.example")
    pending = sign_up(store, number, contact=contact)
    ids = Ids(account_id=f"{number}", company_id="1", cluster="eu")
    validity = Validity(valid_from=START - timedelta(days=9), valid_to=valid_to)
    return activate(store, SEALER, pending, ids=ids, validity=validity)


def of_kind(store: Store, kind: str) -> list[OutboxEntry]:
    return [entry for entry in entries(store) if entry.kind == kind]


def test_each_end_is_announced_30_14_and_3_days_ahead_once_each(store, daily, send, clock) -> None:
    tenant = ending(store, 1, START + timedelta(days=40, hours=5))
    # A decision holds its mail.
    clock.advance(seconds=HELD_FOR.seconds)
    send(store)
    announced = []
    for _ in range(45):
        daily(store).run_if_due()
        daily(store).run_if_due()
        _tally, way = send(store)
        announced += [
            (mail.recipient, (tenant.validity.valid_to - clock.now()).days)
            for mail in way.mails
            if "ends" in read(mail).text() or "endet" in read(mail).text()
        ]
        clock.advance(days=1)
    customer = [days for address, days in announced if address == "kim1@meyer.example"]
    assert customer == [29, 13, 2]
    for address in STAFF:
        assert [days for who, days in announced if who == address] == [29, 13, 2]


def test_days_without_a_round_leave_nothing_out(store, daily, send, clock) -> None:
    daily(store).run_if_due()
    for number, days in ((1, 31), (2, 33), (3, 34), (4, 36)):
        ending(store, number, START + timedelta(days=days, hours=1))
    clock.advance(days=5)
    assert daily(store).run_if_due()
    _tally, way = send(store)
    told = {mail.recipient for mail in way.mails if "Zugang endet bald" in read(mail).text()}
    told |= {mail.recipient for mail in way.mails if "endet am" in read(mail).text()}
    assert told - set(STAFF) == {f"kim{number}@meyer.example" for number in (1, 2, 3)}


def test_a_longer_validity_is_announced_anew_and_the_old_end_not_at_all(
    store, daily, send, clock
) -> None:
    tenant = ending(store, 1, START + timedelta(days=29, hours=20))
    send(store)
    assert daily(store).run_if_due()
    onboarding.set_validity(
        store,
        tenant.id,
        expected_version=tenant.version,
        audit=later(ANN, minutes=1),
        validity=replace(tenant.validity, valid_to=START + timedelta(days=60, hours=20)),
    )
    _tally, way = send(store)
    assert "kim1@meyer.example" not in {mail.recipient for mail in way.mails}
    assert [entry.state for entry in of_kind(store, "expiring")] == [DeliveryState.DROPPED]
    clock.advance(days=31)
    daily(store).run_if_due()
    assert len(of_kind(store, "expiring")) == 2


def test_the_digest_names_who_waits_longer_than_promised_and_only_them(
    store, daily, send, clock
) -> None:
    sign_up(store, 1, contact=replace(CONTACT, company="Waits Ltd"))
    clock.advance(days=2, hours=1)
    sign_up(store, 2, contact=replace(CONTACT, company="Fresh Ltd"), now=clock.now())
    sign_up(store, 3, contact=replace(CONTACT, company="Robot Ltd"), set_aside=True)
    send(store)
    assert daily(store).run_if_due()
    tally, way = send(store)
    assert tally.sent == 2
    assert {mail.recipient for mail in way.mails} == set(STAFF)
    received = read(way.mails[0])
    assert "Requests that wait longer than promised: 1." in received.text()
    assert "Waits Ltd: since 23 November 2026" in received.text()
    assert "Fresh Ltd" not in received.text()
    assert "Robot Ltd" not in received.text()
    assert "/staff/" in received.text()
    # Text that people typed stands in no header.
    assert "Waits" not in str(received.message["Subject"])


def test_the_digest_links_each_row_and_says_how_many_are_left_out(
    store, daily, send, clock
) -> None:
    waiting = [sign_up(store, n, contact=replace(CONTACT, company=f"C{n}")) for n in range(12)]
    clock.advance(days=3)
    send(store)
    assert daily(store).run_if_due()
    _tally, way = send(store)
    received = read(way.mails[0])
    for text in (received.text(), received.text("html")):
        links = {each.id for each in waiting if f"/staff/tenants/{each.id}" in text}
        assert len(links) == 10
        assert "and 2 more" in text
        # The date in the subject is no number that anybody can name.
        assert "Reference" not in text


def test_nothing_is_sent_when_nothing_waits(store, daily, send, clock) -> None:
    sign_up(store, 1)
    send(store)
    assert daily(store).run_if_due()
    assert of_kind(store, "digest") == []
    # What was decided between the round and the sending waits no more.
    clock.advance(days=3)
    assert daily(store).run_if_due()
    onboarding.withdraw(store, sign_up(store, 1).id, expected_version=1, audit=later(ANN, days=3))
    tally, way = send(store)
    assert (tally.dropped, way.mails) == (2, [])


def test_a_digest_is_sent_at_most_daily_and_not_before_the_morning(store, daily, clock) -> None:
    sign_up(store, 1, now=START - timedelta(days=5))
    rounds = 0
    for _ in range(3 * 24 * 2):
        rounds += daily(store).run_if_due()
        clock.advance(minutes=30)
    # It begins at 11 o'clock in Berlin; then at 6 o'clock on each of the next days.
    assert rounds == 4
    entries_of_anna = {entry.at for entry in of_kind(store, "digest")}
    assert sorted(at.astimezone(UTC).hour for at in entries_of_anna) == [5, 5, 5, 10]


def test_many_workers_make_one_round(store, open_again, daily, clock) -> None:
    for number in range(5):
        ending(store, number, START + timedelta(days=29, hours=20))
    stores = [open_again() for _ in range(4)]
    made: list[bool] = []
    threads = [
        threading.Thread(target=lambda own=own: made.append(daily(own).run_if_due()))
        for own in stores
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for own in stores:
        own.close()
    assert sorted(made) == [False, False, False, True]
    assert len(of_kind(store, "digest")) == len(STAFF)
    assert len(of_kind(store, "expiring")) == 5


@pytest.mark.parametrize("too_late", [False, True])
def test_a_round_that_died_anywhere_is_made_again_and_tells_nothing_twice(
    store, daily, *, too_late: bool
) -> None:
    for number in range(2):
        ending(store, number, START + timedelta(days=29, hours=20))
    for failing in range(30):
        broken = Failing(store, failing, too_late=too_late)
        try:
            daily(broken).run_if_due()
        except UnavailableError:
            continue
        break
    assert failing > 5
    daily(store).run_if_due()
    assert len(of_kind(store, "digest")) == len(STAFF)
    assert len(of_kind(store, "expiring")) == 2


def test_a_long_round_is_made_in_parts_and_goes_on_where_it_stopped(
    store, daily, send, clock
) -> None:
    for number in range(60):
        ending(store, number, START + timedelta(days=29, hours=20, seconds=number))
    send(store)
    told, ended = [], []
    for _ in range(6):
        # Each time another worker, which has to stop at once.
        worker = daily(store)
        ended.append(worker.run_if_due(until=lambda: True))
        told.append(len(of_kind(store, "expiring")))
        assert worker.is_under_way is (len(ended) < 6 and not ended[-1])
        clock.advance(minutes=1)
    assert told == [25, 50, 60, 60, 60, 60]
    assert ended == [False, False, False, False, True, False]
    assert len(of_kind(store, "digest")) == len(STAFF)
    # All of them tell of what came near until the round began.
    assert {entry.at for entry in of_kind(store, "expiring")} == {START}
    _tally, way = send(store)
    assert len({mail.recipient for mail in way.mails}) == 60 + len(STAFF)
    clock.advance(days=1)
    assert daily(store).run_if_due()
    assert len(of_kind(store, "expiring")) == 60


def test_a_round_that_outlasts_its_day_ends_before_the_next_one(store, daily, clock) -> None:
    for number in range(30):
        ending(store, number, START + timedelta(days=29, hours=20))
    assert not daily(store).run_if_due(until=lambda: True)
    clock.advance(days=1)
    late = ending(store, 99, START + timedelta(days=30, hours=20))
    assert daily(store).run_if_due()
    assert late.id not in {entry.tenant_id for entry in of_kind(store, "expiring")}
    assert len(of_kind(store, "expiring")) == 30
    assert daily(store).run_if_due()
    assert late.id in {entry.tenant_id for entry in of_kind(store, "expiring")}


def test_two_workers_share_no_part_of_a_round(store, daily) -> None:
    for number in range(60):
        ending(store, number, START + timedelta(days=29, hours=20))
    slow = daily(store)

    def meanwhile() -> bool:
        assert daily(store).run_if_due()
        return False

    # The other one ends the round before this one has written down its position.
    assert not slow.run_if_due(until=meanwhile)
    assert not slow.is_under_way
    assert len(of_kind(store, "digest")) == len(STAFF)
    assert len(of_kind(store, "expiring")) == 60


def test_its_cost_does_not_grow_with_the_tenants_that_have_time_left(store, daily, clock) -> None:
    class Counting(Behind):
        rows = calls = 0

        def before(self, call: str) -> None:
            assert call != "scan"
            self.calls += 1

        def showed(self, rows: int) -> None:
            self.rows += rows

    for number in range(40):
        ending(store, number, START + timedelta(days=200 + number))
    counting = Counting(store)
    assert daily(counting).run_if_due()
    assert counting.rows == 0
    assert counting.calls < 12
    # One read tells that the round of this day was made.
    counting.calls = 0
    assert not daily(counting).run_if_due()
    assert counting.calls == 1
    clock.advance(minutes=1)
    silent = daily(counting, staff=(), tells_customers=False)
    counting.calls = 0
    assert not silent.run_if_due()
    # One read tells that nobody has asked for it either.
    assert counting.calls == 1


def test_the_entry_of_a_digest_holds_no_address_and_ends_with_it(
    store, daily, send, settings: Settings, clock
) -> None:
    sign_up(store, 1, now=START - timedelta(days=5))
    daily(store).run_if_due()
    stored = str([records.outbox_item(entry) for entry in of_kind(store, "digest")])
    assert not [text for text in (*STAFF, *PERSONAL) if text in stored]
    way = Kept()
    post = post_to(replace(settings, mail_staff=STAFF[:1]), way)
    Delivery(store=store, post=post, clock=clock.now).send_due()
    assert STAFF[1] not in {mail.recipient for mail in way.mails}
    assert STAFF[0] in {mail.recipient for mail in way.mails}


def test_people_ask_for_the_digest_or_say_no_to_it(
    store, daily, send, settings: Settings, clock
) -> None:
    cleo, anna = new_person(store, "Cleo"), new_person(store, "Anna")
    set_mail_wishes(store, cleo.id, MailWishes(digest=True, locale="de"))
    set_mail_wishes(store, anna.id, MailWishes(digest=False))
    sign_up(store, 1, now=START - timedelta(days=5))
    assert daily(store, staff=(anna.email, STAFF[0])).run_if_due()
    assert len(of_kind(store, "digest")) == 2
    way = Kept()
    post = post_to(replace(settings, mail_staff=(anna.email, STAFF[0])), way)
    Delivery(store=store, post=post, clock=clock.now).send_due()
    subjects = {mail.recipient: str(read(mail).message["Subject"]) for mail in way.mails}
    assert subjects.keys() >= {STAFF[0], cleo.email}
    assert anna.email not in subjects
    assert subjects[cleo.email].startswith("Was im Onboarding-Portal wartet")
    # Whoever says no before it leaves gets none.
    clock.advance(days=1)
    assert daily(store, staff=(), tells_customers=False).run_if_due()
    set_mail_wishes(store, cleo.id, MailWishes(digest=False))
    way.mails.clear()
    Delivery(store=store, post=post, clock=clock.now).send_due()
    assert way.mails == []


def test_customers_are_told_only_if_it_is_switched_on(store, daily) -> None:
    ending(store, 1, START + timedelta(days=29, hours=20))
    assert daily(store, tells_customers=False).run_if_due()
    assert of_kind(store, "expiring") == []
    assert len(of_kind(store, "digest")) == len(STAFF)


def test_the_digest_speaks_german(store, daily, send, clock) -> None:
    sign_up(store, 1, now=START - timedelta(days=5))
    ending(store, 2, START + timedelta(days=29, hours=20))
    send(store)
    daily(store, staff_locale="de").run_if_due()
    _tally, way = send(store)
    text = next(read(mail).text() for mail in way.mails if mail.recipient == STAFF[0])
    assert "Anfragen, die länger warten als zugesagt: 1." in text
    assert "Zugänge, die in höchstens 30 Tagen enden: 1." in text
    assert "Meyer 2: endet am" in text


@pytest.mark.parametrize("contact_email", ["", "help+portal@müller.example"])
def test_the_digest_says_whom_to_ask_for_no_more_of_them(
    store, daily, settings, clock, contact_email: str
) -> None:
    sign_up(store, 1, now=START - timedelta(days=5))
    daily(store).run_if_due()
    way = Kept()
    post = post_to(replace(settings, contact_email=contact_email), way)
    Delivery(store=store, post=post, clock=clock.now).send_due()
    digests = [mail for mail in way.mails if mail.recipient in STAFF]
    header = (
        b"\r\nList-Unsubscribe: <mailto:help%2Bportal@m%C3%BCller.example?subject=Unsubscribe%20"
    )
    assert [header in mail.content for mail in digests] == [bool(contact_email)] * 2
    # Nobody's press would change a setting.
    assert not [mail for mail in way.mails if b"List-Unsubscribe-Post" in mail.content]
    # What answers an act of the customer has none.
    others = [mail for mail in way.mails if mail not in digests]
    assert len(others) == 1
    assert b"List-Unsubscribe" not in others[0].content


def test_a_digest_that_was_given_up_hides_no_mail_of_a_customer(
    store, daily, settings, clock
) -> None:
    tenant = sign_up(store)
    refused = MailError(retry=Retry.NEVER, problem=Problem.ADDRESS_REFUSED, detail="550 5.1.1")
    round_of_today = daily(store)
    clock.advance(days=3)
    for _day in range(7):
        assert round_of_today.run_if_due() is True
        way = Kept(*[refused] * 3)
        Delivery(store=store, post=post_to(settings, way), clock=clock.now).send_due()
        clock.advance(days=1)
    assert {entry.state for entry in of_kind(store, "digest")} == {DeliveryState.GIVEN_UP}
    # They are newer, and nobody can send them again.
    (shown,) = queries.undelivered(store, clock.now(), limit=5)
    assert shown.entry.tenant_id == tenant.id
