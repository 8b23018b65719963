"""`GET /api/validate` ahead of Flask: the same answers as Flask's, to the last header."""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from portal import create_app, logs
from portal.settings import Settings
from portal.stores import PUBLIC_ATTEMPTS, StoreWrapper, remaining_seconds, retry_attempts
from portal.stores.contract import Add, Item, Replace, Store, Value
from portal.stores.factory import open_store
from portal.stores.file import JsonFileStore
from portal.web.api.validate_layer import Head, ValidateLayer
from tests.conftest import Clock
from tests.web.failing_store import TroubledStore, silent

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ORIGIN = "https://app.example.com"
HOST = "127.0.0.1:8000"

TENANT: dict[str, Value] = {
    "tenantId": "1_2",
    "accountId": "1",
    "accountName": "Größe & Söhne „Holding“",
    "companyId": "2",
    "companyName": "Example GmbH",
    "cluster": "eu",
    "contactFullName": "Jane Doe",
    "clientId": "fsm-client",
    "clientSecret": "plain-old-secret",
    "validFrom": "2026-01-01T00:00:00.000Z",
    "validTo": "2027-06-30T23:59:59.999Z",
    "isActive": True,
    "status": "active",
    "version": 1,
}
ITEMS: tuple[Item, ...] = (
    TENANT,
    TENANT | {"tenantId": "1_3", "companyId": "3", "status": "suspended", "isActive": False},
    TENANT | {"tenantId": "1_4", "companyId": "4", "validTo": "2026-11-23T09:59:59.999Z"},
    TENANT | {"tenantId": "1_5", "companyId": "5", "validTo": "2026-11-30T09:59:59.999Z"},
    TENANT | {"tenantId": "1_6", "companyId": "6", "validFrom": "2026-12-01T00:00:00.000Z"},
    TENANT | {"tenantId": "1_7", "companyId": "7", "validTo": "one day", "cluster": "no/label"},
    # As the old application wrote it, and longer than what stays in memory.
    {"tenantId": "1_8", "isActive": True, "companyName": "Long " * 2_000},
    {"tenantId": "claim-1_9", "count": 1, "version": 1},
)


@dataclass(frozen=True)
class Asked:
    """A request: what differs from a plain one."""

    query: str = "accountId=1&companyId=2"
    method: str = "GET"
    path: str = "/api/validate"
    headers: Mapping[str, str] = field(default_factory=dict)
    environ: Mapping[str, Any] = field(default_factory=dict)
    host: str = HOST

    def made(self) -> "WSGIEnvironment":
        builder = EnvironBuilder(
            path=self.path,
            method=self.method,
            headers=list(self.headers.items()),
            environ_overrides={"REMOTE_ADDR": "192.0.2.1", **self.environ},
        )
        environ = builder.get_environ()
        environ["QUERY_STRING"] = self.query
        if self.host:
            environ["HTTP_HOST"] = self.host
        else:
            del environ["HTTP_HOST"]
        return environ


@dataclass
class Answered:
    status: str
    headers: list[tuple[str, str]]
    body: bytes


def answered(app: "WSGIApplication", environ: "WSGIEnvironment") -> Answered:
    """The answer without what differs each time."""
    body, status, headers = run_wsgi_app(app, environ, buffered=True)
    kept = [(name, value) for name, value in headers if name != "X-Request-Id"]
    ids = headers.getlist("X-Request-Id")
    assert [bool(re.fullmatch("[0-9a-f]{16}", each)) for each in ids] == [True]
    return Answered(status, kept, b"".join(body))


class Counting:
    """A WSGI application that counts what comes to the one behind it."""

    def __init__(self, behind: "WSGIApplication") -> None:
        self._behind = behind
        self.requests = 0

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        self.requests += 1
        return self._behind(environ, start_response)


Make = Callable[..., Flask]


@pytest.fixture
def make(settings: Settings, store: Store, clock: Clock) -> Make:
    """Makes applications over one store, with some settings changed."""

    def made(store: Store = store, **changed: Any) -> Flask:
        changed = {"api_allowed_origins": (ORIGIN,)} | changed
        return create_app(replace(settings, **changed), store=store, clock=clock.now)

    return made


def layer_of(app: Flask) -> ValidateLayer:
    layer: ValidateLayer = app.extensions["portal.validate_layer"]
    return layer


def plain(**changed: Any) -> Asked:
    return Asked(**changed)


ASKED_PLAINLY = [
    *[plain(query=f"accountId=1&companyId={number}") for number in range(1, 11)],
    plain(query=f"accountId={'A' * 40}&companyId=z"),
    plain(query="accountId=unknown&companyId=unknown"),
    plain(method="HEAD"),
    plain(method="HEAD", query="accountId=1&companyId=77"),
    *[plain(host=each) for each in ("localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:1")],
    *[
        plain(headers={"Origin": each})
        for each in (ORIGIN, ORIGIN.upper(), f"{ORIGIN}:443", f"{ORIGIN}, {ORIGIN}", "null", "")
    ],
    plain(headers={"Origin": ORIGIN}, query="accountId=1&companyId=77"),
    plain(headers={"Content-Type": "application/json"}),
    plain(headers={"Cookie": "portal=abc; other=def"}),
    plain(headers={"Accept-Language": "de-DE,de;q=0.9"}),
    plain(headers={"Accept-Language": "x," * 1_000}),
    *[
        plain(headers={"Accept": each})
        for each in ("*/*", "application/json", "text/html, */*;q=0.1", "application/*", "")
    ],
    plain(headers={"HX-Request": "true", "HX-Boosted": "true"}),
    plain(headers={"If-None-Match": "*", "If-Modified-Since": "Mon, 23 Nov 2026 10:00:00 GMT"}),
    plain(headers={"Range": "bytes=0-10"}),
    plain(headers={"X-HTTP-Method-Override": "DELETE"}),
    plain(headers={"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}),
    plain(headers={"X-Forwarded-Host": "evil.example"}),
    plain(headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}),
    plain(headers={"X-Long": "a" * 15_000}),
    plain(headers={"Access-Control-Request-Method": "GET", "Origin": ORIGIN}),
    plain(environ={"REMOTE_ADDR": "::1"}),
    plain(environ={"REMOTE_ADDR": ""}),
    plain(environ={"wsgi.url_scheme": "https"}),
    plain(environ={"SCRIPT_NAME": "/portal"}),
    plain(environ={"SERVER_PROTOCOL": "HTTP/1.0"}),
]
ASKED_UNUSUALLY = [
    *[
        plain(query=each)
        for each in (
            "", "accountId=1", "companyId=2", "companyId=2&accountId=1", "accountId=&companyId=",
            "accountId=1&companyId=2&", "&accountId=1&companyId=2", "accountId=1&&companyId=2",
            "accountId=1&companyId=2&at=2020-01-01", "accountId=1&companyId=2&key=x",
            "accountId=1&companyId=2&accountId=1", "accountId=1&companyId=2&accountId",
            "accountId=1&companyId=2#x", "accountId=1;companyId=2", "accountid=1&companyid=2",
            "accountId=+1&companyId=2", "accountId=%31&companyId=2", "accountId=1%00&companyId=2",
            "accountId=1%0A&companyId=2", "accountId=1\n&companyId=2", "accountId=../x&companyId=1",
            "accountId=1_2&companyId=3", "accountId=claim-1&companyId=9", "accountId=pending-1",
            f"accountId={'1' * 41}&companyId=1", f"accountId={'1' * 300}&companyId=1",
            "accountId=%D9%A1&companyId=1", "accountId=\xd9\xa1&companyId=1",
            "accountId=%C3%A4&companyId=%FF", "accountId=1&companyId=Example GmbH",
            "accountId[]=1&companyId=2", "?accountId=1&companyId=2", "accountId=1&companyId==2",
            "&".join(["accountId=1"] * 101), f"accountId=1&companyId={'2' * 17_000}",
        )
    ],
    *[
        plain(method=each)
        for each in ("OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "get", "BREW")
    ],
    plain(method="OPTIONS", headers={"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}),
    *[
        plain(path=each)
        for each in (
            "/api/validate/", "/api//validate", "/api/Validate", "/api/valid", "/api/validate%20",
            "/api/validate;x", "/api/validate/1", "/", "/health",
        )
    ],
    *[
        plain(headers={"Authorization": each})
        for each in ("Bearer x", "Basic eDp5", "", "Bearer " + "a" * 300)
    ],
    *[
        plain(host=each)
        for each in (
            "", "evil.example", "127.0.0.1.evil.example", "evil.example:8000", "localhost.",
            "localhost:99999", "localhost:0", "local host", "localhost, localhost", "[::1]",
            "user@localhost", "localhost/", "\u00e4", "127.0.0.1:8000:8000",
        )
    ],
    *[plain(headers={"Accept": each}) for each in ("text/html", "application/json;q=0")],
    plain(headers={"X-Long": "a" * 17_000}),
    plain(headers={f"X-{number}": "a" * 100 for number in range(200)}),
]  # fmt: skip


def both(make: Make, asked: Asked, **changed: Any) -> tuple[Answered, Answered, bool]:
    """The answer with and without the layer, and whether Flask made the first one too."""
    with_layer, without = make(**changed), make(**changed)
    layer = layer_of(with_layer)
    counting = layer.behind = Counting(layer.behind)
    first = answered(with_layer, asked.made())
    second = answered(layer_of(without).behind, asked.made())
    return first, second, bool(counting.requests)


@pytest.fixture
def filled(store: Store) -> None:
    store.write([Add(item) for item in ITEMS])


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("asked", ASKED_PLAINLY, ids=repr)
def test_what_is_plain_is_answered_ahead_of_flask_and_as_flask_answers_it(
    make: Make, asked: Asked
) -> None:
    first, second, by_flask = both(make, asked)
    assert first == second
    assert not by_flask


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("asked", ASKED_UNUSUALLY, ids=repr)
def test_what_is_unusual_goes_on_to_flask(make: Make, asked: Asked) -> None:
    first, second, by_flask = both(make, asked)
    assert first == second
    assert by_flask


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    "changed",
    [
        {"api_allowed_origins": ()},
        {"base_url": "https://portal.example.com"},
        {"base_url": "https://portal.example.com", "hsts_include_subdomains": True},
        {"base_url": "https://portal.example.com", "extra_trusted_hosts": (".example.org",)},
        {"proxy_hops": 2},
    ],
    ids=repr,
)
@pytest.mark.parametrize("host", [HOST, "portal.example.com", "a.example.org", "example.org"])
def test_the_settings_count_as_they_count_in_flask(
    make: Make, changed: dict[str, Any], host: str
) -> None:
    for origin in (ORIGIN, "https://evil.example"):
        first, second, _ = both(make, plain(host=host, headers={"Origin": origin}), **changed)
        assert first == second


LIMITED = {"sign_ups_per_hour": 5, "not_found_per_minute": 2}


@pytest.mark.parametrize("hops", [0, 1, 2])
@pytest.mark.parametrize("forwarded", ["", "203.0.113.9", "203.0.113.8, 203.0.113.9", "x, [::1]:5"])
def test_the_same_networks_reach_the_same_limit(make: Make, hops: int, forwarded: str) -> None:
    with_layer, without = make(**LIMITED, proxy_hops=hops), make(**LIMITED, proxy_hops=hops)
    for number in range(6):
        asked = plain(
            query="accountId=1&companyId=77",
            headers={"X-Forwarded-For": forwarded},
            environ={"REMOTE_ADDR": f"192.0.2.{number % 2}"},
        )
        first = answered(with_layer, asked.made())
        assert first == answered(layer_of(without).behind, asked.made())
    assert first.status == "429 TOO MANY REQUESTS"


def test_flask_and_what_stands_ahead_of_it_count_together(make: Make) -> None:
    app = make(**LIMITED)
    plainly, unusually = "accountId=1&companyId=77", "companyId=77&accountId=1"
    statuses = [answered(app, plain(query=each).made()).status for each in (plainly, unusually) * 2]
    assert statuses == ["200 OK"] * 2 + ["429 TOO MANY REQUESTS"] * 2


def test_a_store_that_does_not_answer_is_asked_once_and_said_as_flask_says_it(
    make: Make, store: Store
) -> None:
    troubled = TroubledStore(store)
    app: Flask = make(store=troubled)
    without = make(store=troubled)
    troubled.begin(silent)
    first = answered(app, plain().made())
    assert troubled.own_calls == 1
    assert first.status.startswith("503 ")
    assert first == answered(layer_of(without).behind, plain().made())


# ---- Without waiting, in the thread of the server


@dataclass
class ServerHead:
    """A request as the server knows it."""

    method: str
    path: str
    query_string: str
    client: str
    headers: Any


class SentHeaders:
    def __init__(self, sent: list[tuple[str, str]]) -> None:
        self._sent = sent

    def __len__(self) -> int:
        return len({name for name, _ in self._sent})

    def items(self) -> list[tuple[str, str]]:
        return [header for header in self._sent if header[1].isascii()]


def head_of(asked: Asked, *more: tuple[str, str]) -> Head:
    sent = [(name.lower(), value) for name, value in asked.headers.items()]
    host = [("host", asked.host)] if asked.host else []
    address = str(asked.environ.get("REMOTE_ADDR", "192.0.2.1"))
    client = f"[{address}]:4711" if ":" in address else f"{address}:4711"
    headers = SentHeaders([*host, *sent, *more])
    return ServerHead(asked.method, asked.path, asked.query, client, headers)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("asked", ASKED_PLAINLY, ids=repr)
def test_what_the_server_answers_at_once_is_what_flask_answers(make: Make, asked: Asked) -> None:
    app, without = make(), make()
    # The first request of a process reads the file.
    answered(app, plain().made())
    if asked.method == "GET":
        # What is seen of a tenant for the first time is noted, which may wait.
        answered(app, asked.made())
    answer = layer_of(app).at_once(head_of(asked))
    if asked.method == "HEAD" or "companyId=8" in asked.query:
        assert answer is None
        return
    assert answer
    status, headers, body = answer
    second = answered(layer_of(without).behind, asked.made())
    assert str(status) == second.status[:3]
    assert [header for header in headers if header[0] != "X-Request-Id"] == second.headers
    assert body == second.body


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("asked", ASKED_UNUSUALLY, ids=repr)
def test_the_server_answers_nothing_unusual_at_once(make: Make, asked: Asked) -> None:
    app = make()
    answered(app, plain().made())
    assert layer_of(app).at_once(head_of(asked)) is None


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    "more",
    [
        ("host", HOST), ("content-length", "5"), ("content-length", "0"),
        ("transfer-encoding", "chunked"), ("expect", "100-continue"), ("upgrade", "h2c"),
        ("authorization", "\xff"), ("accept", "\xff"), ("x-any", "\xff"),
    ],
    ids=repr,
)  # fmt: skip
def test_a_second_host_a_body_or_what_cannot_be_read_is_unusual(
    make: Make, more: tuple[str, str]
) -> None:
    app = make()
    answered(app, plain().made())
    assert layer_of(app).at_once(head_of(plain())) is not None
    assert layer_of(app).at_once(head_of(plain(), more)) is None


@pytest.mark.usefixtures("filled")
def test_two_origins_are_unusual(make: Make) -> None:
    app = make()
    answered(app, plain().made())
    asked = plain(headers={"Origin": ORIGIN})
    assert layer_of(app).at_once(head_of(asked)) is not None
    assert layer_of(app).at_once(head_of(asked, ("origin", ORIGIN))) is None


def test_limits_hold_at_once_as_well(make: Make) -> None:
    app = make(**LIMITED, proxy_hops=1)
    answered(app, plain().made())
    at_once = layer_of(app).at_once
    asked = plain(query="accountId=1&companyId=77")
    seen = []
    for address in ("203.0.113.1", "203.0.113.1", "203.0.113.1", "203.0.113.2"):
        answer = at_once(head_of(asked, ("x-forwarded-for", address)))
        assert answer
        seen.append(answer[0])
    assert seen == [200, 200, 429, 200]


def test_a_commit_of_another_process_is_never_missed(
    make: Make, settings: Settings, store: Store
) -> None:
    """Another store stands for another process: it has its own memory and its own lock."""
    app = make()
    store.write([Add(TENANT)])
    other = open_store(settings)
    head = head_of(plain())
    layer_of(app).at_once(head)
    seen = []
    for number in range(20):
        is_active = number % 2 == 0
        item = TENANT | {
            "version": number + 2,
            "isActive": is_active,
            "status": "active" if is_active else "suspended",
        }
        other.write([Replace(item, expected=number + 1)])
        # There is a commit to read, which may take the disk.
        assert layer_of(app).at_once(head) is None
        body = answered(app, plain().made()).body
        at_once = layer_of(app).at_once(head)
        assert at_once
        assert at_once[2] == body
        seen.append(b'"isValid":true' in body)
    assert seen == [True, False] * 10
    other.close()


def test_nothing_is_answered_at_once_while_another_thread_reads_the_file(
    make: Make, store: Store
) -> None:
    app = make()
    store.write([Add(TENANT)])
    answered(app, plain().made())
    assert isinstance(store, JsonFileStore)
    with store.refreshed_reader().guard:
        assert layer_of(app).at_once(head_of(plain())) is None
    assert layer_of(app).at_once(head_of(plain())) is not None


def test_dates_are_compared_at_each_answer(make: Make, store: Store, clock: Clock) -> None:
    app = make()
    store.write([Add(TENANT | {"validTo": "2026-11-23T10:00:05.000Z"})])
    first = answered(app, plain().made()).body
    clock.advance(seconds=5.001)
    assert b'"isValid":true' in first
    assert b'"error":"EXPIRED"' in answered(app, plain().made()).body


# ---- What a request has that may wait


class Noting(StoreWrapper):
    """Notes what each read may take, and what a log line of it would say."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.seen: list[tuple[float, int, str]] = []

    def get(self, item_id: str) -> Item:
        self.seen.append((remaining_seconds(1_000), retry_attempts.get(), logs.request_id.get()))
        return super().get(item_id)


def test_a_request_that_waits_has_a_deadline_attempts_and_an_id(make: Make, store: Store) -> None:
    noting = Noting(store)
    app = make(store=noting)
    arrived = time.monotonic() - 5
    _, _, headers = run_wsgi_app(app, plain(environ={"portal.arrived": arrived}).made())
    tenant, claim = noting.seen
    for seconds, attempts, request_id in (tenant, claim):
        # It waited for five of its eight seconds before.
        assert 0 < seconds <= 3
        assert attempts == PUBLIC_ATTEMPTS
        assert request_id == headers["X-Request-Id"]
    # Nothing of it is left for whoever uses the thread next.
    assert remaining_seconds(1_000) == 1_000
    assert logs.request_id.get() == ""
