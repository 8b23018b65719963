"""`import --list` names the places of a file, and `--origin` chooses among them."""

import csv
import json
from pathlib import Path

import pytest

from tests.imports.files import EXPORTS, dump, lines, storage_state, tenant
from tests.migrations_tools.imports.tool_runner import (
    import_jobs,
    json_output,
    run_in_shell,
    run_tool,
    stored_items,
)

pytestmark = pytest.mark.usefixtures("own_environment")

APP, STAGING = "https://app.example.com", "https://staging.example.com"
OLD, NEW = "2025-01-07T08:15:22.041Z", "2026-01-01T00:00:00.000Z"
LISTED = [
    {"place": APP, "entries": 2, "lastChange": OLD},
    {"place": STAGING, "entries": 1, "lastChange": NEW},
]
ASKED = f"""\
Error: There are tenants of 2 places, which may have nothing to do with each other. Choose the\
 places to import.
  {APP} (2 entries, last change {OLD})
  {STAGING} (1 entry, last change {NEW})
Nothing was changed. Run the command again with --origin and the name of a place, once for each\
 place to import. --list prints the names alone.
"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Production, and a newer record of one of its tenants in a staging system."""
    path = tmp_path / "state.json"
    path.write_bytes(
        storage_state({
            APP: [tenant(1), tenant(2)],
            STAGING: [tenant(1, updatedAt=NEW, contactFullName="Nobody")],
        })
    )  # fmt: skip
    return path


def test_the_list_is_one_name_a_line_and_the_rest_goes_elsewhere(state, tmp_path):
    result = run_tool("import", state, "--list")
    assert (result.exit_code, result.stdout) == (0, f"{APP}\n{STAGING}\n")
    assert result.stderr == (
        f"{APP}: 2 entries, last change {OLD}.\n{STAGING}: 1 entry, last change {NEW}.\n"
    )
    assert json_output(run_tool("import", state, "--list", "--json")) == {
        "places": LISTED, "applied": False,
    }  # fmt: skip
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("options", [[], ["--dry-run"], ["--policy", "overwrite"]])
def test_without_a_choice_nothing_happens_and_the_places_are_named(state, tmp_path, options):
    report = tmp_path / "report.json"
    result = run_tool("import", state, "--report", report, *options)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", ASKED)
    assert stored_items(tmp_path) == {}
    assert not report.exists()


def test_a_program_without_a_choice_gets_the_places_as_json(state):
    result = run_tool("import", state, "--dry-run", "--json")
    assert (result.exit_code, result.stderr) == (2, ASKED)
    assert json_output(result) == {"places": LISTED, "applied": False}


def test_only_the_chosen_place_is_imported(state, tmp_path):
    result = run_tool("import", state, "--origin", APP)
    assert result.exit_code == 0
    assert f"From {APP}: 2 entries, last change {OLD}.\n" in result.stdout
    assert "Places that were not chosen: 1.\n" in result.stdout
    assert stored_items(tmp_path)["86810_1"]["contactFullName"] == "Jörg Weiß"
    (job,) = import_jobs(tmp_path)
    assert [each.name for each in job.places] == [APP]


def test_several_places_are_merged_if_each_is_named(state):
    output = json_output(
        run_tool("import", state, "--json", "--dry-run", "--origin", STAGING, "--origin", APP)
    )
    assert [(row["kind"], row["place"]) for row in output["rows"]] == [
        ("duplicate", APP), ("new", APP), ("new", STAGING),
    ]  # fmt: skip
    assert output["places"] == LISTED


@pytest.mark.parametrize("name", ["https://app.example.com/", "https://app", "", "part 1"])
def test_an_unknown_place_is_refused_with_the_list(state, tmp_path, name):
    result = run_tool("import", state, "--origin", name)
    assert result.exit_code == 2
    assert f"with this name: {name}. Choose" in result.stderr
    assert f"\n  {STAGING} (1 entry" in result.stderr
    assert stored_items(tmp_path) == {}


def test_every_name_that_is_listed_can_be_chosen(state, tmp_path):
    dumps, other = tmp_path / "dumps.json", tmp_path / "other.jsonl"
    dumps.write_bytes(dump(tenant(3)) + dump(tenant(4)))
    other.write_bytes(lines(tenant(5)))
    (tmp_path / "folder").mkdir()
    same_name = tmp_path / "folder" / "other.jsonl"
    same_name.write_bytes(lines(tenant(6)))
    files = [state, dumps, other, same_name]
    names = run_tool("import", *files, "--list").stdout.splitlines()
    assert names == [APP, STAGING, "dumps.json, part 1", "dumps.json, part 2", str(other),
                     str(same_name)]  # fmt: skip
    for name in names:
        output = json_output(run_tool("import", *files, "--origin", name, "--dry-run", "--json"))
        assert {row["place"] for row in output["rows"]} == {name}


def test_a_script_can_choose_all_places_that_are_listed(state):
    done = run_in_shell(
        f"mapfile -t all < <(tool import {state} --list | sed 's/^/--origin=/');"
        f' tool import {state} --dry-run "${{all[@]}}"'
    )
    assert "2 new, 0 same, 0 update, 0 conflict, 1 duplicate" in done.stdout


def test_a_file_of_one_place_is_imported_as_before():
    for name, place in (
        ("local-storage-dump.json", ""), ("storage-state.json", "https://old-app.example"),
    ):  # fmt: skip
        output = json_output(run_tool("import", EXPORTS / name, "--dry-run", "--json"))
        assert {row.get("place", "") for row in output["rows"]} == {place}
        assert ("places" in output) is bool(place)
    only = run_tool("import", EXPORTS / "local-storage-dump.json", "--list")
    assert (only.exit_code, only.stdout) == (0, "local-storage-dump.json\n")


def test_the_list_goes_with_no_choice_and_no_report(state):
    for options in (["--origin", APP], ["--report", "x.json"]):
        result = run_tool("import", state, "--list", *options)
        assert result.exit_code == 2
        assert "--list cannot be used with --origin or --report." in result.stderr


def test_a_list_that_cannot_be_printed_says_so(state):
    done = run_in_shell(f"tool import {state} --list > /dev/full")
    assert done.returncode == 1
    assert "The list could not be printed (No space left on device)." in done.stderr


def test_a_file_that_is_no_export_is_refused_by_the_list_too():
    result = run_tool("import", EXPORTS / "not-an-export.json", "--list")
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_a_corrected_report_keeps_the_places(tmp_path, ending):
    path, report = tmp_path / "state.json", tmp_path / f"report.{ending}"
    path.write_bytes(storage_state({APP: [tenant(1, validTo="x")], STAGING: [tenant(2)]}))
    run_tool("import", path, "--origin", APP, "--origin", STAGING, "--report", report)
    text = report.read_text(encoding="utf-8-sig")
    if ending == "csv":
        heading, *rows = csv.reader(text.splitlines())
        assert [row[heading.index("place")] for row in rows] == [APP, STAGING]
    else:
        assert [row["place"] for row in json.loads(text)["rows"]] == [APP, STAGING]
    report.write_text(text.replace('"x"', f'"{NEW}"'), encoding="utf-8")
    output = json_output(run_tool("import", report, "--json"))
    assert [(row["kind"], row["place"]) for row in output["rows"]] == [("new", APP)]
