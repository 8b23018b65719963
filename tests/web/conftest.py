"""Fixtures: browsers of signed-in people, tenants to decide on, and an API client."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.auth.api_tokens import Scope, create_api_token
from portal.stores.contract import Store
from portal.tenants import Status
from tests.conftest import Clock
from tests.web.factories import active_tenant, add_tenants, pending_tenant
from tests.web.import_bodies import DAY, URL
from tests.web.pages import IDS, SignUp, Staff, sent_in, sign_in

NewClient = Callable[[], FlaskClient]


@pytest.fixture
def signed_in(new_client: NewClient, store: Store, clock: Clock) -> Callable[..., Staff]:
    """`signed_in("Anna", "approver")`: a member of staff in a browser of their own."""

    def make(name: str, role: str) -> Staff:
        client = new_client()
        sign_in(client, store, clock.now(), role=role, name=name)
        return Staff(client, name)

    return make


@pytest.fixture
def viewer(signed_in: Callable[..., Staff]) -> Staff:
    return signed_in("Vera", "viewer")


@pytest.fixture
def anna(signed_in: Callable[..., Staff]) -> Staff:
    """An approver."""
    return signed_in("Anna", "approver")


@pytest.fixture
def ben(signed_in: Callable[..., Staff]) -> Staff:
    """Another approver."""
    return signed_in("Ben", "approver")


@pytest.fixture
def admin(signed_in: Callable[..., Staff]) -> Staff:
    return signed_in("Ada", "admin")


@pytest.fixture
def pending(client: FlaskClient) -> SignUp:
    """A pending sign-up."""
    return sent_in(client)


@pytest.fixture
def active(pending: SignUp, anna: Staff) -> str:
    """The id of a tenant that Anna has activated."""
    answer = anna.decide(pending.id, "activate", **IDS)
    assert answer.status_code == 303, answer.text
    return f"{IDS['account_id']}_{IDS['company_id']}"


@pytest.fixture
def demo_tenants(store: Store) -> None:
    """Eight tenants: at least one of each status, and of each tab."""
    add_tenants(
        store,
        pending_tenant(2, "Second AG"),
        pending_tenant(1, "First GmbH"),
        active_tenant(3, "Long KG", timedelta(days=200)),
        active_tenant(4, "Soon SE", timedelta(days=10)),
        active_tenant(5, "Over Ltd", timedelta(days=-5)),
        active_tenant(6, "Paused BV", timedelta(days=90), status=Status.SUSPENDED),
        pending_tenant(7, "Refused SA", status=Status.REJECTED),
        pending_tenant(8, "Gone SpA", status=Status.WITHDRAWN),
    )


@pytest.fixture
def token(store: Store, clock: Clock) -> str:
    return create_api_token(
        store, name="nightly script", scopes=[Scope.IMPORTS_WRITE], life=DAY, now=clock.now()
    )


@pytest.fixture
def send(client: FlaskClient, token: str) -> Callable[..., TestResponse]:
    """`send(body, "?dryRun=true")`: posts a file to the import API."""

    def post(body: bytes, query: str = "", **headers: str) -> TestResponse:
        given = {"Authorization": f"Bearer {token}", **headers}
        kind = "application/json"
        return client.post(f"{URL}{query}", data=body, content_type=kind, headers=given)

    return post
