"""The session ends while somebody types: the words stay, and stay with that person."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from portal.stores.contract import Store
from tests.conftest import Clock
from tests.web.pages import (
    HTMX,
    SignUp,
    Staff,
    everything,
    form_of,
    forms,
    heading,
    outcome,
    page_words,
    sign_in,
)

REJECTION = {"reason": "other", "message": "Please call us, we have a question."}


@pytest.fixture
def signed_out(anna: Staff, pending: SignUp, clock: Clock) -> dict[str, str]:
    """Anna's form of a rejection. Her session has ended since."""
    form = anna.form(pending.id, "reject") | REJECTION
    clock.advance(hours=1)
    return form


def test_without_a_script_the_words_wait_for_the_same_person(
    anna: Staff, pending: SignUp, signed_out: dict[str, str], store: Store, clock: Clock
) -> None:
    url = f"/staff/tenants/{pending.id}/reject"
    before = everything(store)
    page = anna.send(pending.id, "reject", signed_out)
    assert page.status_code == 401
    assert heading(page) == "You were signed out. Nothing was saved."
    waiting = form_of(page, url)
    assert waiting.items() >= REJECTION.items()
    # Too early: the same page once more.
    assert form_of(anna.send(pending.id, "reject", waiting), url) == waiting
    assert everything(store) == before

    sign_in(anna.client, store, clock.now(), role="approver", name="Anna")
    back = anna.send(pending.id, "reject", waiting)
    assert back.status_code == 400
    assert outcome(back) == "This page has expired. Your entries are still here: send them again."
    again = form_of(back, url)
    assert again.items() >= REJECTION.items()
    assert anna.send(pending.id, "reject", again).status_code == 303


def test_with_htmx_the_words_stay_on_the_page_and_can_be_sent(
    anna: Staff, pending: SignUp, signed_out: dict[str, str], store: Store, clock: Clock
) -> None:
    url = f"/staff/tenants/{pending.id}/reject"
    old_token = {"X-CSRFToken": signed_out["csrf_token"]}
    refused = anna.client.post(url, data=signed_out, headers=HTMX | old_token)
    assert refused.status_code == 401
    assert "HX-Redirect" not in refused.headers
    assert "You were signed out. Nothing was saved." in page_words(refused)
    assert not forms(refused)

    sign_in(anna.client, store, clock.now(), role="approver", name="Anna")
    back = anna.client.post(url, data=signed_out, headers=HTMX | old_token)
    assert back.status_code == 400
    assert (back.headers["HX-Retarget"], back.headers["HX-Reswap"]) == ("#tenant", "outerHTML")
    again = form_of(back, url)
    assert again.items() >= REJECTION.items()
    # The header is the whole page's, so it is still the old one.
    assert anna.client.post(url, data=again, headers=HTMX | old_token).status_code == 200


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_nobody_else_sends_them(
    *,
    anna: Staff,
    pending: SignUp,
    signed_out: dict[str, str],
    store: Store,
    clock: Clock,
    headers: dict[str, str],
) -> None:
    sign_in(anna.client, store, clock.now(), role="admin", name="Ben")
    before = everything(store)
    url = f"/staff/tenants/{pending.id}/reject"
    answer = anna.client.post(url, data=signed_out, headers=headers)
    assert answer.status_code == 403
    assert "somebody else" in page_words(answer)
    assert not [action for action in forms(answer) if action == url]
    assert REJECTION["message"] not in answer.text
    # Nor with a good token of the other person's own.
    token = Staff(anna.client, "Ben").token()
    answer = anna.client.post(url, data=signed_out | {"csrf_token": token}, headers=headers)
    assert answer.status_code == 403
    assert everything(store) == before


def test_words_of_nobody_known_are_shown_to_nobody(
    anna: Staff, ben: Staff, pending: SignUp, new_client: Callable[[], FlaskClient]
) -> None:
    url = f"/staff/tenants/{pending.id}/note"
    form = anna.form(pending.id, "note") | {"text": "Called them."}
    for owner in ("", "staff-0.forged", form["form_owner"][:-1]):
        stranger = new_client().post(url, data=form | {"form_owner": owner})
        assert (stranger.status_code, stranger.location) == (303, "/staff/sign-in")
        expired = ben.client.post(url, data=form | {"form_owner": owner, "csrf_token": "x"})
        assert expired.status_code == 400
        assert "Called them." not in expired.text


def test_another_site_gets_nothing_back(anna: Staff, pending: SignUp, clock: Clock) -> None:
    form = anna.form(pending.id, "note") | {"text": "Called them."}
    clock.advance(hours=1)
    answer = anna.client.post(
        f"/staff/tenants/{pending.id}/note", data=form, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403
    assert "Called them." not in answer.text


def test_a_file_of_somebody_signed_out_is_not_read(admin: Staff, clock: Clock) -> None:
    form = form_of(admin.get("/staff/imports/"), "/staff/imports/")
    clock.advance(hours=1)
    answer = admin.client.post(
        "/staff/imports/", data=form | {"text": "[]"}, content_type="multipart/form-data"
    )
    assert (answer.status_code, answer.location) == (303, "/staff/sign-in")
