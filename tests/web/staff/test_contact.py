"""Changing the contact: what nobody touched stays as it is, whoever changes the rest."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.stores.contract import Replace, Store
from tests.web.pages import (
    TYPED,
    SignUp,
    Staff,
    by_id,
    events_of,
    everything,
    form_of,
    page_words,
    tenants_in,
    words,
)

GERMAN, BRITISH = {"Accept-Language": "de-DE"}, {"Accept-Language": "en-GB"}
PHONE = ("contactPhone", "contactPhoneTyped", "contactPhoneExtension")


def phone_of(store: Store, tenant_id: str) -> list[object]:
    tenant = tenants_in(store)[tenant_id]
    return [tenant.get(name) for name in PHONE]


def send(anna: Staff, tenant_id: str, **typed: str) -> TestResponse:
    """From a British browser."""
    form = anna.form(tenant_id, "contact") | typed
    url = f"/staff/tenants/{tenant_id}/contact"
    return anna.client.post(url, data=form, headers=BRITISH)


@pytest.fixture
def german(client: FlaskClient) -> SignUp:
    """A sign-up with a national number, from a German browser."""
    form = form_of(client.get("/sign-up", headers=GERMAN), "/sign-up")
    typed = TYPED | {"phone": "030 901820"}
    answer = client.post("/sign-up", data=form | typed, headers=GERMAN)
    assert answer.status_code == 303
    return SignUp(answer.location)


def test_a_corrected_name_leaves_the_phone_number(
    german: SignUp, anna: Staff, store: Store
) -> None:
    assert phone_of(store, german.id) == ["+4930901820", "030 901820", None]
    assert send(anna, german.id, name="Janet Doe").status_code == 303
    assert phone_of(store, german.id) == ["+4930901820", "030 901820", None]
    assert tenants_in(store)[german.id]["contactFullName"] == "Janet Doe"
    (event,) = events_of(store, german.id)
    assert event.changes == {"contactFullName": ("", "")}


def test_another_number_is_read_and_none_removes_it(
    german: SignUp, anna: Staff, store: Store
) -> None:
    assert send(anna, german.id, phone="+44 20 7946 0000").status_code == 303
    assert phone_of(store, german.id)[0] == "+442079460000"
    assert send(anna, german.id, phone="").status_code == 303
    assert phone_of(store, german.id) == [None, None, None]
    # The history says old and new, as much of them as calls nobody.
    page = page_words(anna.page(german.id))
    assert "Phone number: +49•••20 → +44•••00" in page
    assert "Phone number: +44•••00 → –" in page


@pytest.mark.parametrize(
    ("language", "note"),
    [
        (
            "en-GB",
            (
                "We read this as +49 30 901820 (Germany)."
                " A number without a country code is read as one of this country: United Kingdom."
            ),
        ),
        ("en", "We read this as +49 30 901820 (Germany)."),
        (
            "de-AT",
            (
                "Wir verstehen dies als +49 30 901820 (Deutschland)."
                " Eine Nummer ohne Ländervorwahl verstehen wir als Nummer dieses Landes:"
                " Österreich."
            ),
        ),
    ],
)
def test_the_form_says_how_the_number_was_read_and_which_country_is_assumed(
    german: SignUp, anna: Staff, language: str, note: str
) -> None:
    page = anna.get(f"/staff/tenants/{german.id}", headers={"Accept-Language": language})
    assert words(by_id(page, "contact-phone-note")) == note
    assert "contact-phone-note" in by_id(page, "contact-phone").get("aria-describedby", "")


def test_a_form_that_comes_back_says_how_another_number_is_read(
    german: SignUp, anna: Staff
) -> None:
    page = send(anna, german.id, phone="020 7946 0000", company="")
    assert page.status_code == 422
    assert words(by_id(page, "contact-phone-note")) == (
        "We read this as +44 20 7946 0000 (United Kingdom)."
        " Another country? Write the number with its country code."
    )


def test_a_corrected_name_sent_twice_makes_one_event(
    german: SignUp, anna: Staff, store: Store
) -> None:
    form = anna.form(german.id, "contact") | {"name": "Janet Doe", "email": "J@EXAMPLE.com"}
    for _ in range(2):
        assert anna.send(german.id, "contact", form).status_code == 303
    assert len(events_of(store, german.id)) == 1


@pytest.mark.parametrize(
    "stored",
    [
        {"contactPhone": "ask at the desk"},
        {"contactPhone": "+4930901820", "contactPhoneExtension": "12"},
        {"contactPhone": "110"},
        {"contactEmailAddress": "no address"},
        {"contactEmailAddress": ""},
        {"contactCompanyName": "a\u200eb", "gsi3sk": "a"},
    ],
)
def test_what_an_import_kept_as_it_was_stays_although_no_form_would_take_it(
    *, german: SignUp, anna: Staff, store: Store, stored: dict[str, str]
) -> None:
    tenant = {k: v for k, v in tenants_in(store)[german.id].items() if k not in PHONE}
    store.write([Replace({**tenant, **stored, "version": 2}, 1)])
    before = tenants_in(store)[german.id]
    assert send(anna, german.id, name="Janet Doe").status_code == 303
    after = tenants_in(store)[german.id]
    names = (*PHONE, "contactEmailAddress", "contactCompanyName")
    assert [after.get(name) or None for name in names] == [
        before.get(name) or None for name in names
    ]


def test_an_empty_field_that_was_filled_is_still_refused(
    german: SignUp, anna: Staff, store: Store
) -> None:
    before = everything(store)
    assert send(anna, german.id, company="").status_code == 422
    assert everything(store) == before


def test_a_customers_own_change_leaves_what_was_not_touched(
    client: FlaskClient, german: SignUp, store: Store
) -> None:
    tenant = tenants_in(store)[german.id]
    store.write([Replace({**tenant, "contactCompanyName": "a\u200eb", "version": 2}, 1)])
    url = f"{german.url}/change"
    form = form_of(client.get(url), url) | {"name": "Janet Doe"}
    assert client.post(url, data=form, headers=BRITISH).status_code == 303
    after = tenants_in(store)[german.id]
    assert (after["contactFullName"], after["contactCompanyName"]) == ("Janet Doe", "a\u200eb")
    assert phone_of(store, german.id) == ["+4930901820", "030 901820", None]
