"""An import on a store that a test can interrupt."""

from pathlib import Path

import pytest

from portal.settings import Settings
from portal.stores import Store
from tests.imports.files import lines, tenant
from tests.migrations_tools.imports.hooked_import import ROWS, HookedImport


@pytest.fixture
def hooked_import(settings: Settings, store: Store, tmp_path: Path) -> HookedImport:
    file = tmp_path / "file.jsonl"
    file.write_bytes(lines(*(tenant(number) for number in range(ROWS))))
    return HookedImport(settings, store, file)
