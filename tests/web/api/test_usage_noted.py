"""Whoever asks `validate` is noted, whichever way the answer is made."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal import create_app, records
from portal.records import Usage
from portal.settings import Settings
from portal.stores.contract import Add, Store
from portal.stores.schema import KEY
from portal.web.http import Services
from tests.conftest import Clock
from tests.examples import all_items
from tests.web.api.api_calls import Program
from tests.web.api.test_validate_layer import ITEMS, head_of, layer_of, plain
from tests.web.failing_store import TroubledStore

TODAY = date(2026, 11, 23)
VALID, SUSPENDED, EXPIRED, EXPIRING, NOT_YET, WITHOUT_WINDOW = range(2, 8)


@pytest.fixture(autouse=True)
def filled(store: Store) -> None:
    store.write([Add(item) for item in ITEMS])


def services(app: Flask) -> Services:
    found: Services = app.extensions["portal"]
    return found


def noted(app: Flask, store: Store) -> dict[str, Usage]:
    services(app).usage.close()
    return {
        usage.tenant_id: usage
        for key, item in all_items(store).items()
        if key.startswith("usage-") and key != records.UNKNOWN_IDS
        for usage in [records.usage_of(item)]
    }


def unknown(store: Store) -> dict[str, int]:
    item = all_items(store).get(records.UNKNOWN_IDS, {KEY: ""})
    return {each.tenant_id: each.count for each in records.unknown_ids_of(item)}


def ask_all(ask: Callable[[str], object]) -> None:
    for _ in range(3):
        for number in (*range(2, 8), 9, 77):
            ask(f"accountId=1&companyId={number}")


def check(app: Flask, store: Store, times: int = 3) -> None:
    found = noted(app, store)
    assert found.keys() == {"1_2", "1_3", "1_4", "1_5"}
    assert [found[f"1_{n}"].last_day for n in (VALID, EXPIRING)] == [TODAY] * 2
    assert [found[f"1_{n}"].refused_day for n in (SUSPENDED, EXPIRED)] == [TODAY] * 2
    assert [found[f"1_{n}"].last_day for n in (SUSPENDED, EXPIRED)] == [None] * 2
    # A sign-up claims 1_9.
    assert unknown(store) == {"1_77": times}


def test_an_answer_of_the_layer_is_noted(app: Flask, client: FlaskClient, store: Store) -> None:
    ask_all(lambda query: client.get(f"/api/validate?{query}"))
    check(app, store)


def test_an_answer_of_flask_is_noted(app: Flask, client: FlaskClient, store: Store) -> None:
    # Arguments in another order are unusual.
    ask_all(lambda query: client.get(f"/api/validate?{'&'.join(query.split('&')[::-1])}"))
    check(app, store)


def test_an_answer_of_the_thread_that_receives_requests_is_noted(
    app: Flask, client: FlaskClient, store: Store
) -> None:
    layer = layer_of(app)

    for number in (*range(2, 8), 9, 77):
        client.get(f"/api/validate?accountId=1&companyId={number}")
    # What was answered so far is forgotten: only answers of this thread are noted from now on.
    usage = services(app).usage
    usage._admitted.clear()
    usage._refused.clear()
    usage._queue.clear()
    usage._unknown.taken()
    for _ in range(3):
        for number in (*range(2, 8), 9, 77):
            assert layer.at_once(head_of(plain(query=f"accountId=1&companyId={number}")))
    check(app, store)


def test_what_no_tenant_can_be_is_not_noted(app: Flask, client: FlaskClient, store: Store) -> None:
    for text in ("unknown company", "<script>", "a-b", "x" * 41, "%00"):
        client.get("/api/validate", query_string={"accountId": text, "companyId": "1"})
    assert noted(app, store) == {}
    assert unknown(store) == {}


def test_a_program_with_a_token_is_not_let_in(app: Flask, reader: Program, store: Store) -> None:
    assert reader.get("/api/validate?accountId=1&companyId=2").get_json()["isValid"] is True
    assert noted(app, store) == {}


def test_an_answer_costs_the_store_nothing_more(
    settings: Settings, store: Store, clock: Clock
) -> None:
    def calls(note_use: bool) -> int:
        troubled = TroubledStore(store)
        app = create_app(replace(settings, note_use=note_use), store=troubled, clock=clock.now)
        app.testing = True
        client = app.test_client()
        troubled.calm()
        ask_all(lambda query: client.get(f"/api/validate?{query}"))
        return troubled.own_calls

    assert calls(True) == calls(False) > 0
