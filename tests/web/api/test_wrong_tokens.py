"""Who sends many wrong tokens waits, and nobody else; calls that are open, with a token or without
one."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app
from portal.auth import KnownTokens, Scope, create_api_token, revoke_api_token
from portal.settings import Settings
from portal.stores import BusyError, set_deadline
from portal.stores.contract import Store
from portal.web.http.api_token_auth import RefusedTokenError, authorize_open_call
from portal.web.http.client_limits import WRONG_TOKENS_PER_MINUTE
from tests.conftest import Clock
from tests.strict_client import StrictClient
from tests.web.failing_store import TroubledStore, silent
from tests.web.import_bodies import DAY, URL, body_of, tenant
from tests.web.pages import everything

HERE, THERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def counted(store: Store) -> TroubledStore:
    """The store, and how often it was called."""
    return TroubledStore(store)


@pytest.fixture
def limited(settings: Settings, counted: TroubledStore, clock: Clock) -> FlaskClient:
    app = create_app(replace(settings, sign_ups_per_hour=5), store=counted, clock=clock.now)
    app.testing = True
    app.test_client_class = StrictClient
    return app.test_client()


def wrong(number: int) -> str:
    return f"{number:012}.{'A' * 43}"


def call(client: FlaskClient, token: str, address: str = HERE) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"}
    where = {"REMOTE_ADDR": address}
    url = f"{URL}?dryRun=true"
    return client.post(url, data=body_of(tenant(1)), headers=headers, environ_overrides=where)


def flood(client: FlaskClient) -> None:
    statuses = [call(client, wrong(number)).status_code for number in range(40)]
    assert statuses == [401] * WRONG_TOKENS_PER_MINUTE + [429] * (40 - WRONG_TOKENS_PER_MINUTE)


def test_t26_after_many_wrong_tokens_a_network_waits_and_others_do_not(
    limited: FlaskClient, clock: Clock
) -> None:
    flood(limited)
    clock.advance(seconds=20)
    refused = call(limited, wrong(1))
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "40")
    assert refused.get_json() == {
        "error": "too_many_requests",
        "message": "Too many wrong tokens from this network. Check the token."
        " Try again in 1 minute.",
    }
    assert call(limited, wrong(1), THERE).status_code == 401
    clock.advance(seconds=40)
    flood(limited)


def test_t26_a_good_token_of_the_same_network_is_never_touched(
    limited: FlaskClient, token: str
) -> None:
    flood(limited)
    # It was never used before, so this process has not seen it.
    assert call(limited, token).status_code == 200
    assert call(limited, f"{token[:-1]}{'A' if token[-1] != 'A' else 'B'}").status_code == 429
    assert call(limited, token).headers["RateLimit"] == '"hour";r=58;t=3600'


def test_t26_good_tokens_do_not_count_as_wrong_ones(limited: FlaskClient, token: str) -> None:
    for _ in range(WRONG_TOKENS_PER_MINUTE + 5):
        call(limited, token)
    assert call(limited, wrong(1)).status_code == 401


def test_t26_a_revoked_token_is_a_wrong_one(
    limited: FlaskClient, token: str, store: Store, clock: Clock
) -> None:
    flood(limited)
    revoke_api_token(store, token.partition(".")[0], clock.now())
    assert call(limited, token).status_code == 429


def test_t26_of_a_flood_the_store_is_asked_once(
    limited: FlaskClient, counted: TroubledStore, token: str
) -> None:
    kid = token.partition(".")[0]
    flood(limited)
    counted.calm()
    for number in range(100):
        assert call(limited, wrong(number)).status_code == 429
        assert call(limited, "not-even-a-token").status_code == 429
        assert call(limited, f"{kid}.{'A' * 43}").status_code == 429
    # The list of tokens, at most once a second, and the hash of the one that there is.
    assert counted.calls < 10


def test_t26_while_the_store_is_away_nobody_is_let_in_and_nothing_is_claimed(
    limited: FlaskClient, counted: TroubledStore, token: str
) -> None:
    flood(limited)
    call(limited, token)
    counted.begin(silent)
    assert call(limited, token).status_code == 503
    assert call(limited, wrong(1)).status_code in (429, 503)


def test_t26_the_limit_is_off_where_the_others_are(client: FlaskClient) -> None:
    assert {call(client, wrong(number)).status_code for number in range(50)} == {401}


def test_t26_a_token_that_was_made_just_now_is_found_within_a_second(
    store: Store, clock: Clock
) -> None:
    seconds = [0.0]
    known = KnownTokens(clock=lambda: seconds[0])
    assert known.is_surely_wrong(store, wrong(1), clock.now())
    text = create_api_token(store, name="x", scopes=[Scope.TENANTS_READ], life=DAY, now=clock.now())
    seconds[0] = 1.0
    assert not known.is_surely_wrong(store, text, clock.now())
    assert known.is_surely_wrong(store, wrong(1), clock.now())


def test_t26_a_revoked_token_asks_the_store_no_more(
    limited: FlaskClient, counted: TroubledStore, token: str, clock: Clock
) -> None:
    """A program that nobody has told goes on trying, as often as it likes."""
    flood(limited)
    revoke_api_token(counted, token.partition(".")[0], clock.now())
    counted.calm()
    assert {call(limited, token).status_code for _ in range(100)} == {429}
    assert counted.calls < 10


def test_t26_a_token_that_was_good_is_known_as_revoked_within_a_second(
    store: Store, clock: Clock
) -> None:
    seconds, counted = [0.0], TroubledStore(store)
    known = KnownTokens(clock=lambda: seconds[0])
    text = create_api_token(store, name="x", scopes=[Scope.TENANTS_READ], life=DAY, now=clock.now())
    assert not known.is_surely_wrong(counted, text, clock.now())
    revoke_api_token(store, text.partition(".")[0], clock.now())
    counted.calm()
    # Whoever lets it in asks the store anyway.
    assert not known.is_surely_wrong(counted, text, clock.now())
    assert counted.calls == 0
    seconds[0] = 1.0
    assert [known.is_surely_wrong(counted, text, clock.now()) for _ in range(3)] == [True] * 3
    assert counted.calls == 1


def test_t26_a_token_whose_time_is_over_asks_the_store_no_more(store: Store, clock: Clock) -> None:
    counted = TroubledStore(store)
    known = KnownTokens(clock=lambda: 0.0)
    text = create_api_token(store, name="x", scopes=[Scope.TENANTS_READ], life=DAY, now=clock.now())
    assert not known.is_surely_wrong(counted, text, clock.now())
    counted.calm()
    assert known.is_surely_wrong(counted, text, clock.advance(days=1, milliseconds=1))
    assert counted.calls == 0


def test_t26_nobody_waits_past_the_deadline_for_another_who_asks(
    store: Store, clock: Clock
) -> None:
    slow, asked, go_on = TroubledStore(store), threading.Event(), threading.Event()
    known = KnownTokens()

    def hang(call: str, number: int) -> None:
        del call, number
        asked.set()
        go_on.wait(20)

    def in_a_hurry() -> None:
        set_deadline(seconds=0.01)
        with pytest.raises(BusyError):
            known.is_surely_wrong(slow, wrong(2), clock.now())

    slow.begin(hang)
    with ThreadPoolExecutor(2) as threads:
        try:
            first = threads.submit(known.is_surely_wrong, slow, wrong(1), clock.now())
            assert asked.wait(20)
            threads.submit(in_a_hurry).result(timeout=10)
        finally:
            go_on.set()
        assert first.result()


# ---- Calls that are open, and tell more to a program with a token


def asked(app: Flask, **request: object) -> object:
    """The token of a call, or the status and the challenge of its refusal."""
    with app.test_request_context("/api/validate", **request):
        try:
            token = authorize_open_call(Scope.TENANTS_READ)
        except RefusedTokenError as refused:
            answer = refused.get_response()
            return answer.status_code, answer.headers.get("WWW-Authenticate")
        return token and token.name


@pytest.mark.parametrize("sent", [None, "", "Basic dXNlcjpwYXNz", "Basic \xe4"])
def test_an_open_call_without_a_token_is_anonymous(
    app: Flask, store: Store, sent: str | None
) -> None:
    assert asked(app, headers={} if sent is None else {"Authorization": sent}) is None
    assert everything(store) == {}


def test_an_open_call_with_a_token_is_that_programs_and_counts(
    app: Flask, store: Store, clock: Clock
) -> None:
    text = create_api_token(
        store, name="sync", scopes=[Scope.TENANTS_READ], life=DAY, now=clock.now(), per_hour=2
    )
    headers = {"Authorization": f"Bearer {text}"}
    assert [asked(app, headers=headers) for _ in range(3)] == ["sync", "sync", (429, None)]


def test_an_open_call_with_a_wrong_token_is_refused_and_not_anonymous(
    app: Flask, token: str
) -> None:
    headers = {"Authorization": f"Bearer {wrong(1)}"}
    assert asked(app, headers=headers) == (401, 'Bearer error="invalid_token"')
    assert asked(app, headers={"Authorization": f"Bearer {token}"}) == (
        403, 'Bearer error="insufficient_scope", scope="tenants:read"',
    )  # fmt: skip


@pytest.mark.parametrize("sent", ["Bearer", "bearer ", "Bearer   ", "Bearer \xe4", "\xff"])
def test_an_open_call_with_an_empty_or_unreadable_token_is_not_anonymous(
    app: Flask, store: Store, sent: str
) -> None:
    """A program whose setting is empty must not take the short answer for the whole one."""
    headers = {"Authorization": sent}
    assert asked(app, headers=headers) == (401, 'Bearer error="invalid_token"')
    assert everything(store) == {}


@pytest.mark.parametrize(
    "query",
    [
        "accountId={}&companyId=2",
        "accountId=1&companyId=2&key={}",
        "{}",
        "companyId={}&companyId=2",
        "accountId=%00&anything={}",
        "access_token=x",
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/api/validate"), ("POST", "/api/tenant")])
def test_a03_an_open_call_with_a_key_in_its_address_is_told_so_whatever_else_is_wrong(
    client: FlaskClient, token: str, method: str, path: str, query: str
) -> None:
    address = f"{path}?{query.format(token)}"
    for headers in ({}, {"Authorization": f"Bearer {token}"}, {"Authorization": "Bearer x"}):
        answer = client.open(address, method=method, headers=headers)
        assert (answer.status_code, answer.get_json()["error"]) == (400, "key_in_url")
        assert token not in answer.text
