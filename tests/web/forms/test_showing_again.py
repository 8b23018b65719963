"""A refused form shows what was typed, without characters that HTML cannot hold."""

import pytest

from portal.web.http.printable import strip_unprintable
from tests.web.pages import SignUp, Staff, form_of


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("a\x00b\x1bc\x7fd\x85e", "abcde"),
        ("a\ufffeb\U0001ffffc\ufdd0d", "abcd"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("Ä € 漢字 🙂 \u202e", "Ä € 漢字 🙂 \u202e"),
    ],
)
def test_only_characters_that_html_cannot_hold_are_left_out(typed: str, expected: str) -> None:
    assert strip_unprintable(typed) == expected


def test_a_search_for_control_characters_is_answered(viewer: Staff) -> None:
    page = viewer.get("/staff/tenants", query_string={"q": "a\x00\x1bb"})
    assert page.status_code == 200
    assert form_of(page, "/staff/tenants")["q"] == "ab"


def test_a_decision_with_control_characters_is_shown_again(anna: Staff, pending: SignUp) -> None:
    page = anna.decide(pending.id, "reject", reason="other", message="a\x00b")
    assert page.status_code == 422
    assert form_of(page, f"/staff/tenants/{pending.id}/reject")["message"] == "ab"


def test_a_page_that_expired_keeps_what_html_can_hold(anna: Staff, pending: SignUp) -> None:
    form = anna.form(pending.id, "note") | {"text": "a\x00b", "csrf_token": "old"}
    page = anna.send(pending.id, "note", form)
    assert page.status_code == 400
    assert form_of(page, f"/staff/tenants/{pending.id}/note")["text"] == "ab"
