"""Staff clear doubtful sign-ups, all that match, in one act."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import onboarding, queries, records
from portal.auth import SECURITY_EVENTS, SecurityAct, security_event, security_event_of
from portal.auth.security_log import SecurityEvent, Source
from portal.onboarding.doubtful import Cleared
from portal.onboarding.notes import remove_notes
from portal.stores import GSI2, Index
from portal.stores.contract import Add, Page, Store
from portal.stores.wrapper import StoreWrapper
from portal.tenants import Contact, Status, Tenant
from tests.conftest import Clock
from tests.examples import reference
from tests.web.failing_store import GONE, TroubledStore
from tests.web.pages import (
    SignUp,
    Staff,
    by_id,
    everything,
    form_of,
    forms,
    heading,
    links,
    page_words,
    sent_in,
    summary,
    tenants_in,
    words,
)
from tests.web.write_cases import send_mail

URL = "/staff/doubtful"
CLEAR = "/staff/doubtful/clear"
LIST = "/staff/tenants?status=aside"


@pytest.fixture
def store(each_store: Store) -> TroubledStore:
    return TroubledStore(each_store)


def robot(client: FlaskClient, **typed: str) -> SignUp:
    return sent_in(client, website="https://robot.example", **typed)


def press(person: Staff, query: str = "", **typed: str) -> TestResponse:
    """Opens the page and presses its button. Returns the page that it leads to."""
    form = form_of(person.get(f"{URL}{query}"), CLEAR) | typed
    answer = person.client.post(CLEAR, data=form)
    assert answer.status_code == 303
    return person.get(answer.location)


def outcome(page: TestResponse) -> str:
    return words(by_id(page, "outcome"))


def event(count: int) -> Add:
    details = {"count": str(count)}
    act = SecurityAct.DOUBTFUL_CLEARED
    return security_event(act, Source(by="Anna"), Clock().now(), details=details)


def add_waiting(store: Store, clock: Clock, number: int, **changed: object) -> Tenant:
    """As one that came without a proof of work while too many did."""
    tenant = Tenant(
        id=f"pending-{reference(number)}",
        status=Status.PENDING,
        version=1,
        contact=Contact(company=f"Rush {number} AG", name="Kim", email=f"kim@rush{number}.example"),
        created_at=clock.now(),
        updated_at=clock.now(),
        status_link="a" * 64,
        set_aside=True,
        waits_for_address=True,
    )
    tenant = replace(tenant, **changed)  # type: ignore[arg-type] # the fields of a tenant
    store.write([Add(records.item_of(tenant))])
    return tenant


# ---- What it removes


def test_t2_all_doubtful_ones_are_removed_by_one_press(
    client: FlaskClient, anna: Staff, store: Store, clock: Clock
) -> None:
    person = sent_in(client)
    robots = [robot(client, company=f"Robot {number}") for number in range(3)]
    assert links(anna.get(LIST))["Clear doubtful sign-ups"] == URL
    page = anna.get(URL)
    assert heading(page) == "Clear doubtful sign-ups"
    assert "3 doubtful sign-ups that a robot may have sent." in page_words(page)
    assert all(f"Robot {number}" in page_words(page) for number in range(3))
    clock.advance(minutes=1)
    page = press(anna)
    assert outcome(page) == "3 sign-ups are removed."
    assert "There is nothing to clear." in page_words(page)
    assert tenants_in(store).keys() == {person.id}
    for each in robots:
        assert client.get(each.url).status_code == 404


def test_what_came_after_the_page_was_made_stays(
    client: FlaskClient, anna: Staff, store: Store, clock: Clock
) -> None:
    robot(client)
    form = form_of(anna.get(URL), CLEAR)
    clock.advance(seconds=1)
    later = robot(client, company="Later AG")
    anna.client.post(CLEAR, data=form)
    assert tenants_in(store).keys() == {later.id}


@pytest.mark.parametrize("text", ["spam", "SPÄM", "@spam.example", "spam ltd"])
def test_only_those_that_hold_the_text_are_removed(
    client: FlaskClient, anna: Staff, store: Store, text: str
) -> None:
    robot(client, company="Spam Ltd", email="a@spam.example")
    other = robot(client, company="Other Ltd", email="b@other.example")
    search = links(anna.get(f"{LIST}&q=Spam"))["Clear doubtful sign-ups"]
    assert search == f"{URL}?q=Spam"
    page = anna.get(URL, query_string={"q": text})
    assert "1 doubtful sign-up that a robot may have sent." in page_words(page)
    assert "Other Ltd" not in page_words(page)
    answer = anna.client.post(CLEAR, data=form_of(page, CLEAR))
    assert answer.status_code == 303
    assert tenants_in(store).keys() == {other.id}


def test_those_that_wait_for_their_address_are_removed_only_by_choice(
    client: FlaskClient, anna: Staff, store: Store, clock: Clock
) -> None:
    robot(client)
    waiting = add_waiting(store, clock, 1)
    page = press(anna)
    assert outcome(page) == "1 sign-up is removed."
    assert tenants_in(store).keys() == {waiting.id}
    assert "Also those that wait until their customers confirm the email address: 1" in (
        page_words(page)
    )
    page = press(anna, waiting="1")
    assert outcome(page) == "1 sign-up is removed."
    assert tenants_in(store) == {}


def test_one_that_somebody_has_seen_to_stays(anna: Staff, store: Store, clock: Clock) -> None:
    asked = add_waiting(store, clock, 1)
    anna.decide(asked.id, "question", text="Who are you?")
    proved = add_waiting(store, clock, 2, waits_for_address=False, email_confirmed_at=clock.now())
    assert "There is nothing to clear." in page_words(anna.get(URL))
    assert CLEAR not in forms(anna.get(URL))
    assert tenants_in(store).keys() == {asked.id, proved.id}


def test_notes_go_with_their_sign_up_and_mail_is_not_sent(
    *, app: Flask, client: FlaskClient, anna: Staff, store: Store, clock: Clock
) -> None:
    noted = robot(client)
    anna.decide(noted.id, "note", text="Looks odd.")
    robot(client, company="Other Ltd")
    add_waiting(store, clock, 3)
    clock.advance(seconds=1)
    press(anna, waiting="1")
    assert "Looks odd." not in str(everything(store))
    assert tenants_in(store) == {}
    assert send_mail(app) == []


# ---- Somebody is faster


def test_one_that_a_colleague_has_let_in_stays_and_the_others_go(
    client: FlaskClient, anna: Staff, ben: Staff, store: Store
) -> None:
    robots = [robot(client, company=f"Robot {number}") for number in range(3)]
    rows = [*queries.doubtful(store, until=Clock().now()).robots]
    assert len(rows) == 3
    ben.decide(robots[1].id, "release")
    result = onboarding.clear_doubtful(store, rows, together=event)
    assert result == Cleared(removed=2, changed=1)
    assert tenants_in(store).keys() == {robots[1].id}
    assert "Robot 1" in page_words(anna.get("/staff/tenants"))
    # What is gone already counts as changed, and nothing is written for it.
    before = everything(store)
    assert onboarding.clear_doubtful(store, rows, together=event) == Cleared(changed=3)
    assert everything(store) == before


def test_a_press_that_is_sent_twice_removes_nothing_more(
    client: FlaskClient, anna: Staff, store: Store
) -> None:
    robot(client)
    form = form_of(anna.get(URL), CLEAR)
    anna.client.post(CLEAR, data=form)
    before = everything(store)
    again = anna.client.post(CLEAR, data=form)
    assert outcome(anna.get(again.location)) == "0 sign-ups are removed."
    assert everything(store) == before


def test_one_request_does_a_bounded_amount_and_says_what_is_left(
    anna: Staff, store: Store, clock: Clock
) -> None:
    for number in range(60):
        add_waiting(store, clock, number)
    rows = queries.doubtful(store, until=clock.now()).waiting
    looks = iter([False, True])
    result = onboarding.clear_doubtful(store, rows, together=event, enough=lambda: next(looks))
    assert result == Cleared(removed=25, left=35)
    page = anna.get(f"{URL}?removed=25&changed=0&waiting=1")
    assert "This is what is left." in page_words(page)
    assert "email address: 35" in page_words(page)
    # The choice stays for the next press.
    assert form_of(page, CLEAR)["waiting"] == "1"
    assert outcome(press(anna, "?removed=25&changed=0&waiting=1")) == "35 sign-ups are removed."


# ---- The store lags behind, or stops answering


def test_an_index_that_still_lists_what_is_gone_stops_nothing(
    client: FlaskClient, anna: Staff, store: Store
) -> None:
    noted, plain = robot(client), robot(client, company="Other Ltd")
    anna.decide(noted.id, "note", text="Looks odd.")
    rows = queries.doubtful(store, until=Clock().now()).robots
    old_notes = store.query(GSI2, records.notes_partition(noted.id))

    class Lagging(StoreWrapper):
        def query(self, index: Index, partition: str, **how: Any) -> Page:
            if partition == records.notes_partition(noted.id):
                return old_notes
            return super().query(index, partition, **how)

    lagging = Lagging(store)
    assert onboarding.clear_doubtful(lagging, rows, together=event) == Cleared(removed=2)
    assert tenants_in(store).keys() & {noted.id, plain.id} == set()
    assert "Looks odd." not in str(everything(store))
    # Whoever begins once more, as after a kill, finds the notes gone as well.
    remove_notes(lagging, noted.id)


def test_a_store_that_fails_in_the_middle_leaves_what_was_removed_removed_and_says_so(
    anna: Staff, store: TroubledStore, clock: Clock
) -> None:
    for number in range(60):
        add_waiting(store, clock, number)
    clock.advance(seconds=1)
    form = form_of(anna.get(URL), CLEAR) | {"waiting": "1"}
    writes = iter(range(100))
    store.begin(lambda call, _number: GONE if call == "write" and next(writes) > 0 else None)
    answer = anna.client.post(CLEAR, data=form)
    assert answer.status_code == 303
    assert "Your change was saved, but the page cannot be shown." in page_words(
        _while_silent(store, anna, answer.location)
    )
    page = anna.get(answer.location)
    assert outcome(page) == (
        "25 sign-ups are removed. Then the store did not answer, so some may be left."
        " Go on in a moment."
    )
    assert len(tenants_in(store)) == 35
    assert [each.count for each in cleared_events(store)] == ["25"]
    assert outcome(press(anna, "?waiting=1")) == "35 sign-ups are removed."
    assert sorted(each.count for each in cleared_events(store)) == ["10", "25", "25"]


def _while_silent(store: TroubledStore, person: Staff, url: str) -> TestResponse:
    store.begin(lambda call, _number: GONE if call == "query" else None)
    page = person.get(url)
    store.calm()
    assert page.status_code == 503
    return page


# ---- Who, and what is noted


def cleared_events(store: Store) -> list[SecurityEvent]:
    """The newest first."""
    events = [
        security_event_of(item)
        for item in store.query(GSI2, SECURITY_EVENTS, newest_first=True).items
    ]
    return [each for each in events if each.act is SecurityAct.DOUBTFUL_CLEARED]


def test_t30_the_security_log_says_who_cleared_how_many(
    client: FlaskClient, anna: Staff, admin: Staff, store: Store, clock: Clock
) -> None:
    for _ in range(2):
        robot(client)
    clock.advance(seconds=1)
    press(anna)
    cleared = [(each.source.by, each.count) for each in cleared_events(store)]
    assert cleared == [("Anna", "2")]
    page = page_words(admin.get("/staff/security"))
    assert "Doubtful sign-ups cleared" in page
    assert "Sign-ups: 2" in page


def test_t14_viewers_neither_see_the_way_nor_go_it(
    client: FlaskClient, viewer: Staff, store: Store
) -> None:
    robot(client)
    before = tenants_in(store)
    assert "Clear doubtful sign-ups" not in links(viewer.get(LIST))
    assert viewer.get(URL).status_code == 403
    answer = viewer.client.post(CLEAR, data={"csrf_token": viewer.token(), "until": "2027"})
    assert answer.status_code == 403
    assert tenants_in(store) == before


def test_a_form_that_was_tampered_with_removes_nothing(
    client: FlaskClient, anna: Staff, store: Store
) -> None:
    robot(client)
    before = tenants_in(store)
    form = form_of(anna.get(URL), CLEAR)
    for until in ("", "yesterday", "2026-13-01T00:00:00.000Z"):
        answer = anna.client.post(CLEAR, data=form | {"until": until})
        assert answer.status_code == 422
        assert summary(answer) == [("", "Look through the list once more.")]
    assert anna.get(CLEAR).status_code == 405
    assert tenants_in(store) == before
    for query in ("removed=x&changed=", "removed=-1", "removed=9999999", "removed=%D9%A1"):
        assert "is removed" not in page_words(anna.get(f"{URL}?{query}"))


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_page_speaks_both_languages(client: FlaskClient, anna: Staff, language: str) -> None:
    robot(client)
    page = anna.get(URL, headers={"Accept-Language": language})
    expected = {"en": "Clear doubtful sign-ups", "de": "Zweifelhafte Anfragen aufräumen"}
    assert heading(page) == expected[language]
