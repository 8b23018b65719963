"""The choice of a language: on each page, kept, and nothing that was typed is lost."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal import create_app
from portal.settings import Settings
from portal.stores.contract import Store
from tests.web.pages import (
    TYPED,
    SignUp,
    Staff,
    everything,
    form_of,
    heading,
    links,
    sent_in,
    tenants_in,
    title,
    tree,
)

GERMAN = "Zugang anfordern"
HERE = "http://127.0.0.1:8000"


def test_each_page_offers_the_languages_by_their_own_names(client: FlaskClient) -> None:
    assert {"/language/de", "/language/en"} <= set(links(client.get("/staff/sign-in")).values())
    assert links(client.get("/no/such/page"))["Deutsch"] == "/language/de"


def test_the_choice_outranks_the_browser_and_is_kept(client: FlaskClient) -> None:
    answer = client.get("/language/de", headers={"Referer": f"{HERE}/staff/sign-in"})
    assert (answer.status_code, answer.location) == (303, "/staff/sign-in")
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("language=de; ")
    assert "Max-Age=31536000" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    page = client.get("/sign-up", headers={"Accept-Language": "en"})
    assert heading(page) == GERMAN
    client.get("/language/en")
    assert heading(client.get("/sign-up", headers={"Accept-Language": "de"})) == "Ask for access"


def test_a_cookie_of_somebody_else_s_making_is_no_language(client: FlaskClient) -> None:
    client.set_cookie("language", "../../de")
    assert heading(client.get("/sign-up", headers={"Accept-Language": "de"})) == GERMAN
    assert client.get("/language/fr").status_code == 404


@pytest.mark.parametrize(
    ("referer", "location"),
    [
        (None, "/"),
        ("https://evil.example/staff/", "/"),
        (f"{HERE}//evil.example", "/"),
        # The answer to a form: its address takes no GET.
        (f"{HERE}/staff/sign-out", "/"),
        (f"{HERE}/no/such/page", "/"),
        (f"{HERE}/staff/tenants?status=active&q=a+b", "/staff/tenants?status=active&q=a+b"),
    ],
)
def test_the_way_back_is_a_page_of_the_portal(
    client: FlaskClient, referer: str | None, location: str
) -> None:
    headers = {"Referer": referer} if referer else {}
    assert client.get("/language/de", headers=headers).location == location


def test_the_address_of_a_status_page_is_in_no_link(client: FlaskClient) -> None:
    url = sent_in(client).url
    page = client.get(url)
    token = url.rpartition("/")[2]
    assert not any(token in link for link in links(page).values() if "language" in link)
    assert client.get("/language/de", headers={"Referer": f"{HERE}{url}"}).location == url


def test_the_sign_up_form_keeps_what_was_typed(client: FlaskClient, store: Store) -> None:
    form = form_of(client.get("/sign-up?account_id=1&company_id=2"), "/sign-up")
    typed = TYPED | {"email": "not yet"}
    german = client.post("/sign-up", data=form | typed | {"language": "de"})
    assert (german.status_code, heading(german)) == (200, GERMAN)
    again = form_of(german, "/sign-up")
    assert {name: again[name] for name in typed} == typed
    assert (again["account_id"], again["form_token"]) == ("1", form["form_token"])
    assert tenants_in(store) == {}
    sent = client.post("/sign-up", data=again | {"email": TYPED["email"]})
    assert sent.status_code == 303
    (tenant,) = tenants_in(store).values()
    assert tenant["locale"] == "de"


@pytest.mark.parametrize("page", ["change", "answer", "again", "lost-link"])
def test_every_form_of_a_customer_keeps_what_was_typed(
    client: FlaskClient, anna: Staff, store: Store, page: str
) -> None:
    done = sent_in(client)
    if page == "answer":
        anna.decide(done.id, "question", text="Which one?", correct_company="1")
    if page == "again":
        anna.decide(done.id, "reject", reason="other")
    url = "/lost-link" if page == "lost-link" else f"{done.url}/{page}"
    before = everything(store)
    form = form_of(client.get(url), url)
    typed = {
        "change": {"company": "Übel GmbH", "phone": "12", "remove_phone": "1"},
        "answer": {"answer": "This <b>one", "company": "Übel GmbH"},
        "again": {"company": "Übel GmbH", "name": ""},
        "lost-link": {"email": "not yet"},
    }[page]
    german = client.post(url, data=form | typed | {"language": "de"})
    assert german.status_code == 200
    assert tree(german).get("lang") == "de"
    assert not title(german).startswith("Fehler")
    again = form_of(german, url)
    assert {name: again.get(name) for name in typed} == typed
    for name in {"version", "form_token"} & form.keys():
        assert again[name] == form[name]
    assert everything(store) == before
    assert tree(client.get("/sign-up")).get("lang") == "de"


def test_another_language_is_no_look_at_a_later_version(
    client: FlaskClient, anna: Staff, pending: SignUp
) -> None:
    url = f"{pending.url}/change"
    form = form_of(client.get(url), url)
    anna.decide(pending.id, "contact", **TYPED | {"company": "Corrected GmbH"})
    german = client.post(url, data=form | {"name": "Janet Doe", "language": "de"})
    assert client.post(url, data=form_of(german, url)).status_code == 409


def test_a_form_without_such_buttons_does_what_it_is_for(
    client: FlaskClient, pending: SignUp
) -> None:
    url = f"{pending.url}/withdraw"
    form = form_of(client.get(url), url)
    client.post(url, data=form | {"language": "de"})
    assert heading(client.get(pending.url)) == "You withdrew your request"


def test_the_cookie_is_secure_behind_https(
    app: Flask, settings: Settings, new_client: Callable[[], FlaskClient]
) -> None:
    assert "Secure" not in str(new_client().get("/language/de").headers)
    secure = create_app(replace(settings, base_url="https://portal.example"))
    answer = secure.test_client().get("/language/de", base_url="https://portal.example")
    assert "; Secure;" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("path", ["/language/de", "/robots.txt", "/favicon.ico"])
def test_no_session_is_made_for_it(client: FlaskClient, path: str) -> None:
    client.get(path, buffered=True)
    assert client.get_cookie("portal") is None
