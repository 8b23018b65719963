"""The report of an import: it has all rows, and failed rows can be corrected and imported again."""

import csv
import io

import pytest

from tests.imports.files import EXPORTS, lines, tenant
from tests.migrations_tools.imports.tool_runner import json_output, run_tool, stored_items

pytestmark = pytest.mark.usefixtures("own_environment")

VECTORS = ["=1", "+1", "-1", "@x", "\t=1", "＝1", "＋1", "－1", "＠x", "  =1", "=cmd|'/c calc'!A1",
           "'=1"]  # fmt: skip


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_a_corrected_report_imports_the_rows_that_failed(tmp_path, ending):
    report = tmp_path / f"report.{ending}"
    run_tool("import", EXPORTS / "trouble.json", "--report", report)
    assert report.stat().st_mode & 0o777 == 0o600
    text = report.read_text(encoding="utf-8-sig")
    assert "s3cr3t" not in text
    again = json_output(run_tool("import", report, "--dry-run", "--json"))
    assert again["counts"]["invalid"] == 10
    corrected = text.replace("not-an-address", "corrected@ex.org").replace(
        "31.12.2026", "2026-12-31T22:59:59Z"
    )
    report.write_text(corrected, encoding="utf-8")
    result = run_tool("import", report, "--json")
    assert json_output(result)["counts"] == {
        "new": 2, "same": 0, "update": 0, "conflict": 0, "duplicate": 0, "invalid": 8
    }  # fmt: skip
    assert stored_items(tmp_path)["4_4"]["contactEmailAddress"] == "corrected@ex.org"


def test_no_cell_of_a_report_is_a_formula_and_reading_it_restores_the_value(tmp_path):
    path, report = tmp_path / "x.jsonl", tmp_path / "r.csv"
    # Each row fails by its dates, so that the report has its values.
    path.write_bytes(
        lines(*(tenant(n, clientId=value, validTo="x") for n, value in enumerate(VECTORS)))
    )
    run_tool("import", path, "--report", report)
    text = report.read_text(encoding="utf-8-sig")
    heading, *rows = csv.reader(io.StringIO(text))
    column = heading.index("clientId")
    assert [row[column] for row in rows] == [f"'{value}" for value in VECTORS]
    assert not [cell for row in rows for cell in row if cell.lstrip(" ")[:1] in set("=+-@\t\r＝")]
    assert text.count('"') >= 2 * len(rows) * len(heading)
    again = json_output(run_tool("import", report, "--dry-run", "--json"))
    assert [row["values"]["clientId"] for row in again["rows"]] == VECTORS
