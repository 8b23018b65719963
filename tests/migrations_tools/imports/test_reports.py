"""The report of an import: all rows, and what failed to be mended and imported again."""

import csv
import io

import pytest

from tests.imports.importing import EXPORTS, lines, tenant
from tests.migrations_tools.imports.import_tool import answered, items, tool

pytestmark = pytest.mark.usefixtures("own_environment")

VECTORS = ["=1", "+1", "-1", "@x", "\t=1", "＝1", "＋1", "－1", "＠x", "  =1", "=cmd|'/c calc'!A1",
           "'=1"]  # fmt: skip


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
