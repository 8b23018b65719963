"""People of staff have a sign-in link sent to them; whoever asks learns nothing of who they are."""

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app
from portal.auth import (
    SECURITY_EVENTS,
    SecurityAct,
    disable_person,
    make_sign_in_link,
    security_event_of,
)
from portal.mail import MailError, Problem, Retry
from portal.outbox import HELD_FOR
from portal.settings import Settings
from portal.stores import GSI2
from portal.stores.contract import Store
from tests.conftest import Clock
from tests.mail.letters_and_facts import read
from tests.mail_server import Received
from tests.strict_client import StrictClient
from tests.web.pages import (
    error_beside,
    everything,
    form_of,
    forms,
    heading,
    page_words,
    summary,
    without_tokens,
)
from tests.web.write_cases import send_mail

URL = "/staff/sign-in"
ANNA, NOBODY = "Anna@staff.example.com", "nobody@staff.example.com"


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


@pytest.fixture(autouse=True)
def on_the_list(store: Store, clock: Clock) -> None:
    make_sign_in_link(store, email=ANNA, name="Anna", role="approver", now=clock.now())


def ask(client: FlaskClient, email: str, **options: object) -> TestResponse:
    form = form_of(client.get(URL), URL) | {"email": email}
    return client.post(URL, data=form, **options)


def mails(app: Flask, *errors: MailError) -> list[Received]:
    return [read(mail) for mail in send_mail(app, *errors)]


def link_in(mail: Received) -> str:
    link = r"^http://127.0.0.1:8000(/staff/sign-in/\w{32})$"
    (found,) = re.findall(link, mail.text(), re.MULTILINE)
    return str(found)


def app_with(settings: Settings, store: Store, clock: Clock) -> Flask:
    app = create_app(settings, store=store, clock=clock.now)
    app.testing = True
    app.test_client_class = StrictClient
    return app


def test_a_link_by_mail_signs_in_once_after_a_button(client: FlaskClient, app: Flask) -> None:
    client.get(URL, query_string={"next": "/staff/tenants"})
    sent = ask(client, "anna@STAFF.example.com")
    assert (sent.status_code, sent.location) == (303, f"{URL}?done=sent")
    page = client.get(sent.location)
    assert heading(page) == "Check your mail"
    (mail,) = mails(app)
    assert mail.message["To"] == ANNA
    assert re.fullmatch(r"Your sign-in link \[\w{8}\]", str(mail.message["Subject"]))
    link = link_in(mail)
    answer = client.post(link, data=form_of(client.get(link), link))
    assert (answer.status_code, answer.location) == (303, "/staff/tenants")
    assert "Anna Approver" in page_words(client.get("/staff/"))
    assert client.get(link).status_code == 404


def test_the_mail_is_in_the_language_of_the_page(client: FlaskClient, app: Flask) -> None:
    ask(client, ANNA, headers={"Accept-Language": "de"})
    (mail,) = mails(app)
    assert "Ihr Anmeldelink" in str(mail.message["Subject"])
    assert "innerhalb von 15 Minuten" in " ".join(mail.text().split())


def test_t13_the_link_lives_for_15_minutes_from_when_the_mail_leaves(
    client: FlaskClient, app: Flask, clock: Clock
) -> None:
    ask(client, ANNA)
    clock.advance(minutes=50)
    (mail,) = mails(app)
    # The mail leaves a moment later: some are held, and this asks for all of them.
    clock.advance(seconds=HELD_FOR.total_seconds(), minutes=15)
    assert client.get(link_in(mail)).status_code == 200
    clock.advance(milliseconds=1)
    assert client.get(link_in(mail)).status_code == 404


def test_a_mail_that_would_come_too_late_does_not_leave(
    client: FlaskClient, app: Flask, clock: Clock
) -> None:
    ask(client, ANNA)
    clock.advance(hours=1, milliseconds=1)
    assert mails(app) == []


def test_t4_t13_a_stranger_sees_no_difference(
    app: Flask, new_client: Callable[[], FlaskClient], store: Store
) -> None:
    answers = []
    for email in (ANNA, NOBODY):
        browser = new_client()
        sent = ask(browser, email)
        page = browser.get(sent.location)
        answers.append((sent.status_code, sent.location, without_tokens(page.text)))
        assert email not in page.text
    assert answers[0] == answers[1]
    entries = [item for key, item in everything(store).items() if key.startswith("mail-")]
    assert len(entries) == 2
    assert len({tuple(sorted(item)) for item in entries}) == 1
    assert [mail.message["To"] for mail in mails(app)] == [ANNA]


def test_whose_access_has_ended_gets_no_mail_and_the_same_answer(
    client: FlaskClient, app: Flask, store: Store
) -> None:
    disable_person(store, email=ANNA)
    assert ask(client, ANNA).location == f"{URL}?done=sent"
    assert mails(app) == []


def test_who_is_disabled_before_the_mail_leaves_gets_none(
    client: FlaskClient, app: Flask, store: Store
) -> None:
    ask(client, ANNA)
    disable_person(store, email=ANNA)
    assert mails(app) == []


def test_asking_changes_nothing_of_a_person(client: FlaskClient, app: Flask, store: Store) -> None:
    before = {key: item for key, item in everything(store).items() if key.startswith("staff-")}
    ask(client, ANNA)
    mails(app)
    after = {key: item for key, item in everything(store).items() if key.startswith("staff-")}
    assert before == after
    acts = [security_event_of(item) for item in store.query(GSI2, SECURITY_EVENTS).items]
    assert {event.act for event in acts} == {SecurityAct.LINK_MADE}
    assert sorted(event.source.by for event in acts) == ["Sign-in page", "operator"]


def test_t53_the_store_and_the_outbox_hold_neither_link_nor_address(
    client: FlaskClient, app: Flask, store: Store
) -> None:
    ask(client, ANNA)
    waiting = {key: item for key, item in everything(store).items() if key.startswith("mail-")}
    assert len(waiting) == 1
    assert "anna" not in json.dumps(waiting).lower()
    (mail,) = mails(app)
    assert link_in(mail).rpartition("/")[2] not in repr(everything(store))


def test_a_mail_that_fails_is_tried_again_with_a_link_that_works(
    client: FlaskClient, app: Flask, clock: Clock
) -> None:
    ask(client, ANNA)
    assert mails(app, MailError(retry=Retry.SOON, problem=Problem.UNREACHABLE)) == []
    clock.advance(minutes=2)
    (mail,) = mails(app)
    assert client.get(link_in(mail)).status_code == 200


def test_a_mail_that_is_given_up_stands_in_no_list_of_tenants(
    client: FlaskClient, app: Flask, store: Store, clock: Clock
) -> None:
    ask(client, ANNA)
    mails(app, MailError(retry=Retry.NEVER, problem=Problem.ADDRESS_REFUSED))
    (entry,) = [item for key, item in everything(store).items() if key.startswith("mail-")]
    assert entry["status"] == "given_up"
    assert entry["gsi4pk"] != "OUTBOX#given_up"


@pytest.mark.parametrize("typed", ["", "anna", "a@b"])
def test_what_is_no_address_is_said_beside_the_field(client: FlaskClient, typed: str) -> None:
    answer = ask(client, typed)
    assert answer.status_code == 422
    assert [id_ for id_, _text in summary(answer)] == ["email"]
    assert error_beside(answer, "email")


def test_f24_an_expired_form_keeps_the_address(client: FlaskClient) -> None:
    answer = client.post(URL, data={"email": ANNA, "csrf_token": "old"})
    assert answer.status_code == 400
    assert "send them again" in page_words(answer)
    assert form_of(answer, URL)["email"] == ANNA


# ---- S13: how often


@pytest.fixture
def limited(settings: Settings, store: Store, clock: Clock) -> Flask:
    return app_with(replace(settings, sign_ups_per_hour=5), store, clock)


def test_s13_the_eleventh_request_of_an_hour_from_a_network_is_refused(
    limited: Flask, settings: Settings, store: Store, clock: Clock
) -> None:
    # Two processes share the counts.
    other = app_with(replace(settings, sign_ups_per_hour=5), store, clock).test_client()
    client = limited.test_client()
    codes = [ask((client, other)[n % 2], f"p{n}@staff.example.com").status_code for n in range(11)]
    assert codes == [303] * 10 + [429]
    before = everything(store)
    answer = ask(client, ANNA)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "3600"
    assert summary(answer) == [("", "Too many requests. Try again in 60 minutes.")]
    assert everything(store) == before
    assert mails(limited) == []
    elsewhere = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.9"}}
    assert ask(client, ANNA, **elsewhere).status_code == 303
    clock.advance(hours=1)
    assert ask(client, ANNA).status_code == 303


@pytest.mark.parametrize("email", [ANNA, NOBODY])
def test_s13_the_eleventh_request_for_an_address_is_refused_whoever_has_it(
    limited: Flask, email: str
) -> None:
    client = limited.test_client()
    codes = [
        ask(client, email, environ_overrides={"REMOTE_ADDR": f"192.0.2.{n}"}).status_code
        for n in range(11)
    ]
    assert codes == [303] * 10 + [429]


# ---- Where the form is


@pytest.mark.parametrize(("mail", "shown"), [("", True), ("true", True), ("false", False)])
def test_a_setting_says_whether_the_page_sends_links(
    settings: Settings, store: Store, clock: Clock, mail: str, *, shown: bool
) -> None:
    environ = {"PORTAL_SIGN_IN_MAIL": mail}
    chosen = replace(settings, sign_in_mail=Settings.from_environment(environ).sign_in_mail)
    client = app_with(chosen, store, clock).test_client()
    page = client.get(URL)
    assert (URL in forms(page)) is shown
    assert ("To get a new link, ask whoever runs this portal." in page_words(page)) is not shown
    token = form_of(client.get("/sign-up"), "/sign-up")["csrf_token"]
    answer = client.post(URL, data={"csrf_token": token, "email": ANNA})
    assert answer.status_code == (303 if shown else 404)


def test_beside_a_provider_the_page_sends_links_only_if_a_setting_says_so(
    settings: Settings, store: Store, clock: Clock
) -> None:
    environ = {
        "PORTAL_OIDC_ISSUER": "https://login.example.com",
        "PORTAL_OIDC_CLIENT_ID": "portal",
        "PORTAL_OIDC_ADMINS": "admins",
    }
    for more, shown in (({}, False), ({"PORTAL_SIGN_IN_MAIL": "true"}, True)):
        read = Settings.from_environment(environ | more)
        chosen = replace(settings, oidc=read.oidc, sign_in_mail=read.sign_in_mail)
        page = app_with(chosen, store, clock).test_client().get(URL)
        assert (URL in forms(page)) is shown
        assert "Sign in with the account that your organization has given you." in page_words(page)
