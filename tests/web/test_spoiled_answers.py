"""Damaged and cut answers of DynamoDB, and those of something else, seen through the pages."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from portal.stores.contract import Store
from portal.stores.dynamodb.client import Timeouts
from portal.stores.dynamodb.store import DynamoDbStore
from tests.dynamodb_engine import Engine
from tests.fault_proxy import SPOILED, Between, Trouble, always, between
from tests.web.pages import (
    IDS,
    TYPED,
    SignUp,
    Staff,
    events_of,
    form_of,
    heading,
    page_words,
    tenants_in,
)

VALIDATE = "/api/validate?accountId=86810&companyId=104348"
NOT_CERTAIN = "It is not certain whether this was saved."

each_spoil = pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)


@pytest.fixture
def proxy(engine: Engine) -> Iterator[Between]:
    with between(engine.url) as running:
        yield running


@pytest.fixture
def store(engine: Engine, proxy: Between) -> Iterator[Store]:
    location = replace(engine.new_table(), endpoint=proxy.url)
    dynamodb_store = DynamoDbStore(location, waiting=Timeouts(pause=lambda _seconds: None))
    yield dynamodb_store
    dynamodb_store.close()


def repair(proxy: Between) -> None:
    proxy.plan = lambda _operation, _number: None


@each_spoil
def test_an_active_tenant_is_never_unknown(
    spoil: Trouble, client: FlaskClient, active: str, proxy: Between
) -> None:
    del active
    proxy.plan = always(spoil, "GetItem")
    answer = client.get(VALIDATE)
    assert answer.status_code == 503
    assert answer.get_json().keys() == {"error", "message"}
    assert answer.get_json()["error"] == "unavailable"
    # One damaged answer is asked for again.
    calls = proxy.operations.count("GetItem")
    proxy.plan = lambda operation, number: (
        spoil if (operation, number) == ("GetItem", calls) else None
    )
    answer = client.get(VALIDATE)
    assert (answer.get_json()["isValid"], "stale" in answer.get_json()) == (True, False)
    # From now on the last answer is known.
    proxy.plan = always(spoil, "GetItem")
    answer = client.get(VALIDATE)
    assert (answer.get_json()["isValid"], answer.get_json()["stale"]) == (True, True)


@each_spoil
def test_a_sign_up_is_saved_once_and_shown_when_the_answers_are_whole(
    spoil: Trouble, client: FlaskClient, proxy: Between, store: Store
) -> None:
    form = form_of(client.get("/sign-up"), "/sign-up") | TYPED
    proxy.plan = always(spoil)
    answer = client.post("/sign-up", data=form)
    assert (answer.status_code, heading(answer)) == (503, NOT_CERTAIN)
    repair(proxy)
    answer = client.post("/sign-up", data=form)
    assert answer.status_code == 303
    assert len(tenants_in(store)) == 1
    status_page = answer.headers["Location"]
    proxy.plan = always(spoil)
    assert client.get(status_page).status_code == 503
    repair(proxy)
    assert client.get(status_page).status_code == 200


@each_spoil
def test_a_decision_is_never_called_done_without_an_answer(
    spoil: Trouble, pending: SignUp, anna: Staff, proxy: Between, store: Store
) -> None:
    form = anna.form(pending.id, "reject") | {"reason": "duplicate"}
    proxy.plan = always(spoil, "PutItem", "TransactWriteItems")
    answer = anna.send(pending.id, "reject", form)
    assert answer.status_code == 503
    assert NOT_CERTAIN in page_words(answer)
    repair(proxy)
    # Sent again, it turns out to be saved.
    assert anna.send(pending.id, "reject", form, htmx=True).status_code == 200
    assert [event.verb for event in events_of(store, pending.id)] == ["reject"]


@each_spoil
def test_one_damaged_answer_to_a_decision_is_looked_for(
    spoil: Trouble, pending: SignUp, anna: Staff, proxy: Between, store: Store
) -> None:
    form = anna.form(pending.id, "activate") | IDS
    calls = proxy.operations.count("TransactWriteItems")
    proxy.plan = lambda operation, number: (
        spoil if (operation, number) == ("TransactWriteItems", calls) else None
    )
    assert anna.send(pending.id, "activate", form).status_code == 303
    assert [event.verb for event in events_of(store, "86810_104348")] == ["activate"]


@each_spoil
@pytest.mark.parametrize(
    "path", ["/staff/", "/staff/tenants?status=pending", "/staff/tenants?q=Example"]
)
def test_a_list_is_never_empty_instead_of_unavailable(
    spoil: Trouble, path: str, pending: SignUp, anna: Staff, proxy: Between
) -> None:
    del pending
    assert anna.get(path).status_code == 200
    proxy.plan = always(spoil, "Query")
    assert anna.get(path).status_code == 503
    assert anna.get("/health").status_code == 200
    proxy.plan = always(spoil)
    assert anna.get("/health").status_code == 503
