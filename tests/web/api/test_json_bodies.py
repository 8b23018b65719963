"""JSON bodies that are refused, by every call that takes one: a clear 4xx, and nothing written."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from portal.stores.contract import Store
from portal.tenants import Tenant
from tests.web.api.api_calls import NEW, TENANT_URL, Program, everything

Send = Callable[..., TestResponse]

DEEP = 100_000


@pytest.fixture(params=["POST", "PUT"])
def send(request: pytest.FixtureRequest, writer: Program, licensed: Tenant) -> Send:
    del licensed
    if request.param == "PUT":
        return writer.put
    return writer.post


def body_with(text: str) -> str:
    """A body in which this text is the value of a name."""
    others = {name: value for name, value in NEW.items() if name != "accountName"}
    return json.dumps(others)[:-1] + f', "accountName": {text}' + "}"


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        pytest.param(" ", 400, "invalid_json", id="empty"),
        pytest.param("null", 400, "invalid_json", id="null"),
        pytest.param("[]", 400, "invalid_json", id="list"),
        pytest.param('"x"', 400, "invalid_json", id="text"),
        pytest.param('{"a"', 400, "invalid_json", id="cut-off"),
        pytest.param("{} {}", 400, "invalid_json", id="two"),
        pytest.param("{'a': 1}", 400, "invalid_json", id="quotes"),
        pytest.param('{"a": 1,}', 400, "invalid_json", id="comma"),
        pytest.param("[" * DEEP, 400, "invalid_json", id="a12-deep-open"),
        pytest.param("[" * DEEP + "]" * DEEP, 400, "invalid_json", id="a12-deep"),
        pytest.param('{"a":' * 10_000 + "1" + "}" * 10_000, 400, "invalid_json", id="a12-objects"),
        pytest.param('{"a":' * 33 + "1" + "}" * 33, 400, "invalid_json", id="33-levels"),
        pytest.param('{"a": 1, "a": 1}', 400, "invalid_json", id="twice"),
        pytest.param('{"isActive": false, "isActive": true}', 400, "invalid_json", id="two-minds"),
        pytest.param('{"isActive": true, "isActi\\u0076e": false}', 400, "invalid_json",
                     id="twice-escaped"),
        pytest.param('{"isActive": NaN}', 400, "invalid_json", id="nan"),
        pytest.param('{"isActive": -Infinity}', 400, "invalid_json", id="infinity"),
        pytest.param('{"isActive": 1e999}', 400, "invalid_json", id="1e999"),
        pytest.param('{"isActive": ' + "9" * 5_000 + "}", 400, "invalid_json", id="5000-digits"),
        pytest.param('{"isActive": 18446744073709551616}', 400, None, id="2-64"),
        pytest.param(body_with('"\\ud800"'), 400, "invalid_json", id="lone-surrogate"),
        pytest.param(body_with('"a\\u0000b"'), 400, None, id="nul"),
        pytest.param('{"__proto__": {"isActive": true}}', 400, "unknown_field", id="proto"),
        pytest.param('{"\\ud83d\\ude00": 1}', 400, "unknown_field", id="emoji-field"),
        pytest.param('{"\\u202e\\n": 1}', 400, "unknown_field", id="field-that-does-not-print"),
        pytest.param(b'\xff\xfe{\x00}\x00', 400, "invalid_json", id="utf-16"),
        pytest.param(b'{"accountName": "\xe4"}', 400, "invalid_json", id="latin-1"),
        pytest.param(b'\xef\xbb\xbf{}', 400, "invalid_json", id="byte-order-mark"),
        pytest.param(b"\x1f\x8b" + b"x" * 50, 400, "invalid_json", id="gzip"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_plain_object_is_refused(
    send: Send, store: Store, body: Any, status: int, error: str | None
) -> None:
    before = everything(store)
    answer = send(body)
    said = answer.get_json()
    assert answer.status_code == status, answer.text
    assert error is None or said["error"] == error
    assert said["message"].isprintable()
    assert everything(store) == before


def test_two_megabytes_are_too_large(send: Send, store: Store) -> None:
    before = everything(store)
    for body in (b'{"accountName": "' + b"a" * 2_000_000 + b'"}', b"{}" + b" " * 256 * 1024):
        answer = send(body)
        assert (answer.status_code, answer.get_json()["error"]) == (413, "too_large")
    assert everything(store) == before


def test_a_body_without_a_length_is_refused(send: Send, store: Store) -> None:
    before = everything(store)
    chunked = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
    answer = send(NEW, environ_overrides=chunked)
    assert (answer.status_code, answer.get_json()["error"]) == (411, "length_required")
    assert everything(store) == before


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json", None,
     "application/xml", "application/json-patch+json", "application/problem+json"],
)  # fmt: skip
def test_another_content_type_is_refused(send: Send, store: Store, kind: str | None) -> None:
    """A form of another site cannot send JSON without a preflight."""
    before = everything(store)
    answer = send({"accountName": "x"}, content_type=kind)
    assert (answer.status_code, answer.get_json()["error"]) == (415, "unsupported_media_type")
    assert "application/json" in answer.get_json()["message"]
    assert everything(store) == before


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "APPLICATION/JSON"])
def test_json_by_its_other_names_is_read(writer: Program, licensed: Tenant, kind: str) -> None:
    assert writer.put({"cluster": "us"}, content_type=kind).status_code == 200


def test_a_compressed_body_is_refused(send: Send, store: Store) -> None:
    before = everything(store)
    answer = send(NEW, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415
    assert everything(store) == before


def test_a_query_parameter_is_refused(send: Send, writer: Program, store: Store) -> None:
    before = everything(store)
    for answer in (
        writer.put({"cluster": "us"}, f"{TENANT_URL}?force=true"),
        writer.post(NEW, "/api/tenant?dryRun=true"),
        writer.get(f"{TENANT_URL}?fields=all"),
    ):
        assert (answer.status_code, answer.get_json()["error"]) == (400, "unknown_parameter")
    assert everything(store) == before
