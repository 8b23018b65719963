"""The data folder of a test: the one that the fixture `store` opens."""

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"
