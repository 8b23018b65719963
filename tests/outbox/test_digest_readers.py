"""The digest goes to everybody who may decide, if something waits for staff."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from portal import onboarding
from portal.auth import Role, Source, end_access, invite, set_role
from portal.mail import digest_readers
from portal.outbox import Daily, Delivery
from portal.settings import Settings
from portal.stores.contract import Store
from tests.conftest import START, Clock
from tests.examples import ANN, CONTACT, later, sign_up
from tests.mail.letters_and_facts import Kept, entries, post_to, read

OPERATOR = Source(by="operator")


def add(store: Store, name: str, role: Role) -> str:
    return invite(
        store, email=f"{name}@staff.example", name=name, role=role, now=START, source=OPERATOR
    ).id


@pytest.fixture
def round_of(clock: Clock, settings: Settings) -> Callable[..., list[str]]:
    """`round_of(store)`: makes the round of this day, delivers it, and says to whom."""

    def make(store: Store, *, staff: tuple[str, ...] = (), approvers: bool = True) -> list[str]:
        daily = Daily(
            store=store, clock=clock.now, zone=settings.time_zone, promised_days=2,
            staff=staff, approvers=approvers,
        )  # fmt: skip
        daily.run_if_due()
        way = Kept()
        chosen = replace(settings, mail_staff=staff, mail_approvers=approvers, promised_days=2)
        Delivery(store=store, post=post_to(chosen, way), clock=clock.now).send_due()
        digests = [mail for mail in way.mails if "longer than promised" in read(mail).text()]
        return sorted(mail.recipient for mail in digests)

    return make


def test_who_may_decide_gets_it_and_viewers_do_not(store, clock, round_of) -> None:
    add(store, "vera", Role.VIEWER)
    add(store, "anna", Role.APPROVER)
    add(store, "zoe", Role.ADMIN)
    sign_up(store)
    assert round_of(store) == []
    clock.advance(days=3)
    assert round_of(store) == ["anna@staff.example", "zoe@staff.example"]
    # At most daily.
    assert round_of(store) == []
    clock.advance(hours=5)
    assert round_of(store) == []
    clock.advance(days=1)
    assert len(round_of(store)) == 2


def test_who_has_no_access_any_more_gets_none(store, clock, round_of) -> None:
    anna, ben = add(store, "anna", Role.APPROVER), add(store, "ben", Role.APPROVER)
    add(store, "carl", Role.APPROVER)
    sign_up(store)
    clock.advance(days=3)
    end_access(store, anna, clock.now(), OPERATOR)
    set_role(store, ben, Role.VIEWER, clock.now(), OPERATOR)
    assert round_of(store) == ["carl@staff.example"]


def test_who_lost_access_between_the_round_and_the_sending_gets_none(
    store, clock, settings
) -> None:
    anna = add(store, "anna", Role.APPROVER)
    sign_up(store)
    clock.advance(days=3)
    daily = Daily(
        store=store, clock=clock.now, zone=settings.time_zone, promised_days=2, approvers=True
    )
    assert daily.run_if_due()
    end_access(store, anna, clock.now(), OPERATOR)
    way = Kept()
    Delivery(store=store, post=post_to(settings, way), clock=clock.now).send_due()
    assert [mail.recipient for mail in way.mails] == ["kim@meyer.example"]


def test_an_address_of_the_setting_that_is_on_the_list_gets_one_mail(
    store, clock, round_of
) -> None:
    add(store, "anna", Role.APPROVER)
    sign_up(store)
    clock.advance(days=3)
    staff = ("Anna@staff.example", "team@staff.example")
    assert round_of(store, staff=staff) == sorted(staff)


def test_without_the_setting_only_its_addresses_get_it(store, clock, round_of) -> None:
    add(store, "anna", Role.APPROVER)
    sign_up(store)
    clock.advance(days=3)
    assert round_of(store, staff=("team@staff.example",), approvers=False) == ["team@staff.example"]
    assert digest_readers(store, (), "en", approvers=False) == []


def test_a_request_whose_customer_was_asked_is_late_only_after_the_answer(
    store, clock, settings, round_of
) -> None:
    add(store, "anna", Role.APPROVER)
    pending = sign_up(store, contact=replace(CONTACT, company="Asked Ltd"))
    asked = onboarding.ask(
        store, pending.id, expected_version=1, audit=later(ANN, days=1), text="Which company?"
    )
    clock.advance(days=4)
    assert round_of(store) == []
    assert [entry for entry in entries(store) if entry.kind == "digest"] == []
    onboarding.answer(
        store, pending.id, expected_version=asked.version, audit=later(ANN, days=4),
        text="The one in Hamburg.", contact=asked.contact,
    )  # fmt: skip
    clock.advance(days=1)
    daily = Daily(
        store=store, clock=clock.now, zone=settings.time_zone, promised_days=2, approvers=True
    )
    assert daily.run_if_due()
    way = Kept()
    Delivery(store=store, post=post_to(settings, way), clock=clock.now).send_due()
    (digest,) = [mail for mail in way.mails if mail.recipient == "anna@staff.example"]
    text = read(digest).text()
    assert "Requests that wait longer than promised: 1." in text
    assert "Asked Ltd: since 23 November 2026, the customer has answered" in text


def test_many_asked_requests_do_not_hide_one_that_waits(store, clock, round_of) -> None:
    add(store, "anna", Role.APPROVER)
    for number in range(12):
        pending = sign_up(store, number)
        onboarding.ask(store, pending.id, expected_version=1, audit=ANN, text="Which company?")
    sign_up(store, 99, now=later(ANN, minutes=5).at)
    clock.advance(days=3)
    assert round_of(store) == ["anna@staff.example"]
