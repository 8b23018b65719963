"""A data folder with some items and keys, and what tests of backups ask about a folder."""

from pathlib import Path

import pytest

from portal.sealing import SEALING_KEYS_FILE, KeyFileSealer, Secret
from portal.signing_keys import SECRET_KEY_FILE
from portal.stores import Add, Replace
from portal.stores.file import JsonFileStore
from tests.conftest import SECRET_KEY
from tests.stores.file.damage import item


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A store with a generation before, keys, a sealed secret, and files that no backup needs."""
    folder = tmp_path / "data"
    store = JsonFileStore(folder)
    store.write([Add(item(number)) for number in range(5)])
    store.compact()
    store.write([Replace(item(1, 2), 1)])
    sealed = KeyFileSealer(folder / SEALING_KEYS_FILE).seal(Secret("s3cr3t"), "86810_1")
    store.write([Add({"tenantId": "86810_1", "version": 1, "clientSecret": sealed})])
    store.close()
    (folder / SECRET_KEY_FILE).write_text(SECRET_KEY + "\n")
    (folder / "last-known.sqlite").write_text("")
    (folder / "mail").mkdir()
    return folder
