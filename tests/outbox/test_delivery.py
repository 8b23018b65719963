"""What is due is delivered once by however many, again after a failure, and given up visibly."""

import json
import logging
import os
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from portal import onboarding, records
from portal.logs import JsonLines
from portal.mail import MailError, OldFiles, Post, Problem, Retry
from portal.outbox import HELD_FOR, Delivery, Schedule, Tally
from portal.records import DeliveryState, OutboxEntry
from portal.settings import Settings
from portal.stores.contract import BusyError, Store, UnavailableError
from portal.stores.schema import GSI4
from portal.tenants import Reason, Tenant
from tests.conftest import SECRET_KEY, START, Clock
from tests.examples import (
    ANN,
    CONTACT,
    NEXT_YEAR,
    OTHER_CONTACT,
    PERSONAL,
    Behind,
    activate,
    all_items,
    later,
    sign_up,
)
from tests.mail.letters_and_facts import Kept, entries, post_to, read
from tests.onboarding.verb_calls import SEALER, call_reject, tenant_in_state

SOON = MailError(retry=Retry.SOON, problem=Problem.NO_ANSWER, of_server=True)
UNKNOWN = MailError(retry=Retry.LATER, problem=Problem.UNKNOWN)
GREYLISTED = MailError(retry=Retry.LATER, problem=Problem.NOT_NOW, detail="450 4.2.0")
REFUSED = MailError(retry=Retry.NEVER, problem=Problem.ADDRESS_REFUSED, detail="550 5.1.1")


@pytest.fixture
def delivery(settings: Settings, clock: Clock) -> Callable[..., Delivery]:
    """`delivery(store, way)`: a worker."""

    def make(store: Store, way: Kept, **schedule: object) -> Delivery:
        return Delivery(
            store=store,
            post=post_to(settings, way),
            clock=clock.now,
            schedule=Schedule(**schedule),  # type: ignore[arg-type] # its fields
        )

    return make


def only(store: Store) -> OutboxEntry:
    (entry,) = entries(store)
    return entry


def test_what_is_due_is_sent_once_and_that_stays(store, delivery, clock) -> None:
    sign_up(store)
    way = Kept()
    worker = delivery(store, way)
    assert worker.send_due() == Tally(sent=1)
    assert worker.send_due() == Tally()
    (mail,) = way.mails
    assert mail.recipient == CONTACT.email
    entry = only(store)
    assert (entry.state, entry.way, entry.tries) == (DeliveryState.SENT, "kept", 1)
    assert (entry.ended_at, entry.due_at, entry.reason) == (clock.now(), None, "")
    # What is done waits nowhere, so looking for work costs the same for ever.
    assert store.query(GSI4, records.OUTBOX_DUE).items == []


def test_the_text_of_a_mail_ends_after_some_days_and_that_it_was_sent_stays(
    store, settings: Settings, clock, tmp_path: Path
) -> None:
    sign_up(store)
    keeping = replace(settings, data_dir=tmp_path / "kept")
    post = Post(keeping, [SECRET_KEY])
    Delivery(store=store, post=post, clock=clock.now).send_due()
    (path,) = (tmp_path / "kept" / "mail").iterdir()
    os.utime(path, (START.timestamp(), START.timestamp()))
    text = read(post.mail(store, only(store), clock.now())).text()
    # The store has none of it.
    assert not [
        line for line in text.splitlines() if len(line) > 20 and line in str(all_items(store))
    ]
    files = OldFiles(keeping.data_dir, keeping.mail_file_days, clock=clock.now)
    clock.advance(days=29)
    assert files.remove_if_due() == 0
    clock.advance(days=2)
    later_process = OldFiles(keeping.data_dir, keeping.mail_file_days, clock=clock.now)
    assert later_process.remove_if_due() == 1
    assert not path.exists()
    assert (only(store).state, only(store).way) == (DeliveryState.SENT, "file")


def test_many_workers_send_each_mail_once(store, open_again, delivery) -> None:
    for number in range(40):
        sign_up(store, number)
    way = Kept()
    stores = [open_again() for _ in range(4)]
    tallies: list[Tally] = []

    def work(own: Store) -> None:
        while (tally := delivery(own, way).send_due()).handled:
            tallies.append(tally)

    threads = [threading.Thread(target=work, args=(own,)) for own in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for own in stores:
        own.close()
    # One that stopped because others had claimed what it wanted leaves nothing behind.
    while delivery(store, way).send_due().handled:
        pass
    assert set(Counter(mail.message_id for mail in way.mails).values()) == {1}
    assert len(way.mails) == 40
    assert {entry.tries for entry in entries(store)} == {1}


class KilledError(BaseException):
    """The worker dies here."""


def test_a_worker_that_dies_leaves_it_to_another_after_a_minute(store, delivery, clock) -> None:
    sign_up(store)
    way = Kept()

    class Dying(Kept):
        def send(self, mail, *, seconds: float) -> None:
            super().send(mail, seconds=seconds)
            raise KilledError

    dying = Dying()
    with pytest.raises(KilledError):
        delivery(store, dying).send_due()
    clock.advance(seconds=59)
    assert delivery(store, way).send_due() == Tally()
    clock.advance(seconds=1)
    assert delivery(store, way).send_due() == Tally(sent=1)
    # Nobody knows whether the first one arrived.
    assert [mail.message_id for mail in way.mails] == [mail.message_id for mail in dying.mails]
    assert only(store).tries == 2


# ---- Failures


def attempts(worker: Delivery, clock: Clock, store: Store) -> list[timedelta]:
    """When each attempt was made, from the first on, until it was given up."""
    began, made = clock.now(), []
    for _ in range(100):
        assert worker.send_due().handled == 1
        made.append(clock.now() - began)
        entry = only(store)
        if entry.state is not DeliveryState.DUE:
            return made
        assert entry.due_at is not None
        clock.advance(seconds=(entry.due_at - clock.now()).total_seconds())
    raise AssertionError("it was never given up")


def test_three_attempts_fall_into_the_first_minute_and_then_the_pauses_grow(
    store, delivery, clock
) -> None:
    sign_up(store)
    worker = delivery(store, Kept(*[SOON] * 100))
    made = attempts(worker, clock, store)
    assert len([each for each in made if each <= timedelta(minutes=1)]) == 3
    assert timedelta(days=2) < made[-1] < timedelta(days=4)
    pauses = [after - before for before, after in pairwise(made)]
    assert all(shorter < longer for shorter, longer in pairwise(pauses[:9]))
    entry = only(store)
    assert (entry.state, entry.reason) == (DeliveryState.GIVEN_UP, "no_answer")
    assert entry.tries == len(made) == len(Schedule().pauses) + 1
    # It is listed where staff and commands look for it.
    assert [row["tenantId"] for row in store.query(GSI4, records.OUTBOX_GIVEN_UP).items] == [
        entry.id
    ]
    assert worker.send_due() == Tally()


def test_pauses_have_jitter() -> None:
    schedule = Schedule()
    chances = iter((0.0, 0.5, 1.0))
    pauses = {schedule.pause(1, patient=False, chance=lambda: next(chances)) for _ in range(3)}
    assert pauses == {timedelta(seconds=seconds) for seconds in (4, 5, 6)}
    random_pauses = {schedule.pause(3, patient=False) for _ in range(20)}
    assert len(random_pauses) > 10


def test_a_server_that_greylists_is_not_asked_again_within_seconds(store, delivery, clock) -> None:
    sign_up(store)
    worker = delivery(store, Kept(GREYLISTED))
    assert worker.send_due() == Tally(put_off=1)
    entry = only(store)
    assert entry.reason == "not_now 450 4.2.0"
    assert entry.due_at is not None
    assert timedelta(seconds=90) < entry.due_at - clock.now() < timedelta(minutes=3)
    clock.advance(minutes=3)
    assert worker.send_due() == Tally(sent=1)
    assert only(store).reason == ""


def test_what_will_never_arrive_is_given_up_at_once(store, delivery) -> None:
    sign_up(store)
    assert delivery(store, Kept(REFUSED)).send_due() == Tally(given_up=1)
    assert only(store).reason == "address_refused 550 5.1.1"


def test_what_nobody_knows_is_sent_again_with_the_same_message_id(store, delivery, clock) -> None:
    sign_up(store)

    class Silent(Kept):
        def send(self, mail, *, seconds: float) -> None:
            del seconds
            self.mails.append(mail)
            if self.errors:
                raise self.errors.pop(0)

    way = Silent(UNKNOWN)
    delivery(store, way).send_due()
    clock.advance(minutes=3)
    assert delivery(store, way).send_due() == Tally(sent=1)
    first, second = way.mails
    assert first.message_id == second.message_id


def test_a_server_that_never_says_gets_few_copies(store, delivery, clock) -> None:
    sign_up(store)
    worker = delivery(store, Kept(*[UNKNOWN] * 100))
    assert len(attempts(worker, clock, store)) == Schedule().most_unknown
    assert only(store).reason == "unknown"


def test_a_server_that_is_down_is_not_asked_for_every_mail(store, delivery) -> None:
    for number in range(30):
        sign_up(store, number)
    way = Kept(*[SOON] * 100)
    assert delivery(store, way).send_due() == Tally(put_off=1, is_down=True)
    assert sum(entry.tries for entry in entries(store)) == 1


def test_one_that_is_refused_keeps_no_other_from_being_sent(store, delivery) -> None:
    for number in range(30):
        sign_up(store, number)
    assert delivery(store, Kept(REFUSED, GREYLISTED, UNKNOWN)).send_due() == Tally(
        sent=27, put_off=2, given_up=1
    )


def test_an_error_that_nobody_expected_keeps_no_other_from_being_sent(
    store, delivery, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        sign_up(store, number)
    error = RuntimeError(f"{CONTACT.email} cannot be rendered")
    with caplog.at_level(logging.INFO):
        tally = delivery(store, Kept(error)).send_due()
    assert tally == Tally(sent=2, put_off=1)
    lines = [JsonLines().format(record) for record in caplog.records]
    assert "RuntimeError" in "".join(lines)
    assert not [text for text in PERSONAL if text in "".join(lines)]


# ---- The store fails


class FailingWrites(Behind):
    """Every write but the first ones fails, as long as `errors` has some."""

    def __init__(self, store: Store, good: int, *errors: Exception, too_late: bool = False) -> None:
        super().__init__(store)
        self.good, self.errors, self.too_late = good, list(errors), too_late

    def write(self, changes) -> None:
        self.good -= 1
        fails = self.good < 0 and self.errors
        if not fails or self.too_late:
            super().write(changes)
        if fails:
            raise self.errors.pop(0)


@pytest.mark.parametrize("too_late", [False, True])
def test_what_was_sent_is_written_down_although_the_store_fails_for_a_moment(
    store, delivery, *, too_late: bool
) -> None:
    sign_up(store)
    lost = UnavailableError(reason="No answer.", remedy="Look again.", outcome_unknown=True)
    errors = [lost] if too_late else [BusyError(reason="busy"), lost]
    way = Kept()
    flaky = FailingWrites(store, 1, *errors, too_late=too_late)
    assert delivery(flaky, way).send_due() == Tally(sent=1)
    assert only(store).state is DeliveryState.SENT
    assert len(way.mails) == 1


class Slow(Behind):
    """A store that takes its time whenever something is read."""

    def __init__(self, store: Store, clock: Clock, seconds: float) -> None:
        super().__init__(store)
        self.clock, self.seconds = clock, seconds

    def before(self, call: str) -> None:
        if call == "get":
            self.clock.advance(seconds=self.seconds)


@pytest.mark.parametrize(
    ("each_read", "seconds"), [(0.0, 50.0), (7.0, 48.0), (14.0, 41.0), (40.0, 15.0)]
)
def test_the_mail_server_gets_what_the_store_has_left_of_the_lease(
    store, delivery, clock, each_read: float, seconds: float
) -> None:
    sign_up(store)
    given: list[float] = []

    class Measured(Kept):
        def send(self, mail, *, seconds: float) -> None:
            given.append(seconds)
            super().send(mail, seconds=seconds)

    assert delivery(Slow(store, clock, each_read), Measured()).send_due() == Tally(sent=1)
    assert given == [seconds]


def test_what_a_slow_store_leaves_no_time_for_is_sent_by_another_worker_alone(
    store, delivery, clock
) -> None:
    sign_up(store)
    way = Kept()
    assert delivery(Slow(store, clock, 51), way).send_due() == Tally(put_off=1)
    assert way.mails == []
    assert only(store).state is DeliveryState.DUE
    clock.advance(seconds=9)
    assert delivery(store, way).send_due() == Tally(sent=1)
    assert len(way.mails) == 1


def test_a_store_that_stays_away_is_said(store, delivery, clock) -> None:
    sign_up(store)
    gone = UnavailableError(reason="The disk is gone.", remedy="Bring it back.")
    way = Kept()
    with pytest.raises(UnavailableError):
        delivery(FailingWrites(store, 1, *[gone] * 100), way, lease=0.5, margin=0.1).send_due()
    clock.advance(minutes=1)
    assert delivery(store, way).send_due() == Tally(sent=1)
    assert len({mail.message_id for mail in way.mails}) == 1


def test_an_index_that_lags_behind_sends_nothing_twice(store, delivery) -> None:
    sign_up(store)
    rows = store.query(GSI4, records.OUTBOX_DUE)

    class Lagging(Behind):
        def query(self, index, partition, **how):
            return (
                rows
                if partition == records.OUTBOX_DUE
                else self.inner.query(index, partition, **how)
            )

    way = Kept()
    worker = delivery(Lagging(store), way)
    assert worker.send_due() == Tally(sent=1)
    assert worker.send_due() == Tally()
    assert len(way.mails) == 1


# ---- What is not true any more is not said


def test_an_undone_decision_says_nothing(store, delivery, clock) -> None:
    rejected = call_reject(store, sign_up(store).id, 1, ANN)
    onboarding.reopen(store, rejected.id, expected_version=2, audit=later(ANN, seconds=1))
    clock.advance(minutes=1)
    way = Kept()
    assert delivery(store, way).send_due() == Tally(sent=1, dropped=2)
    # The request waits again, so that it was received is true.
    states = {entry.kind: entry.state for entry in entries(store)}
    dropped = dict.fromkeys(("rejected", "reopened"), DeliveryState.DROPPED)
    assert states == {"received": DeliveryState.SENT, **dropped}


@pytest.mark.parametrize("verb", ["reject", "withdraw"])
def test_whoever_knows_that_it_was_closed_hears_that_it_is_open_again(
    store, delivery, clock, verb: str
) -> None:
    pending = sign_up(store)
    if verb == "reject":
        call_reject(store, pending.id, 1, ANN)
    else:
        onboarding.withdraw(store, pending.id, expected_version=1, audit=ANN)
    way = Kept()
    # A decision holds its mail.
    clock.advance(seconds=HELD_FOR.seconds)
    delivery(store, way).send_due()
    onboarding.reopen(store, pending.id, expected_version=2, audit=later(ANN, seconds=20))
    clock.advance(minutes=1)
    assert delivery(store, way).send_due() == Tally(sent=1)
    assert entries(store)[-1].kind == "reopened"


def test_what_was_said_twice_meanwhile_is_said_once(store, delivery, clock) -> None:
    tenant = tenant_in_state(store, "active")
    for number, verb in enumerate(["suspend", "reinstate", "suspend"]):
        reason = {"reason": Reason.UNPAID} if verb == "suspend" else {}
        audit = later(ANN, minutes=number + 1)
        tenant = getattr(onboarding, verb)(
            store, tenant.id, expected_version=tenant.version, audit=audit, **reason
        )
    clock.advance(minutes=10)
    way = Kept()
    delivery(store, way).send_due()
    sent = [entry.kind for entry in entries(store) if entry.state is DeliveryState.SENT]
    assert sent == ["suspended"]
    assert len(way.mails) == 1


def test_an_erased_tenant_gets_no_mail(store, delivery, clock) -> None:
    rejected = call_reject(store, sign_up(store).id, 1, ANN)
    onboarding.erase(store, rejected.id, expected_version=2, audit=later(ANN, days=200))
    way = Kept()
    clock.advance(seconds=HELD_FOR.seconds)
    assert delivery(store, way).send_due() == Tally(dropped=2)
    assert way.mails == []
    assert not [text for text in PERSONAL if text in str(all_items(store))]


def test_a_renewal_is_told_to_whoever_asked_until_it_is_undone_or_erased(
    store, delivery, clock
) -> None:
    existing = activate(store, SEALER, sign_up(store))
    way = Kept()
    worker = delivery(store, way)
    clock.advance(seconds=HELD_FOR.seconds)
    worker.send_due()
    again = sign_up(store, 2, contact=OTHER_CONTACT)
    renewed = onboarding.renew_existing(
        store,
        again.id,
        expected_version=1,
        audit=later(ANN, minutes=1),
        existing_id=existing.id,
        expected_existing_version=1,
        validity=NEXT_YEAR,
    )
    clock.advance(minutes=2)
    worker.send_due()
    assert way.mails[-1].recipient == OTHER_CONTACT.email
    count = len(way.mails)
    (entry,) = (entry for entry in entries(store) if entry.sign_up_id)
    onboarding.send_again(
        store,
        existing.id,
        audit=later(ANN, minutes=3),
        mail_id=entry.id,
        after=entry.id,
        proof_mails=onboarding.ProofMails(SECRET_KEY),
    )
    onboarding.undo_renewal(
        store, again.id, expected_version=renewed.version, audit=later(ANN, minutes=4)
    )
    clock.advance(minutes=5)
    worker.send_due()
    # The sign-up waits again: that is said, and nothing more of an approval.
    assert len(way.mails) == count + 1
    assert entries(store)[-1].kind == "reopened"
    states = [entry.state for entry in entries(store) if entry.sign_up_id]
    assert states == [DeliveryState.SENT, DeliveryState.DROPPED]


def renew(store: Store, existing: Tenant, sign_up_of: Tenant, **by: float) -> Tenant:
    """Closes a sign-up towards a tenant that there is already."""
    return onboarding.renew_existing(
        store,
        sign_up_of.id,
        expected_version=sign_up_of.version,
        audit=later(ANN, **by),
        existing_id=existing.id,
        expected_existing_version=existing.version,
        validity=NEXT_YEAR,
    )


def test_everybody_who_asked_for_the_same_tenant_is_told(store, delivery, clock) -> None:
    own = activate(store, SEALER, sign_up(store))
    lou, pat = (
        sign_up(store, number, contact=replace(OTHER_CONTACT, email=f"{name}@meyer.example"))
        for number, name in ((2, "lou"), (3, "pat"))
    )
    # All that before the first mail leaves.
    renewed = renew(store, own, lou, minutes=1)
    renew(store, renewed, pat, minutes=2)
    clock.advance(minutes=3)
    way = Kept()
    delivery(store, way).send_due()
    told = {mail.recipient for mail in way.mails if "ist genehmigt" in read(mail).text()}
    assert told == {CONTACT.email, "lou@meyer.example", "pat@meyer.example"}
    # The same once more to the same customer is still said once.
    (entry,) = (each for each in entries(store) if each.sign_up_id == pat.id)
    for number in (4, 5):
        audit = later(ANN, minutes=number)
        newest = entries(store)[-1].id
        onboarding.send_again(store, own.id, audit=audit, mail_id=entry.id, after=newest)
    clock.advance(minutes=10)
    way.mails.clear()
    delivery(store, way).send_due()
    assert [mail.recipient for mail in way.mails] == ["pat@meyer.example"]


def test_more_time_for_a_suspended_access_is_told_to_whoever_asked(store, delivery, clock) -> None:
    active = activate(store, SEALER, sign_up(store))
    suspended = onboarding.suspend(
        store, active.id, expected_version=active.version, audit=ANN, reason=Reason.UNPAID
    )
    renewed = renew(store, suspended, sign_up(store, 2, contact=OTHER_CONTACT), minutes=1)
    clock.advance(minutes=2)
    way = Kept()
    delivery(store, way).send_due()
    # What was approved before the suspension is told to nobody, only that it is suspended.
    assert sorted(mail.recipient for mail in way.mails) == [CONTACT.email, OTHER_CONTACT.email]
    (mail,) = (mail for mail in way.mails if mail.recipient == OTHER_CONTACT.email)
    text = " ".join(read(mail).text().split())
    assert "ist genehmigt" in text
    assert "ist gesperrt" in text
    assert "Sie können ihn" not in text
    assert renewed.validity == NEXT_YEAR


def test_a_link_that_proves_an_address_goes_to_no_customer_of_another_sign_up(
    store, delivery, clock
) -> None:
    own = activate(store, SEALER, sign_up(store))
    way = Kept()
    clock.advance(seconds=HELD_FOR.seconds)
    delivery(store, way).send_due()
    again = sign_up(store, 2, contact=OTHER_CONTACT)
    onboarding.ProofMails(SECRET_KEY).send(store, again, later(ANN, days=1).at)
    renew(store, own, again, days=1)
    clock.advance(days=1, minutes=1)
    way.mails.clear()
    delivery(store, way).send_due()
    assert [mail.recipient for mail in way.mails] == [OTHER_CONTACT.email]
    assert "ist genehmigt" in read(way.mails[0]).text()


# ---- The log


def test_each_attempt_is_one_line_that_names_nobody(
    store, delivery, clock, caplog: pytest.LogCaptureFixture
) -> None:
    tenant = sign_up(store)
    worker = delivery(store, Kept(GREYLISTED))
    with caplog.at_level(logging.INFO):
        worker.send_due()
        clock.advance(minutes=5)
        worker.send_due()
    lines = [
        json.loads(JsonLines().format(record))
        for record in caplog.records
        if record.name == "portal.outbox.delivery"
    ]
    assert [line["state"] for line in lines] == ["due", "sent"]
    assert [line["tries"] for line in lines] == [1, 2]
    assert lines[0]["reason"] == "not_now 450 4.2.0"
    assert {line["kind"] for line in lines} == {"received"}
    # The beginning of the Message-ID, which the log of the mail server has as well.
    mail = worker.post.mail(store, only(store), clock.now())
    assert {line["mail"] for line in lines} == {mail.message_id[1:33]}
    for text in (*PERSONAL, tenant.id, tenant.id.removeprefix("pending-")):
        assert text not in str(lines)
