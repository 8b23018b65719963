"""Phone numbers by the browser's languages: which country is assumed, and that the page says so."""

import pytest
from flask.testing import FlaskClient

from portal.stores.contract import Store
from tests.web.pages import (
    TYPED,
    by_id,
    error_beside,
    form_of,
    ids,
    page_words,
    tenants_in,
    words,
)

INVALID = "Enter a phone number with country code, like +49 30 901820."
NO_COUNTRY = "Write this phone number with + and its country code, like +49 30 901820."
BERLIN = "030 901820"
LONDON = "020 7946 0018"


@pytest.mark.parametrize(
    ("typed", "languages", "expected"),
    [
        # The first language names a country.
        (BERLIN, "de-DE", "+4930901820"),
        (BERLIN, "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7", "+4930901820"),
        (BERLIN, "de_DE", "+4930901820"),
        (BERLIN, "de-Latn-DE", "+4930901820"),
        (BERLIN, "de-DE-1996", "+4930901820"),
        (BERLIN, "en;q=0.5, de-DE;q=0.9", "+4930901820"),
        ("01 588580", "de-AT", "+431588580"),
        ("01 588580", "de-at,de;q=0.9", "+431588580"),
        ("044 668 18 00", "de-CH", "+41446681800"),
        (LONDON, "en-GB,en;q=0.9", "+442079460018"),
        ("(212) 555-0123", "en-US,en;q=0.9", "+12125550123"),
        ("01 42 68 53 00", "fr-FR", "+33142685300"),
        ("06 698 1234", "it-IT", "+39066981234"),
        # The first language implies one country.
        (BERLIN, "de", "+4930901820"),
        (BERLIN, "de,en-US;q=0.7,en;q=0.3", "+4930901820"),
        ("06 698 1234", "it,en;q=0.5", "+39066981234"),
        ("03-3224-5000", "ja", "+81332245000"),
        ("22 695 29 00", "pl", "+48226952900"),
        # The first language names and implies no single country; a later one does not count.
        (BERLIN, "", INVALID),
        (BERLIN, "*", INVALID),
        (BERLIN, "en", INVALID),
        (BERLIN, "en,de-DE;q=0.5", INVALID),
        (BERLIN, "en,en-US;q=0.9", INVALID),
        ("01 42 68 53 00", "fr,en-US;q=0.5", INVALID),
        ("91 123 45 67", "es-419,es;q=0.9", INVALID),
        ("020 7946 0018", "en-001", INVALID),
        (BERLIN, "en-XX", INVALID),
        (BERLIN, "xx", INVALID),
        # The country code was typed: the language does not matter.
        ("+49 30 901820", "en-US", "+4930901820"),
        ("0049 30 901820", "", "+4930901820"),
        ("0049 30 901820", "en-US", "+4930901820"),
        ("(0049) 30 901820", "ja", "+4930901820"),
        ("0043 1 588580", "de-DE", "+431588580"),
        # The country code is missing, which is likelier than a wrong length.
        (BERLIN, "en-US,en;q=0.9", NO_COUNTRY),
        ("4930901820", "en-US,en;q=0.9", NO_COUNTRY),
    ],
)
def test_the_country_of_a_number(
    client: FlaskClient, store: Store, typed: str, languages: str, expected: str
) -> None:
    headers = {"Accept-Language": languages} if languages else {}
    form = form_of(client.get("/sign-up"), "/sign-up") | TYPED | {"phone": typed}
    answer = client.post("/sign-up", data=form, headers=headers)
    if expected.startswith("+"):
        (tenant,) = tenants_in(store).values()
        assert tenant["contactPhone"] == expected
    else:
        assert error_beside(answer, "phone") == expected


def test_the_form_that_comes_back_says_which_country_was_assumed(client: FlaskClient) -> None:
    form = form_of(client.get("/sign-up"), "/sign-up") | TYPED | {"phone": LONDON, "name": ""}
    page = client.post("/sign-up", data=form, headers={"Accept-Language": "en-GB"})
    assert words(by_id(page, "phone-note")) == (
        "We read this as +44 20 7946 0018 (United Kingdom). Another country? Write the number with"
        " its country code."
    )


def test_a_number_that_nobody_seems_to_have_may_be_another_countrys(client: FlaskClient) -> None:
    form = form_of(client.get("/sign-up"), "/sign-up") | TYPED | {"phone": BERLIN, "name": ""}
    page = client.post("/sign-up", data=form, headers={"Accept-Language": "en-GB"})
    note = words(by_id(page, "phone-note"))
    assert "No such number seems to be in use there" in note
    assert note.endswith("Another country? Write the number with its country code.")


@pytest.mark.parametrize(
    ("typed", "fact"),
    [(LONDON, "+44•••18 (country: United Kingdom)"), ("+44 20 7946 0018", "+44•••18")],
)
def test_the_status_page_names_a_country_that_was_assumed(
    client: FlaskClient, typed: str, fact: str
) -> None:
    form = form_of(client.get("/sign-up"), "/sign-up") | TYPED | {"phone": typed}
    headers = {"Accept-Language": "en-GB"}
    done = client.post("/sign-up", data=form, headers=headers)
    page = client.get(done.headers["Location"], headers=headers)
    assert fact in page_words(page)
    assert ("(country:" in page_words(page)) is ("(country:" in fact)


def test_the_form_for_changes_says_so_too(client: FlaskClient) -> None:
    form = form_of(client.get("/sign-up"), "/sign-up") | TYPED
    change = client.post("/sign-up", data=form).headers["Location"] + "/change"
    form = form_of(client.get(change), change) | {"phone": LONDON, "company": ""}
    page = client.post(change, data=form, headers={"Accept-Language": "en-GB"})
    assert page.status_code == 422
    assert "phone-note" in ids(page)
    assert "Another country?" in words(by_id(page, "phone-note"))
