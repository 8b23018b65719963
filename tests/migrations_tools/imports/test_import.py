"""`python -m migrations_tools import`: what it prints, and its exit status."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from migrations_tools.imports.commands import ALLOWED_CHANGES, LOOKUPS, POLICIES
from migrations_tools.imports.importing import _bar
from portal.imports import AllowedChange, Lookup, Policy
from portal.stores.dynamodb import DynamoDbStore
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.examples import all_items
from tests.imports.files import EXPORTS, SECRET, dump, lines, tenant
from tests.migrations_tools.imports.tool_runner import json_output, run_tool, stored_items
from tests.sealing_key import with_sealing_key

pytestmark = pytest.mark.usefixtures("own_environment")


def test_a_dry_run_writes_nothing_and_shows_the_plan(export, tmp_path):
    result = run_tool("import", export, "--dry-run")
    assert result.exit_code == 0
    assert "Rows: 2 new, 0 same, 0 update, 0 conflict, 0 duplicate, 0 invalid." in result.stdout
    assert "Keys of other programs, ignored: 1." in result.stdout
    assert "Nothing was changed." in result.stdout
    assert stored_items(tmp_path) == {}
    assert not (tmp_path / "data" / "sealing-keys.json").exists()


def test_json_is_one_object_with_counts_rows_and_whether_it_was_applied(export):
    for dry_run, applied, kind in ((["--dry-run"], False, "new"), ([], True, "new"),
                                   ([], True, "same")):  # fmt: skip
        result = run_tool("import", export, "--json", *dry_run)
        output = json_output(result)
        assert result.exit_code == 0
        assert output["counts"] == dict.fromkeys(
            ["new", "same", "update", "conflict", "duplicate", "invalid"], 0
        ) | {kind: 2}
        assert (output["ignoredKeys"], output["applied"]) == (1, applied)
        assert [row["kind"] for row in output["rows"]] == [kind, kind]
        assert SECRET not in result.output


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("local-storage-dump.json", 0),
        ("key-value-rows.json", 0),
        ("twice.jsonl", 0),
        ("older-version.json", 0),
        ("trouble.json", 1),
        ("not-json.json", 2),
        ("not-an-export.json", 2),
    ],
)
@pytest.mark.parametrize("dry_run", [["--dry-run"], []])
def test_the_exit_status_says_what_became_of_the_rows(name, status, dry_run):
    assert run_tool("import", EXPORTS / name, *dry_run).exit_code == status


def test_a_failed_row_is_printed_with_its_position_key_and_reason():
    output = run_tool("import", EXPORTS / "trouble.json").stdout
    assert (
        "  invalid: line 7, column 21, fsm_tenant_6_6: validTo: This is before validFrom.\n"
        in output
    )
    assert "Written: 5. Import import-" in output


def summary(tmp_path, *tenants: dict[str, Any]) -> str:
    path = tmp_path / "some.jsonl"
    path.write_bytes(lines(*tenants))
    planned = run_tool("import", path, "--dry-run").stdout
    written = run_tool("import", path).stdout
    # The plan says the same about the rows.
    assert planned.splitlines()[:-1] == written.splitlines()[:-1]
    return written


def test_the_summary_says_how_many_may_use_the_application_and_until_when(tmp_path):
    without_end = {"openEnded": True, "validTo": None}
    first, second, third = (f"20{year}-12-31T22:59:59.999Z" for year in (90, 91, 92))
    sentence = "Of the new and updated tenants, {} may use the application now, {}.\n"
    assert sentence.format(1, f"until {first}") in summary(tmp_path, tenant(1, validTo=first))
    assert sentence.format(2, f"the first until {second}, the last until {third}") in summary(
        tmp_path, tenant(2, validTo=third), tenant(3, validTo=second)
    )
    assert sentence.format(2, "without an end") in summary(
        tmp_path, tenant(4, **without_end), tenant(5, **without_end)
    )
    assert sentence.format(2, f"the first until {first}, the last without an end") in summary(
        tmp_path, tenant(6, **without_end), tenant(7, validTo=first)
    )
    assert "may use the application" not in summary(tmp_path, tenant(8, isActive=False))
    later = summary(tmp_path, tenant(9, validFrom=first, validTo=second))
    assert "Of the new and updated tenants, 1 may use the application later.\n" in later
    assert "9999" not in later


def test_the_summary_says_how_many_have_no_client_secret(tmp_path):
    without_secret = [tenant(number, clientSecret=None) for number in range(3)]
    assert "Without a client secret: 3.\n" in summary(tmp_path, *without_secret, tenant(9))
    assert "client secret" not in summary(tmp_path, *without_secret, tenant(9), tenant(10))


def test_the_options_policy_and_allow_are_applied(export, tmp_path):
    run_tool("import", export)
    export.write_bytes(dump(tenant(1, contactFullName="Lou")))
    assert run_tool("import", export).exit_code == 1
    assert run_tool("import", export, "--policy", "newer-wins").exit_code == 1
    assert run_tool("import", export, "--policy", "overwrite", "--allow", "status").exit_code == 0
    assert stored_items(tmp_path)["86810_1"]["contactFullName"] == "Lou"
    assert run_tool("import", export, "--policy", "whatever").exit_code == 2


def test_the_options_have_all_values_of_the_import():
    assert list(POLICIES) == list(Policy)
    assert list(ALLOWED_CHANGES) == list(AllowedChange)
    assert list(LOOKUPS) == list(Lookup)


def test_several_files_and_standard_input_are_one_plan_if_each_is_chosen(export, tmp_path):
    other = tmp_path / "other.jsonl"
    other.write_bytes(lines(tenant(2, updatedAt="2026-01-01T00:00:00.000Z"), tenant(3)))
    output = json_output(
        run_tool(
            "import", export, other, "-", "--json", "--dry-run",
            "--origin", "export.json", "--origin", "other.jsonl", "--origin", "-",
            stdin=lines(tenant(4)),
        )
    )  # fmt: skip
    assert [(row["kind"], row["file"]) for row in output["rows"]] == [
        ("new", str(export)), ("duplicate", str(export)), ("new", str(other)),
        ("new", str(other)), ("new", "-"),
    ]  # fmt: skip
    assert output["rows"][1]["duplicateOf"] == 3


def test_one_bad_file_of_several_stops_the_import(export, tmp_path):
    assert run_tool("import", export, EXPORTS / "not-json.json").exit_code == 2
    assert stored_items(tmp_path) == {}


@pytest.mark.parametrize("options", [["--json"], [], ["--dry-run"]])
def test_control_characters_of_a_terminal_are_escaped(tmp_path, options):
    escape = "\x1b]0;owned\x07\x9b31m"
    path = tmp_path / "x.json"
    path.write_text(
        json.dumps({
            f"fsm_tenant_{escape}": "x",
            "fsm_tenant_86810_1": json.dumps(tenant(1, contactFullName=escape, **{escape: 1})),
            "fsm_tenant_86810_2": json.dumps(tenant(2, accountId=escape)),
            "fsm_tenant_86810_3": json.dumps(tenant(3)),
        })
    )  # fmt: skip
    result = run_tool("import", path, *options)
    assert result.exit_code == 1
    assert not {"\x1b", "\x07", "\x9b"} & set(result.output)


def test_it_works_on_a_table(engine: Engine, export, monkeypatch):
    with_sealing_key(Path(os.environ["PORTAL_DATA_DIR"]))
    location = engine.new_table()
    for name, value in {
        **CREDENTIALS,
        "USE_DYNAMODB": "true",
        "TENANT_TABLE_NAME": location.table,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": engine.url,
    }.items():
        monkeypatch.setenv(name, value)
    assert run_tool("import", export).exit_code == 0
    assert json_output(run_tool("import", export, "--json"))["counts"]["same"] == 2
    again = run_tool("import", "-", "--json", stdin=run_tool("export").stdout_bytes)
    assert json_output(again)["counts"]["same"] == 2
    store = DynamoDbStore(location)
    assert SECRET not in repr(all_items(store))
    store.close()


def test_progress_is_a_bar():
    assert _bar(50, 100) == "[###############...............] 50 of 100 rows written"
    assert _bar(0, 0) == "[##############################] 0 of 0 rows written"
