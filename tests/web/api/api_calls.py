"""Calls of the API, for its tests: bodies that are accepted, and clients with tokens."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import records
from portal.auth.api_tokens import Scope, create_api_token
from portal.stores.contract import Item, Store
from portal.stores.reading import iter_scan
from portal.tenants import Status, Tenant
from tests.conftest import START
from tests.examples import CONTACT, IDS, WINDOW

NEW = {
    "accountId": "86810",
    "companyId": "104348",
    "accountName": "Meyer Group",
    "companyName": "Meyer Field Service",
    "cluster": "eu",
    "contactCompanyName": "Meyer Elevators",
    "contactFullName": "Kim Meyer",
    "contactEmailAddress": "kim@meyer.example",
    "contactPhone": "+49 30 901820",
    "clientId": "fsm-client",
    "clientSecret": "s3cr3t-canary",
}
TENANT_URL = "/api/tenant/86810_104348"


def token_for(store: Store, *scopes: Scope, name: str = "nightly job") -> str:
    return create_api_token(
        store, name=name, scopes=scopes, life=timedelta(days=400), now=START, per_hour=1_000_000
    )


class Program:
    """A program with a token, or without one."""

    def __init__(self, client: FlaskClient, token: str = "") -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, url: str, **headers: str) -> TestResponse:
        return self.client.get(url, headers=self.headers | headers)

    def post(self, body: Any, url: str = "/api/tenant", **how: Any) -> TestResponse:
        return self._send("POST", url, body, how)

    def put(self, body: Any, url: str = TENANT_URL, **how: Any) -> TestResponse:
        return self._send("PUT", url, body, how)

    def _send(self, method: str, url: str, body: Any, how: dict[str, Any]) -> TestResponse:
        data = body if isinstance(body, bytes | str) else json.dumps(body)
        kind = how.pop("content_type", "application/json")
        headers = self.headers | how.pop("headers", {})
        return self.client.open(
            url, method=method, data=data, content_type=kind, headers=headers, **how
        )


NewProgram = Callable[..., Program]


def stored_tenant(**fields: Any) -> Tenant:
    """An active tenant as its activation leaves it."""
    values: dict[str, Any] = {
        "id": "86810_104348", "status": Status.ACTIVE, "version": 1, "contact": CONTACT,
        "ids": IDS, "validity": WINDOW, "created_at": START, "updated_at": START,
    }  # fmt: skip
    return Tenant(**values | fields)


def everything(store: Store) -> dict[str, Item]:
    """All items but tokens, which count their calls, and what the security log says of them."""
    return {
        str(item["tenantId"]): item
        for item in iter_scan(store)
        if records.item_kind(str(item["tenantId"])) != "token"
        and not str(item["tenantId"]).startswith("event-security")
    }
