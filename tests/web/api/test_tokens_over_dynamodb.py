"""Tokens with DynamoDB: made, counted, listed and revoked as with the file store."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from portal import create_app
from portal.auth import (
    KnownTokens,
    RateLimitError,
    Scope,
    count_call,
    create_api_token,
    list_api_tokens,
    revoke_api_token,
)
from portal.settings import Settings
from portal.stores.contract import ItemExistsError, Store
from portal.stores.dynamodb.store import DynamoDbStore
from tests.conftest import Clock
from tests.dynamodb_engine import Engine
from tests.web.import_bodies import URL, body_of, tenant
from tests.web.pages import Staff, by_id, form_of, outcome, words

PAGE = "/staff/tokens"


@pytest.fixture
def store(engine: Engine) -> Iterator[Store]:
    dynamodb_store = DynamoDbStore(engine.new_table())
    yield dynamodb_store
    dynamodb_store.close()


def statuses(client: FlaskClient, tokens: list[str]) -> list[int]:
    url, body = f"{URL}?dryRun=true", body_of(tenant(1))
    sent = [{"Authorization": f"Bearer {token}"} for token in tokens]
    return [client.post(url, data=body, headers=headers).status_code for headers in sent]


def test_a_token_is_made_used_listed_and_revoked(
    admin: Staff, client: FlaskClient, store: Store, clock: Clock
) -> None:
    form = form_of(admin.get(PAGE), PAGE) | {"name": "sync", "imports_write": "1", "per_hour": "2"}
    made = admin.client.post(PAGE, data=form)
    token = words(by_id(made, "token"))
    assert admin.client.post(PAGE, data=form).status_code == 409
    assert statuses(client, [token] * 3) == [200, 200, 429]
    (listed,) = list_api_tokens(store)
    assert (listed.scopes, listed.last_used) == (frozenset({"imports:write"}), clock.now())
    url = f"{PAGE}/{listed.kid}/revoke"
    answer = admin.client.post(url, data=form_of(admin.get(PAGE), url))
    assert outcome(admin.get(answer.location)).startswith("The token of sync is revoked.")
    assert statuses(client, [token]) == [401]


def test_a_flood_of_wrong_tokens_leaves_the_good_one_alone(
    settings: Settings, store: Store, clock: Clock
) -> None:
    good = create_api_token(
        store, name="x", scopes=[Scope.IMPORTS_WRITE], life=timedelta(days=1), now=clock.now()
    )
    app = create_app(replace(settings, sign_ups_per_hour=5), store=store, clock=clock.now)
    client = app.test_client()
    wrong = [f"{number:012}.{'A' * 43}" for number in range(40)]
    assert statuses(client, wrong) == [401] * 30 + [429] * 10
    assert statuses(client, [good, wrong[0], good]) == [200, 429, 200]
    revoke_api_token(store, good[:12], clock.now())
    assert KnownTokens().is_surely_wrong(store, good, clock.now())
    assert statuses(client, [good]) == [429]


def test_the_limit_is_exact_for_calls_at_the_same_time(store: Store, clock: Clock) -> None:
    text = create_api_token(
        store, name="x", scopes=list(Scope), life=timedelta(days=1), now=clock.now(), per_hour=10
    )
    with pytest.raises(ItemExistsError):
        create_api_token(
            store, name="y", scopes=list(Scope), life=timedelta(days=1), now=clock.now(),
            kid=text[:12],
        )  # fmt: skip
    together = threading.Barrier(4)

    def call(_number: int) -> int:
        together.wait()
        counted = 0
        for _ in range(5):
            with suppress(RateLimitError):
                count_call(store, text[:12], clock.now())
                counted += 1
        return counted

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(call, range(4))) == 10
