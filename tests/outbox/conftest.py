"""A store of each kind; a test with `store` or `open_again` runs once for each."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from portal.stores.contract import Store
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.file.store import JsonFileStore
from tests.dynamodb_engine import Engine

OpenAgain = Callable[[], Store]


@pytest.fixture(params=["json", "dynamodb"])
def open_again(request: pytest.FixtureRequest, tmp_path: Path) -> OpenAgain:
    """Opens the store under test once more, as another machine would. Can be pickled."""
    if request.param == "json":
        return partial(JsonFileStore, tmp_path / "data")
    engine: Engine = request.getfixturevalue("engine")
    return partial(DynamoDbStore, engine.new_table())


@pytest.fixture
def store(open_again: OpenAgain) -> Iterator[Store]:
    opened = open_again()
    yield opened
    opened.close()
