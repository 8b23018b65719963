"""A report that is corrected and imported again loses nothing but the secrets."""

import csv
import io
import json

import pytest

from portal.imports.planning.staging import StagedEntries
from portal.imports.reading.csv_cells import guard_cell, unguard_cell
from portal.imports.reports.report import job_summary, report_as_csv, report_as_json
from portal.stores.contract import Add
from tests.imports.files import LIMITS, SECRET, dump, lines, tenant
from tests.imports.harness import messages, rows_of

LOST = (
    "clientSecret",
    "Reports contain no secrets. Set the secret in the portal or import the original file.",
)


def report(harness, job, form):
    rows = rows_of(harness, job)
    if form == "csv":
        return "".join(report_as_csv(rows)).encode()
    return "".join(report_as_json(rows, lambda: job_summary(job))).encode()


def changes_of(row):
    return {each.field: (each.old, each.new) for each in row.changes}


def resaved(text: bytes, **cells: str) -> bytes:
    """As a spreadsheet saves it, with these cells in its only row."""
    heading, row = csv.reader(io.StringIO(text.decode("utf-8-sig")))
    row_cells = dict(zip(heading, row, strict=True)) | cells
    file = io.StringIO()
    writer = csv.writer(file, delimiter=";")
    writer.writerows([row_cells.keys(), row_cells.values()])
    return file.getvalue().encode()


both_forms = pytest.mark.parametrize("form", ["csv", "json"])


@both_forms
def test_a_secret_that_the_report_lacks_is_mentioned(harness, form):
    harness.run(dump(tenant(1)))
    job = harness.plan(dump(tenant(1, contactFullName="Kim", clientSecret="another")))
    (row,) = harness.rows(report(harness, job, form), policy="overwrite")
    assert (row.kind, row.secret, messages(row)) == ("update", "missing", [LOST])
    job = harness.plan(dump(tenant(1, contactFullName="Kim")))
    (row,) = harness.rows(report(harness, job, form), policy="overwrite")
    assert (row.kind, messages(row)) == ("update", []), "the store has that secret"
    job = harness.plan(dump(tenant(1, contactFullName="Kim", clientSecret=None)))
    (row,) = harness.rows(report(harness, job, form), policy="overwrite")
    assert (row.kind, messages(row)) == ("update", []), "there was none"


@both_forms
def test_a_corrected_row_has_no_secret_and_says_so(harness, form):
    job = harness.plan(dump(tenant(1, validTo="31.12.2026")))
    corrected = report(harness, job, form).replace(b"31.12.2026", b"2026-12-31T22:59:59.999Z")
    (row,) = harness.rows(corrected)
    assert (row.kind, row.secret, messages(row)) == ("new", "missing", [LOST])
    assert SECRET.encode() not in corrected


def test_ids_that_a_spreadsheet_shortened_make_no_other_tenant(harness):
    """It saves 007 as 7. Without keys of localStorage, only the column `tenant` shows that."""
    job = harness.plan(lines(tenant(accountId="007", companyId="0042", validTo="x")))
    fixed = {"validTo": "2027-12-31T22:59:59.999Z"}
    text = report(harness, job, "csv")
    (row,) = harness.rows(resaved(text, accountId="7", companyId="42", **fixed))
    assert (row.kind, len(row.reasons)) == ("conflict", 1)
    field, sentence = messages(row)[0]
    assert field == "tenant"
    assert sentence.startswith("The column tenant says 007_0042, but the ids are 7_42.")
    (row,) = harness.rows(resaved(text, **fixed))
    assert (row.kind, row.tenant_id) == ("new", "007_0042")
    # The next report still says which tenant it was.
    wrong = resaved(text, accountId="7", companyId="42", **fixed)
    again = report(harness, harness.plan(wrong), "csv")
    (row,) = harness.rows(again)
    assert (row.kind, row.tenant_id) == ("conflict", "007_0042")
    assert any("says 007_0042, but the ids are 7_42." in text for _, text in messages(row))
    (row,) = harness.rows(resaved(again, accountId="007", companyId="0042", refused=""))
    assert (row.kind, row.tenant_id) == ("new", "007_0042")
    # Somebody who means another tenant says so.
    (row,) = harness.rows(resaved(text, accountId="7", companyId="42", tenant="", **fixed))
    assert (row.kind, row.tenant_id) == ("new", "7_42")


def test_a_secret_that_was_added_to_a_report_is_imported(harness):
    job = harness.plan(dump(tenant(1, validTo="x")))
    corrected = json.loads(report(harness, job, "json"))
    corrected["rows"][0]["values"] |= {
        "validTo": "2026-12-31T22:59:59.999Z",
        "clientSecret": SECRET,
    }
    (row,) = harness.rows(json.dumps(corrected).encode())
    assert (row.kind, row.secret, messages(row)) == ("new", "set", [])


@both_forms
def test_an_empty_field_stays_a_change_and_a_missing_one_is_none(harness, form):
    harness.run(dump(tenant(1)))
    job = harness.plan(dump(tenant(1, accountName="", contactPhone="", cluster=None)))
    file = report(harness, job, form)
    (row,) = harness.rows(file, policy="overwrite")
    assert row.kind == "update"
    assert changes_of(row) == {
        "accountName": ("Muster Haustechnik Gruppe", ""), "contactPhone": ("+4930901820", ""),
    }  # fmt: skip


def test_an_apostrophe_encodes_an_empty_value_only():
    assert unguard_cell("'") == ""
    assert unguard_cell(guard_cell("'")) == "'"
    assert guard_cell("") == ""


@both_forms
def test_a_normalised_address_is_still_no_change(harness, form):
    old = {"tenantId": "86810_1"} | tenant(1, contactEmailAddress="Jo@MUSTER.example ")
    harness.raw_store.write([Add({**old, "clientSecret": ""})])
    file = {**old, "contactFullName": "Kim"}
    job = harness.plan(dump(file))
    (row,) = rows_of(harness, job)
    assert (row.kind, list(changes_of(row))) == ("conflict", ["contactFullName", "clientSecret"])
    (row,) = harness.rows(report(harness, job, form), policy="overwrite")
    assert (row.kind, list(changes_of(row))) == ("update", ["contactFullName"])


@pytest.mark.parametrize("name", ["isActive", "openEnded"])
@pytest.mark.parametrize("cell", ["TRUE", "True", "true", " true"])
def test_true_is_read_as_spreadsheets_write_it(harness, name, cell):
    job = harness.plan(dump(tenant(1, contactFullName="a\0", openEnded=True)))
    file = resaved(report(harness, job, "csv"), contactFullName="a", **{name: cell})
    (row,) = harness.rows(file)
    assert (row.kind, row.values[name], messages(row)) == ("new", True, [LOST])


@pytest.mark.parametrize("cell", ["FALSE", "False", "false"])
def test_false_is_read_as_spreadsheets_write_it(harness, cell):
    job = harness.plan(dump(tenant(1, contactFullName="a\0", openEnded=True)))
    cells = {"contactFullName": "a", "isActive": cell, "openEnded": cell}
    (row,) = harness.rows(resaved(report(harness, job, "csv"), **cells))
    assert (row.kind, row.values["isActive"]) == ("new", False)
    assert "openEnded" not in row.values
    cells["validTo"] = ""
    (row,) = harness.rows(resaved(report(harness, job, "csv"), **cells))
    assert ("validTo", "This is missing.") in messages(row), "it is not open-ended"


@pytest.mark.parametrize("name", ["isActive", "openEnded"])
def test_another_word_is_rejected(harness, name):
    job = harness.plan(dump(tenant(1, contactFullName="a\0")))
    file = resaved(report(harness, job, "csv"), contactFullName="a", **{name: "WAHR"})
    (row,) = harness.rows(file)
    assert (row.kind, messages(row)[0]) == (
        "invalid", (name, "This must be true or false. The file has: WAHR")
    )  # fmt: skip
    assert row.values[name] == "WAHR"


def test_a_boolean_in_json_may_be_a_text_or_missing(harness):
    file = lines(
        tenant(1, openEnded="true", validTo=None),
        {**tenant(2), "openEnded": None},
        {**tenant(3, validTo=None), "openEnded": None},
        tenant(4, openEnded="false"),
        tenant(5, openEnded=1),
    )
    text, missing, closed, false, number = harness.rows(file)
    assert (text.kind, messages(text)) == ("new", [("openEnded", "The file has this as a text.")])
    assert text.values["openEnded"] is True
    assert (missing.kind, messages(missing)) == ("new", [])
    assert (closed.kind, messages(closed)) == ("invalid", [("validTo", "This is missing.")])
    assert (false.kind, messages(false)) == ("new", [("openEnded", "The file has this as a text.")])
    assert (number.kind, messages(number)) == (
        "invalid", [("openEnded", "This must be true or false. The file has: 1")]
    )  # fmt: skip


#: What a spreadsheet takes for a formula, also after spaces: T21 of docs/threats.md.
FORMULAS = ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", "\0=1", "\ta", "\ra", "\na", "\0a",
            "＝1", "＋1", "－1", "＠a", " =1", "\u00a0=1", "\u3000=1", " \r=1", "'", "'=1",
            "''"]  # fmt: skip


@pytest.mark.parametrize("value", FORMULAS)
def test_no_cell_is_a_formula_and_each_is_imported_again(harness, value):
    job = harness.plan(lines(tenant(1, clientId=value, validTo="x")))
    text = report(harness, job, "csv")
    heading, row = csv.reader(io.StringIO(text.decode("utf-8-sig"), newline=""))
    assert row[heading.index("clientId")] == f"'{value}"
    with StagedEntries() as staged_entries:
        staged_entries.add(io.BytesIO(text), LIMITS)
        (staged,) = staged_entries
    assert staged.entry.values["clientId"] == value
