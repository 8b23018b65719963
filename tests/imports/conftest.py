"""An importer on each store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.stores.contract import Store
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.file.store import JsonFileStore
from tests.dynamodb_engine import Engine
from tests.imports.importing import Importer


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Store]:
    store = JsonFileStore(tmp_path / "data")
    yield store
    store.close()


@pytest.fixture
def importer(file: Store, tmp_path: Path) -> Importer:
    return Importer(file, tmp_path)


@pytest.fixture(params=["json", "dynamodb"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Importer]:
    """On both stores."""
    if request.param == "json":
        yield Importer(request.getfixturevalue("file"), tmp_path)
        return
    engine: Engine = request.getfixturevalue("engine")
    store = DynamoDbStore(engine.new_table())
    yield Importer(store, tmp_path)
    store.close()
