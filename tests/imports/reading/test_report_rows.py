"""A report handed in again: what failed is mended, and nothing else is lost on the way."""

import csv
import io
import json

import pytest

from portal.imports.planning.staging import StagedEntries
from portal.imports.reading.csv_cells import guard_cell, unguard_cell
from portal.imports.reports.report import job_summary, report_as_csv, report_as_json
from portal.stores.contract import Add
from tests.imports.importing import LIMITS, SECRET, dump, lines, rows_of, tenant

LOST = (
    "clientSecret",
    "Reports contain no secrets. Set the secret in the portal or import the original file.",
)


def report(importer, run, form):
    rows = rows_of(importer, run)
    if form == "csv":
        return "".join(report_as_csv(rows)).encode()
    return "".join(report_as_json(rows, lambda: job_summary(run))).encode()


def said(row):
    return [(each.field, each.text) for each in (*row.reasons, *row.repairs)]


def changed(row):
    return {each.field: (each.old, each.new) for each in row.changes}


def resaved(text: bytes, **cells: str) -> bytes:
    """As a spreadsheet writes it, with these cells in the only row."""
    heading, row = csv.reader(io.StringIO(text.decode("utf-8-sig")))
    named = dict(zip(heading, row, strict=True)) | cells
    file = io.StringIO()
    writer = csv.writer(file, delimiter=";")
    writer.writerows([named.keys(), named.values()])
    return file.getvalue().encode()


both = pytest.mark.parametrize("form", ["csv", "json"])


@both
def test_the_secret_that_a_report_does_not_hold_is_spoken_of(importer, form):
    importer.run(dump(tenant(1)))
    run = importer.plan(dump(tenant(1, contactFullName="Kim", clientSecret="another")))
    (row,) = importer.rows(report(importer, run, form), policy="overwrite")
    assert (row.kind, row.secret, said(row)) == ("update", "missing", [LOST])
    run = importer.plan(dump(tenant(1, contactFullName="Kim")))
    (row,) = importer.rows(report(importer, run, form), policy="overwrite")
    assert (row.kind, said(row)) == ("update", []), "the store has that secret"
    run = importer.plan(dump(tenant(1, contactFullName="Kim", clientSecret=None)))
    (row,) = importer.rows(report(importer, run, form), policy="overwrite")
    assert (row.kind, said(row)) == ("update", []), "there was none"


@both
def test_a_row_that_was_mended_has_no_secret_and_says_so(importer, form):
    run = importer.plan(dump(tenant(1, validTo="31.12.2026")))
    mended = report(importer, run, form).replace(b"31.12.2026", b"2026-12-31T22:59:59.999Z")
    (row,) = importer.rows(mended)
    assert (row.kind, row.secret, said(row)) == ("new", "missing", [LOST])
    assert SECRET.encode() not in mended


def test_a_secret_that_was_added_to_a_report_is_taken(importer):
    run = importer.plan(dump(tenant(1, validTo="x")))
    told = json.loads(report(importer, run, "json"))
    told["rows"][0]["values"] |= {"validTo": "2026-12-31T22:59:59.999Z", "clientSecret": SECRET}
    (row,) = importer.rows(json.dumps(told).encode())
    assert (row.kind, row.secret, said(row)) == ("new", "set", [])


@both
def test_an_emptied_field_stays_a_difference_and_a_missing_one_is_none(importer, form):
    importer.run(dump(tenant(1)))
    run = importer.plan(dump(tenant(1, accountName="", contactPhone="", cluster=None)))
    handed_back = report(importer, run, form)
    (row,) = importer.rows(handed_back, policy="overwrite")
    assert row.kind == "update"
    assert changed(row) == {
        "accountName": ("Muster Haustechnik Gruppe", ""), "contactPhone": ("+4930901820", ""),
    }  # fmt: skip


def test_an_empty_value_is_an_apostrophe_and_an_apostrophe_is_none():
    assert unguard_cell("'") == ""
    assert unguard_cell(guard_cell("'")) == "'"
    assert guard_cell("") == ""


@both
def test_an_address_that_was_normalised_is_no_difference_again(importer, form):
    old = {"tenantId": "86810_1"} | tenant(1, contactEmailAddress="Jo@MUSTER.example ")
    importer.kept.write([Add({**old, "clientSecret": ""})])
    file = {**old, "contactFullName": "Kim"}
    run = importer.plan(dump(file))
    (row,) = rows_of(importer, run)
    assert (row.kind, list(changed(row))) == ("conflict", ["contactFullName", "clientSecret"])
    (row,) = importer.rows(report(importer, run, form), policy="overwrite")
    assert (row.kind, list(changed(row))) == ("update", ["contactFullName"])


@pytest.mark.parametrize("name", ["isActive", "openEnded"])
@pytest.mark.parametrize("cell", ["TRUE", "True", "true", " true"])
def test_true_is_read_as_spreadsheets_write_it(importer, name, cell):
    run = importer.plan(dump(tenant(1, contactFullName="a\0", openEnded=True)))
    file = resaved(report(importer, run, "csv"), contactFullName="a", **{name: cell})
    (row,) = importer.rows(file)
    assert (row.kind, row.values[name], said(row)) == ("new", True, [LOST])


@pytest.mark.parametrize("cell", ["FALSE", "False", "false"])
def test_false_is_read_as_spreadsheets_write_it(importer, cell):
    run = importer.plan(dump(tenant(1, contactFullName="a\0", openEnded=True)))
    cells = {"contactFullName": "a", "isActive": cell, "openEnded": cell}
    (row,) = importer.rows(resaved(report(importer, run, "csv"), **cells))
    assert (row.kind, row.values["isActive"]) == ("new", False)
    assert "openEnded" not in row.values
    cells["validTo"] = ""
    (row,) = importer.rows(resaved(report(importer, run, "csv"), **cells))
    assert ("validTo", "This is missing.") in said(row), "it is not open-ended"


@pytest.mark.parametrize("name", ["isActive", "openEnded"])
def test_another_word_is_told_what_it_should_be(importer, name):
    run = importer.plan(dump(tenant(1, contactFullName="a\0")))
    file = resaved(report(importer, run, "csv"), contactFullName="a", **{name: "WAHR"})
    (row,) = importer.rows(file)
    assert (row.kind, said(row)[0]) == ("invalid", (name, "This must be true or false."))
    assert row.values[name] == "WAHR"


def test_in_json_a_truth_may_be_a_text_or_missing(importer):
    file = lines(
        tenant(1, openEnded="true", validTo=None),
        {**tenant(2), "openEnded": None},
        {**tenant(3, validTo=None), "openEnded": None},
        tenant(4, openEnded="false"),
        tenant(5, openEnded=1),
    )
    text, missing, closed, false, number = importer.rows(file)
    assert (text.kind, said(text)) == ("new", [("openEnded", "The file has this as a text.")])
    assert text.values["openEnded"] is True
    assert (missing.kind, said(missing)) == ("new", [])
    assert (closed.kind, said(closed)) == ("invalid", [("validTo", "This is missing.")])
    assert (false.kind, said(false)) == ("new", [("openEnded", "The file has this as a text.")])
    assert (number.kind, said(number)) == (
        "invalid", [("openEnded", "This must be true or false.")]
    )  # fmt: skip


#: What a spreadsheet takes for a formula, also behind spaces: the vectors of trust.md's T21.
FORMULAS = ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", "\0=1", "\ta", "\ra", "\na", "\0a",
            "＝1", "＋1", "－1", "＠a", " =1", "\u00a0=1", "\u3000=1", " \r=1", "'", "'=1",
            "''"]  # fmt: skip


@pytest.mark.parametrize("value", FORMULAS)
def test_no_cell_is_a_formula_and_each_comes_back(importer, value):
    run = importer.plan(lines(tenant(1, clientId=value, validTo="x")))
    text = report(importer, run, "csv")
    heading, row = csv.reader(io.StringIO(text.decode("utf-8-sig"), newline=""))
    assert row[heading.index("clientId")] == f"'{value}"
    with StagedEntries() as draft:
        draft.add(io.BytesIO(text), LIMITS)
        (staged,) = draft
    assert staged.entry.values["clientId"] == value
