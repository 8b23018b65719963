"""Sign-ups that a robot may have sent are set aside; the robot gets the usual answer."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal import create_app
from portal.settings import Settings
from portal.stores.contract import Store
from tests.conftest import Clock
from tests.strict_client import StrictClient
from tests.web.pages import (
    TYPED,
    SignUp,
    Staff,
    everything,
    form_of,
    links,
    page_words,
    sent_in,
    sign_up,
    tenants_in,
    without_tokens,
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, sign_up_min_seconds=3)


@pytest.fixture
def app(settings: Settings, store: Store, clock: Clock) -> Flask:
    app = create_app(settings, store=store, clock=clock.now)
    app.test_client_class = StrictClient
    return app


def sent_after(client: FlaskClient, clock: Clock, seconds: float, **typed: str) -> SignUp:
    form = form_of(client.get("/sign-up"), "/sign-up") | TYPED | typed
    clock.advance(seconds=seconds)
    answer = client.post("/sign-up", data=form)
    assert answer.status_code == 303
    return SignUp(answer.location)


@pytest.mark.parametrize(
    ("seconds", "website", "aside"),
    [
        pytest.param(1, "", True, id="F22-after-1s"),
        pytest.param(2.999, "", True, id="F22-just-before-3s"),
        pytest.param(3, "", False, id="F22-after-3s"),
        pytest.param(4, "", False, id="F22-after-4s"),
        pytest.param(4, "https://robot.example", True, id="F21-trap"),
        pytest.param(4, " ", True, id="F21-trap-of-a-space"),
    ],
)
def test_a_sign_up_of_a_robot_is_set_aside(
    *,
    client: FlaskClient,
    store: Store,
    clock: Clock,
    seconds: float,
    website: str,
    aside: bool,
) -> None:
    done = sent_after(client, clock, seconds, website=website)
    tenant = tenants_in(store)[done.id]
    assert tenant["status"] == "pending"
    assert (tenant.get("setAside") is True) is aside


@pytest.mark.parametrize("robot", [{"website": "x"}, {}], ids=["F21", "F22"])
def test_a_robot_gets_the_same_answer_as_a_person(
    client: FlaskClient, clock: Clock, robot: dict[str, str]
) -> None:
    person = sent_after(client, clock, 4)
    suspect = sent_after(client, clock, 4 if robot else 1, **robot)
    answers = [client.get(each.url) for each in (person, suspect)]
    pages = [without_tokens(each.text) for each in answers]
    # Both were sent in the same minute, so their pages show the same time.
    assert pages[0] == pages[1]
    assert [name for name, _ in answers[0].headers] == [name for name, _ in answers[1].headers]


def test_a_sign_up_that_is_set_aside_is_only_in_its_own_list(
    client: FlaskClient, clock: Clock, anna: Staff
) -> None:
    assert "Set aside" not in page_words(anna.get("/staff/tenants"))
    sent_after(client, clock, 4, website="x", company="Robot Inc")
    for url in ("/staff/tenants", "/staff/tenants?status=all", "/staff/tenants?status=all&q=Robot"):
        assert "Robot Inc" not in links(anna.get(url))
    assert "Robot Inc" in links(anna.get("/staff/tenants?status=aside"))
    assert links(anna.get("/staff/"))["1 Set aside"] == "/staff/tenants?status=aside"


def test_its_claim_does_not_count_until_it_is_released(
    client: FlaskClient, clock: Clock, anna: Staff, store: Store
) -> None:
    done = sent_after(client, clock, 4, website="x", account_id="1", company_id="2")
    ask = "/api/validate?accountId=1&companyId=2"
    assert client.get(ask).get_json()["error"] == "NOT_FOUND"
    assert "claim-1_2" not in everything(store)
    page = anna.page(done.id)
    assert (
        "A robot may have sent this sign-up, so it is not in the queue. If a person sent it, move"
        " it into the queue."
    ) in page_words(page)
    anna.decide(done.id, "release")
    assert client.get(ask).get_json()["reason"] == "PENDING"
    assert "Example GmbH" in links(anna.get("/staff/tenants"))
    assert "Set aside" not in page_words(anna.get("/staff/tenants"))


def test_a_sign_up_that_is_set_aside_can_be_activated(
    client: FlaskClient, clock: Clock, anna: Staff, store: Store
) -> None:
    done = sent_after(client, clock, 4, website="x")
    anna.decide(done.id, "activate", account_id="1", company_id="2")
    tenant = tenants_in(store)["1_2"]
    assert tenant["status"] == "active"
    assert "setAside" not in tenant


def test_a_refused_form_keeps_the_time_it_was_first_shown(
    client: FlaskClient, clock: Clock, store: Store
) -> None:
    refused = sign_up(client, email="a@b")
    clock.advance(seconds=3)
    corrected = form_of(refused, "/sign-up") | {"email": "jane@example.com"}
    assert client.post("/sign-up", data=corrected).status_code == 303
    (tenant,) = tenants_in(store).values()
    assert "setAside" not in tenant


def test_a_person_leaves_the_trap_empty(client: FlaskClient, clock: Clock) -> None:
    form = form_of(client.get("/sign-up"), "/sign-up")
    assert form["website"] == ""
    clock.advance(seconds=3)
    assert sent_in(client).id


def test_a_form_that_expired_may_be_sent_again_at_once(
    client: FlaskClient, store: Store, clock: Clock
) -> None:
    form = form_of(client.get("/sign-up"), "/sign-up") | TYPED
    clock.advance(hours=25)
    again = client.post("/sign-up", data=form)
    assert again.status_code == 422
    clock.advance(seconds=1)
    done = SignUp(client.post("/sign-up", data=form_of(again, "/sign-up")).location)
    assert "setAside" not in tenants_in(store)[done.id]
