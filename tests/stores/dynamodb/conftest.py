"""A table, a proxy in front of it, and stores on both sides of the proxy."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from portal.stores.dynamodb.client import TableLocation, Timeouts
from portal.stores.dynamodb.store import DynamoDbStore
from tests.dynamodb_engine import Engine
from tests.fault_proxy import Between, between


@pytest.fixture
def location(engine: Engine) -> TableLocation:
    return engine.new_table()


@pytest.fixture
def direct(location: TableLocation) -> Iterator[DynamoDbStore]:
    """The same table, without the proxy."""
    store = DynamoDbStore(location)
    yield store
    store.close()


@pytest.fixture
def proxy(engine: Engine) -> Iterator[Between]:
    with between(engine.url) as here:
        yield here


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def store(location: TableLocation, proxy: Between, pauses: list[float]) -> Iterator[DynamoDbStore]:
    """Waits 0.5 seconds for an answer, and notes its pauses in `pauses` instead of sleeping."""
    waiting = Timeouts(read_seconds=0.5, pause=pauses.append)
    store = DynamoDbStore(replace(location, endpoint=proxy.url), waiting=waiting)
    yield store
    store.close()
