"""What somebody has looked after for too long is reported, once. On both stores."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from portal import desk, onboarding
from portal.auth import Person
from portal.desk import Escalation, escalate_old
from portal.settings import Settings
from portal.stores.contract import Store
from portal.tenants import Reason
from tests.conftest import START
from tests.desk.staff import by, letters, mails_to_staff, new_person
from tests.examples import sign_up

THREE_DAYS = timedelta(days=3)
ESCALATED = "Somebody has had a tenant for long"


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


@pytest.fixture
def anna(store: Store) -> Person:
    return new_person(store, "Anna")


@pytest.fixture
def boss(store: Store) -> Person:
    return new_person(store, "Berta", "admin")


def test_it_is_reported_once_after_three_days(
    store: Store, settings: Settings, anna: Person, boss: Person
) -> None:
    pending = sign_up(store)
    desk.assign(store, pending, anna, turn=0, audit=by(anna))
    before, after = START + THREE_DAYS - timedelta(milliseconds=1), START + THREE_DAYS
    assert escalate_old(store, boss, before, after=THREE_DAYS) == 0
    assert [escalate_old(store, boss, after, after=THREE_DAYS) for _ in range(2)] == [1, 0]
    (mail,) = mails_to_staff(store, settings, after)
    assert letters([mail]) == [(boss.email, ESCALATED)]
    text = " ".join(mail.text().split())
    assert "Anna has looked after Meyer Elevators since 23 November 2026" in text
    found = desk.find_desk(store, pending)
    assert (found.owner, found.escalated_at, found.escalated_to) == (anna.id, after, boss.id)


def test_somebody_else_who_takes_it_begins_anew(store: Store, anna: Person, boss: Person) -> None:
    ben, pending = new_person(store, "Ben"), sign_up(store)
    desk.assign(store, pending, anna, turn=0, audit=by(anna))
    after = START + THREE_DAYS
    assert escalate_old(store, boss, after, after=THREE_DAYS) == 1
    desk.assign(store, pending, ben, turn=1, audit=by(ben, after))
    assert escalate_old(store, boss, after, after=THREE_DAYS) == 0
    assert escalate_old(store, boss, after + THREE_DAYS, after=THREE_DAYS) == 1


def test_whoever_heard_of_it_hears_that_it_is_done(
    store: Store, settings: Settings, anna: Person, boss: Person
) -> None:
    pending, after = sign_up(store), START + THREE_DAYS
    desk.assign(store, pending, anna, turn=0, audit=by(anna))
    escalate_old(store, boss, after, after=THREE_DAYS)
    mails_to_staff(store, settings, after)
    onboarding.reject(
        store, pending.id, expected_version=1, audit=by(anna, after), reason=Reason.OTHER
    )
    done = [(boss.email, "What you were looking after is done")]
    assert letters(mails_to_staff(store, settings, after)) == done


def test_neither_nobodys_nor_what_is_decided_nor_their_own_is_reported(
    store: Store, anna: Person, boss: Person
) -> None:
    decided, handed_back, own = (sign_up(store, n) for n in (1, 2, 3))
    desk.assign(store, decided, anna, turn=0, audit=by(anna))
    onboarding.reject(store, decided.id, expected_version=1, audit=by(boss), reason=Reason.OTHER)
    # Written at the moment of the decision.
    desk.assign(store, decided, anna, turn=0, audit=by(anna))
    desk.assign(store, handed_back, anna, turn=0, audit=by(anna))
    desk.assign(store, handed_back, None, turn=1, audit=by(anna))
    desk.assign(store, own, boss, turn=0, audit=by(boss))
    assert escalate_old(store, boss, START + THREE_DAYS, after=THREE_DAYS) == 0


def test_a_mail_about_what_is_decided_meanwhile_does_not_leave(
    store: Store, settings: Settings, anna: Person, boss: Person
) -> None:
    pending, after = sign_up(store), START + THREE_DAYS
    desk.assign(store, pending, anna, turn=0, audit=by(anna))
    escalate_old(store, boss, after, after=THREE_DAYS)
    onboarding.reject(
        store, pending.id, expected_version=1, audit=by(boss, after), reason=Reason.OTHER
    )
    done = [(anna.email, "What you were looking after is done")]
    assert letters(mails_to_staff(store, settings, after)) == done


def rounds(store: Store, days: int, to: str, at: datetime) -> Escalation:
    seconds: Callable[[], float] = lambda: 0.0  # noqa: E731
    return Escalation(store=store, clock=lambda: at, days=days, to=to, seconds=seconds)


@pytest.mark.parametrize(
    ("days", "to", "told"),
    [
        (3, "berta@staff.example.com", 1),
        (0, "berta@staff.example.com", 0),
        (3, "", 0),
        (3, "nobody@staff.example.com", 0),
    ],
)
def test_the_settings_say_when_and_to_whom(
    *, store: Store, anna: Person, boss: Person, days: int, to: str, told: int
) -> None:
    del boss
    desk.assign(store, sign_up(store), anna, turn=0, audit=by(anna))
    each = rounds(store, days, to, START + THREE_DAYS)
    assert each.run_if_due() == told
    # It looks again after a quarter of an hour.
    assert each.run_if_due() == 0
