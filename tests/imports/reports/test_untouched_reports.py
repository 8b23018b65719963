"""A report that nobody mended writes nothing that was refused, also if it is imported again and
again; once it is mended, the row is imported."""

import csv
import io
import json

import pytest

from portal.imports.reports.report import job_summary, report_as_csv, report_as_json
from tests.examples import all_items
from tests.imports.files import SECRET, dump, lines, tenant
from tests.imports.harness import messages, reasons, rows_of

HIDDEN = {"clientSecret": "hidden-s3cr3t"}
#: Each is refused for one reason.
REFUSED = {
    "isActive 1": tenant(1, isActive=1),
    "isActive as the text 1": tenant(1, isActive="1"),
    "isActive as a list": tenant(1, isActive=[True]),
    "an object as clientId": tenant(1, clientId=HIDDEN),
    "a number as a name": tenant(1, accountName=7),
    "true as a name": tenant(1, accountName=True),
    "a list as a name": tenant(1, companyName=["Muster"]),
    "a number as a phone": tenant(1, contactPhone=49301234567),
    "a number as a date": tenant(1, createdAt=1_700_000_000),
    "a number as the end": tenant(1, validTo=1_700_000_000, openEnded=True),
    "openEnded 1": tenant(1, openEnded=1),
    "a number as a cluster": tenant(1, cluster=1),
    "a secret that is a number": tenant(1, clientSecret=12345),
    "a secret that is sealed": tenant(1, clientSecret="v1.loc.k1.AbC_d-e"),
    "a secret that is too long": tenant(1, clientSecret=SECRET * 100),
    "another tenantId": tenant(1, tenantId="86810_2"),
    "a number out of range in an unknown field": tenant(1, version=2**64),
    "a lost character": tenant(1, accountName="\ufffd"),
    "an id that was made up": tenant(1, accountId="unknown"),
}
both_forms = pytest.mark.parametrize("form", ["csv", "json"])


def report(harness, job, form):
    rows = rows_of(harness, job)
    if form == "csv":
        return "".join(report_as_csv(rows)).encode()
    return "".join(report_as_json(rows, lambda: job_summary(job))).encode()


def resaved(text: bytes) -> bytes:
    """As a spreadsheet saves it."""
    file = io.StringIO()
    csv.writer(file, delimiter=";").writerows(csv.reader(io.StringIO(text.decode("utf-8-sig"))))
    return file.getvalue().encode()


@both_forms
@pytest.mark.parametrize("name", REFUSED)
def test_what_was_refused_stays_refused(harness, name, form):
    file = lines(REFUSED[name])
    for _ in range(3):
        job = harness.run(file)
        (row,) = rows_of(harness, job)
        assert row.kind == "invalid"
        assert row.reasons
        file = report(harness, job, form)
        assert b"s3cr3t" not in file
        if form == "csv":
            file = resaved(file)
    assert harness.tenants() == {}


@both_forms
def test_ids_that_a_spreadsheet_shortened_stay_a_conflict(harness, form):
    job = harness.plan(lines(tenant(1, accountId="007", validTo="x")))
    file = report(harness, job, form).replace(b'"x"', b'"2027-01-21T08:15:22.041Z"')
    file = file.replace(b'"accountId": "007"', b'"accountId": "7"').replace(b',"007",', b',"7",')
    for _ in range(3):
        job = harness.run(file)
        (row,) = rows_of(harness, job)
        assert (row.kind, row.reasons[0].field) == ("conflict", "tenant")
        file = report(harness, job, form)
    assert harness.tenants() == {}


def test_four_refused_rows_write_nothing(harness):
    """Three of them were written from an untouched report once, two with access."""
    file = dump(
        tenant(1, isActive=1), tenant(2, clientId={"a": "b"}),
        tenant(3, accountName=1, companyName=2), tenant(4, isActive="1"),
    )  # fmt: skip
    first = harness.run(file)
    assert first.counts["invalid"] == 4
    for form in ("csv", "json"):
        assert harness.run(report(harness, first, form)).counts["invalid"] == 4
    assert harness.tenants() == {}


def test_the_report_shows_what_was_refused(harness):
    job = harness.plan(lines(tenant(1, isActive=1, clientId=HIDDEN, accountName=True)))
    (row,) = json.loads(report(harness, job, "json"))["rows"]
    assert {name: row["values"][name] for name in ("isActive", "clientId", "accountName")} == {
        "isActive": "(refused) a number: 1", "clientId": "(refused) an object",
        "accountName": "(refused) true or false: True",
    }  # fmt: skip
    (again,) = harness.rows(report(harness, job, "json"))
    still = "An earlier import refused this, and nobody has replaced it: (refused) a number: 1"
    assert ("isActive", still) in reasons(again)


@both_forms
def test_once_it_is_mended_the_row_is_imported(harness, form):
    job = harness.plan(lines(tenant(1, isActive=1, clientId=HIDDEN, accountName=7)))
    text = report(harness, job, form).decode()
    for refused, mended in (("a number: 1", "true"), ("an object", ""), ("a number: 7", "Muster")):
        text = text.replace(f'"(refused) {refused}"', f'"{mended}"')
    (row,) = harness.rows(text.encode())
    assert (row.kind, row.values["accountName"], row.values["isActive"]) == ("new", "Muster", True)


@both_forms
def test_a_refused_secret_is_entered_or_given_up_by_name(harness, form):
    job = harness.plan(lines(tenant(1, clientSecret=12345)))
    text = report(harness, job, form).decode()
    (row,) = harness.rows(text.encode())
    assert [each.field for each in row.reasons] == ["clientSecret"]
    old, new = ('"refused": ["clientSecret"]', '"refused": []') if form == "json" else (
        ',"clientSecret"\r\n', ',""\r\n',
    )  # fmt: skip
    assert old in text
    (row,) = harness.rows(text.replace(old, new).encode())
    assert (row.kind, row.secret) == ("new", "missing")
    assert messages(row)[-1][1].startswith("Reports contain no secrets.")
    if form == "json":
        entered = json.loads(text)
        entered["rows"][0]["values"]["clientSecret"] = SECRET
        (row,) = harness.rows(json.dumps(entered).encode())
        assert (row.kind, row.secret) == ("new", "set")


def test_the_keys_of_a_report_are_none_of_other_programs(harness):
    for source in (lines(tenant(1, validTo="x")), dump(tenant(1, validTo="x"))):
        job = harness.plan(source)
        text = report(harness, job, "json")
        again = harness.plan(text)
        assert (again.ignored_keys, again.formats) == (0, ("report",))
        later = harness.plan(text.replace(b'"applied"', b'"keyOfALaterVersion"'))
        assert later.ignored_keys == 0
    assert all_items(harness.raw_store)
