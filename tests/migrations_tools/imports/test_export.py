"""`python -m migrations_tools export`: what it writes can be imported again."""

import pytest

from portal.stores import Add
from portal.stores.file import JsonFileStore
from tests.examples import sign_up
from tests.imports.files import EXPORTS
from tests.migrations_tools.imports.tool_runner import json_output, run_tool, stored_items

pytestmark = pytest.mark.usefixtures("own_environment")


def test_an_export_imported_again_shows_as_same_and_holds_no_secret(export, tmp_path):
    for file in (export, EXPORTS / "trouble.json", EXPORTS / "tenant-array.json"):
        run_tool("import", file)
    store = JsonFileStore(tmp_path / "data")
    sign_up(store, 1)
    store.close()
    result = run_tool("export")
    assert result.exit_code == 0
    assert result.stderr == "11 tenants.\nSign-ups without a final id, left out: 1.\n"
    assert "s3cr3t" not in result.stdout
    assert "v1.loc" not in result.stdout
    before = stored_items(tmp_path)
    for policy in ("skip", "newer-wins", "overwrite"):
        again = run_tool("import", "-", "--json", "--policy", policy, stdin=result.stdout_bytes)
        assert json_output(again)["counts"]["same"] == 11
        assert {row["kind"] for row in json_output(again)["rows"]} == {"same"}
    after = stored_items(tmp_path)
    assert {key: after[key] for key in before} == before


def test_an_export_file_is_readable_only_by_its_owner(export, tmp_path):
    run_tool("import", export)
    out = tmp_path / "out.jsonl"
    assert run_tool("export", "--out", out).exit_code == 0
    assert out.stat().st_mode & 0o777 == 0o600
    assert len(out.read_text().splitlines()) == 2


def test_a_tenant_that_could_not_be_imported_again_is_named(tmp_path):
    store = JsonFileStore(tmp_path / "data")
    store.write([Add({"tenantId": "1_2", "isActive": True, "contactFullName": "Kim"})])
    store.close()
    result = run_tool("export")
    assert result.exit_code == 1
    assert "To be corrected before it is imported: 1_2: contactCompanyName: This is missing." in (
        result.stderr
    )
