"""`python -m migrations_tools export`: what it writes is imported again."""

import pytest

from portal.stores.contract import Add
from portal.stores.file.store import JsonFileStore
from tests.examples import sign_up
from tests.imports.importing import EXPORTS
from tests.migrations_tools.imports.import_tool import answered, items, tool

pytestmark = pytest.mark.usefixtures("own_environment")


def test_an_export_is_imported_again_as_the_same_and_holds_no_secret(export, tmp_path):
    tool("import", export, EXPORTS / "trouble.json", EXPORTS / "tenant-array.json")
    store = JsonFileStore(tmp_path / "data")
    sign_up(store, 1)
    store.close()
    result = tool("export")
    assert result.exit_code == 0
    assert result.stderr == "11 tenants.\nSign-ups without a final key, left out: 1.\n"
    assert "s3cr3t" not in result.stdout
    assert "v1.loc" not in result.stdout
    before = items(tmp_path)
    for policy in ("skip", "newer-wins", "overwrite"):
        again = tool("import", "-", "--json", "--policy", policy, stdin=result.stdout_bytes)
        assert answered(again)["counts"]["same"] == 11
        assert {row["kind"] for row in answered(again)["rows"]} == {"same"}
    after = items(tmp_path)
    assert {key: after[key] for key in before} == before


def test_an_export_goes_into_a_file_for_its_owner_alone(export, tmp_path):
    tool("import", export)
    out = tmp_path / "out.jsonl"
    assert tool("export", "--out", out).exit_code == 0
    assert out.stat().st_mode & 0o777 == 0o600
    assert len(out.read_text().splitlines()) == 2


def test_what_could_not_be_imported_again_is_named(tmp_path):
    store = JsonFileStore(tmp_path / "data")
    store.write([Add({"tenantId": "1_2", "isActive": True, "contactFullName": "Kim"})])
    store.close()
    result = tool("export")
    assert result.exit_code == 1
    assert "To be mended before it is imported: 1_2: contactCompanyName: This is missing." in (
        result.stderr
    )
