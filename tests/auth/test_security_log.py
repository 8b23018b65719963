"""The security log: what is an event, what is only a line, and that neither tells a secret."""

import json
import logging
from datetime import timedelta

import pytest

from portal.auth import (
    SECURITY_EVENTS,
    Refusals,
    Scope,
    SecurityAct,
    Source,
    create_api_token,
    disable_person,
    end_session,
    make_sign_in_link,
    person_of_session,
    remove_expired_events,
    revoke_api_token,
    security_event_of,
    start_session,
)
from portal.logs import JsonLines
from portal.stores import GSI2, ItemNotFoundError, UnavailableError
from tests.auth.sign_ins import ANN, is_signed_in, new_link, new_session
from tests.conftest import START
from tests.examples import Behind, Failing, all_items

DAY = timedelta(days=1)
OFFICE = Source(address="203.0.113.7", request_id="0123456789abcdef")


def events(store):
    page = store.query(GSI2, SECURITY_EVENTS, limit=200)
    return [security_event_of(item) for item in page.items]


def acts(store):
    """In any order: acts of one moment have none."""
    return sorted(event.act.value for event in events(store))


def new_token(store) -> str:
    return create_api_token(
        store, name="nightly", scopes=[Scope.IMPORTS_WRITE], life=DAY, now=START
    )


@pytest.fixture
def lines(caplog):
    """The lines of the security log so far, as they are written."""
    caplog.set_level(logging.INFO, logger="portal.security")

    def written():
        own = [each for each in caplog.records if each.name == "portal.security"]
        return [json.loads(JsonLines().format(record)) for record in own]

    return written


def test_signing_in_and_out_say_who_when_and_from_where(store, lines):
    later = START + timedelta(minutes=5)
    token = start_session(store, new_link(store), START, OFFICE)
    end_session(store, token, later, OFFICE)
    person = all_items(store)[next(key for key in all_items(store) if key.startswith("staff-"))]
    by_act = {event.act: event for event in events(store)}
    for act, at in ((SecurityAct.SIGNED_IN, START), (SecurityAct.SIGNED_OUT, later)):
        event = by_act[act]
        assert (event.at, event.source.by, event.source.who) == (
            at, "Ann Approver", person["tenantId"],
        )  # fmt: skip
        assert (event.source.address, event.source.request_id) == (
            "203.0.113.7", "0123456789abcdef",
        )  # fmt: skip
    said = [(line["event"], line["who"], line.get("address"), line["outcome"]) for line in lines()]
    assert said == [
        ("link_made", "operator", None, "done"),
        ("signed_in", person["tenantId"], "203.0.113.7", "done"),
        ("signed_out", person["tenantId"], "203.0.113.7", "done"),
    ]


def test_an_operator_s_acts_name_whom_they_are_about(store, lines):
    new_link(store)
    new_link(store, role="admin")
    disable_person(store, email=ANN, now=START)
    kid = new_token(store).partition(".")[0]
    revoke_api_token(store, kid, START)
    revoke_api_token(store, kid, START)
    found = sorted(
        (event.act.value, event.about, event.earlier_role, event.role) for event in events(store)
    )
    ann = f"Ann Approver ({ANN})"
    assert found == [
        ("access_ended", ann, "", ""),
        ("link_made", ann, "", "admin"),
        ("link_made", ann, "", "approver"),
        ("role_changed", ann, "approver", "admin"),
        ("token_created", f"nightly ({kid})", "", ""),
        ("token_revoked", f"nightly ({kid})", "", ""),
    ]
    assert {event.source.by for event in events(store)} == {"operator"}
    assert [line["event"] for line in lines()] == [
        "link_made", "role_changed", "link_made", "access_ended", "token_created", "token_revoked",
    ]  # fmt: skip


def test_no_line_and_no_event_holds_a_secret_and_no_line_personal_data(store, lines, caplog):
    link = new_link(store)
    session = start_session(store, link, START, OFFICE)
    api_token = new_token(store)
    end_session(store, session, START, OFFICE)
    disable_person(store, email=ANN)
    items = json.dumps(all_items(store))
    text = json.dumps(lines()) + caplog.text
    for secret in (link, session, api_token, api_token.partition(".")[2]):
        assert secret not in items
        assert secret not in text
    for personal in (ANN, ANN.casefold(), "Ann Approver"):
        assert personal not in text


@pytest.mark.parametrize("act", ["start", "end", "disable", "link", "create", "revoke"])
def test_the_event_is_in_the_same_write_as_the_act(store, act, lines):
    """Whatever call fails: there is the act with its event, or neither, and a line only of both."""
    link, session = new_link(store), new_session(store)
    kid = new_token(store).partition(".")[0]

    def perform(behind):
        match act:
            case "start":
                start_session(behind, link, START)
            case "end":
                end_session(behind, session)
            case "disable":
                disable_person(behind, email=ANN)
            case "link":
                make_sign_in_link(behind, email="b@x.example", name="B", role="viewer", now=START)
            case "create":
                new_token(behind)
            case _:
                revoke_api_token(behind, kid, START)

    for failing in range(10):
        before, said = all_items(store), len(lines())
        behind = Failing(store, failing)
        try:
            perform(behind)
        except UnavailableError:
            assert all_items(store) == before
            assert len(lines()) == said
            continue
        changed = {key for key, item in all_items(store).items() if before.get(key) != item}
        changed |= before.keys() - all_items(store).keys()
        assert len([key for key in changed if key.startswith("event-security-")]) == 1
        assert len(changed) >= 2
        assert len(lines()) == said + 1
        return
    raise AssertionError("it never succeeded")


# ---- Bounded


def test_a_sign_in_removes_events_that_are_too_old(store):
    for _ in range(15):
        new_session(store)
    late = START + timedelta(days=90, milliseconds=1)
    assert len(events(store)) == 30
    link = new_link(store, now=late)
    start_session(store, link, late)
    assert len(events(store)) == 30 - 20 + 2
    start_session(store, new_link(store, now=late), late, events_kept=timedelta(days=91))
    assert len(events(store)) == 30 - 20 + 4


def test_the_nightly_command_removes_all_that_are_too_old(store):
    for _ in range(30):
        new_session(store)
    new_session(store, now=START + DAY)
    assert remove_expired_events(store, START + 2 * DAY, timedelta(days=1, hours=12)) == 60
    assert acts(store) == ["link_made", "signed_in"]
    assert remove_expired_events(store, START + 2 * DAY, timedelta(days=1, hours=12)) == 0


def test_what_an_index_still_shows_though_it_is_gone_does_not_stop_a_sign_in(store):
    new_session(store)
    tomorrow = START + DAY

    class Lagging(Behind):
        def get(self, item_id):
            if item_id.startswith("event-security-"):
                raise ItemNotFoundError(item_id=item_id)
            return super().get(item_id)

    link = new_link(store, now=tomorrow)
    token = start_session(Lagging(store), link, tomorrow, events_kept=timedelta(hours=1))
    assert is_signed_in(store, token, tomorrow)


# ---- What is refused


def test_what_strangers_try_is_only_logged_and_not_for_ever(lines):
    seconds = [0.0]
    refusals = Refusals(lambda: seconds[0])
    stranger = Source(address="198.51.100.9")
    for _ in range(1_000):
        refusals.of_stranger(SecurityAct.TOKEN_REFUSED, stranger)
    refusals.of_stranger(SecurityAct.LINK_REFUSED, stranger)
    said = lines()
    assert len(said) == 20 + 1
    assert said[0].items() >= {
        "event": "token_refused", "who": "stranger", "address": "198.51.100.9",
        "outcome": "refused",
    }.items()  # fmt: skip
    seconds[0] = 60
    refusals.of_stranger(SecurityAct.TOKEN_REFUSED, stranger)
    assert lines()[21]["message"] == "An API token was refused. 980 more times before."
    assert len(lines()) == 23


def test_a_known_person_who_is_refused_is_an_event_once_an_hour(store, lines):
    vera = Source(by="Vera", who="staff-vera", address="203.0.113.7")
    refusals = Refusals()
    for minutes in (0, 1, 30, 59, 60):
        now = START + timedelta(minutes=minutes)
        refusals.of_known(store, SecurityAct.ROLE_REFUSED, vera, now, "decisions.activate")
    refusals.of_known(store, SecurityAct.ROLE_REFUSED, vera, START, "decisions.reject")
    assert sorted((event.at, event.route) for event in events(store)) == [
        (START, "decisions.activate"), (START, "decisions.reject"),
        (START + timedelta(hours=1), "decisions.activate"),
    ]  # fmt: skip
    assert len(lines()) == 6


def test_a_refusal_stands_while_the_store_takes_no_writes(store):
    vera = Source(by="Vera", who="staff-vera")
    refusals = Refusals()
    refusals.of_known(Failing(store, 0), SecurityAct.ROLE_REFUSED, vera, START, "staff.security")
    assert events(store) == []


def test_an_event_of_a_later_version_can_be_read(store):
    new_session(store)
    (item, *_) = store.query(GSI2, SECURITY_EVENTS).items
    read = security_event_of({**item, "verb": "paid", "changes": "{not json"})
    assert (read.act, read.at) == (None, START)


def test_reading_a_session_writes_no_event(store):
    token = new_session(store)
    person_of_session(store, token, START + timedelta(minutes=5))
    assert acts(store) == ["link_made", "signed_in"]
