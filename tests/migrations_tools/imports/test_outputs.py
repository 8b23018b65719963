"""What was written stays written when nobody can be told of it: that is said then, in one line."""

import json
import re
from pathlib import Path

import pytest

from tests.imports.importing import lines, tenant
from tests.migrations_tools.imports.import_tool import answered, listed, tenants, tool, typed

pytestmark = pytest.mark.usefixtures("own_environment")

UNTOLD = (
    r"Error: {} rows are written, the report could not be \({}\)\. Import import-[a-z0-9]{{26}}\.\n"
)


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Their report as JSON is longer than a pipe holds."""
    path = tmp_path / "many.jsonl"
    path.write_bytes(lines(*(tenant(number) for number in range(400))))
    return path


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (">/dev/full", "No space left on device"),
        ("--json >/dev/full", "No space left on device"),
        ("--json >&-", "standard output is closed"),
        ("--json | head -c 10 >/dev/null; exit ${PIPESTATUS[0]}", "Broken pipe"),
    ],
)
def test_rows_are_in_though_the_output_fails(many, tmp_path, how, why):
    done = typed(f"tool import {many} {how}")
    assert re.fullmatch(UNTOLD.format(400, why), done.stderr)
    assert (done.returncode, done.stdout) == (1, "")
    assert tenants(tmp_path) == 400
    assert answered(tool("import", many, "--json"))["counts"]["same"] == 400


def test_nobody_who_closed_the_output_is_told_and_the_rows_are_in(export, tmp_path):
    done = typed(f"tool import {export} >&- 2>&-")
    assert done.returncode == 0
    assert tenants(tmp_path) == 2


def test_a_dry_run_that_cannot_be_told_says_so(export):
    done = typed(f"tool import {export} --dry-run >/dev/full")
    assert done.returncode == 1
    assert done.stderr == (
        "Error: Nothing was changed, and the report could not be written"
        " (No space left on device).\n"
    )


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_a_report_that_finds_no_room_is_told_behind_everything_else(tmp_path, ending):
    path, report = tmp_path / "bad.jsonl", tmp_path / f"report.{ending}"
    path.write_bytes(lines(*(tenant(n, validTo="x") for n in range(300)), tenant(999)))
    # Packed rows are smaller than those of a report.
    done = typed(f"ulimit -f 60; tool import {path} --json --report {report}")
    assert re.fullmatch(UNTOLD.format(1, "File too large"), done.stderr)
    assert done.returncode == 1
    assert json.loads(done.stdout)["counts"]["invalid"] == 300
    assert sorted(each.name for each in tmp_path.iterdir()) == ["bad.jsonl", "data"]
    (run,) = listed(tmp_path)
    assert run.written == 1


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (">/dev/full", "No space left on device"),
        (">&-", "standard output is closed"),
        ("| head -c 10 >/dev/null; exit ${PIPESTATUS[0]}", "Broken pipe"),
    ],
)
def test_an_export_that_cannot_be_written_says_so(many, how, why):
    tool("import", many)
    done = typed(f"tool export {how}")
    assert (done.returncode, done.stderr) == (1, f"Error: It cannot be written ({why}).\n")
