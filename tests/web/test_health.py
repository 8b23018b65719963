"""/health, /health/live and /health/ready: what platforms ask."""

import fcntl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from portal import create_app
from portal.settings import Settings
from portal.stores import Store, UnavailableError
from portal.stores.wrapper import StoreWrapper
from portal.web.health import BAD_SECONDS, GOOD_SECONDS, LONGEST_SECONDS, Readiness
from tests.conftest import Clock
from tests.server.raw_client import ask, head
from tests.serving import serving

PATHS = ("/health", "/health/live", "/health/ready")


class Seconds:
    """A clock of seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Checks:
    """What a store says, and how often it was asked."""

    def __init__(self) -> None:
        self.number = 0
        self.is_good = True
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def __call__(self) -> None:
        self.number += 1
        assert self.may_go_on.wait(30)
        if not self.is_good:
            raise UnavailableError(reason="The disk is full.", remedy="Make room.")


@pytest.fixture
def checks() -> Iterator[Checks]:
    made = Checks()
    yield made
    made.may_go_on.set()


def test_an_answer_is_kept_for_some_seconds_a_bad_one_for_fewer(checks: Checks) -> None:
    seconds = Seconds()
    readiness = Readiness(checks, seconds)
    assert all(readiness.is_ready() for _ in range(100))
    assert checks.number == 1
    checks.is_good = False
    seconds.now += GOOD_SECONDS - 0.1
    assert readiness.is_ready()
    seconds.now += 0.2
    assert not any(readiness.is_ready() for _ in range(100))
    assert checks.number == 2
    checks.is_good = True
    seconds.now += BAD_SECONDS + 0.1
    assert readiness.is_ready()
    assert checks.number == 3


def test_requests_share_one_check_of_a_store_that_hangs(checks: Checks) -> None:
    checks.may_go_on.clear()
    readiness = Readiness(checks)
    before = threading.active_count()
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(lambda _: readiness.is_ready(), range(8)))
    assert LONGEST_SECONDS - 0.1 < time.monotonic() - began < LONGEST_SECONDS + 1
    # Whoever asks later knows at once.
    began = time.monotonic()
    assert not any(readiness.is_ready() for _ in range(100))
    assert time.monotonic() - began < 1
    assert checks.number == 1
    assert threading.active_count() == before + 1
    # What came too late is no good answer.
    checks.may_go_on.set()
    eventually(lambda: threading.active_count() == before)
    assert not readiness.is_ready()


def test_an_error_that_nobody_expected_is_a_refusal() -> None:
    def check() -> None:
        raise ZeroDivisionError

    assert not Readiness(check).is_ready()


def test_it_is_not_ready_while_it_stops(checks: Checks) -> None:
    readiness = Readiness(checks)
    assert readiness.is_ready()
    readiness.stop()
    assert not readiness.is_ready()


class Untouchable(StoreWrapper):
    """A store of which nothing is wanted once a test says so."""

    is_closed = False

    def __getattribute__(self, name: str) -> object:
        if name in ("get", "write", "query", "count", "scan", "check") and (
            object.__getattribute__(self, "is_closed")
        ):
            raise AssertionError(f"{name} was called")
        return super().__getattribute__(name)


def test_live_touches_neither_store_nor_session(
    settings: Settings, store: Store, clock: Clock
) -> None:
    untouchable = Untouchable(store)
    browser = create_app(settings, store=untouchable, clock=clock.now).test_client()
    browser.set_cookie("session", "not one of ours")
    untouchable.is_closed = True
    answer = browser.get("/health/live")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})
    assert "Cookie" not in answer.headers.get("Vary", "")


@pytest.mark.parametrize("path", PATHS)
def test_they_answer_any_host_and_set_nothing(client: FlaskClient, path: str) -> None:
    for host in ("10.0.0.7:8000", "[fd00::1]", "internal.example", "bad_name!"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert not answer.headers.getlist("Set-Cookie")
        assert host not in answer.text
        assert "Location" not in answer.headers
        assert "http" not in answer.text
    looked = client.head(path)
    assert (looked.status_code, looked.data) == (200, b"")
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        refused = client.open(path, method=method, headers={"Host": "internal.example"})
        assert refused.status_code == 405
        assert not refused.headers.getlist("Set-Cookie")


class Refusing(StoreWrapper):
    def check(self) -> None:
        raise UnavailableError(reason="The disk is full.", remedy="Make room.")


def test_ready_is_503_where_the_store_would_refuse_a_write(
    settings: Settings, store: Store, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    browser = create_app(settings, store=Refusing(store), clock=clock.now).test_client()
    assert browser.get("/health/live").status_code == 200
    for path in ("/health", "/health/ready"):
        answer = browser.get(path)
        assert (answer.status_code, answer.get_json()) == (503, {"status": "unavailable"})
        assert answer.headers["Cache-Control"] == "no-store"
        said = "The store would refuse a write: The disk is full. Make room."
        assert caplog.messages[-1] == said


def test_a_store_that_hangs_holds_up_no_health_thread(tmp_path: Path) -> None:
    """Another process holds the lock of the file store, as a network disk that went away would."""
    with serving(tmp_path, "--no-outbox") as portal, ThreadPoolExecutor(24) as pool:
        lock = tmp_path / "data" / "tenants.lock"
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)

            def timed(path: str) -> tuple[int, float]:
                began = time.monotonic()
                return ask(portal.url, head("GET", path)).status, time.monotonic() - began

            ready = list(pool.map(timed, ["/health/ready"] * 16))
            assert {status for status, _ in ready} == {503}
            # Two seconds by the clock, and what a busy machine takes.
            assert max(seconds for _, seconds in ready) < LONGEST_SECONDS + 1
            slow = [pool.submit(ask, portal.url, head("GET", "/health")) for _ in range(4)]
            status, seconds = timed("/health/live")
            assert status == 200
            assert seconds < 1
        eventually(lambda: ask(portal.url, head("GET", "/health/ready")).status == 200)
        assert all(each.result() for each in slow)


def eventually(holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
