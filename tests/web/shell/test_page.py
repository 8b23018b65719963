"""The page in a frame of the shell, and its form: no cookie, and nothing less than elsewhere."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app
from portal.fsm import FsmCluster
from portal.settings import Settings
from portal.stores.contract import Store
from tests.conftest import Clock
from tests.strict_client import FRAMED_POLICY, StrictClient
from tests.web.pages import (
    TYPED,
    Staff,
    by_id,
    error_beside,
    everything,
    facts,
    fields,
    form_of,
    forms,
    heading,
    page_words,
    summary,
    tenants_in,
    tree,
)

POST = "/shell/sign-up"
OWN = {"Sec-Fetch-Site": "same-origin"}
#: As static/shell.js fills them in.
IDS = {
    "account_id": "86810",
    "company_id": "104348",
    "account_name": "Example Holding",
    "company_name": "Example GmbH",
    "cluster": "eu",
}


def form_in(client: FlaskClient) -> dict[str, str]:
    return {**form_of(client.get("/shell"), POST), **IDS, **TYPED}


def sent(client: FlaskClient, form: dict[str, str], **changed: str) -> TestResponse:
    return client.post(POST, data={**form, **changed}, headers=OWN)


def status_address(answer: TestResponse) -> str:
    return by_id(answer, "open").attrib["href"]


def app_with(settings: Settings, store: Store, clock: Clock) -> Flask:
    app = create_app(settings, store=store, clock=clock.now)
    app.testing = True
    return app


def test_without_javascript_the_page_is_a_link_to_the_form(client: FlaskClient) -> None:
    page = client.get("/shell")
    assert page.status_code == 200
    link = by_id(page, "outside").find(".//a")
    assert link is not None
    assert link.attrib["href"] == "http://127.0.0.1:8000/sign-up"
    assert link.attrib["target"] == "_blank"
    assert "hidden" not in by_id(page, "outside").attrib
    for hidden in ("sign-up", "known"):
        assert "hidden" in by_id(page, hidden).attrib


def test_the_page_names_the_shells_whose_messages_count(client: FlaskClient) -> None:
    origins = by_id(client.get("/shell"), "shell").attrib["data-origins"]
    assert origins == (
        "https://eu.fsm.cloud.sap https://de.fsm.cloud.sap https://us.fsm.cloud.sap"
        " https://cn.fsm.cloud.sap https://au.fsm.cloud.sap"
    )


def test_the_page_knows_the_label_of_a_cluster_by_its_host(
    settings: Settings, store: Store, clock: Clock
) -> None:
    lab = FsmCluster(label="lab", host="fsm.example.com", port=8443)
    fsm = replace(settings.fsm, clusters=(lab, *settings.fsm.clusters[:1]))
    page = app_with(replace(settings, fsm=fsm), store, clock).test_client().get("/shell")
    labels = json.loads(by_id(page, "shell").attrib["data-labels"])
    assert labels == {"fsm.example.com:8443": "lab", "eu.fsm.cloud.sap": "eu"}
    assert (
        "frame-ancestors https://fsm.example.com:8443 " in page.headers["Content-Security-Policy"]
    )


def test_no_answer_has_a_cookie(client: FlaskClient) -> None:
    form = form_in(client)
    answers = [
        client.get("/shell"),
        client.get("/shell?language=de"),
        sent(client, form, email="jane"),
        sent(client, form, form_token="forged"),
        client.post(POST, data=form),
        client.post(POST, data=b"{}", content_type="application/json", headers=OWN),
        client.get("/shell/nothing"),
        client.get("/shell/appconfig.json"),
        client.get("/shell/state?account_id=1&company_id=2", headers={"HX-Request": "true"}),
        sent(client, form),
    ]
    statuses = [200, 200, 422, 422, 403, 415, 404, 200, 200, 200]
    assert [answer.status_code for answer in answers] == statuses
    assert [answer.headers.getlist("Set-Cookie") for answer in answers] == [[]] * 10


def test_a_cookie_of_another_page_changes_nothing(client: FlaskClient) -> None:
    """Whoever opens the page in a tab has the cookies of the portal."""
    client.get("/sign-up")
    client.set_cookie("language", "de")
    page = client.get("/shell?language=en")
    assert page.headers.getlist("Set-Cookie") == []
    assert heading(page) == "Access to the Appointment Manager"
    assert "Cookie" not in page.headers["Vary"]


def test_t23_what_is_refused_stays_in_the_frame_too(client: FlaskClient) -> None:
    """The strict client compares the headers of each answer with those of its path."""
    refused = client.post(POST, data={"company": "Example GmbH"})
    assert refused.status_code == 403
    assert refused.headers["Content-Security-Policy"] == FRAMED_POLICY
    assert "X-Frame-Options" not in refused.headers
    # Nothing there leads to a page that no frame may show.
    assert tree(refused).findall(".//header") == []


def test_t23_without_clusters_nobody_may_frame_it(
    settings: Settings, store: Store, clock: Clock
) -> None:
    none = replace(settings, fsm=replace(settings.fsm, clusters=()))
    answer = app_with(none, store, clock).test_client().get("/shell")
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_only_a_page_of_the_portal_may_send_the_form(
    client: FlaskClient, store: Store, site: str
) -> None:
    answer = client.post(POST, data=form_in(client), headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 403
    assert heading(answer) == "Request refused."
    assert everything(store) == {}


def test_a_browser_that_does_not_say_whose_page_it_is_is_led_to_the_other_form(
    client: FlaskClient, store: Store
) -> None:
    answer = client.post(POST, data=form_in(client))
    assert answer.status_code == 403
    sentence = "This browser is too old for this form. Ask on a page of its own."
    assert summary(answer) == [("", sentence)]
    hidden = set(by_id(answer, "outside").iter("a"))
    (link,) = [
        each for each in tree(answer).iter("a")
        if each.get("href", "").endswith("/sign-up") and each not in hidden
    ]  # fmt: skip
    assert link.get("target") == "_blank"
    assert TYPED["company"] in answer.text
    assert everything(store) == {}


def test_a_sign_up_reaches_the_queue_with_what_the_shell_said(
    client: FlaskClient, store: Store, anna: Staff
) -> None:
    answer = sent(client, form_in(client))
    assert answer.status_code == 200
    [item] = tenants_in(store).values()
    claimed = {name: item[name] for name in ("accountId", "companyId", "accountName", "cluster")}
    assert claimed == {
        "accountId": "86810",
        "companyId": "104348",
        "accountName": "Example Holding",
        "cluster": "eu",
    }
    assert item["contactCompanyName"] == TYPED["company"]
    assert TYPED["company"] in page_words(anna.get("/staff/tenants?status=pending"))
    page = client.get(status_address(answer).removeprefix("http://127.0.0.1:8000"))
    assert heading(page) == heading(answer)


def test_the_answer_shows_the_link_and_its_address_has_none(client: FlaskClient) -> None:
    answer = sent(client, form_in(client))
    address = status_address(answer)
    assert address.startswith("http://127.0.0.1:8000/status/")
    assert answer.request.path == POST
    assert not answer.request.query_string
    assert by_id(answer, "address").text == address
    svg = next((each for each in tree(answer).iter() if str(each.tag).endswith("svg")), None)
    assert svg is not None
    assert "width" not in svg.attrib


def test_what_was_typed_and_what_the_shell_said_is_kept(client: FlaskClient, store: Store) -> None:
    answer = sent(client, form_in(client), email="jane", language="en", theme="dark")
    assert answer.status_code == 422
    wrong = "Enter an email address like name@example.com."
    assert summary(answer) == [("email", wrong)]
    assert error_beside(answer, "email") == wrong
    kept = form_of(answer, POST)
    assert {**kept, "form_token": ""} == {
        **IDS, **TYPED, "email": "jane", "website": "", "language": "en", "theme": "dark",
        "form_token": "",
    }  # fmt: skip
    assert facts(answer)["Company in FSM"] == "Example GmbH (104348)"
    assert tree(answer).attrib["data-theme"] == "dark"
    assert everything(store) == {}


def test_the_language_comes_with_the_form(client: FlaskClient) -> None:
    page = client.get("/shell?language=de")
    assert tree(page).attrib["lang"] == "de"
    answer = sent(client, form_in(client), language="de", company="")
    assert tree(answer).attrib["lang"] == "de"
    unknown = sent(client, form_in(client), language="xx", company="")
    assert tree(unknown).attrib["lang"] == "en"


def test_the_form_sent_twice_makes_one_request(client: FlaskClient, store: Store) -> None:
    form = form_in(client)
    first = sent(client, form)
    second = sent(client, form, company="Corrected GmbH")
    assert status_address(first) == status_address(second)
    [item] = tenants_in(store).values()
    assert item["contactCompanyName"] == "Corrected GmbH"


def test_an_old_token_is_renewed(client: FlaskClient, clock: Clock, store: Store) -> None:
    form = form_in(client)
    clock.advance(hours=25)
    answer = sent(client, form)
    assert answer.status_code == 422
    assert summary(answer) == [("", "Please send the form again.")]
    assert sent(client, form_of(answer, POST)).status_code == 200
    assert len(tenants_in(store)) == 1


def test_f21_the_trap_sets_it_aside(client: FlaskClient, store: Store) -> None:
    answer = sent(client, form_in(client), website="http://robot.example")
    assert answer.status_code == 200
    [item] = tenants_in(store).values()
    assert item["setAside"] is True


def test_f28_a_network_has_the_same_limit(settings: Settings, store: Store, clock: Clock) -> None:
    app = app_with(replace(settings, sign_ups_per_hour=5), store, clock)
    app.test_client_class = StrictClient
    client = app.test_client()
    for number in range(5):
        typed = {"email": f"jane{number}@example{number}.com"}
        assert sent(client, form_in(client), **typed).status_code == 200
    refused = sent(client, form_in(client), email="late@example9.com")
    assert refused.status_code == 429
    assert summary(refused) == [("", "Too many requests. Try again in 60 minutes.")]
    assert refused.headers["Retry-After"] == "3600"
    assert fields(forms(refused)[POST])["email"] == "late@example9.com"
    assert len(tenants_in(store)) == 5


def test_t17_other_fields_are_ignored(client: FlaskClient, store: Store) -> None:
    sent(client, form_in(client), status="active", version="9", validTo="2099-12-31")
    [item] = tenants_in(store).values()
    assert item["status"] == "pending"
    assert "validTo" not in item


@pytest.mark.parametrize("method", ["put", "delete", "get"])
def test_the_form_is_only_posted(client: FlaskClient, method: str) -> None:
    send: Callable[..., TestResponse] = getattr(client, method)
    assert send(POST).status_code == 405
