"""`python -m migrations_tools copy`: what it prints, and its exit status."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from migrations_tools.cli import main
from portal.settings import SETTINGS
from portal.stores import Add
from portal.stores.dynamodb import DynamoDbStore, TableLocation
from portal.stores.file import JsonFileStore
from tests.conftest import SECRET_KEY
from tests.dynamodb_engine import CREDENTIALS, REGION
from tests.examples import all_items
from tests.migrations_tools.copy.filled_store import fill


def run(folder: Path, *arguments: str, **environ: str) -> Result:
    unset = {setting.name: "" for setting in SETTINGS}
    defaults = {"PORTAL_DATA_DIR": str(folder), "PORTAL_SECRET_KEY": SECRET_KEY, **CREDENTIALS}
    return CliRunner().invoke(main, ["copy", *arguments], env={**unset, **defaults, **environ})


@pytest.fixture
def environ(location: TableLocation) -> dict[str, str]:
    return {
        "TENANT_TABLE_NAME": location.table,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": str(location.endpoint),
    }


def test_the_command_copies_to_a_table_and_back(
    file: JsonFileStore, environ: dict[str, str], tmp_path: Path
) -> None:
    items = fill(file, tmp_path)
    to_table = run(tmp_path / "data", "--from", "json", "--to", "dynamodb", **environ)
    assert to_table.exit_code == 0, to_table.output
    assert f"Read again from both stores, and equal: {len(items)}." in to_table.stdout
    assert "All items are in the target." in to_table.stdout
    to_file = run(tmp_path / "new", "--from", "dynamodb", "--to", "json", "--json", **environ)
    assert json.loads(to_file.stdout)["verified"] == len(items)
    new_file = JsonFileStore(tmp_path / "new")
    assert all_items(new_file) == items
    new_file.close()


def test_the_command_names_items_that_differ(
    file: JsonFileStore, table: DynamoDbStore, environ: dict[str, str], tmp_path: Path
) -> None:
    file.write([Add({"tenantId": "1_2", "version": 1})])
    table.write([Add({"tenantId": "1_2", "version": 2})])
    result = run(tmp_path / "data", "--from", "json", "--to", "dynamodb", **environ)
    assert result.exit_code == 1
    assert "the target holds a different item with the same id: 1_2." in result.stderr
    assert "If a portal is still writing, stop it" in result.stderr
    assert table.get("1_2")["version"] == 2


def test_two_different_stores_must_be_named(tmp_path: Path) -> None:
    assert run(tmp_path, "--from", "json", "--to", "json").exit_code == 2
    assert run(tmp_path, "--from", "json").exit_code == 2
