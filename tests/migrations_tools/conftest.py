"""An AWS account for whatever reaches it in this process, and old rows in each kind of store."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from migrations_tools.rows import StoredRows
from portal.sealing import KeyFileSealer
from portal.stores.json_file import JsonFileStore
from tests.engine import CREDENTIALS, REGION, Engine
from tests.migrations_tools.old_rows import Side, Table
from tests.migrations_tools.tables import Account


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """A client of an AWS account with nothing in it; the commands reach the same one."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield Account(boto3.client("dynamodb", region_name=REGION))


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
