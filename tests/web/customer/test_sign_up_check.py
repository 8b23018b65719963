"""The check of one field when it changes: notes before the first submit, errors after it."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.stores.contract import Store
from tests.web.pages import (
    HTMX,
    TYPED,
    by_id,
    error_beside,
    everything,
    form_of,
    ids,
    page_words,
    sign_up,
    tree,
    words,
)

#: A number that is reserved for films.
NOT_IN_USE = (
    "We read this as +44 7700 900123 (United Kingdom). No such number seems to be in use there;"
    " please check it."
)


def check(
    client: FlaskClient,
    field: str,
    typed: str | None = None,
    *,
    tried: bool = False,
    language: str = "",
) -> TestResponse:
    page = sign_up(client, email="a@b") if tried else client.get("/sign-up")
    form = form_of(page, "/sign-up") | TYPED | ({} if typed is None else {field: typed})
    headers = HTMX | ({"Accept-Language": language} if language else {})
    return client.post(f"/sign-up/check?field={field}", data=form, headers=headers)


@pytest.mark.parametrize(
    ("field", "typed"),
    [("company", ""), ("name", "\u202e"), ("email", "a@b"), ("phone", "abc"), ("phone", "+49 30")],
)
def test_before_the_first_submit_a_check_shows_only_notes(
    client: FlaskClient, field: str, typed: str
) -> None:
    answer = check(client, field, typed)
    assert answer.status_code == 200
    assert not [each for each in tree(answer).iter() if each.get("aria-invalid")]
    assert f"{field}-error" not in ids(answer)


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("company", "", "Enter the company name."),
        ("name", "", "Enter your name."),
        ("email", "a@b", "Enter an email address like name@example.com."),
        ("phone", "abc", "Enter a phone number with country code, like +49 30 901820."),
    ],
)
def test_after_the_first_submit_a_check_shows_the_error(
    client: FlaskClient, field: str, typed: str, sentence: str
) -> None:
    answer = check(client, field, typed, tried=True)
    assert answer.status_code == 200
    assert error_beside(answer, field) == sentence


def test_a_corrected_field_loses_its_error(client: FlaskClient) -> None:
    answer = check(client, "email", "jane@example.com", tried=True)
    assert by_id(answer, "email").get("aria-invalid") is None


@pytest.mark.parametrize("tried", [False, True])
@pytest.mark.parametrize(
    ("field", "typed", "note"),
    [
        ("email", "jane@gmial.com", "Did you mean jane@gmail.com?"),
        ("email", "jane@gmail.com", ""),
        ("email", "jane@example.com", ""),
        ("phone", "0049 30 901820", "We read this as +49 30 901820 (Germany)."),
        ("phone", "+49 30 901820", "We read this as +49 30 901820 (Germany)."),
        (
            "phone",
            "+44 7700 900123",
            NOT_IN_USE,
        ),
    ],
)
def test_a_note_says_how_the_phone_number_was_read(
    *, client: FlaskClient, field: str, typed: str, note: str, tried: bool
) -> None:
    answer = check(client, field, typed, tried=tried)
    noted = f"{field}-note" in ids(answer)
    assert (words(by_id(answer, f"{field}-note")) if noted else "") == note
    if note:
        assert f"{field}-note" in by_id(answer, field).get("aria-describedby", "").split()


def test_a_number_without_a_country_is_read_as_the_browsers(client: FlaskClient) -> None:
    answer = check(client, "phone", "01 58858 0", language="de-AT")
    note = (
        "Wir verstehen dies als +43 1 588580 (Österreich). Ein anderes Land? Schreiben Sie die"
        " Nummer mit ihrer Ländervorwahl."
    )
    assert words(by_id(answer, "phone-note")) == note


def test_the_answer_is_the_one_field_which_checks_itself_again(client: FlaskClient) -> None:
    answer = check(client, "email", "jane@gmial.com")
    assert "<html" not in answer.text
    assert "field-email" in ids(answer)
    field = by_id(answer, "email")
    assert field.get("value") == "jane@gmial.com"
    assert field.get("hx-post") == "/sign-up/check?field=email"
    assert field.get("hx-target") == "#field-email"
    assert len(list(tree(answer).iter("input"))) == 1


def test_a_check_saves_nothing_and_does_not_reveal_whether_an_address_is_known(
    client: FlaskClient, store: Store
) -> None:
    sign_up(client)
    before = everything(store)
    known = check(client, "email")
    new = check(client, "email", "john@example.com")
    assert everything(store) == before
    assert known.text.replace("jane@", "john@") == new.text


@pytest.mark.parametrize("field", ["", "website", "form_token", "csrf_token", "validate", "data"])
def test_other_fields_are_not_checked(client: FlaskClient, field: str) -> None:
    assert check(client, field).status_code == 404


def test_a_hint_stays_text(client: FlaskClient) -> None:
    answer = check(client, "email", "<b>x</b>@gmial.com")
    assert not tree(answer).findall(".//b")
    assert "<b>x</b>@gmial.com" in by_id(answer, "email").get("value", "")
    assert "Did you mean" not in page_words(answer)
