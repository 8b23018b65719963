"""Fixtures: a tenant, and programs with tokens."""

import pytest
from flask.testing import FlaskClient

from portal import records
from portal.auth.api_tokens import Scope
from portal.stores.contract import Add, Store
from portal.tenants import Tenant
from tests.web.api.api_calls import Program, stored_tenant, token_for


@pytest.fixture
def stranger(client: FlaskClient) -> Program:
    """A program without a token."""
    return Program(client)


@pytest.fixture
def reader(client: FlaskClient, store: Store) -> Program:
    return Program(client, token_for(store, Scope.TENANTS_READ))


@pytest.fixture
def writer(client: FlaskClient, store: Store) -> Program:
    return Program(client, token_for(store, Scope.TENANTS_READ, Scope.TENANTS_WRITE))


@pytest.fixture
def licensed(store: Store) -> Tenant:
    """An active tenant, valid for a year."""
    tenant = stored_tenant()
    store.write([Add(records.item_of(tenant))])
    return tenant
