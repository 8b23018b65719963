"""Rows stay written if the output fails, and one line says so."""

import json
import re
from pathlib import Path

import pytest

from tests.imports.files import lines, tenant
from tests.migrations_tools.imports.tool_runner import (
    count_tenants,
    import_jobs,
    json_output,
    run_in_shell,
    run_tool,
)

pytestmark = pytest.mark.usefixtures("own_environment")

NOT_REPORTED = (
    r"Import import-[a-z0-9]{{26}}\.\n"
    r"Error: {} rows are written, but the report could not be written \({}\)\."
    r" Import import-[a-z0-9]{{26}}\.\n"
)


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """400 tenants: their report as JSON is longer than the buffer of a pipe."""
    path = tmp_path / "many.jsonl"
    path.write_bytes(lines(*(tenant(number) for number in range(400))))
    return path


@pytest.mark.parametrize(
    ("redirection", "reason"),
    [
        (">/dev/full", "No space left on device"),
        ("--json >/dev/full", "No space left on device"),
        ("--json >&-", "standard output is closed"),
        ("--json | head -c 10 >/dev/null; exit ${PIPESTATUS[0]}", "Broken pipe"),
    ],
)
def test_rows_are_written_though_the_output_fails(many, tmp_path, redirection, reason):
    process = run_in_shell(f"tool import {many} {redirection}")
    assert re.fullmatch(NOT_REPORTED.format(400, reason), process.stderr)
    assert (process.returncode, process.stdout) == (1, "")
    assert count_tenants(tmp_path) == 400
    assert json_output(run_tool("import", many, "--json"))["counts"]["same"] == 400


def test_with_closed_output_and_errors_the_rows_are_written(export, tmp_path):
    process = run_in_shell(f"tool import {export} >&- 2>&-")
    assert process.returncode == 0
    assert count_tenants(tmp_path) == 2


def test_a_dry_run_whose_output_fails_says_so(export):
    process = run_in_shell(f"tool import {export} --dry-run >/dev/full")
    assert process.returncode == 1
    assert process.stderr == (
        "Error: Nothing was changed, and the report could not be written"
        " (No space left on device).\n"
    )


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_a_report_that_has_no_room_is_an_error_after_everything_else(tmp_path, ending):
    path, report = tmp_path / "bad.jsonl", tmp_path / f"report.{ending}"
    path.write_bytes(lines(*(tenant(n, validTo="x") for n in range(300)), tenant(999)))
    # The limit suffices for the store, whose rows are compressed, but not for the report.
    process = run_in_shell(f"ulimit -f 60; tool import {path} --json --report {report}")
    assert re.fullmatch(NOT_REPORTED.format(1, "File too large"), process.stderr)
    assert process.returncode == 1
    assert json.loads(process.stdout)["counts"]["invalid"] == 300
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.jsonl", "data"]
    (job,) = import_jobs(tmp_path)
    assert job.written == 1


@pytest.mark.parametrize(
    ("redirection", "reason"),
    [
        (">/dev/full", "No space left on device"),
        (">&-", "standard output is closed"),
        ("| head -c 10 >/dev/null; exit ${PIPESTATUS[0]}", "Broken pipe"),
    ],
)
def test_an_export_that_cannot_be_written_says_so(many, redirection, reason):
    run_tool("import", many)
    process = run_in_shell(f"tool export {redirection}")
    assert process.returncode == 1
    assert process.stderr == (
        f"Error: The export could not be written ({reason})."
        " Correct this, and run the command again.\n"
    )
