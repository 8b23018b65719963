"""People who work here: links that open once, sessions that end, and nothing worth stealing."""

import json
import threading
from datetime import timedelta

import pytest

from portal.auth.staff import (
    NotSignedInError,
    Role,
    check_sign_in_link,
    disable_person,
    end_session,
    make_sign_in_link,
    person_of_session,
    start_session,
)
from portal.stores.contract import ItemNotFoundError
from tests.conftest import START
from tests.examples import Behind, Interrupted, all_items

MS = timedelta(milliseconds=1)
ANN = "Ann@Meyer.example"


def link(store, *, email=ANN, role="approver", now=START) -> str:
    return make_sign_in_link(store, email=email, name="Ann Approver", role=role, now=now)


def session(store, *, now=START, **more) -> str:
    return start_session(store, link(store, now=now, **more), now)


def is_in(store, token, now=START) -> bool:
    try:
        person_of_session(store, token, now)
    except NotSignedInError:
        return False
    return True


# ---- Links


def test_a_link_signs_its_person_in_with_their_role(store):
    person = person_of_session(store, session(store), START)
    assert (person.email, person.name, person.role) == (ANN, "Ann Approver", Role.APPROVER)


def test_a_link_opens_once(store):
    token = link(store)
    start_session(store, token, START)
    with pytest.raises(NotSignedInError):
        start_session(store, token, START)


def test_looking_at_a_link_does_not_use_it_up(store):
    token = link(store)
    assert check_sign_in_link(store, token, START).email == ANN
    assert check_sign_in_link(store, token, START).email == ANN
    assert is_in(store, start_session(store, token, START))


@pytest.mark.parametrize(
    ("age", "opens"),
    [(timedelta(0), True), (timedelta(minutes=15), True), (timedelta(minutes=15) + MS, False)],
)
def test_a_link_opens_for_fifteen_minutes(store, age, opens):
    token = link(store)
    if opens:
        assert start_session(store, token, START + age)
    else:
        for look in (check_sign_in_link, start_session):
            with pytest.raises(NotSignedInError):
                look(store, token, START + age)


@pytest.mark.parametrize("guess", [
    "", "{cut}", "{token}x", " {token}", "{token}\n", "{swapped}", "\x00", "ü", "x" * 10_000,
])  # fmt: skip
def test_a_guessed_or_cut_link_opens_nothing_and_uses_nothing_up(store, guess):
    token = link(store)
    guessed = guess.format(token=token, cut=token[:-1], swapped=token.swapcase())
    with pytest.raises(NotSignedInError):
        start_session(store, guessed, START)
    assert start_session(store, token, START)


def test_neither_kind_of_token_opens_the_other_kind_of_door(store):
    token, signed = link(store), session(store)
    with pytest.raises(NotSignedInError):
        person_of_session(store, token, START)
    with pytest.raises(NotSignedInError):
        start_session(store, signed, START)


def test_the_store_keeps_hashes_of_links_and_sessions_alone(store):
    token = link(store)
    waiting = json.dumps(all_items(store))
    signed = start_session(store, token, START)
    kept = waiting + json.dumps(all_items(store))
    assert token not in kept
    assert signed not in kept
    assert (len(token), len(signed)) == (32, 32)


def test_a_link_that_was_used_is_gone(store):
    session(store)
    assert not [key for key in all_items(store) if key.startswith("link-")]


def test_of_many_who_open_one_link_at_once_one_gets_in(store):
    token, start, opened, refused = link(store), threading.Barrier(8), [], []

    def work() -> None:
        start.wait()
        try:
            opened.append(start_session(store, token, START))
        except NotSignedInError:
            refused.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(opened), len(refused)) == (1, 7)
    assert len([key for key in all_items(store) if key.startswith("session-")]) == 1


def test_who_is_overtaken_between_reading_a_link_and_using_it_is_refused(store):
    token = link(store)
    overtaken = Interrupted(store, lambda: start_session(store, token, START))
    with pytest.raises(NotSignedInError):
        start_session(overtaken, token, START)


def test_an_unknown_role_makes_no_link(store):
    for role in ("owner", "", "admin "):
        with pytest.raises(KeyError):
            link(store, role=role)
    assert all_items(store) == {}


def test_each_role_may_do_what_those_before_it_may():
    assert Role.VIEWER < Role.APPROVER < Role.ADMIN
    assert [Role.named(name) for name in ("viewer", "approver", "admin")] == list(Role)


# ---- Sessions


@pytest.mark.parametrize(
    ("idle", "goes_on"),
    [(timedelta(minutes=30), True), (timedelta(minutes=30) + MS, False)],
)
def test_a_session_ends_after_half_an_hour_of_doing_nothing(store, idle, goes_on):
    assert is_in(store, session(store), START + idle) is goes_on


@pytest.mark.parametrize(
    ("age", "goes_on"), [(timedelta(hours=12), True), (timedelta(hours=12) + MS, False)]
)
def test_a_session_ends_after_twelve_hours_however_busy(store, age, goes_on):
    token = session(store)
    for minutes in range(20, 12 * 60, 20):
        assert is_in(store, token, START + timedelta(minutes=minutes))
    assert is_in(store, token, START + age) is goes_on


def test_a_busy_session_is_written_down_once_a_minute(store):
    token = session(store)
    writes = []

    class Watched(Behind):
        def write(self, changes) -> None:
            writes.append(changes)
            super().write(changes)

    for seconds in range(0, 301, 10):
        person_of_session(Watched(store), token, START + timedelta(seconds=seconds))
    assert len(writes) == 4


def test_two_requests_that_note_the_same_session_at_once_are_both_answered(store):
    token = session(store)
    now = START + timedelta(minutes=5)
    overtaken = Interrupted(store, lambda: person_of_session(store, token, now))
    assert person_of_session(overtaken, token, now).email == ANN


def test_who_signs_out_is_out_and_may_do_it_again(store):
    token, other = session(store), session(store)
    end_session(store, token)
    end_session(store, token)
    end_session(store, "never was")
    assert not is_in(store, token)
    assert is_in(store, other)


# ---- Whoever is no longer who they were


def test_another_role_ends_sessions_and_links_of_the_old_one(store):
    signed, unused = session(store), link(store)
    link(store, role="viewer")
    assert not is_in(store, signed)
    with pytest.raises(NotSignedInError):
        start_session(store, unused, START)


def test_the_same_role_again_ends_nothing_and_may_change_the_name(store):
    signed = session(store)
    make_sign_in_link(store, email=ANN, name="Ann Meyer", role="approver", now=START)
    assert person_of_session(store, signed, START).name == "Ann Meyer"


def test_who_is_disabled_is_out_at_once_with_links_and_all(store):
    signed, unused = session(store), link(store)
    disable_person(store, email=ANN)
    assert not is_in(store, signed)
    with pytest.raises(NotSignedInError):
        start_session(store, unused, START)


def test_who_was_disabled_comes_back_by_a_new_link_alone(store):
    stolen, unused = session(store), link(store)
    disable_person(store, email=ANN)
    fresh = session(store)
    assert is_in(store, fresh)
    assert not is_in(store, stolen)
    with pytest.raises(NotSignedInError):
        start_session(store, unused, START)


def test_a_role_that_comes_back_brings_no_old_session_with_it(store):
    stolen = session(store, role="admin")
    link(store, role="viewer")
    link(store, role="admin")
    assert not is_in(store, stolen)


def test_disabling_one_person_leaves_the_others(store):
    other = session(store, email="bob@meyer.example")
    session(store)
    disable_person(store, email=ANN)
    assert is_in(store, other)


def test_an_address_is_the_same_person_however_it_is_typed(store):
    signed = session(store, email=" ANN@meyer.EXAMPLE ")
    disable_person(store, email="ann@meyer.example")
    assert not is_in(store, signed)


def test_disabling_nobody_is_an_error(store):
    with pytest.raises(ItemNotFoundError):
        disable_person(store, email="nobody@meyer.example")


# ---- Sweeping


def test_a_sign_in_sweeps_what_time_has_ended_for_this_person(store):
    for _ in range(3):
        link(store)
        session(store)
    other = session(store, email="bob@meyer.example")
    tomorrow = START + timedelta(days=1)
    signed = session(store, now=tomorrow)
    left = [key for key in all_items(store) if key.startswith(("link-", "session-"))]
    assert len(left) == 2
    assert is_in(store, signed, tomorrow)
    assert is_in(store, other)


def test_two_who_sweep_the_same_leavings_at_once_both_get_in(store):
    session(store)
    tomorrow = START + timedelta(days=1)
    one, two = link(store, now=tomorrow), link(store, now=tomorrow)
    overtaken = Interrupted(store, lambda: start_session(store, one, tomorrow))
    assert is_in(store, start_session(overtaken, two, tomorrow), tomorrow)


def test_many_leavings_are_swept_over_several_sign_ins(store):
    for _ in range(150):
        link(store)
    tomorrow = START + timedelta(days=1)
    for _ in range(10):
        session(store, now=tomorrow)
    assert len(all_items(store)) == 1 + 10


def test_what_an_access_entry_tells_a_table_that_forgets_by_itself(store):
    link(store)
    (item,) = [item for key, item in all_items(store).items() if key.startswith("link-")]
    assert item["ttl"] == int((START + timedelta(minutes=15)).timestamp())
