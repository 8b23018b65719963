"""A harness, on the file store or on both stores."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.stores.contract import Store
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.file.store import JsonFileStore
from tests.imports.harness import ImportHarness


@pytest.fixture
def raw_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """The file store, unless the test is marked `on_both_stores`."""
    if getattr(request, "param", "json") == "dynamodb":
        store: Store = DynamoDbStore(request.getfixturevalue("engine").new_table())
    else:
        store = JsonFileStore(tmp_path / "data")
    yield store
    store.close()


@pytest.fixture
def harness(raw_store: Store, tmp_path: Path) -> ImportHarness:
    return ImportHarness(raw_store, tmp_path)
