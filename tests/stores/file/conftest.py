"""A file to damage, and the table of the stores under test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.stores.contract import (
    Add,
    Remove,
    Replace,
)
from tests.stores.file import opening
from tests.stores.file.damage import item
from tests.stores.file.opening import open_store


@pytest.fixture(autouse=True, params=["in memory", "index file"])
def table(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the table is."""
    opening.index_from[0] = 0 if request.param == "index file" else None
    yield request.param
    opening.index_from[0] = None


@pytest.fixture
def file(folder: Path) -> Path:
    """A previous generation, a snapshot of ten rows, and commits 12 to 16."""
    store = open_store(folder)
    for n in range(10):
        store.write([Add(item(n))])
    store.write([Remove("t9", 1)])
    store.compact()
    for n in range(5):
        store.write([Replace(item(n, 2), 1)])
    store.close()
    return folder / "tenants.jsonl"
