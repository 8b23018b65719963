"""A page says when the session ends; what a page asks by itself does not put that off."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.conftest import Clock
from tests.web.pages import Staff, by_id, page_words

#: As static/session.js sends it.
AUTOMATIC = {"Portal-Automatic": "true"}
ENDS_IN = "Portal-Session-Ends-In"


def test_each_page_says_when_the_session_ends(anna: Staff, clock: Clock) -> None:
    page = anna.get("/staff/")
    words = (
        "You are signed out at 23 Nov 2026, 10:30 UTC if you do nothing until then, and at"
        " 23 Nov 2026, 22:00 UTC in any case."
    )
    assert words in page_words(page)
    assert by_id(page, "session").get("data-ends") == "1800 43200"
    assert page.headers[ENDS_IN] == "1800 43200"
    clock.advance(minutes=20)
    assert "10:50 UTC if you do nothing" in page_words(anna.get("/staff/tenants"))


def test_near_the_end_of_twelve_hours_both_are_the_same(anna: Staff, clock: Clock) -> None:
    for _ in range(24):
        clock.advance(minutes=29)
        anna.get("/staff/")
    clock.advance(minutes=20)
    assert anna.get("/staff/").headers[ENDS_IN] == "240 240"


def test_t12_requests_that_a_page_makes_by_itself_never_count(anna: Staff, clock: Clock) -> None:
    for left in (1200, 600, 0):
        clock.advance(minutes=10)
        answer = anna.get("/staff/session", headers=AUTOMATIC)
        assert (answer.status_code, answer.text) == (204, "")
        assert answer.headers[ENDS_IN].split()[0] == str(left)
    clock.advance(milliseconds=1)
    answer = anna.get("/staff/session", headers=AUTOMATIC)
    assert answer.status_code == 303
    assert ENDS_IN not in answer.headers


@pytest.mark.parametrize("path", ["/staff/", "/staff/session", "/staff/tenants"])
def test_t12_every_other_request_does(anna: Staff, clock: Clock, path: str) -> None:
    clock.advance(minutes=29)
    assert anna.get(path).headers[ENDS_IN].startswith("1800 ")
    clock.advance(minutes=30)
    assert anna.get(path).status_code in (200, 204)


def test_the_end_that_a_page_says_is_exact(anna: Staff, clock: Clock) -> None:
    """Uses within a minute are not saved, so they do not put it off."""
    clock.advance(seconds=59)
    assert anna.get("/staff/").headers[ENDS_IN].startswith("1741 ")
    clock.advance(seconds=1741)
    assert anna.get("/staff/session", headers=AUTOMATIC).status_code == 204
    clock.advance(milliseconds=1)
    assert anna.get("/staff/session", headers=AUTOMATIC).status_code == 303


def test_nobody_else_is_told_of_a_session(
    client: FlaskClient, new_client: Callable[[], FlaskClient]
) -> None:
    for path in ("/sign-up", "/staff/sign-in", "/staff/"):
        answer = new_client().get(path)
        assert ENDS_IN not in answer.headers
        assert "session.js" not in answer.text
    assert client.get("/staff/session", headers=AUTOMATIC).status_code == 303
