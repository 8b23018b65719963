"""The page of API tokens: made and shown once, listed, revoked. For admins only."""

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from portal.auth import (
    TOKEN_PATTERN,
    InvalidTokenError,
    Scope,
    count_call,
    create_api_token,
    list_api_tokens,
    verify_token,
)
from portal.stores import Store
from tests.conftest import Clock
from tests.web.pages import (
    Staff,
    by_id,
    error_beside,
    everything,
    form_of,
    forms,
    heading,
    links,
    outcome,
    page_words,
    summary,
    title,
    tree,
    words,
)

PAGE = "/staff/tokens"
TYPED = {"name": "nightly sync", "tenants_read": "1", "tenants_write": "1"}
LABELS = ("", "Scopes ", "Calls in an hour ", "State ", "Last used ", "")
DAY = timedelta(days=1)


def rows(answer: TestResponse) -> list[list[str]]:
    """The texts of the cells, without the labels of narrow screens."""
    return [
        [words(cell).removeprefix(label) for cell, label in zip(row, LABELS, strict=True)]
        for row in tree(answer).findall(".//tbody/tr")
    ]


def make(admin: Staff, **typed: str) -> TestResponse:
    """Fills in the real form and sends it."""
    form = form_of(admin.get(PAGE), PAGE) | typed
    return admin.client.post(PAGE, data=form)


def shown_token(answer: TestResponse) -> str:
    return words(by_id(answer, "token"))


def security_events(store: Store) -> list[tuple[object, object, object]]:
    return [
        (item["verb"], item["by"], item["text"])
        for id_, item in everything(store).items()
        if id_.startswith("event-security-") and str(item["verb"]).startswith("token_")
    ]


# ---- Make


def test_a_new_token_is_shown_once_and_works(admin: Staff, store: Store, clock: Clock) -> None:
    answer = make(admin, **TYPED)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert outcome(answer) == "The token of nightly sync is made"
    text = shown_token(answer)
    assert TOKEN_PATTERN.fullmatch(text)
    token = verify_token(store, text, clock.now())
    assert (token.name, token.scopes) == (
        "nightly sync",
        frozenset({"tenants:read", "tenants:write"}),
    )
    assert (token.until - token.created_at, token.per_hour) == (90 * DAY, 5_000)
    kid, _, secret = text.partition(".")
    assert security_events(store) == [("token_created", "Ada", f"nightly sync ({kid})")]
    assert secret not in repr(everything(store))
    assert secret not in admin.get(PAGE).text
    # The field for the next one is empty again.
    assert form_of(answer, PAGE)["name"] == ""


def test_the_token_can_be_copied_without_javascript(admin: Staff) -> None:
    field = by_id(make(admin, **TYPED), "token")
    assert (field.tag, field.get("readonly"), field.get("autocomplete")) == ("textarea", "", "off")
    assert field.get("name") is None
    hint = words(by_id(make(admin, **TYPED), "token-hint"))
    assert hint.startswith("It is shown only now. Select all of it, copy it (Ctrl+C")


def test_days_and_calls_are_as_typed(admin: Staff, store: Store) -> None:
    make(admin, name="x", imports_write="1", days=" 7 ", per_hour="1200")
    make(admin, name="y", imports_write="1", days="1")
    found = {each.name: (each.until - each.created_at, each.per_hour) for each in
             list_api_tokens(store)}  # fmt: skip
    assert found == {"x": (7 * DAY, 1_200), "y": (DAY, 60)}


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"name": ""}, "name", "Enter a text."),
        ({"name": "x" * 101}, "name", "This text is too long."),
        ({"tenants_read": "", "tenants_write": ""}, "tenants_read", "Choose at least one."),
        ({"days": "0"}, "days", "Enter a number of days from 1 to 3,650."),
        ({"days": "3651"}, "days", "Enter a number of days from 1 to 3,650."),
        ({"days": ""}, "days", "Enter a number of days from 1 to 3,650."),
        ({"days": "٣"}, "days", "Enter a number of days from 1 to 3,650."),
        ({"days": "1" * 5_000}, "days", "Enter a number of days from 1 to 3,650."),
        (
            {"per_hour": "100001"}, "per_hour",
            "Enter a number of calls from 1 to 100,000, or nothing.",
        ),
        ({"per_hour": "1.5"}, "per_hour", "Enter a number of calls from 1 to 100,000, or nothing."),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_beside_the_field_and_nothing_is_made(
    admin: Staff, store: Store, typed: dict[str, str], field: str, sentence: str
) -> None:
    answer = make(admin, **(TYPED | typed))
    assert answer.status_code == 422
    assert error_beside(answer, field) == sentence
    assert summary(answer) == [(field, sentence)]
    assert title(answer).startswith("Error: API tokens")
    kept = form_of(answer, PAGE)
    assert {name: kept.get(name, "") for name in typed} == {
        name: value.strip() for name, value in typed.items()
    }
    assert list(list_api_tokens(store)) == []
    assert security_events(store) == []


def test_a_form_that_is_sent_twice_makes_one_token(admin: Staff, store: Store) -> None:
    form = form_of(admin.get(PAGE), PAGE) | TYPED
    first = admin.client.post(PAGE, data=form)
    again = admin.client.post(PAGE, data=form)
    assert again.status_code == 409
    ((field, sentence),) = summary(again)
    assert (field, sentence.startswith("This form was sent before")) == ("", True)
    assert shown_token(first).partition(".")[2] not in again.text
    (token,) = list_api_tokens(store)
    assert [row[0] for row in rows(again)] == [f"nightly sync {token.kid}"]


@pytest.mark.parametrize("kid", ["", "x", "../../x", "A" * 12, "a" * 13])
def test_the_first_half_of_a_token_is_never_what_a_form_made_up(
    admin: Staff, store: Store, kid: str
) -> None:
    assert make(admin, **TYPED, kid=kid).status_code == 200
    (token,) = list_api_tokens(store)
    assert token.kid != kid


def test_no_line_of_the_log_holds_a_new_token(
    admin: Staff, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        text = shown_token(make(admin, **TYPED))
    assert text.partition(".")[2] not in caplog.text
    lines = [record for record in caplog.records if record.name == "portal.security"]
    (line,) = [record for record in lines if record.getMessage() == "An API token was created."]
    assert line.__dict__["fields"]["about"] == f"token-{text.partition('.')[0]}"
    assert line.__dict__["fields"]["who"] != "operator"


# ---- List


def test_the_list_says_what_each_token_is_for_until_when_and_when_it_was_used(
    admin: Staff, store: Store, clock: Clock
) -> None:
    assert "There are no tokens yet." in page_words(admin.get(PAGE))
    old = create_api_token(
        store, name="old", scopes=[Scope.IMPORTS_WRITE], life=DAY, now=clock.now() - 3 * DAY
    )
    clock.advance(seconds=1)
    used = create_api_token(
        store, name="sync", scopes=[Scope.TENANTS_READ, Scope.TENANTS_WRITE], life=7 * DAY,
        now=clock.now(),
    )  # fmt: skip
    count_call(store, used.partition(".")[0], clock.now())
    clock.advance(seconds=1)
    new = create_api_token(
        store, name="new", scopes=[Scope.IMPORTS_WRITE], life=DAY, now=clock.now(), per_hour=7
    )
    revoke = "Revoke The program is refused at once. This cannot be undone. Revoke now"
    assert rows(admin.get(PAGE)) == [
        [f"new {new[:12]}", "imports:write", "7",
         "Not used yet until 24 Nov 2026, 10:00 UTC", "", revoke],
        [f"sync {used[:12]}", "tenants:read, tenants:write", "5,000",
         "In use until 30 Nov 2026, 10:00 UTC", "23 Nov 2026, 10:00 UTC", revoke],
        [f"old {old[:12]}", "imports:write", "60",
         "Expired until 21 Nov 2026, 10:00 UTC", "", revoke],
    ]  # fmt: skip


def test_pages_of_twenty_five_the_newest_first(admin: Staff, store: Store, clock: Clock) -> None:
    for number in range(30):
        clock.advance(seconds=1)
        create_api_token(
            store, name=f"n{number}", scopes=[Scope.TENANTS_READ], life=DAY, now=clock.now()
        )
    first = admin.get(PAGE)
    assert [row[0].split()[0] for row in rows(first)] == [f"n{n}" for n in range(29, 4, -1)]
    second = admin.get(links(first)["Next page"])
    assert [row[0].split()[0] for row in rows(second)] == [f"n{n}" for n in range(4, -1, -1)]
    assert links(second)["First page"] == PAGE
    assert rows(admin.get(f"{PAGE}?after=forged")) == rows(first)


def test_a_token_of_an_earlier_version_is_listed(admin: Staff, store: Store, token: str) -> None:
    """It has one scope, and neither a limit nor a last use."""
    (listed,) = rows(admin.get(PAGE))
    assert listed[:3] == [f"nightly script {token[:12]}", "imports:write", "60"]


# ---- Revoke


def test_a_revoked_token_is_refused_at_once_and_its_admin_is_named(
    admin: Staff, store: Store, clock: Clock
) -> None:
    text = shown_token(make(admin, **TYPED))
    kid = text[:12]
    url = f"{PAGE}/{kid}/revoke"
    answer = admin.client.post(url, data=form_of(admin.get(PAGE), url))
    assert (answer.status_code, answer.location) == (303, f"{PAGE}?revoked={kid}")
    with pytest.raises(InvalidTokenError):
        verify_token(store, text, clock.now())
    assert ("token_revoked", "Ada", f"nightly sync ({kid})") in security_events(store)
    page = admin.get(answer.location)
    assert outcome(page) == (
        "The token of nightly sync is revoked. Whoever sends it is refused from now on."
    )
    (row,) = rows(page)
    assert row[3:] == ["Revoked 23 Nov 2026, 10:00 UTC", "", ""]
    assert url not in forms(page)


def test_revoking_twice_changes_nothing(admin: Staff, store: Store) -> None:
    kid = shown_token(make(admin, **TYPED))[:12]
    url = f"{PAGE}/{kid}/revoke"
    form = form_of(admin.get(PAGE), url)
    admin.client.post(url, data=form)
    before = everything(store)
    assert admin.client.post(url, data=form).status_code == 303
    assert everything(store) == before


@pytest.mark.parametrize("kid", ["a" * 12, "A" * 12, "x", "%00", "a" * 300])
def test_s11_a_token_that_there_is_not_is_not_found(admin: Staff, store: Store, kid: str) -> None:
    before = everything(store)
    answer = admin.client.post(f"{PAGE}/{kid}/revoke", data={"csrf_token": admin.token()})
    assert (answer.status_code, heading(answer)) == (404, "Page not found")
    assert everything(store) == before


@pytest.mark.parametrize("value", ["a" * 12, "x", ""])
def test_an_address_that_anybody_can_make_claims_nothing(
    admin: Staff, store: Store, value: str
) -> None:
    kid = shown_token(make(admin, **TYPED))[:12]
    for revoked in (value, kid):
        page = admin.get(f"{PAGE}?revoked={revoked}")
        assert "is revoked" not in page_words(page)


# ---- Who


def test_only_admins_come_in_and_are_led_there(admin: Staff, anna: Staff, store: Store) -> None:
    assert links(admin.get("/staff/"))["API tokens"] == PAGE
    assert "API tokens" not in links(anna.get("/staff/"))
    assert anna.get(PAGE).status_code == 403
    before = {id_ for id_ in everything(store) if id_.startswith("token-")}
    assert anna.client.post(PAGE, data=TYPED | {"csrf_token": anna.token()}).status_code == 403
    assert {id_ for id_ in everything(store) if id_.startswith("token-")} == before == set()


def test_t7_the_name_of_a_token_is_text(
    signed_in: Callable[..., Staff], store: Store, clock: Clock
) -> None:
    ada = signed_in("Ada", "admin")
    name = '<div hx-post="/staff/tokens" hx-trigger="load">"{{7*7}}'
    text = create_api_token(
        store, name=name, scopes=[Scope.TENANTS_READ], life=DAY, now=clock.now()
    )
    page = ada.get(PAGE)
    assert rows(page)[0][0] == f"{name} {text[:12]}"
    assert not [each for each in tree(page).iter() if each.get("hx-trigger") == "load"]


def test_in_german(admin: Staff) -> None:
    page = admin.get(PAGE, headers={"Accept-Language": "de"})
    assert heading(page) == "API-Tokens"
    assert "Mandanten anlegen und ändern (tenants:write)" in page_words(page)
