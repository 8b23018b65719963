"""The refusal is the door: a "no" of validate leads to a page with a button to ask."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app
from portal.refusal_links import InvalidRefusalError, RefusalLinks
from portal.settings import Settings
from portal.stores.contract import Store
from portal.stores.dynamodb.store import DynamoDbStore
from portal.tenants import Ids
from portal.web.api.validate_answer import Answer
from portal.web.api.validate_layer import ValidateLayer
from portal.web.api.validation import Validation, items_asked_for
from portal.web.http import NetworkRateLimit, Services
from tests.conftest import SECRET_KEY, Clock
from tests.mail.letters_and_facts import read
from tests.strict_client import StrictClient
from tests.web.pages import (
    IDS,
    TYPED,
    Staff,
    everything,
    facts,
    form_of,
    heading,
    links,
    page_words,
    sent_in,
    tenants_in,
)
from tests.web.write_cases import send_mail

VALIDATE = "/api/validate?accountId=86810&companyId=104348"
SIGN_UP = "/sign-up?account_id=86810&company_id=104348"
LOST = f"/lost-link{SIGN_UP.removeprefix('/sign-up')}"
SHELL = f"{SIGN_UP.removeprefix('/sign-up')}&account_name=Meyer&company_name=Lifts&cluster=eu"
#: What nobody may read who only knows the ids.
PERSONAL = ("Example GmbH", "Jane", "jane@", "j•••", "+49", "901820", "Meyer", "Lifts")


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


@pytest.fixture
def app(settings: Settings, store: Store, clock: Clock) -> Flask:
    app = create_app(replace(settings, validate_links=True), store=store, clock=clock.now)
    app.testing = True
    app.test_client_class = StrictClient
    return app


def path_of(answer: TestResponse) -> str:
    """The path of the link in the answer."""
    address = urlsplit(answer.get_json()["link"])
    assert f"{address.scheme}://{address.netloc}" == "http://127.0.0.1:8000"
    return str(address.path)


def refused(client: FlaskClient) -> TestResponse:
    """The page behind the link of the refusal."""
    answer = client.get(VALIDATE)
    assert answer.get_json()["isValid"] is False
    page = client.get(path_of(answer))
    assert page.status_code == 200
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert page.headers["Cache-Control"] == "no-store"
    for personal in PERSONAL:
        assert personal not in page.text, personal
    return page


# ---- The link


def test_by_default_no_answer_has_a_link(settings: Settings, store: Store, clock: Clock) -> None:
    app = create_app(settings, store=store, clock=clock.now)
    assert "link" not in app.test_client().get(VALIDATE).get_json()


def test_a_yes_has_no_link(client: FlaskClient, anna: Staff) -> None:
    anna.decide(sent_in(client).id, "activate", **IDS)
    body = client.get(VALIDATE).get_json()
    assert body["isValid"] is True
    assert "link" not in body


class CountingLinks(RefusalLinks):
    signed = 0

    def address(self, ids: Ids) -> str:
        self.signed += 1
        return super().address(ids)


def test_a_link_is_signed_only_for_an_answer_that_has_it(
    app: Flask, client: FlaskClient, anna: Staff, clock: Clock
) -> None:
    services: Services = app.extensions["portal"]
    counting = CountingLinks("http://127.0.0.1:8000", [SECRET_KEY], offered=True)
    validation = Validation(
        services.store,
        services.last_known,
        services.settings,
        NetworkRateLimit(1, timedelta(minutes=1)),
        clock=clock.now,
        refusal_links=counting,
        usage=services.usage,
    )

    def ask(company_id: str) -> Answer:
        items = items_asked_for(Ids(account_id="86810", company_id=company_id))
        return validation.answer(items, clock.now(), lambda: "192.0.2.1")

    anna.decide(sent_in(client).id, "activate", **IDS)
    assert ask("104348").gives_access
    assert counting.signed == 0
    assert b'"link":"http' in ask("77").body
    assert (ask("78").status, counting.signed) == (429, 1)


def test_an_id_that_no_tenant_can_have_has_no_link(client: FlaskClient) -> None:
    answer = client.get("/api/validate", query_string={"accountId": "Meyer & Co", "companyId": "1"})
    assert answer.get_json()["error"] == "NOT_FOUND"
    assert "link" not in answer.get_json()


def test_the_link_is_the_same_each_time_and_for_each_worker(
    client: FlaskClient, settings: Settings, store: Store, clock: Clock
) -> None:
    other = create_app(replace(settings, validate_links=True), store=store, clock=clock.now)
    first = client.get(VALIDATE).get_json()["link"]
    clock.advance(days=1)
    assert other.test_client().get(VALIDATE).get_json()["link"] == first


def test_each_layer_answers_the_same(client: FlaskClient, app: Flask, store: Store) -> None:
    """Flask answers arguments in another order than usual; what receives requests answers at once
    what is in memory."""
    fast = client.get(VALIDATE)
    slow = client.get("/api/validate?companyId=104348&accountId=86810")
    assert b'"link":"http' in fast.data
    assert fast.data == slow.data
    if isinstance(store, DynamoDbStore):
        return
    head = SimpleNamespace(
        method="GET",
        path="/api/validate",
        query_string=VALIDATE.partition("?")[2],
        client="192.0.2.1:4000",
        headers={"host": "127.0.0.1:8000"},
    )
    layer: ValidateLayer = app.extensions["portal.validate_layer"]
    at_once = layer.at_once(head)
    assert at_once is not None
    assert at_once[2] == fast.data


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1],
        lambda token: token + "A",
        lambda token: "WyIxIiwiMiJd" + token[token.index(".") :],
        lambda _token: "x",
        lambda token: token.swapcase(),
    ],
)
def test_only_whoever_asked_validate_can_open_the_page(
    client: FlaskClient, spoil: Callable[[str], str]
) -> None:
    token = path_of(client.get(VALIDATE)).rpartition("/")[2]
    page = client.get(f"/access/{spoil(token)}")
    assert page.status_code == 404
    assert heading(page) == "Page not found"


def test_a_link_of_another_kind_opens_nothing(client: FlaskClient) -> None:
    form = form_of(client.get("/sign-up"), "/sign-up")
    assert client.get(f"/access/{form['form_token']}").status_code == 404


def test_a_link_by_an_earlier_key_opens_the_page() -> None:
    ids = Ids(account_id="1", company_id="2")
    token = RefusalLinks("", ["old" * 20], offered=True).address(ids).rpartition("/")[2]
    assert RefusalLinks("", [SECRET_KEY, "old" * 20], offered=False).read(token) == ids
    with pytest.raises(InvalidRefusalError):
        RefusalLinks("", [SECRET_KEY], offered=True).read(token)


# ---- The page, for each reason


def test_unknown_ids_lead_to_the_form_with_the_ids(client: FlaskClient, store: Store) -> None:
    page = refused(client)
    assert heading(page) == "This company has no access yet"
    assert links(page)["Ask for access"] == SIGN_UP
    assert "We usually decide within 2 days." in page_words(page)
    assert facts(page) == {"Account": "86810", "Company in FSM": "104348"}
    form = client.get(links(page)["Ask for access"])
    sent = form_of(form, "/sign-up") | {
        "company": "Example GmbH", "name": "Jane Doe", "email": "jane@example.com",
    }  # fmt: skip
    assert client.post("/sign-up", data=sent).status_code == 303
    (tenant,) = tenants_in(store).values()
    assert (tenant["accountId"], tenant["companyId"]) == ("86810", "104348")


def test_a_request_that_waits_says_so_and_nothing_of_it(client: FlaskClient) -> None:
    sent_in(client, query=SHELL)
    page = refused(client)
    assert heading(page) == "A request for this company waits for a decision"
    assert "We usually decide within 2 days." in page_words(page)
    # Its customer gets the link again. Anybody can claim the ids, so others can ask as well.
    assert links(page)["Get the link to your status page by mail"] == LOST
    assert links(page)["The request is not yours? Ask for access"] == SIGN_UP
    lost = client.get(LOST)
    assert heading(lost) == "Get the link to your status page by mail"
    assert facts(lost)["Account"] == "86810"
    sent = client.post(LOST, data=form_of(lost, LOST) | {"email": TYPED["email"]})
    assert sent.location == f"{LOST}&done=sent"
    assert links(client.get(sent.location))["Ask for access"] == SIGN_UP


def test_who_has_no_time_left_gets_to_what_renews_it(
    *, client: FlaskClient, app: Flask, anna: Staff, clock: Clock, store: Store
) -> None:
    first = sent_in(client, query=SHELL)
    anna.decide(first.id, "activate", **IDS)
    send_mail(app)
    clock.advance(days=366)
    url = links(refused(client))["Ask for more time"]
    assert url == f"{LOST}&more=1"
    page = client.get(url)
    assert heading(page) == "Ask for more time"
    assert facts(page)["Company in FSM"] == "104348"
    assert "press “Ask to renew”" in page_words(page)
    sent = client.post(url, data=form_of(page, url) | {"email": TYPED["email"]})
    assert (sent.status_code, sent.location) == (303, f"{url}&done=sent")
    (mail,) = map(read, send_mail(app))
    (path,) = re.findall(r"http://127.0.0.1:8000(/status/\S+)", mail.text())
    status = client.get(path)
    form = client.get(links(status)["Ask to renew"])
    # Nothing is to be typed, and staff see it beside the tenant.
    assert client.post(f"{path}/again", data=form_of(form, f"{path}/again")).status_code == 303
    renewals = [each for each in tenants_in(store).values() if "renews" in each]
    assert [each["renews"] for each in renewals] == ["86810_104348"]


def test_who_has_no_time_left_asks_for_more_and_staff_see_the_tenant(
    client: FlaskClient, anna: Staff, clock: Clock, signed_in: Callable[..., Staff]
) -> None:
    anna.decide(sent_in(client, query=SHELL).id, "activate", **IDS)
    clock.advance(days=366)
    page = refused(client)
    assert heading(page) == "The access of this company has ended"
    assert "It ended on 22 November 2027 (UTC)." in page_words(page)
    # A colleague of whoever asked the first time.
    other = client.get(links(page)["Ask for more time"])
    assert links(other)["Somebody else asked for it? Ask with a form"] == SIGN_UP
    again = sent_in(client, query=SIGN_UP.removeprefix("/sign-up"), name="John Roe")
    tenant_page = signed_in("Ben", "approver").page(again.id)
    assert "Set the validity of 86810_104348 instead" in page_words(tenant_page)


@pytest.mark.parametrize("has_contact", [True, False])
def test_a_suspended_tenant_leads_to_a_person(
    *,
    client: FlaskClient,
    anna: Staff,
    settings: Settings,
    store: Store,
    clock: Clock,
    has_contact: bool,
) -> None:
    anna.decide(sent_in(client, query=SHELL).id, "activate", **IDS)
    anna.decide("86810_104348", "suspend", reason="unpaid")
    if has_contact:
        named = replace(settings, validate_links=True, contact_email="help@example.com")
        client = create_app(named, store=store, clock=clock.now).test_client()
    page = refused(client)
    assert heading(page) == "The access of this company is suspended"
    assert "unpaid" not in page.text.casefold()
    assert ("help@example.com" in links(page)) is has_contact
    assert links(page)["Ask for access again"] == SIGN_UP


def test_an_access_that_has_not_begun_says_when_it_does(client: FlaskClient, anna: Staff) -> None:
    days = {"valid_from": "2026-12-01", "valid_to": "2026-12-31"}
    anna.decide(sent_in(client, query=SHELL).id, "activate", **IDS, **days)
    page = refused(client)
    assert heading(page) == "The access of this company has not begun"
    assert "It begins on 1 December 2026 (UTC)." in page_words(page)
    assert links(page)["Ask for an earlier start"] == SIGN_UP


def test_an_old_link_says_what_is_true_now(client: FlaskClient, anna: Staff, clock: Clock) -> None:
    path = path_of(client.get(VALIDATE))
    anna.decide(sent_in(client, query=SHELL).id, "activate", **IDS)
    page = client.get(path)
    assert heading(page) == "This company has access"
    assert "Ask for more time" not in links(page)
    clock.advance(days=330)
    page = client.get(path)
    assert heading(page) == "This company has access"
    assert links(page)["Ask for more time"] == f"{LOST}&more=1"
    for personal in PERSONAL:
        assert personal not in page.text


def test_the_page_changes_nothing_and_needs_no_cookie(
    client: FlaskClient, new_client: Callable[[], FlaskClient], store: Store
) -> None:
    path = path_of(client.get(VALIDATE))
    before = everything(store)
    assert new_client().get(path).status_code == 200
    assert new_client().post(path).status_code == 405
    assert everything(store) == before


def test_in_german_it_is_german(client: FlaskClient) -> None:
    page = client.get(path_of(client.get(VALIDATE)), headers={"Accept-Language": "de"})
    assert heading(page) == "Diese Firma hat noch keinen Zugang"
    assert links(page)["Zugang anfordern"] == SIGN_UP
