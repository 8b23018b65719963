"""Sign-in links: each works once, within 15 minutes, and the store holds only its hash."""

import json
import threading
from datetime import timedelta

import pytest

from portal.auth import (
    NotSignedInError,
    Role,
    check_sign_in_link,
    person_of_session,
    start_session,
)
from tests.auth.sign_ins import ANN, is_signed_in, new_link, new_session
from tests.conftest import START
from tests.examples import Interrupted, all_items

MS = timedelta(milliseconds=1)


def test_a_link_signs_its_person_in_with_their_role(store):
    person = person_of_session(store, new_session(store), START)
    assert (person.email, person.name, person.role) == (ANN, "Ann Approver", Role.APPROVER)


def test_a_link_works_once(store):
    token = new_link(store)
    start_session(store, token, START)
    with pytest.raises(NotSignedInError):
        start_session(store, token, START)


def test_checking_a_link_does_not_use_it_up(store):
    token = new_link(store)
    assert check_sign_in_link(store, token, START).email == ANN
    assert check_sign_in_link(store, token, START).email == ANN
    assert is_signed_in(store, start_session(store, token, START))


@pytest.mark.parametrize(
    ("age", "works"),
    [(timedelta(0), True), (timedelta(minutes=15), True), (timedelta(minutes=15) + MS, False)],
)
def test_a_link_works_for_fifteen_minutes(store, age, works):
    token = new_link(store)
    if works:
        assert start_session(store, token, START + age)
    else:
        for function in (check_sign_in_link, start_session):
            with pytest.raises(NotSignedInError):
                function(store, token, START + age)


@pytest.mark.parametrize("guess", [
    "", "{cut}", "{token}x", " {token}", "{token}\n", "{swapped}", "\x00", "ü", "x" * 10_000,
])  # fmt: skip
def test_a_guessed_or_cut_link_does_not_work_and_uses_nothing_up(store, guess):
    token = new_link(store)
    guessed = guess.format(token=token, cut=token[:-1], swapped=token.swapcase())
    with pytest.raises(NotSignedInError):
        start_session(store, guessed, START)
    assert start_session(store, token, START)


def test_a_link_is_no_session_and_a_session_is_no_link(store):
    link_token, session_token = new_link(store), new_session(store)
    with pytest.raises(NotSignedInError):
        person_of_session(store, link_token, START)
    with pytest.raises(NotSignedInError):
        start_session(store, session_token, START)


def test_the_store_holds_only_hashes_of_links_and_sessions(store):
    link_token = new_link(store)
    items_before = json.dumps(all_items(store))
    session_token = start_session(store, link_token, START)
    items = items_before + json.dumps(all_items(store))
    assert link_token not in items
    assert session_token not in items
    assert (len(link_token), len(session_token)) == (32, 32)


def test_a_link_that_was_used_is_removed(store):
    new_session(store)
    assert not [key for key in all_items(store) if key.startswith("link-")]


def test_of_many_who_use_one_link_at_the_same_time_one_is_signed_in(store):
    token, start, accepted, refused = new_link(store), threading.Barrier(8), [], []

    def work() -> None:
        start.wait()
        try:
            accepted.append(start_session(store, token, START))
        except NotSignedInError:
            refused.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(accepted), len(refused)) == (1, 7)
    assert len([key for key in all_items(store) if key.startswith("session-")]) == 1


def test_who_is_overtaken_between_reading_a_link_and_using_it_is_refused(store):
    token = new_link(store)
    overtaken = Interrupted(store, lambda: start_session(store, token, START))
    with pytest.raises(NotSignedInError):
        start_session(overtaken, token, START)


def test_an_unknown_role_makes_no_link(store):
    for role in ("owner", "", "admin "):
        with pytest.raises(KeyError):
            new_link(store, role=role)
    assert all_items(store) == {}


def test_a_link_has_a_time_to_live_for_a_table_that_removes_expired_items(store):
    new_link(store)
    (item,) = [item for key, item in all_items(store).items() if key.startswith("link-")]
    assert item["ttl"] == int((START + timedelta(minutes=15)).timestamp())
