"""Visits of a status page are noted, and nobody waits for that."""

from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from portal import records
from portal.records import Usage
from portal.stores.contract import Store
from portal.web.http import Services
from tests.conftest import START, Clock
from tests.examples import all_items
from tests.web.pages import SignUp, Staff


def visits(app: Flask, sign_up: SignUp) -> Usage | None:
    services: Services = app.extensions["portal"]
    services.usage.flush()
    item = all_items(services.store).get(records.usage_id(sign_up.id))
    return records.usage_of(item) if item else None


def test_the_first_and_the_last_visit_are_noted(
    app: Flask, client: FlaskClient, store: Store, pending: SignUp, clock: Clock
) -> None:
    assert visits(app, pending) is None
    client.get(pending.url)
    before = store.get(pending.id)
    clock.advance(days=2)
    client.get(pending.url)
    found = visits(app, pending)
    assert found
    assert (found.opened_first, found.opened_last) == (START, START + timedelta(days=2))
    assert store.get(pending.id) == before


def test_a_request_that_shows_nobody_the_page_is_no_visit(
    app: Flask, client: FlaskClient, pending: SignUp
) -> None:
    client.head(pending.url)
    client.get(pending.url, headers={"Sec-Purpose": "prefetch;prerender"})
    client.get(pending.url, headers={"Purpose": "prefetch"})
    client.get(f"/status/{'a' * 58}")
    assert visits(app, pending) is None


def test_a_visit_of_staff_is_none(app: Flask, pending: SignUp, anna: Staff) -> None:
    anna.get(pending.url)
    assert visits(app, pending) is None


def test_a_visit_after_the_decision_is_noted_on_the_same_day(
    app: Flask, client: FlaskClient, pending: SignUp, anna: Staff, clock: Clock
) -> None:
    client.get(pending.url)
    clock.advance(minutes=5)
    anna.decide(pending.id, "reject", reason="duplicate")
    opened_at = clock.advance(minutes=5)
    client.get(pending.url)
    found = visits(app, pending)
    assert found
    assert found.opened_last == opened_at
