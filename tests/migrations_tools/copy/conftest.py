"""Stores to copy from and to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.stores.dynamodb import DynamoDbStore, TableLocation
from portal.stores.file import JsonFileStore
from tests.dynamodb_engine import Engine


@pytest.fixture
def file(tmp_path: Path) -> Iterator[JsonFileStore]:
    store = JsonFileStore(tmp_path / "data")
    yield store
    store.close()


@pytest.fixture
def other_file(tmp_path: Path) -> Iterator[JsonFileStore]:
    store = JsonFileStore(tmp_path / "other")
    yield store
    store.close()


@pytest.fixture
def location(engine: Engine) -> TableLocation:
    return engine.new_table()


@pytest.fixture
def table(location: TableLocation) -> Iterator[DynamoDbStore]:
    store = DynamoDbStore(location)
    yield store
    store.close()
