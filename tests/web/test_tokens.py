"""Tokens of programs, and `POST /api/imports`: who may call, and what is answered."""

import gzip
import json
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app, tokens
from portal.imports import applying
from portal.settings import Settings
from portal.stores.contract import Item, Replace, Store
from portal.tokens import Scope
from tests.conftest import Clock
from tests.strict_client import StrictClient
from tests.web.browsing import Staff, events_of, everything, tenants_in
from tests.web.troubled import FULL, TroubledStore

URL = "/api/imports"
DAY = timedelta(days=1)
COUNTS = dict.fromkeys(("new", "same", "update", "conflict", "duplicate", "invalid"), 0)


def tenant(number: int, **values: Any) -> dict[str, Any]:
    """As the old application had them."""
    return {
        "accountId": "86810", "companyId": str(number), "accountName": "Meyer Group",
        "companyName": "Meyer GmbH", "cluster": "eu", "contactCompanyName": "Meyer GmbH",
        "contactFullName": "Max Meyer", "contactEmailAddress": f"max{number}@meyer.example",
        "clientId": "fsm", "clientSecret": "s3cr3t-canary", "isActive": True,
        "validFrom": "2026-01-01T00:00:00.000Z", "validTo": "2027-06-30T21:59:59.999Z",
        "createdAt": "2025-01-01T00:00:00.000Z", "updatedAt": "2025-01-01T00:00:00.000Z",
        **values,
    }  # fmt: skip


def body_of(*rows: Mapping[str, Any]) -> bytes:
    return json.dumps(rows).encode()


@pytest.fixture
def token(store: Store, clock: Clock) -> str:
    return tokens.create(
        store, name="nightly script", scope=Scope.IMPORTS_WRITE, life=DAY, now=clock.now()
    )


@pytest.fixture
def send(client: FlaskClient, token: str) -> Callable[..., TestResponse]:
    def post(body: bytes, query: str = "", **headers: str) -> TestResponse:
        given = {"Authorization": f"Bearer {token}", **headers}
        kind = "application/json"
        return client.post(f"{URL}{query}", data=body, content_type=kind, headers=given)

    return post


# ---- A01: nobody is told what is wrong with a token


def test_a01_t26_every_bad_token_gets_the_same_answer(
    client: FlaskClient, token: str, store: Store, clock: Clock
) -> None:
    kid, _, secret = token.partition(".")
    over = tokens.create(store, name="x", scope=Scope.IMPORTS_WRITE, life=DAY, now=clock.now())
    clock.advance(days=1, milliseconds=1)
    late = tokens.create(store, name="x", scope=Scope.IMPORTS_WRITE, life=DAY, now=clock.now())
    revoked = tokens.create(store, name="x", scope=Scope.IMPORTS_WRITE, life=DAY, now=clock.now())
    tokens.revoke(store, revoked.partition(".")[0], clock.now())
    other = "A" if secret[0] != "A" else "B"
    headers = [
        {}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Bearer x"},
        {"Authorization": f"Bearer {'a' * 12}.{'A' * 43}"},
        {"Authorization": f"Bearer {kid}.{other}{secret[1:]}"},
        {"Authorization": f"Bearer {over}"}, {"Authorization": f"Bearer {revoked}"},
        {"Authorization": f"Basic {late}"}, {"Authorization": f"Bearer {late} x"},
    ]  # fmt: skip
    before = everything(store)
    answers = {
        (answer.status_code, answer.text, answer.headers["WWW-Authenticate"])
        for each in headers
        for answer in [client.post(URL, data=body_of(tenant(1)), headers=each)]
    }
    assert everything(store) == before
    ((status, text, challenge),) = answers
    assert (status, challenge) == (401, "Bearer")
    assert json.loads(text)["error"] == "unauthorized"


def test_a02_a_token_for_something_else_is_forbidden(
    client: FlaskClient, token: str, store: Store
) -> None:
    token_id = f"token-{token.partition('.')[0]}"
    item = store.get(token_id)
    other = {**item, "scopes": "tenants:read", "version": int(item["version"]) + 1}
    store.write([Replace(other, int(item["version"]))])
    answer = client.post(URL, data=body_of(tenant(1)), headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.get_json()["error"]) == (403, "forbidden")
    assert tenants_in(store) == {}


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


# ---- What is kept of a token


def test_t26_only_a_hash_is_kept_with_the_last_use(
    send: Callable[..., TestResponse], token: str, store: Store, clock: Clock
) -> None:
    assert token.partition(".")[2] not in repr(everything(store))
    (before,) = tokens.listed(store)
    assert before.last_used is None
    clock.advance(hours=1)
    send(body_of(tenant(1)), "?dryRun=true")
    (after,) = tokens.listed(store)
    assert after.last_used == clock.now()
    assert after.name == "nightly script"


# ---- A09: so many calls an hour


def test_a09_over_the_limit_is_refused_with_when_to_try_again(
    client: FlaskClient, store: Store, clock: Clock
) -> None:
    text = tokens.create(
        store, name="x", scope=Scope.IMPORTS_WRITE, life=DAY, now=clock.now(), per_hour=2
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
    one = tokens.create(
        store, name="x", scope=Scope.IMPORTS_WRITE, life=DAY, now=clock.now(), per_hour=1
    )
    headers = {"Authorization": f"Bearer {one}"}
    codes = [client.post(URL, data=b"[]", headers=headers).status_code for _ in "12"]
    assert codes[1] == 429
    assert send(body_of(tenant(1))).status_code == 200


def test_a09_a_call_that_may_not_enter_counts_nothing(
    client: FlaskClient, token: str, store: Store
) -> None:
    before = everything(store)
    for text in (f"{token[:-1]}!", f"{token.partition('.')[0]}.{'A' * 43}"):
        client.post(URL, data=b"[]", headers={"Authorization": f"Bearer {text}"})
    assert everything(store) == before


def test_a09_a_clock_that_was_set_back_closes_a_token_for_no_longer_than_an_hour(
    store: Store, clock: Clock
) -> None:
    text = tokens.create(
        store, name="x", scope=Scope.IMPORTS_WRITE, life=DAY, now=clock.now(), per_hour=1
    )
    kid = text.partition(".")[0]
    tokens.count_call(store, kid, clock.now() + timedelta(days=300))
    again = tokens.count_call(store, kid, clock.now())
    assert again == tokens.Allowance(per_hour=1, left=0, again_at=clock.now() + timedelta(hours=1))


def test_a09_the_limit_is_exact_for_calls_at_the_same_time(store: Store, clock: Clock) -> None:
    text = tokens.create(
        store, name="x", scope=Scope.IMPORTS_WRITE, life=DAY, now=clock.now(), per_hour=20
    )
    kid, together = text.partition(".")[0], threading.Barrier(8)

    def call(_number: int) -> int:
        together.wait()
        let_in = 0
        for _ in range(5):
            with suppress(tokens.TooManyCallsError):
                tokens.count_call(store, kid, clock.now())
                let_in += 1
        return let_in

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(call, range(8))) == 20


def test_a09_a_token_from_before_there_was_a_limit_has_the_usual_one(
    store: Store, token: str, clock: Clock
) -> None:
    kid = token.partition(".")[0]
    item = store.get(f"token-{kid}")
    older = {name: value for name, value in item.items() if name != "perHour"}
    store.write([Replace(older, int(item["version"]))])
    allowance = tokens.count_call(store, kid, clock.now())
    assert (allowance.per_hour, allowance.left) == (60, 59)


def test_a09_who_cannot_be_counted_is_not_let_in(
    settings: Settings, store: Store, clock: Clock, token: str
) -> None:
    troubled = TroubledStore(store)
    troubled.begin(lambda call, _number: FULL if call == "write" else None)
    app = create_app(settings, store=troubled, clock=clock.now)
    answer = app.test_client().post(
        f"{URL}?dryRun=true", data=b"[]", headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, answer.get_json()["error"]) == (503, "unavailable")


def test_many_tokens_are_listed_the_newest_first(store: Store, clock: Clock) -> None:
    for number in range(60):
        clock.advance(seconds=1)
        tokens.create(
            store, name=f"n{number}", scope=Scope.IMPORTS_WRITE, life=DAY, now=clock.now()
        )
    assert [each.name for each in tokens.listed(store)] == [f"n{n}" for n in range(59, -1, -1)]


# ---- The report


def test_the_answer_is_the_report_and_the_rows_are_in(
    send: Callable[..., TestResponse], store: Store, token: str
) -> None:
    answer = send(body_of(tenant(1), tenant(2, contactEmailAddress="no"), tenant(1)))
    assert answer.status_code == 200
    told = answer.get_json()
    assert told["counts"] == COUNTS | {"new": 1, "duplicate": 1, "invalid": 1}
    assert (told["applied"], told["state"], told["ignoredKeys"]) == (True, "done", 0)
    assert [row["kind"] for row in told["rows"]] == ["new", "invalid", "duplicate"]
    assert tenants_in(store).keys() == {"86810_1"}
    (event,) = events_of(store, "86810_1")
    assert event.by == "nightly script (token)"
    assert "s3cr3t-canary" not in answer.text + repr(everything(store))
    again = send(body_of(tenant(1))).get_json()
    assert again["counts"] == COUNTS | {"same": 1}
    assert token.partition(".")[2] not in repr(everything(store))


def test_a_dry_run_writes_nothing(send: Callable[..., TestResponse], store: Store) -> None:
    before = everything(store).keys()
    told = send(body_of(tenant(1)), "?dryRun=true").get_json()
    assert (told["counts"], told["applied"]) == (COUNTS | {"new": 1}, False)
    assert everything(store).keys() == before


def test_the_policy_and_what_is_allowed_are_asked_for_by_name(
    send: Callable[..., TestResponse], store: Store
) -> None:
    send(body_of(tenant(1, isActive=False)))
    newer = body_of(tenant(1, updatedAt="2026-02-01T00:00:00.000Z", contactFullName="Mia Meyer"))
    assert send(newer).get_json()["counts"]["conflict"] == 1
    assert send(newer, "?policy=newer-wins").get_json()["counts"]["conflict"] == 1
    assert tenants_in(store)["86810_1"]["isActive"] is False
    told = send(newer, "?policy=newer-wins&allow=status").get_json()
    assert told["counts"] == COUNTS | {"update": 1}
    assert tenants_in(store)["86810_1"]["isActive"] is True


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("?policy=all", "invalid_parameter"),
        ("?dryRun=1", "invalid_parameter"),
        ("?allow=everything", "invalid_parameter"),
        ("?dry_run=true", "unknown_parameter"),
    ],
)
def test_a_parameter_that_nobody_knows_is_refused(
    send: Callable[..., TestResponse], store: Store, query: str, error: str
) -> None:
    answer = send(body_of(tenant(1)), query)
    assert (answer.status_code, answer.get_json()["error"]) == (400, error)
    assert tenants_in(store) == {}


# ---- I09-I12, I21, I23: bodies that are refused


@pytest.mark.parametrize(
    ("body", "headers", "status", "words"),
    [
        pytest.param(b"[" + b" " * 5_000_000 + b"]", {}, 413, "larger than 5 MB", id="I09"),
        pytest.param(b" " * 6_000_000, {}, 413, "larger than 5 MB", id="I09-much-larger"),
        pytest.param(gzip.compress(b"[]"), {}, 415, "Send the file uncompressed.", id="I12"),
        pytest.param(
            b"[]", {"Content-Encoding": "gzip"}, 415, "Send the file uncompressed.", id="I12-header"
        ),
        pytest.param(b"<html></html>", {}, 415, "not a portal export", id="I21"),
        pytest.param(b" ", {}, 422, "The file is not a portal export.", id="I01"),
        pytest.param(b'{"a"', {}, 400, "Not valid JSON (line 1, column 5).", id="I02"),
        pytest.param(
            b"[" + b",".join([b"{}"] * 10_001) + b"]", {}, 413, "more than 10,000 entries", id="I15"
        ),
    ],
)
def test_a_body_that_cannot_be_used_is_refused_whole(
    *,
    send: Callable[..., TestResponse],
    store: Store,
    body: bytes,
    headers: dict[str, str],
    status: int,
    words: str,
) -> None:
    before = everything(store).keys()
    answer = send(body, **headers)
    assert answer.status_code == status
    assert words in answer.get_json()["message"]
    assert everything(store).keys() == before


def test_i10_i11_a_body_without_a_length_is_refused(
    client: FlaskClient, token: str, store: Store
) -> None:
    answer = client.post(
        URL,
        input_stream=None,
        headers={"Authorization": f"Bearer {token}", "Transfer-Encoding": "chunked"},
        environ_overrides={"CONTENT_LENGTH": "", "wsgi.input_terminated": True},
    )
    assert (answer.status_code, answer.get_json()["error"]) == (411, "length_required")
    assert tenants_in(store) == {}


def test_i23_a_client_that_hangs_up_changes_nothing(
    send: Callable[..., TestResponse], client: FlaskClient, token: str, store: Store
) -> None:
    body = body_of(tenant(1))
    answer = client.post(
        URL,
        data=body,
        headers={"Authorization": f"Bearer {token}"},
        environ_overrides={"CONTENT_LENGTH": str(len(body) + 10)},
    )
    assert answer.status_code == 400
    assert tenants_in(store) == {}


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_is_not_the_file(client: FlaskClient, token: str, store: Store, kind: str) -> None:
    answer = client.post(
        URL,
        data=body_of(tenant(1)),
        content_type=kind,
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 415
    assert tenants_in(store) == {}


def test_i24_a_store_that_stops_half_way_says_so_and_is_gone_on_with(
    settings: Settings, store: Store, clock: Clock, token: str
) -> None:
    troubled = TroubledStore(store)
    app = create_app(settings, store=troubled, clock=clock.now)
    app.test_client_class = StrictClient
    client = app.test_client()
    body = body_of(*(tenant(number) for number in range(100)))
    headers = {"Authorization": f"Bearer {token}"}
    written: list[str] = []

    def full_after_four(call: str, number: int) -> Exception | None:
        # The call is counted; the rows, the import, one commit of tenants; then the disk is full.
        written.extend([call] if call == "write" else [])
        return FULL if call == "write" and len(written) > 4 else None

    troubled.begin(full_after_four)
    answer = client.post(URL, data=body, headers=headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert "Send the file again" in answer.get_json()["message"]
    assert len(tenants_in(store)) == applying.TOGETHER
    troubled.calm()
    told = client.post(URL, data=body, headers=headers).get_json()
    same = applying.TOGETHER
    assert told["counts"] == COUNTS | {"new": 100 - same, "same": same}
    assert len(tenants_in(store)) == 100


def test_the_limit_is_a_setting(settings: Settings, store: Store, clock: Clock, token: str) -> None:
    more = replace(settings, import_rows=2)
    app = create_app(more, store=store, clock=clock.now)
    body = body_of(tenant(1), tenant(2), tenant(3))
    answer = app.test_client().post(URL, data=body, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 413
    assert "more than 2 entries" in answer.get_json()["message"]
    assert tenants_in(store) == {}


def test_a_token_is_no_tenant(token: str, store: Store) -> None:
    item: Item = store.get(f"token-{token.partition('.')[0]}")
    assert item["scopes"] == "imports:write"
    assert tenants_in(store) == {}
