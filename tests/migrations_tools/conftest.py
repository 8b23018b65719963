"""An AWS account in this process, files to import, and stores with rows of the old application."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from migrations_tools.backfill.rows import StoredRows
from portal.sealing import KeyFileSealer
from portal.settings import SETTINGS
from portal.stores.file import JsonFileStore
from tests.conftest import SECRET_KEY
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.imports.files import dump, tenant
from tests.migrations_tools.aws_tables import Account
from tests.migrations_tools.backfill.old_application_rows import OldStore, OldTable


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """A client of an empty AWS account. The commands use the same account."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield Account(boto3.client("dynamodb", region_name=REGION))


@pytest.fixture
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of commands in this process: the file store in a folder of this test."""
    for setting in SETTINGS:
        monkeypatch.delenv(setting.name, raising=False)
    monkeypatch.setenv("PORTAL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PORTAL_SECRET_KEY", SECRET_KEY)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A file with two tenants, as a browser exports them."""
    path = tmp_path / "export.json"
    path.write_bytes(dump(tenant(1), tenant(2, contactFullName="Kim"), theme="dark"))
    return path


@pytest.fixture
def sealer(tmp_path: Path) -> KeyFileSealer:
    return KeyFileSealer(tmp_path / "keys" / "sealing-keys.json")


@pytest.fixture
def old_table(engine: Engine) -> Iterator[OldTable]:
    table = OldTable(engine)
    yield table
    table.store.close()


@pytest.fixture(params=["json", "table"])
def old_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OldStore]:
    if request.param == "table":
        yield request.getfixturevalue("old_table")
        return
    store = JsonFileStore(tmp_path / "data")
    yield OldStore(store, StoredRows)
    store.close()
