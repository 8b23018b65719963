"""A function of an application that is made for the test, called as Lambda calls it."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from portal import logs
from portal.lambda_http import function_of
from portal.lambda_http.events import Kind, addresses_of
from tests.lambda_http.lambda_events import CLIENT, Event, http_api, load_balancer, rest_api


class Call:
    """What Lambda says about a call."""

    aws_request_id = "8476a536"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def call(app: Any, event: Event, notes: Callable[[], None] = lambda: None) -> dict[str, Any]:
    return function_of(app, notes, lambda _seconds: None)(event, Call())


@pytest.fixture(autouse=True)
def stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    """The function writes its log in the background; here, pytest reads standard error."""
    monkeypatch.setattr("sys.stderr", logs.BackgroundStream(2))


def app_of(size: int, kind: str = "text/csv; charset=utf-8", text: bytes = b"x") -> Any:
    closed = []

    def rows() -> Iterator[bytes]:
        try:
            for _ in range(size // 1000):
                yield text * 1000
        finally:
            closed.append(True)

    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", kind)])
        return rows()

    app.closed = closed  # type: ignore[attr-defined]
    return app


@pytest.mark.parametrize(
    ("event", "most"),
    [(http_api("/rows"), 6), (rest_api("/rows"), 6), (load_balancer("/rows"), 1)],
)
@pytest.mark.parametrize("kind", ["text/csv", "application/zip"])
def test_an_answer_that_aws_would_not_pass_on_is_a_sentence(
    event: Event, most: int, kind: str
) -> None:
    small, large = app_of(most * 700_000, kind), app_of(most * 1_060_000, kind)
    assert call(small, event)["statusCode"] == 200
    answer = call(large, event)
    assert answer["statusCode"] == 413
    assert answer["body"].startswith(f"The answer is larger than the {most} MB that AWS passes on")
    assert small.closed == large.closed == [True]


def test_quotes_and_letters_count_as_lambda_sends_them() -> None:
    assert call(app_of(2_000_000, text="ü".encode()), http_api("/rows"))["statusCode"] == 413
    assert call(app_of(3_300_000, text=b'"'), http_api("/rows"))["statusCode"] == 413


def test_a_program_gets_it_as_json() -> None:
    answer = call(app_of(7_000_000), http_api("/api/tenants"))
    assert json.loads(answer["body"])["error"] == "answer_too_large"
    assert answer["headers"]["Content-Type"] == "application/json"


def test_headers_that_are_there_twice_are_joined_and_cookies_are_not() -> None:
    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        headers = [
            ("Vary", "Accept"), ("Set-Cookie", "a=1"), ("vary", "Cookie"), ("Set-Cookie", "b=2"),
        ]  # fmt: skip
        start_response("200 OK", headers)
        return [b""]

    answer = call(app, http_api("/"))
    assert answer["headers"]["vary"] == "Accept, Cookie"
    assert answer["cookies"] == ["a=1", "b=2"]
    for event in (rest_api("/"), load_balancer("/")):
        several = call(app, event)["multiValueHeaders"]
        assert several == {"Vary": ["Accept, Cookie"], "Set-Cookie": ["a=1", "b=2"]}


def test_notes_that_cannot_be_written_do_not_change_the_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> None:
        raise OSError("no")

    assert call(app_of(1000), http_api("/"), fail)["statusCode"] == 200
    assert "could not be written" in caplog.text


@pytest.mark.parametrize("forged", ["", "192.0.2.66", CLIENT, f"{CLIENT}, 192.0.2.66"])
def test_what_a_client_writes_stays_before_what_aws_has_seen(forged: str) -> None:
    sent = [each for each in forged.split(", ") if each]
    for kind, event_of in (
        (Kind.HTTP_API, http_api),
        (Kind.REST_API, rest_api),
        (Kind.LOAD_BALANCER, load_balancer),
    ):
        assert addresses_of(event_of("/", forwarded_for=forged), kind) == (CLIENT, sent)


def test_a_load_balancer_that_adds_no_address_leaves_the_client_unknown() -> None:
    event = load_balancer("/")
    del event["multiValueHeaders"]["x-forwarded-for"]
    assert addresses_of(event, Kind.LOAD_BALANCER) == ("", [])
