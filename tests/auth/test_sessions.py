"""Sessions end by time and by sign-out, and a sign-in removes the expired ones."""

from datetime import timedelta

import pytest

from portal.auth import end_session, person_of_session, start_session
from tests.auth.sign_ins import ANN, is_signed_in, new_link, new_session
from tests.conftest import START
from tests.examples import Behind, Interrupted, all_items

MS = timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("idle", "works"),
    [(timedelta(minutes=30), True), (timedelta(minutes=30) + MS, False)],
)
def test_a_session_ends_after_half_an_hour_without_a_request(store, idle, works):
    assert is_signed_in(store, new_session(store), START + idle) is works


@pytest.mark.parametrize(
    ("age", "works"), [(timedelta(hours=12), True), (timedelta(hours=12) + MS, False)]
)
def test_a_session_ends_after_twelve_hours_however_busy(store, age, works):
    token = new_session(store)
    for minutes in range(20, 12 * 60, 20):
        assert is_signed_in(store, token, START + timedelta(minutes=minutes))
    assert is_signed_in(store, token, START + age) is works


def test_the_last_use_of_a_busy_session_is_saved_once_a_minute(store):
    token = new_session(store)
    writes = []

    class Watched(Behind):
        def write(self, changes) -> None:
            writes.append(changes)
            super().write(changes)

    for seconds in range(0, 301, 10):
        person_of_session(Watched(store), token, START + timedelta(seconds=seconds))
    assert len(writes) == 4


def test_two_requests_that_save_the_same_session_at_the_same_time_are_both_answered(store):
    token = new_session(store)
    now = START + timedelta(minutes=5)
    overtaken = Interrupted(store, lambda: person_of_session(store, token, now))
    assert person_of_session(overtaken, token, now).email == ANN


def test_who_signs_out_is_signed_out_and_may_sign_out_again(store):
    token, other_token = new_session(store), new_session(store)
    end_session(store, token)
    end_session(store, token)
    end_session(store, "never was")
    assert not is_signed_in(store, token)
    assert is_signed_in(store, other_token)


# ---- Expired links and sessions


def test_a_sign_in_removes_what_has_expired_for_this_person(store):
    for _ in range(3):
        new_link(store)
        new_session(store)
    other = new_session(store, email="bob@meyer.example")
    tomorrow = START + timedelta(days=1)
    token = new_session(store, now=tomorrow)
    remaining = [key for key in all_items(store) if key.startswith(("link-", "session-"))]
    assert len(remaining) == 2
    assert is_signed_in(store, token, tomorrow)
    assert is_signed_in(store, other)


def test_two_sign_ins_that_remove_the_same_expired_items_both_succeed(store):
    new_session(store)
    tomorrow = START + timedelta(days=1)
    first, second = new_link(store, now=tomorrow), new_link(store, now=tomorrow)
    overtaken = Interrupted(store, lambda: start_session(store, first, tomorrow))
    assert is_signed_in(store, start_session(overtaken, second, tomorrow), tomorrow)


def test_many_expired_items_are_removed_over_several_sign_ins(store):
    for _ in range(150):
        new_link(store)
    tomorrow = START + timedelta(days=1)
    for _ in range(10):
        new_session(store, now=tomorrow)
    kept = [key for key in all_items(store) if not key.startswith("event-security-")]
    assert len(kept) == 1 + 10
