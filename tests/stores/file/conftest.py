"""A file to damage."""

from pathlib import Path

import pytest

from portal.stores.contract import (
    Add,
    Remove,
    Replace,
)
from portal.stores.file.store import JsonFileStore
from tests.stores.file.damage import item


@pytest.fixture
def file(folder: Path) -> Path:
    """A previous generation, a snapshot of ten rows, and commits 12 to 16."""
    store = JsonFileStore(folder)
    for n in range(10):
        store.write([Add(item(n))])
    store.write([Remove("t9", 1)])
    store.compact()
    for n in range(5):
        store.write([Replace(item(n, 2), 1)])
    store.close()
    return folder / "tenants.jsonl"
