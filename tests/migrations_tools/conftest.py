"""An AWS account for whatever reaches it in this process, and old rows in each kind of store."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from migrations_tools.backfill.rows import StoredRows
from portal.sealing.sealers import KeyFileSealer
from portal.settings import SETTINGS
from portal.stores.file.store import JsonFileStore
from tests.conftest import SECRET_KEY
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.imports.importing import dump, tenant
from tests.migrations_tools.backfill.old_rows import Side, Table
from tests.migrations_tools.tables import Account


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """A client of an AWS account with nothing in it; the commands reach the same one."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield Account(boto3.client("dynamodb", region_name=REGION))


@pytest.fixture
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file store in a folder of this test, for commands in this process."""
    for setting in SETTINGS:
        monkeypatch.delenv(setting.name, raising=False)
    monkeypatch.setenv("PORTAL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PORTAL_SECRET_KEY", SECRET_KEY)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Two tenants, as a browser keeps them."""
    path = tmp_path / "export.json"
    path.write_bytes(dump(tenant(1), tenant(2, contactFullName="Kim"), theme="dark"))
    return path


@pytest.fixture
def sealer(tmp_path: Path) -> KeyFileSealer:
    return KeyFileSealer(tmp_path / "keys" / "sealing-keys.json")


@pytest.fixture
def table(engine: Engine) -> Iterator[Table]:
    side = Table(engine)
    yield side
    side.store.close()


@pytest.fixture(params=["json", "table"])
def side(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Side]:
    if request.param == "table":
        yield request.getfixturevalue("table")
        return
    store = JsonFileStore(tmp_path / "data")
    yield Side(store, StoredRows)
    store.close()
