"""The calls of programs with DynamoDB, where an index lags behind and writes are transactions."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from portal.stores.contract import Store
from portal.stores.dynamodb.client import Timeouts
from portal.stores.dynamodb.store import DynamoDbStore
from portal.tenants import Tenant
from tests.dynamodb_engine import Engine
from tests.web.api.api_calls import NEW, TENANT_URL, Program, everything
from tests.web.pages import Staff, events_of, tenants_in


@pytest.fixture
def store(engine: Engine) -> Iterator[Store]:
    opened = DynamoDbStore(engine.new_table(), waiting=Timeouts(pause=lambda _seconds: None))
    yield opened
    opened.close()


def test_asked_for_activated_changed_and_listed(
    stranger: Program, writer: Program, anna: Staff, store: Store
) -> None:
    assert stranger.post(NEW).status_code == 201
    assert stranger.post(NEW).status_code == 409
    (pending,) = tenants_in(store)
    anna.decide(pending, "activate", client_id="")
    answer = writer.get(TENANT_URL)
    assert answer.get_json()["tenant"]["clientId"] == "fsm-client"
    etag = answer.headers["ETag"]
    body = {"isActive": False, "cluster": "us", "contactFullName": "Lou Meyer"}
    changed = writer.put(body, headers={"If-Match": etag})
    assert changed.status_code == 200, changed.text
    assert writer.put(body, headers={"If-Match": etag}).status_code == 412
    verbs = {event.verb for event in events_of(store, "86810_104348")}
    assert verbs == {"activate", "edit_contact", "edit_names", "suspend"}
    rows = writer.get("/api/tenants?status=suspended").get_json()["tenants"]
    assert [row["tenantId"] for row in rows] == ["86810_104348"]
    events = writer.get(f"/api/tenants/{pending}/events?limit=2").get_json()
    assert (len(events["events"]), "nextCursor" in events) == (2, True)


def test_two_that_arrive_together_make_one(
    new_client: Callable[[], FlaskClient], store: Store
) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda _: Program(new_client()).post(NEW).status_code, range(4))
        assert sorted(answers) == [201, 409, 409, 409]
    assert len(tenants_in(store)) == 1


def test_a_bad_body_writes_nothing(writer: Program, licensed: Tenant, store: Store) -> None:
    before = everything(store)
    assert writer.put({"validTo": "20271231"}).status_code == 400
    assert writer.put({"clientSecret": "x"}).status_code == 400
    assert everything(store) == before
