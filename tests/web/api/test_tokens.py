"""Tokens of programs: who may call, and how often."""

import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app
from portal.auth.api_tokens import Scope, create_api_token, list_api_tokens, revoke_api_token
from portal.auth.token_calls import RateLimitError, RateLimitStatus, count_call
from portal.settings import Settings
from portal.stores.contract import Item, Replace, Store
from tests.conftest import Clock
from tests.web.failing_store import FULL, TroubledStore
from tests.web.import_bodies import DAY, URL, body_of, tenant
from tests.web.pages import Staff, everything, tenants_in

# ---- A01: the response does not say what is wrong with a token


def test_a01_t26_every_bad_token_gets_the_same_answer(
    client: FlaskClient, token: str, store: Store, clock: Clock
) -> None:
    kid, _, secret = token.partition(".")
    over = create_api_token(
        store, name="x", scopes=[Scope.IMPORTS_WRITE], life=DAY, now=clock.now()
    )
    clock.advance(days=1, milliseconds=1)
    late = create_api_token(
        store, name="x", scopes=[Scope.IMPORTS_WRITE], life=DAY, now=clock.now()
    )
    revoked = create_api_token(
        store, name="x", scopes=[Scope.IMPORTS_WRITE], life=DAY, now=clock.now()
    )
    revoke_api_token(store, revoked.partition(".")[0], clock.now())
    other = "A" if secret[0] != "A" else "B"
    headers = [
        {"Authorization": "Bearer x"}, {"Authorization": f"Bearer {'a' * 12}.{'A' * 43}"},
        {"Authorization": f"Bearer {kid}.{other}{secret[1:]}"},
        {"Authorization": f"Bearer {over}"}, {"Authorization": f"Bearer {revoked}"},
        {"Authorization": f"Bearer {late} x"}, {"Authorization": f"bearer  {late}x"},
        {"Authorization": "Bearer"}, {"Authorization": "Bearer  "}, {"Authorization": "\xff"},
    ]  # fmt: skip
    before = everything(store)
    answers = {
        (answer.status_code, answer.text, answer.headers["WWW-Authenticate"])
        for each in headers
        for answer in [client.post(URL, data=body_of(tenant(1)), headers=each)]
    }
    assert everything(store) == before
    ((status, text, challenge),) = answers
    assert (status, challenge) == (401, 'Bearer error="invalid_token"')
    assert json.loads(text)["error"] == "unauthorized"


@pytest.mark.parametrize("sent", [None, "", "Basic dXNlcjpwYXNz", "x"])
def test_a01_who_sends_no_token_is_told_the_scheme_and_of_no_error(
    client: FlaskClient, token: str, store: Store, sent: str | None
) -> None:
    headers = {} if sent is None else {"Authorization": sent}
    answer = client.post(URL, data=body_of(tenant(1)), headers=headers)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert tenants_in(store) == {}


def test_a02_a_token_for_something_else_is_forbidden(
    client: FlaskClient, token: str, store: Store
) -> None:
    token_id = f"token-{token.partition('.')[0]}"
    item = store.get(token_id)
    other = {**item, "scopes": "tenants:read", "version": int(item["version"]) + 1}
    store.write([Replace(other, int(item["version"]))])
    answer = client.post(URL, data=body_of(tenant(1)), headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.get_json()["error"]) == (403, "forbidden")
    challenge = 'Bearer error="insufficient_scope", scope="imports:write"'
    assert answer.headers["WWW-Authenticate"] == challenge
    assert tenants_in(store) == {}


def test_a02_one_of_several_scopes_is_enough(
    client: FlaskClient, store: Store, clock: Clock
) -> None:
    text = create_api_token(store, name="all", scopes=list(Scope), life=DAY, now=clock.now())
    item = store.get(f"token-{text.partition('.')[0]}")
    assert item["scopes"] == "imports:write tenants:read tenants:write"
    answer = client.post(URL, data=body_of(tenant(1)), headers={"Authorization": f"Bearer {text}"})
    assert (answer.status_code, list(tenants_in(store))) == (200, ["86810_1"])


def test_a_token_without_a_scope_is_not_made(store: Store, clock: Clock) -> None:
    with pytest.raises(ValueError, match="opens nothing"):
        create_api_token(store, name="x", scopes=[], life=DAY, now=clock.now())
    assert everything(store) == {}


@pytest.mark.parametrize("name", ["key", "access_token", "apiKey", "policy", "anything"])
def test_a03_a_key_in_the_address_is_refused_and_not_logged(
    client: FlaskClient, token: str, store: Store, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = everything(store)
    with caplog.at_level(logging.DEBUG):
        for headers in ({}, {"Authorization": f"Bearer {token}"}):
            answer = client.post(
                URL, query_string={name: token}, data=body_of(tenant(1)), headers=headers
            )
            assert (answer.status_code, answer.get_json()["error"]) == (400, "key_in_url")
            assert token not in answer.text
    assert token not in caplog.text
    assert everything(store) == before


def test_a_cookie_of_staff_is_no_token(admin: Staff, store: Store) -> None:
    answer = admin.client.post(URL, data=body_of(tenant(1)))
    assert answer.status_code == 401
    assert tenants_in(store) == {}


# ---- What is stored of a token


def test_t26_only_a_hash_is_kept_with_the_last_use(
    send: Callable[..., TestResponse], token: str, store: Store, clock: Clock
) -> None:
    assert token.partition(".")[2] not in repr(everything(store))
    (before,) = list_api_tokens(store)
    assert before.last_used is None
    clock.advance(hours=1)
    send(body_of(tenant(1)), "?dryRun=true")
    (after,) = list_api_tokens(store)
    assert after.last_used == clock.now()
    assert after.name == "nightly script"


# ---- A09: the rate limit


def test_a09_over_the_limit_is_refused_with_when_to_try_again(
    client: FlaskClient, store: Store, clock: Clock
) -> None:
    text = create_api_token(
        store, name="x", scopes=[Scope.IMPORTS_WRITE], life=DAY, now=clock.now(), per_hour=2
    )
    headers = {"Authorization": f"Bearer {text}"}

    def call() -> TestResponse:
        return client.post(f"{URL}?dryRun=true", data=body_of(tenant(1)), headers=headers)

    first = call()
    assert (first.status_code, first.headers["RateLimit-Policy"]) == (200, '"hour";q=2;w=3600')
    assert first.headers["RateLimit"] == '"hour";r=1;t=3600'
    clock.advance(minutes=10)
    assert call().headers["RateLimit"] == '"hour";r=0;t=3000'
    clock.advance(minutes=40, milliseconds=1)
    before = everything(store)
    refused = call()
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "600")
    assert refused.headers["RateLimit"] == '"hour";r=0;t=600'
    assert refused.get_json() == {
        "error": "too_many_requests", "message": "Too many requests. Try again in 10 minutes.",
    }  # fmt: skip
    assert everything(store) == before
    clock.advance(minutes=9, seconds=59)
    assert call().get_json()["message"] == "Too many requests. Try again in 1 minute."
    clock.advance(seconds=1)
    assert (call().status_code, call().status_code, call().status_code) == (200, 200, 429)


def test_a09_another_token_has_its_own_limit(
    send: Callable[..., TestResponse], client: FlaskClient, store: Store, clock: Clock
) -> None:
    one = create_api_token(
        store, name="x", scopes=[Scope.IMPORTS_WRITE], life=DAY, now=clock.now(), per_hour=1
    )
    headers = {"Authorization": f"Bearer {one}"}
    codes = [client.post(URL, data=b"[]", headers=headers).status_code for _ in "12"]
    assert codes[1] == 429
    assert send(body_of(tenant(1))).status_code == 200


def test_a09_a_refused_call_is_not_counted(client: FlaskClient, token: str, store: Store) -> None:
    before = everything(store)
    for text in (f"{token[:-1]}!", f"{token.partition('.')[0]}.{'A' * 43}"):
        client.post(URL, data=b"[]", headers={"Authorization": f"Bearer {text}"})
    assert everything(store) == before


def test_a09_a_clock_that_was_set_back_closes_a_token_for_no_longer_than_an_hour(
    store: Store, clock: Clock
) -> None:
    text = create_api_token(
        store, name="x", scopes=[Scope.IMPORTS_WRITE], life=DAY, now=clock.now(), per_hour=1
    )
    kid = text.partition(".")[0]
    count_call(store, kid, clock.now() + timedelta(days=300))
    again = count_call(store, kid, clock.now())
    assert again == RateLimitStatus(per_hour=1, left=0, again_at=clock.now() + timedelta(hours=1))


def test_a09_the_limit_is_exact_for_calls_at_the_same_time(store: Store, clock: Clock) -> None:
    text = create_api_token(
        store, name="x", scopes=[Scope.IMPORTS_WRITE], life=DAY, now=clock.now(), per_hour=20
    )
    kid, together = text.partition(".")[0], threading.Barrier(8)

    def call(_number: int) -> int:
        together.wait()
        authorize = 0
        for _ in range(5):
            with suppress(RateLimitError):
                count_call(store, kid, clock.now())
                authorize += 1
        return authorize

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(call, range(8))) == 20


def test_a09_a_token_from_before_there_was_a_limit_has_the_usual_one(
    store: Store, token: str, clock: Clock
) -> None:
    kid = token.partition(".")[0]
    item = store.get(f"token-{kid}")
    older = {name: value for name, value in item.items() if name != "perHour"}
    store.write([Replace(older, int(item["version"]))])
    allowance = count_call(store, kid, clock.now())
    assert (allowance.per_hour, allowance.left) == (60, 59)


def test_a09_a_call_that_cannot_be_counted_is_refused(
    settings: Settings, store: Store, clock: Clock, token: str
) -> None:
    failing_store = TroubledStore(store)
    failing_store.begin(lambda call, _number: FULL if call == "write" else None)
    app = create_app(settings, store=failing_store, clock=clock.now)
    answer = app.test_client().post(
        f"{URL}?dryRun=true", data=b"[]", headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, answer.get_json()["error"]) == (503, "unavailable")


def test_many_tokens_are_listed_the_newest_first(store: Store, clock: Clock) -> None:
    for number in range(60):
        clock.advance(seconds=1)
        create_api_token(
            store, name=f"n{number}", scopes=[Scope.IMPORTS_WRITE], life=DAY, now=clock.now()
        )
    assert [each.name for each in list_api_tokens(store)] == [f"n{n}" for n in range(59, -1, -1)]


def test_a_token_is_not_listed_as_a_tenant(token: str, store: Store) -> None:
    item: Item = store.get(f"token-{token.partition('.')[0]}")
    assert item["scopes"] == "imports:write"
    assert tenants_in(store) == {}
