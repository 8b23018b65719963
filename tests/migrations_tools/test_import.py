"""`python -m migrations_tools import` and `export`: what is typed, and what is told."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from migrations_tools.cli import main
from migrations_tools.importing import _bar
from portal.settings import SETTINGS
from portal.stores.contract import Add
from portal.stores.dynamodb import DynamoDbStore
from portal.stores.json_file import JsonFileStore
from tests.conftest import SECRET_KEY
from tests.engine import CREDENTIALS, REGION, Engine
from tests.examples import all_items, sign_up
from tests.imports.importing import EXPORTS, SECRET, dump, lines, tenant

ROOT = Path(__file__).parent.parent.parent
VECTORS = ["=1", "+1", "-1", "@x", "\t=1", "＝1", "＋1", "－1", "＠x", "  =1", "=cmd|'/c calc'!A1",
           "'=1"]  # fmt: skip


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in SETTINGS:
        monkeypatch.delenv(setting.name, raising=False)
    monkeypatch.setenv("PORTAL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PORTAL_SECRET_KEY", SECRET_KEY)


def tool(*words: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], input=stdin)


def answered(result: Result) -> dict[str, Any]:
    return json.loads(result.stdout)


def items(tmp_path: Path) -> dict[str, Any]:
    store = JsonFileStore(tmp_path / "data")
    found = all_items(store)
    store.close()
    return found


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "export.json"
    path.write_bytes(dump(tenant(1), tenant(2, contactFullName="Kim"), theme="dark"))
    return path


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


# ---- C01, C02: special files


@pytest.fixture
def special(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "real.json").write_bytes(dump(tenant()))
    (tmp_path / "link").symlink_to(tmp_path / "real.json")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing", "It cannot be opened (No such file or directory)."),
        ("folder", "This is a directory, and not a file."),
        ("pipe", "This is a pipe, and not a file."),
        ("link", "This is a symbolic link, and not a file."),
        ("/dev/zero", "This is a device, and not a file."),
        ("\x1b]0;x\x07", "It cannot be opened (No such file or directory)."),
    ],
)
def test_only_plain_files_are_read_and_one_line_says_so(special, name, said):
    result = tool("import", special / name)
    assert result.exit_code == 2
    assert result.stderr.endswith(f": {said}\n")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
    assert "\x1b" not in result.output


def test_endless_standard_input_ends_at_the_limit(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTAL_IMPORT_COMMAND_MEGABYTES", "2")
    command = f"yes '{json.dumps(tenant(1))}' | {sys.executable} -m migrations_tools import -"
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr == "Error: standard input: The file is larger than 2 MB.\n"
    assert items(tmp_path) == {}


def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(50_000_001)
    result = tool("import", path)
    assert (result.exit_code, result.stderr) == (
        2, f"Error: {path}: The file is larger than 50 MB.\n"
    )  # fmt: skip


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


# ---- Reports


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_a_report_holds_all_rows_and_what_failed_is_imported_again_once_mended(tmp_path, ending):
    report = tmp_path / f"report.{ending}"
    tool("import", EXPORTS / "trouble.json", "--report", report)
    assert report.stat().st_mode & 0o777 == 0o600
    text = report.read_text(encoding="utf-8-sig")
    assert "s3cr3t" not in text
    again = answered(tool("import", report, "--dry-run", "--json"))
    assert again["counts"]["invalid"] == 10
    mended = text.replace("not-an-address", "mended@ex.org").replace(
        "31.12.2026", "2026-12-31T22:59:59Z"
    )
    report.write_text(mended, encoding="utf-8")
    result = tool("import", report, "--json")
    assert answered(result)["counts"] == {
        "new": 2, "same": 0, "update": 0, "conflict": 0, "duplicate": 0, "invalid": 8
    }  # fmt: skip
    assert items(tmp_path)["4_4"]["contactEmailAddress"] == "mended@ex.org"


def test_no_cell_of_a_report_is_a_formula_and_reading_it_gives_back_what_it_was(tmp_path):
    path, report = tmp_path / "x.jsonl", tmp_path / "r.csv"
    # Each row fails by its dates, so that its values stand in the report.
    path.write_bytes(
        lines(*(tenant(n, clientId=each, validTo="x") for n, each in enumerate(VECTORS)))
    )
    tool("import", path, "--report", report)
    text = report.read_text(encoding="utf-8-sig")
    heading, *rows = csv.reader(io.StringIO(text))
    place = heading.index("clientId")
    assert [row[place] for row in rows] == [f"'{each}" for each in VECTORS]
    assert not [cell for row in rows for cell in row if cell.lstrip(" ")[:1] in set("=+-@\t\r＝")]
    assert text.count('"') >= 2 * len(rows) * len(heading)
    again = answered(tool("import", report, "--dry-run", "--json"))
    assert [row["values"]["clientId"] for row in again["rows"]] == VECTORS


def test_a_report_that_cannot_be_written_is_said_before_anything_is_done(export, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for place in (tmp_path / "nowhere" / "r.csv", tmp_path / "link"):
        result = tool("import", export, "--report", place)
        assert result.exit_code == 2
        assert "It cannot be written" in result.stderr
    assert items(tmp_path) == {}


# ---- Export


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
