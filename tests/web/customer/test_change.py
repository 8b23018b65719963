"""The customer changes details or withdraws the request, while it is pending."""

import pytest
from flask.testing import FlaskClient

from portal.stores.contract import Store
from tests.web.pages import (
    IDS,
    SignUp,
    Staff,
    error_beside,
    events_of,
    everything,
    form_of,
    heading,
    page_words,
    summary,
    tenants_in,
    title,
)


def change_form(client: FlaskClient, done: SignUp) -> dict[str, str]:
    return form_of(client.get(f"{done.url}/change"), f"{done.url}/change")


def test_the_form_shows_what_is_known_but_for_what_is_masked(
    client: FlaskClient, pending: SignUp
) -> None:
    page = client.get(f"{pending.url}/change")
    form = form_of(page, f"{pending.url}/change")
    values = {name: form[name] for name in ("company", "name", "email", "phone")}
    assert values == {"company": "Example GmbH", "name": "Jane Doe", "email": "", "phone": ""}
    assert "Leave empty to keep j•••@example.com." in page_words(page)
    assert "Leave empty to keep +49•••20." in page_words(page)


def test_what_is_left_empty_stays_and_the_rest_is_changed(
    client: FlaskClient, pending: SignUp, store: Store
) -> None:
    form = change_form(client, pending) | {"company": "Another AG"}
    answer = client.post(f"{pending.url}/change", data=form)
    assert (answer.status_code, answer.location) == (
        303,
        f"{pending.url}?done=changed&fields=company",
    )
    assert "Your changes are saved. Changed: Company." in page_words(client.get(answer.location))
    tenant = tenants_in(store)[pending.id]
    assert (tenant["contactCompanyName"], tenant["version"]) == ("Another AG", 2)
    assert tenant["contactEmailAddress"] == "jane@example.com"
    assert tenant["contactPhone"] == "+4930901820"
    (event,) = events_of(store, pending.id)
    assert (event.verb, event.by) == ("edit_contact", "customer")
    assert event.request_id == answer.headers["X-Request-Id"]
    # An event names which personal fields changed, and never their values.
    assert event.changes == {"contactCompanyName": ("", "")}


def test_another_address_and_number_are_taken(
    client: FlaskClient, pending: SignUp, store: Store
) -> None:
    typed = {"email": "new@example.com", "phone": "+49 89 1234567"}
    client.post(f"{pending.url}/change", data=change_form(client, pending) | typed)
    tenant = tenants_in(store)[pending.id]
    assert tenant["contactEmailAddress"] == "new@example.com"
    assert tenant["contactPhone"] == "+49891234567"


def test_what_is_wrong_is_named_and_kept(
    client: FlaskClient, pending: SignUp, store: Store
) -> None:
    before = everything(store)
    url = f"{pending.url}/change"
    page = client.post(url, data=change_form(client, pending) | {"email": "a@b", "company": ""})
    assert page.status_code == 422
    assert title(page).startswith("Error: ")
    assert summary(page) == [
        ("company", "Enter the company name."),
        ("email", "Enter an email address like name@example.com."),
    ]
    assert error_beside(page, "company") == "Enter the company name."
    assert form_of(page, url)["email"] == "a@b"
    assert everything(store) == before


def test_sending_a_change_twice_makes_one_event(
    client: FlaskClient, pending: SignUp, store: Store
) -> None:
    form = change_form(client, pending) | {"company": "Another AG"}
    for _ in range(2):
        assert client.post(f"{pending.url}/change", data=form).status_code == 303
    assert len(events_of(store, pending.id)) == 1


def test_a_change_after_a_change_by_staff_is_shown_again(
    client: FlaskClient, pending: SignUp, anna: Staff, store: Store
) -> None:
    form = change_form(client, pending) | {"company": "Another AG"}
    anna.decide(pending.id, "contact", company="A Third KG")
    before = everything(store)
    page = client.post(f"{pending.url}/change", data=form)
    assert page.status_code == 409
    assert summary(page) == [
        ("", "Your request was changed in the meantime. Check it, then send the form again.")
    ]
    again = form_of(page, f"{pending.url}/change")
    assert (again["company"], again["version"]) == ("Another AG", "2")
    assert everything(store) == before
    client.post(f"{pending.url}/change", data=again)
    assert tenants_in(store)[pending.id]["contactCompanyName"] == "Another AG"


def test_f24_an_expired_form_keeps_what_was_typed(
    client: FlaskClient, pending: SignUp, store: Store
) -> None:
    form = change_form(client, pending) | {"company": "Another AG", "csrf_token": "old"}
    page = client.post(f"{pending.url}/change", data=form)
    assert page.status_code == 400
    again = form_of(page, f"{pending.url}/change")
    assert again["company"] == "Another AG"
    assert client.post(f"{pending.url}/change", data=again).status_code == 303


@pytest.mark.parametrize("verb", ["change", "withdraw"])
def test_a_decision_in_the_meantime_is_shown_and_stays(
    client: FlaskClient, pending: SignUp, anna: Staff, store: Store, verb: str
) -> None:
    url = f"{pending.url}/{verb}"
    form = form_of(client.get(url), url)
    anna.decide(pending.id, "activate", **IDS)
    before = everything(store)
    answer = client.post(url, data=form)
    assert (answer.status_code, answer.location) == (303, pending.url)
    assert heading(client.get(pending.url)) == "Your access is ready"
    assert everything(store) == before


@pytest.mark.parametrize("verb", ["change", "withdraw"])
def test_another_persons_link_changes_nothing(
    client: FlaskClient, pending: SignUp, store: Store, verb: str
) -> None:
    url = f"{pending.url}/{verb}"
    form = form_of(client.get(url), url)
    before = everything(store)
    forged = f"/status/{pending.token[:26]}{'A' * 32}/{verb}"
    assert client.post(forged, data=form).status_code == 404
    assert everything(store) == before


# ---- Withdrawing


def test_withdrawing_asks_first_and_is_undone_by_staff(
    client: FlaskClient, pending: SignUp, anna: Staff, store: Store
) -> None:
    url = f"{pending.url}/withdraw"
    page = client.get(url)
    assert heading(page) == "Withdraw your request?"
    answer = client.post(url, data=form_of(page, url))
    assert (answer.status_code, answer.location) == (303, pending.url)
    assert heading(client.get(pending.url)) == "You withdrew your request"
    assert tenants_in(store)[pending.id]["status"] == "withdrawn"
    (event,) = events_of(store, pending.id)
    assert (event.verb, event.by) == ("withdraw", "customer")
    anna.decide(pending.id, "reopen")
    assert tenants_in(store)[pending.id]["status"] == "pending"


def test_withdrawing_twice_makes_one_event(
    client: FlaskClient, pending: SignUp, store: Store
) -> None:
    url = f"{pending.url}/withdraw"
    form = form_of(client.get(url), url)
    for _ in range(2):
        assert client.post(url, data=form).status_code == 303
    assert len(events_of(store, pending.id)) == 1


def test_a_withdrawal_of_a_request_that_changed_in_the_meantime_asks_again(
    client: FlaskClient, pending: SignUp, anna: Staff, store: Store
) -> None:
    url = f"{pending.url}/withdraw"
    form = form_of(client.get(url), url)
    anna.decide(pending.id, "contact", name="Janet Doe")
    page = client.post(url, data=form)
    assert page.status_code == 409
    assert title(page).startswith("Error: ")
    assert summary(page) == [
        ("", "Your request was changed in the meantime. Check it, then send the form again.")
    ]
    assert tenants_in(store)[pending.id]["status"] == "pending"
    assert client.post(url, data=form_of(page, url)).status_code == 303
    assert tenants_in(store)[pending.id]["status"] == "withdrawn"
