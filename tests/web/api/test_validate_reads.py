"""How often `GET /api/validate` asks DynamoDB, and how old an answer may be."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal import create_app
from portal.settings import Settings
from portal.stores.contract import Add, Replace, Store
from portal.stores.dynamodb.client import Timeouts
from portal.stores.dynamodb.store import DynamoDbStore
from tests.conftest import Clock
from tests.dynamodb_engine import Engine
from tests.fault_proxy import Between, Refuse, between
from tests.strict_client import StrictClient
from tests.web.api.test_validate_layer import TENANT, head_of, layer_of, plain
from tests.web.pages import IDS, SignUp, Staff, sent_in, sign_in

ASK = "/api/validate?accountId=1&companyId=2"
UNKNOWN = "/api/validate?accountId=1&companyId=77"
OF_IDS = f"/api/validate?accountId={IDS['account_id']}&companyId={IDS['company_id']}"


@pytest.fixture
def proxy(engine: Engine) -> Iterator[Between]:
    with between(engine.url) as running:
        yield running


@pytest.fixture
def store(engine: Engine, proxy: Between) -> Iterator[Store]:
    location = replace(engine.new_table(), endpoint=proxy.url)
    dynamodb_store = DynamoDbStore(location, waiting=Timeouts(pause=lambda _seconds: None))
    dynamodb_store.write([Add(TENANT)])
    proxy.operations.clear()
    yield dynamodb_store
    dynamodb_store.close()


@pytest.fixture
def caching(settings: Settings, store: Store, clock: Clock) -> Flask:
    app = create_app(replace(settings, validate_cache_seconds=60), store=store, clock=clock.now)
    app.testing = True
    app.test_client_class = StrictClient
    return app


def test_a_known_tenant_is_one_strongly_consistent_read(
    client: FlaskClient, proxy: Between
) -> None:
    for _ in range(3):
        assert client.get(ASK).get_json()["isValid"] is True
    assert proxy.operations == ["GetItem"] * 3
    assert [asked["ConsistentRead"] for asked in proxy.asked[-3:]] == [True] * 3


def test_an_unknown_one_is_two(client: FlaskClient, proxy: Between) -> None:
    assert client.get(UNKNOWN).get_json()["error"] == "NOT_FOUND"
    assert proxy.operations == ["GetItem"] * 2


def test_without_the_setting_each_question_sees_the_last_write(
    client: FlaskClient, store: Store
) -> None:
    assert client.get(ASK).get_json()["isValid"] is True
    store.write([Replace({**TENANT, "status": "suspended", "version": 2}, 1)])
    assert client.get(ASK).get_json()["reason"] == "SUSPENDED"


def test_requests_that_come_together_share_reads(app: Flask, proxy: Between) -> None:
    with ThreadPoolExecutor(20) as threads:
        clients = [app.test_client() for _ in range(20)]
        answers = list(threads.map(lambda client: client.get(ASK).get_json(), clients * 5))
    assert all(answer["isValid"] for answer in answers)
    assert set(proxy.operations) == {"GetItem"}
    assert len(proxy.operations) < len(answers) / 2


def test_with_the_setting_an_answer_is_made_of_what_was_read_before(
    caching: Flask, proxy: Between, clock: Clock
) -> None:
    client = caching.test_client()
    layer = layer_of(caching)
    assert layer.at_once(head_of(plain())) is None
    bodies = [client.get(ASK).get_json() for _ in range(10)]
    assert all(body["isValid"] for body in bodies)
    assert proxy.operations == ["GetItem"]
    # From memory, so nobody has to wait.
    assert layer.at_once(head_of(plain())) is not None
    # Its dates are compared at each answer.
    clock.advance(days=400)
    assert client.get(ASK).get_json()["error"] == "EXPIRED"
    assert proxy.operations == ["GetItem"]


def test_with_the_setting_what_is_unknown_is_asked_for_each_time(
    caching: Flask, proxy: Between, store: Store
) -> None:
    client = caching.test_client()
    for _ in range(2):
        assert client.get(UNKNOWN).get_json()["error"] == "NOT_FOUND"
    assert proxy.operations == ["GetItem"] * 4
    store.write([Add({**TENANT, "tenantId": "1_77", "companyId": "77"})])
    assert client.get(UNKNOWN).get_json()["isValid"] is True


def test_with_the_setting_a_decision_of_this_process_counts_at_once(
    caching: Flask, store: Store, clock: Clock
) -> None:
    browser = caching.test_client()
    sign_in(browser, store, clock.now(), role="approver", name="Anna")
    anna = Staff(browser, "Anna")
    pending: SignUp = sent_in(caching.test_client())
    client = caching.test_client()
    anna.decide(pending.id, "activate", **IDS)
    assert client.get(OF_IDS).get_json()["isValid"] is True
    anna.decide(f"{IDS['account_id']}_{IDS['company_id']}", "suspend", reason="unpaid")
    assert client.get(OF_IDS).get_json()["reason"] == "SUSPENDED"


def test_an_error_is_remembered_by_nobody(caching: Flask, proxy: Between) -> None:
    client = caching.test_client()
    proxy.plan = lambda _operation, number: Refuse("ThrottlingException") if number < 2 else None
    assert client.get(ASK).status_code == 503
    # Two attempts, as for every program.
    assert proxy.operations == ["GetItem"] * 2
    assert client.get(ASK).get_json()["isValid"] is True
