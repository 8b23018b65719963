"""What tests share: settings in a temporary folder, a clock that they move, a strict client.

The JSON store on a temporary folder is the fake everywhere; nothing is patched.
"""

import gc
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import CodeType

import pytest
from _pytest.logging import LogCaptureHandler
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from jinja2.bccache import Bucket, BytecodeCache

from portal import logs
from portal.settings import Settings
from portal.stores import clear_deadline
from portal.stores.contract import Store
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.factory import open_store
from tests.dynamodb_engine import CREDENTIALS, Engine, NoEngineError, running
from tests.strict_client import StrictClient

# A machine that is busy with other things is no fault of what is tested.
hypothesis_settings.register_profile(
    "however slow", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("however slow")

# pytest reads the records of tests by itself.
logs.embedding_handlers.append(LogCaptureHandler)

#: A Monday, in the middle of a day that is the same in every time zone that tests use.
START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)

SECRET_KEY = "a-key-that-only-tests-sign-anything-with"

NO_SKIPS = bool(os.environ.get("PORTAL_NO_SKIPS"))
LONG = bool(os.environ.get("CRASH_LONG"))


class Compiled(BytecodeCache):
    """Templates compiled by the first application that needs them: it takes as long as the rest
    of a test."""

    def __init__(self) -> None:
        #: For each template the checksum of its source, and its code.
        self._kept: dict[str, tuple[str, CodeType | None]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self._kept.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.checksum, bucket.code


# For all applications, also those that a test makes by itself.
Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": Compiled()}


class Clock:
    """A clock that stands still until a test moves it. Times are aware and in UTC."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, **by: float) -> datetime:
        """Move on by days, hours, minutes, seconds … as `timedelta` names them."""
        self._now += timedelta(**by)
        return self._now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The defaults, in a folder of this test; a form may be sent at once."""
    return Settings.from_environment(
        {
            "PORTAL_DATA_DIR": str(tmp_path / "data"),
            "PORTAL_SECRET_KEY": SECRET_KEY,
            "PORTAL_SIGN_UP_MIN_SECONDS": "0",
            # Most tests sign up often and from one address. Those of the limits set them.
            "PORTAL_SIGN_UPS_PER_HOUR": "0",
            # No test leaves this machine: nothing listens here.
            "HTTPS_PROXY": "http://127.0.0.1:1",
        }
    )


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture(params=["file", "table"])
def each_store(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Store]:
    """Both stores, one after the other. A file whose tests need both makes it their `store`."""
    opened: Store
    if request.param == "file":
        opened = open_store(settings)
    else:
        opened = DynamoDbStore(request.getfixturevalue("engine").new_table())
    yield opened
    opened.close()


@pytest.fixture
def app(settings: Settings, store: Store, clock: Clock) -> Flask:
    from portal import create_app  # noqa: PLC0415 - the tests of a store need no Flask

    app = create_app(settings, store=store, clock=clock.now)
    app.testing = True
    app.test_client_class = StrictClient
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Nobody's browser yet. It looks closely at every answer: tests/strict_client.py."""
    return app.test_client()


@pytest.fixture
def new_client(app: Flask) -> Callable[[], FlaskClient]:
    """Makes browsers that share no cookies: two approvers, a customer and a stranger."""
    return app.test_client


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """A DynamoDB for the tests of a file; each makes tables of its own. It starts in a tenth of a
    second, and one with the tables of all files would take seconds to make one more."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(running())
        except NoEngineError as error:
            pytest.skip(str(error))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        engine = Engine(url)
        yield engine
        engine.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # Left out rather than skipped: nobody forgot anything.
    left_out = [item for item in items if "long" in item.keywords and not LONG]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    # Their files are the longest ones. If one begins last, the other processes wait for it.
    items.sort(key=lambda item: "browser" not in item.path.parts)


def pytest_collection_finish() -> None:
    # What has been loaded and collected stays until the end. To search it for garbage again and
    # again takes a seventh of the time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    # A server answers each request in a context of its own. All tests are in the same one, and some
    # leave the deadline of a request in it.
    clear_deadline()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # An expected failure counts as skipped too, but it ran.
    if NO_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if NO_SKIPS and report.skipped:
        _refuse_skip(report)
    return report


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"{report.nodeid}: {reason}, and PORTAL_NO_SKIPS lets no test be skipped."
