"""Sign-ups that a robot may have sent are set aside; the robot gets the usual answer."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal import create_app
from portal.settings import Settings
from portal.stores.contract import Store
from tests.conftest import Clock
from tests.strict_client import StrictClient
from tests.web.factories import add_tenants, pending_tenant
from tests.web.pages import (
    TYPED,
    SignUp,
    Staff,
    everything,
    first,
    form_of,
    links,
    page_words,
    sent_in,
    sign_up,
    tenants_in,
    tree,
    without_tokens,
    words,
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
    ("seconds", "website", "aside", "fast"),
    [
        pytest.param(1, "", False, True, id="F22-after-1s"),
        pytest.param(2.999, "", False, True, id="F22-just-before-3s"),
        pytest.param(3, "", False, False, id="F22-after-3s"),
        pytest.param(4, "", False, False, id="F22-after-4s"),
        pytest.param(4, "https://robot.example", True, False, id="F21-trap"),
        pytest.param(4, " ", True, False, id="F21-trap-of-a-space"),
        pytest.param(1, "x", True, True, id="F21-F22-both"),
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
    fast: bool,
) -> None:
    done = sent_after(client, clock, seconds, website=website)
    tenant = tenants_in(store)[done.id]
    assert tenant["status"] == "pending"
    assert (tenant.get("setAside") is True) is aside
    assert (tenant.get("tooFast") is True) is fast


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


def test_a_robot_learns_nothing_where_sign_ups_wait_for_their_address(
    settings: Settings, store: Store, clock: Clock
) -> None:
    waiting = replace(settings, confirm_address=True)
    app = create_app(waiting, store=store, clock=clock.now)
    app.test_client_class = StrictClient
    client = app.test_client()
    person, suspect = (sent_after(client, clock, 4, **typed) for typed in ({}, {"website": "x"}))
    for action in ("", "/change", "/withdraw", "/end"):
        answers = [client.get(f"{each.url}{action}") for each in (person, suspect)]
        pages = [
            without_tokens(answer.text).replace(each.id.removeprefix("pending-"), "")
            for answer, each in zip(answers, (person, suspect), strict=True)
        ]
        assert pages[0] == pages[1], action
    asked = []
    for each in (person, suspect):
        again = f"{each.url}/confirm"
        asked.append(client.post(again, data=form_of(client.get(each.url), again)))
    assert [each.status_code for each in asked] == [303, 303]


def test_a_doubtful_sign_up_is_found_and_counted_and_not_in_the_queue(
    client: FlaskClient, clock: Clock, anna: Staff
) -> None:
    assert "Doubtful" not in page_words(anna.get("/staff/tenants"))
    done = sent_after(client, clock, 4, website="x", company="Robot Inc", email="r@robot.example")
    assert "Robot Inc" not in links(anna.get("/staff/tenants"))
    assert "Robot Inc" not in links(anna.get("/staff/tenants?status=pending&q=Robot"))
    reference = done.id.removeprefix("pending-")
    for query in ("status=aside", "status=all", *(
        f"status={tab}&q={text}"
        for tab in ("all", "aside")
        for text in ("Robot", "r@robot.example", reference)
    )):  # fmt: skip
        page = anna.get(f"/staff/tenants?{query}")
        assert "Robot Inc" in links(page), query
        # In its own tab the heading says it for all.
        where = ".//h1" if "status=aside" in query else ".//tbody"
        assert "Doubtful" in words(first(tree(page), where)), query
    assert "Doubtful" in words(first(tree(anna.page(done.id)), ".//header[@class='card']"))
    overview = anna.get("/staff/")
    assert links(overview)["1 Doubtful"] == "/staff/tenants?status=aside"
    for page in (overview, anna.get("/staff/tenants")):
        assert "The queue is empty. These are not in it:" in page_words(page)
        assert "Doubtful sign-ups: 1" in page_words(page)
        assert "No sign-up is waiting." not in page_words(page)
    assert links(overview)["Doubtful sign-ups: 1"] == "/staff/tenants?status=aside"


def test_those_that_wait_for_their_address_are_not_called_robots(store: Store, anna: Staff) -> None:
    waiting = replace(pending_tenant(1), waits_for_address=True)
    add_tenants(store, waiting)
    clear = anna.get("/staff/doubtful")
    assert "There is nothing to clear." in page_words(clear)
    for page in (anna.get("/staff/"), anna.get("/staff/tenants"), clear):
        assert "Sign-ups that wait for their address: 1" in page_words(page)
        assert "A robot may have sent them" not in page_words(page)
        assert "No sign-up is waiting." not in page_words(page)
    for page in (anna.get("/staff/"), clear):
        assert "when its customer presses the button" in page_words(page)


def test_a_sign_up_that_was_only_fast_is_in_the_queue_with_a_mark(
    client: FlaskClient, clock: Clock, anna: Staff
) -> None:
    done = sent_after(client, clock, 1, company="Quick GmbH")
    for query in ("", "?status=all", "?status=pending&q=Quick", "?status=all&q=jane@example.com"):
        page = anna.get(f"/staff/tenants{query}")
        assert "Quick GmbH" in links(page)
        assert "Pending, sent very fast" in page_words(page)
    assert "The form was sent within 3 seconds" in page_words(anna.page(done.id))
    anna.decide(done.id, "activate", account_id="1", company_id="2", cluster="eu")
    assert "sent within 3 seconds" not in page_words(anna.page("1_2"))
    assert "sent very fast" not in page_words(anna.get("/staff/tenants?status=all"))


@pytest.mark.parametrize(("seconds", "website"), [(4, "x"), (1, "")], ids=["doubtful", "fast"])
def test_once_decided_a_sign_up_is_neither_doubtful_nor_fast(
    client: FlaskClient, clock: Clock, anna: Staff, seconds: float, website: str
) -> None:
    done = sent_after(client, clock, seconds, website=website)
    anna.decide(done.id, "reject", reason="other")
    reference = done.id.removeprefix("pending-")
    for query in ("status=all", f"status=all&q={reference}", f"status=rejected&q={reference}"):
        rows = words(first(tree(anna.get(f"/staff/tenants?{query}")), ".//tbody"))
        assert "Rejected" in rows, query
        assert "Doubtful" not in rows
        assert "sent very fast" not in rows
    assert "Example GmbH" not in links(anna.get(f"/staff/tenants?status=aside&q={reference}"))
    page = anna.page(done.id)
    assert "A robot may have sent" not in page_words(page)
    assert links(page)["Back to the list"] == "/staff/tenants?status=rejected"


def test_a_company_cannot_name_itself_doubtful(
    client: FlaskClient, clock: Clock, anna: Staff
) -> None:
    sent_after(client, clock, 4, company="Sly #ASIDE")
    assert "Doubtful" not in page_words(anna.get("/staff/tenants?status=all&q=Sly"))


def test_its_claim_does_not_count_until_it_is_released(
    client: FlaskClient, clock: Clock, anna: Staff, store: Store
) -> None:
    done = sent_after(client, clock, 4, website="x", account_id="1", company_id="2")
    ask = "/api/validate?accountId=1&companyId=2"
    assert client.get(ask).get_json()["error"] == "NOT_FOUND"
    assert "claim-1_2" not in everything(store)
    page = anna.page(done.id)
    assert (
        "A robot may have sent this sign-up, or too many came at once, so it is not in the queue."
        " If a person sent it, move it into the queue."
    ) in page_words(page)
    anna.decide(done.id, "release")
    assert client.get(ask).get_json()["reason"] == "PENDING"
    assert "Example GmbH" in links(anna.get("/staff/tenants"))
    assert "Doubtful" not in page_words(anna.get("/staff/tenants"))


def test_a_sign_up_that_is_set_aside_can_be_activated(
    client: FlaskClient, clock: Clock, anna: Staff, store: Store
) -> None:
    done = sent_after(client, clock, 4, website="x")
    anna.decide(done.id, "activate", account_id="1", company_id="2", cluster="eu")
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


@pytest.mark.parametrize("token", ["", "forged", "cut"])
def test_f23_a_forged_form_is_shown_again_as_a_new_one(
    client: FlaskClient, store: Store, clock: Clock, token: str
) -> None:
    form = form_of(client.get("/sign-up"), "/sign-up") | TYPED
    forged = form["form_token"][:-1] if token == "cut" else token
    clock.advance(hours=1)
    for _ in range(2):
        # However often it is sent with a bad token, it gets no older.
        again = client.post("/sign-up", data=form | {"form_token": forged})
        assert again.status_code == 422
        clock.advance(seconds=2)
    done = SignUp(client.post("/sign-up", data=form_of(again, "/sign-up")).location)
    assert tenants_in(store)[done.id]["tooFast"] is True


def test_f23_a_form_of_another_session_with_a_forged_token_is_a_new_one_as_well(
    client: FlaskClient, new_client: Callable[[], FlaskClient], store: Store
) -> None:
    form = form_of(new_client().get("/sign-up"), "/sign-up") | TYPED | {"form_token": "forged"}
    again = client.post("/sign-up", data=form)
    assert again.status_code == 400
    done = SignUp(client.post("/sign-up", data=form_of(again, "/sign-up")).location)
    assert tenants_in(store)[done.id]["tooFast"] is True
