"""`python -m migrations_tools import`: what is typed, and what is told."""

import json
from typing import Any

import pytest

from migrations_tools.imports.importing import _bar
from portal.stores.dynamodb.store import DynamoDbStore
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.examples import all_items
from tests.imports.importing import EXPORTS, SECRET, dump, lines, tenant
from tests.migrations_tools.imports.import_tool import answered, items, tool

pytestmark = pytest.mark.usefixtures("own_environment")


def test_a_dry_run_writes_nothing_and_tells_what_would_be(export, tmp_path):
    result = tool("import", export, "--dry-run")
    assert result.exit_code == 0
    assert "Rows: 2 new, 0 same, 0 update, 0 conflict, 0 duplicate, 0 invalid." in result.stdout
    assert "Keys of other programs, not read: 1." in result.stdout
    assert "Nothing was changed." in result.stdout
    assert items(tmp_path) == {}
    assert not (tmp_path / "data" / "sealing-keys.json").exists()


def test_json_is_one_object_with_counts_rows_ignored_keys_and_whether_it_was_applied(export):
    for dry_run, applied, kind in ((["--dry-run"], False, "new"), ([], True, "new"),
                                   ([], True, "same")):  # fmt: skip
        result = tool("import", export, "--json", *dry_run)
        told = answered(result)
        assert result.exit_code == 0
        assert told["counts"] == dict.fromkeys(
            ["new", "same", "update", "conflict", "duplicate", "invalid"], 0
        ) | {kind: 2}
        assert (told["ignoredKeys"], told["applied"]) == (1, applied)
        assert [row["kind"] for row in told["rows"]] == [kind, kind]
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
def test_it_ends_with_what_became_of_the_rows(name, status, dry_run):
    assert tool("import", EXPORTS / name, *dry_run).exit_code == status


def test_what_failed_is_told_with_its_place_key_and_reason():
    told = tool("import", EXPORTS / "trouble.json").stdout
    assert (
        "  invalid: line 7, column 21, fsm_tenant_6_6: validTo: This is before validFrom.\n" in told
    )
    assert "Written: 5. Import import-" in told


def summary(tmp_path, *tenants: dict[str, Any]) -> str:
    path = tmp_path / "some.jsonl"
    path.write_bytes(lines(*tenants))
    planned = tool("import", path, "--dry-run").stdout
    told = tool("import", path).stdout
    # The plan says the same of the rows.
    assert planned.splitlines()[:-1] == told.splitlines()[:-1]
    return told


def test_how_many_may_use_it_and_until_when_is_told(tmp_path):
    for_ever = {"openEnded": True, "validTo": None}
    first, second, third = (f"20{year}-12-31T22:59:59.999Z" for year in (90, 91, 92))
    told = "Of what is written, {} may use the application now, {}.\n"
    assert told.format(1, f"until {first}") in summary(tmp_path, tenant(1, validTo=first))
    assert told.format(2, f"the first until {second}, the last until {third}") in summary(
        tmp_path, tenant(2, validTo=third), tenant(3, validTo=second)
    )
    assert told.format(2, "without an end") in summary(
        tmp_path, tenant(4, **for_ever), tenant(5, **for_ever)
    )
    assert told.format(2, f"the first until {first}, the last without an end") in summary(
        tmp_path, tenant(6, **for_ever), tenant(7, validTo=first)
    )
    assert "may use the application" not in summary(tmp_path, tenant(8, isActive=False))
    later = summary(tmp_path, tenant(9, validFrom=first, validTo=second))
    assert "Of what is written, 1 may use the application later.\n" in later
    assert "9999" not in later


def test_how_many_have_no_client_secret_is_told(tmp_path):
    some = [tenant(number, clientSecret=None) for number in range(3)]
    assert "Without a client secret: 3.\n" in summary(tmp_path, *some, tenant(9))
    assert "client secret" not in summary(tmp_path, *some, tenant(9), tenant(10))


def test_the_policy_and_what_is_asked_by_name_are_taken(export, tmp_path):
    tool("import", export)
    export.write_bytes(dump(tenant(1, contactFullName="Lou")))
    assert tool("import", export).exit_code == 1
    assert tool("import", export, "--policy", "newer-wins").exit_code == 1
    assert tool("import", export, "--policy", "overwrite", "--allow", "status").exit_code == 0
    assert items(tmp_path)["86810_1"]["contactFullName"] == "Lou"
    assert tool("import", export, "--policy", "whatever").exit_code == 2


def test_several_files_and_standard_input_are_one_plan(export, tmp_path):
    other = tmp_path / "other.jsonl"
    other.write_bytes(lines(tenant(2, updatedAt="2026-01-01T00:00:00.000Z"), tenant(3)))
    told = answered(
        tool("import", export, other, "-", "--json", "--dry-run", stdin=lines(tenant(4)))
    )
    assert [(row["kind"], row["file"]) for row in told["rows"]] == [
        ("new", str(export)), ("duplicate", str(export)), ("new", str(other)),
        ("new", str(other)), ("new", "-"),
    ]  # fmt: skip
    assert told["rows"][1]["duplicateOf"] == 3


def test_one_bad_file_of_several_stops_all(export, tmp_path):
    assert tool("import", export, EXPORTS / "not-json.json").exit_code == 2
    assert items(tmp_path) == {}


@pytest.mark.parametrize("how", [["--json"], [], ["--dry-run"]])
def test_what_a_terminal_would_obey_is_escaped(tmp_path, how):
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
    result = tool("import", path, *how)
    assert result.exit_code == 1
    assert not {"\x1b", "\x07", "\x9b"} & set(result.output)


def test_it_works_on_a_table(engine: Engine, export, monkeypatch):
    place = engine.new_table()
    for name, value in {
        **CREDENTIALS,
        "USE_DYNAMODB": "true",
        "TENANT_TABLE_NAME": place.table,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": engine.url,
    }.items():
        monkeypatch.setenv(name, value)
    assert tool("import", export).exit_code == 0
    assert answered(tool("import", export, "--json"))["counts"]["same"] == 2
    again = tool("import", "-", "--json", stdin=tool("export").stdout_bytes)
    assert answered(again)["counts"]["same"] == 2
    store = DynamoDbStore(place)
    assert SECRET not in repr(all_items(store))
    store.close()


def test_progress_is_a_bar():
    assert _bar(50, 100) == "[###############...............] 50 of 100 rows written"
    assert _bar(0, 0) == "[##############################] 0 of 0 rows written"
