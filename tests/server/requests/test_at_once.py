"""What needs no waiting is answered without a thread, and everything else is not."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portal.serving.limits import Limits
from portal.serving.requests.bodies import BodyProtocol
from portal.serving.requests.environ import Headers, Scope
from portal.serving.requests.reception import AtOnce, Reception
from portal.stores.contract import Add, Replace
from portal.stores.file import JsonFileStore
from tests.server.raw_client import ask, connect, head, is_closed, read
from tests.serving import Portal, serving
from tests.web.api.test_validate_layer import TENANT

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ASK = "/api/validate?accountId=1&companyId=2"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JsonFileStore]:
    opened = JsonFileStore(tmp_path_factory.mktemp("portal") / "data")
    opened.write([Add({**TENANT, "validTo": "2099-12-31T23:59:59.999Z"})])
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def folder(store: JsonFileStore) -> Path:
    return Path(store.describe().removeprefix("JSON file ")).parent.parent


@pytest.fixture(scope="module")
def portal(folder: Path) -> Iterator[Portal]:
    with serving(folder) as portal:
        yield portal


def test_no_thread_is_needed_for_a_plain_question(folder: Path, store: JsonFileStore) -> None:
    del store
    # Not one thread answers validate. That the portal is healthy was asked already, so its file is
    # in memory. What is remembered for an outage would take a thread once.
    settings = {"PORTAL_VALIDATE_GRACE_HOURS": "0"}
    with serving(folder, settings=settings, limits={"validate_threads": 0}) as portal:
        answers = [ask(portal.url, head("GET", ASK)) for _ in range(5)]
        unknown = ask(portal.url, head("GET", "/api/validate?accountId=1&companyId=77"))
    assert [answer.json()["isValid"] for answer in answers] == [True] * 5
    assert len({answer.headers["x-request-id"] for answer in answers}) == 5
    assert unknown.json()["error"] == "NOT_FOUND"


def test_it_is_the_answer_that_a_thread_gives(portal: Portal) -> None:
    plain = ask(portal.url, head("GET", ASK, "Origin: https://app.example.com"))
    swapped = "/api/validate?companyId=2&accountId=1"
    by_thread = ask(portal.url, head("GET", swapped, "Origin: https://app.example.com"))
    assert plain.json() | {"serverTime": ""} == by_thread.json() | {"serverTime": ""}
    differs = ("date", "x-request-id")
    first, second = (
        {name: value for name, value in answer.headers.items() if name not in differs}
        for answer in (plain, by_thread)
    )
    assert first == second
    assert first["x-frame-options"] == "DENY"


def test_many_questions_on_one_connection(portal: Portal) -> None:
    with connect(portal.url) as line:
        for _ in range(50):
            line.sendall(head("GET", ASK))
            assert read(line).json()["isValid"] is True


def test_a_question_with_a_body_ends_the_connection(portal: Portal) -> None:
    with connect(portal.url) as line:
        line.sendall(head("GET", ASK, "Content-Length: 5") + b"12345")
        assert read(line).json()["isValid"] is True
        assert is_closed(line)


def test_a_question_without_a_trusted_host_is_refused(portal: Portal) -> None:
    request = head("GET", ASK).replace(b"localhost", b"evil.example")
    assert ask(portal.url, request).status == 400


def test_the_first_answer_after_a_suspension_says_so_on_every_worker(
    folder: Path, store: JsonFileStore
) -> None:
    """The time from the acknowledged write to the first INACTIVE is none, on the file store."""
    active = store.get("1_2")
    suspended = {**active, "status": "suspended", "isActive": False}
    with serving(folder, "--workers", "2") as portal:
        lines = [connect(portal.url) for _ in range(8)]
        version = int(active["version"])
        for number in range(20):
            version += 1
            is_active = number % 2 == 1
            item = active if is_active else suspended
            store.write([Replace({**item, "version": version}, version - 1)])
            for line in lines:
                line.sendall(head("GET", ASK))
            seen = [read(line).json()["isValid"] for line in lines]
            assert seen == [is_active] * len(lines)
        for line in lines:
            line.close()


# ---- What the server does with an answer, or without one


class Sent:
    """How granian sends an answer."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, bytes]] = []
        self.is_gone = False

    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None:
        self.response_bytes(status, headers, b"")

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        del headers
        if self.is_gone:
            raise ConnectionError
        self.sent.append((status, body))

    def response_file(self, status: int, headers: list[tuple[str, str]], file: str) -> None:
        self.response_bytes(status, headers, file.encode())

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise AssertionError("nobody reads a body")


@dataclass
class Plain:
    """A request as granian knows it."""

    method: str = "GET"
    path: str = "/"
    query_string: str = ""
    server: str = "127.0.0.1:8000"
    client: str = "127.0.0.1:4711"
    scheme: str = "http"
    http_version: str = "1.1"
    headers: Headers = field(default_factory=dict)


class Exchange:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.sent = Sent()
        self.proto: BodyProtocol = self.sent
        self.ended = threading.Event()

    def done(self) -> None:
        self.ended.set()


def by_thread(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
    del environ
    start("200 OK", [("Content-Type", "text/plain")])
    return [b"by a thread"]


def exchanged(at_once: AtOnce, scope: Scope, *, is_gone: bool = False) -> list[tuple[int, bytes]]:
    """What is sent to this request."""
    loop = asyncio.new_event_loop()
    reception = Reception(
        by_thread, lambda _environ: 0, lambda _path, _origin: [], Limits(), loop, at_once=at_once
    )
    exchange = Exchange(scope)
    exchange.sent.is_gone = is_gone
    reception.take(exchange)
    assert exchange.ended.wait(10)
    loop.close()
    return exchange.sent.sent


def test_an_answer_at_once_is_sent_and_no_thread_is_asked() -> None:
    assert exchanged(lambda _scope: (200, [], b"at once"), Plain()) == [(200, b"at once")]


def test_without_such_an_answer_a_thread_answers() -> None:
    assert exchanged(lambda _scope: None, Plain()) == [(200, b"by a thread")]


def test_an_error_is_logged_and_a_thread_answers(caplog: pytest.LogCaptureFixture) -> None:
    def failing(_scope: Scope) -> None:
        raise RuntimeError("unexpected")

    with caplog.at_level(logging.ERROR):
        assert exchanged(failing, Plain()) == [(200, b"by a thread")]
    assert "could not be answered at once" in caplog.text


def test_a_client_that_is_gone_is_forgotten() -> None:
    assert exchanged(lambda _scope: (200, [], b"at once"), Plain(), is_gone=True) == []
