"""An older entry is not written if a newer entry of its tenant is invalid."""

import json

import pytest

from portal.imports.reports.report import job_summary, report_as_csv, report_as_json
from tests.imports.files import dump, lines, tenant
from tests.imports.harness import counts, on_both_stores, reasons, rows_of

OLD = "2025-01-01T00:00:00.000Z"
NEW = "2026-01-01T00:00:00.000Z"
BAD = {"isActive": False, "validTo": "31.12.2026", "updatedAt": NEW}
GOOD = {"isActive": True, "updatedAt": OLD}
#: Only the key shows the tenant.
NO_IDS = BAD | {"accountId": None, "companyId": None}


def held_back(row, place=""):
    named = f"Row {row}, of {place}," if place else f"Row {row}"
    text = f"{named} is for the same tenant and is newer, but cannot be imported. Correct it first."
    return ("", text)


def by_key(number, **changed):
    return json.dumps({f"fsm_tenant_86810_{number}": json.dumps(tenant(**changed))}).encode()


def report(harness, job, form, **corrections):
    rows = rows_of(harness, job)
    if form == "csv":
        text = "".join(report_as_csv(rows, has_places=job.places_total > 0))
    else:
        text = "".join(report_as_json(rows, lambda: job_summary(job)))
    for old, new in corrections.values():
        assert old in text
        text = text.replace(old, new)
    return text.encode()


@on_both_stores
def test_the_older_entry_is_a_conflict_and_is_not_written(harness):
    job = harness.run(lines(tenant(1, **BAD), tenant(1, **GOOD), tenant(2)))
    assert counts(job) == {"new": 1, "conflict": 1, "invalid": 1}
    assert list(harness.tenants()) == ["86810_2"]
    bad, old, _ = rows_of(harness, job)
    assert (bad.kind, bad.tenant_id, bad.duplicate_of) == ("invalid", "86810_1", 0)
    assert (old.kind, old.tenant_id, old.duplicate_of) == ("conflict", "86810_1", 1)
    assert reasons(old) == [held_back(1)]
    assert (job.active, job.later) == (1, 0)


@pytest.mark.parametrize(
    "invalid",
    [
        by_key(1, **NO_IDS),
        by_key(1, **BAD),
        by_key(1, **BAD | {"companyId": "9"}),
        by_key(9, **BAD),
        lines(tenant(1, **BAD)),
        lines(tenant(1, **BAD | {"updatedAt": None, "createdAt": NEW})),
        lines(tenant(1, **BAD | {"updatedAt": "2026-01-01T02:00:00+02:00"})),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_the_tenant_is_known_from_the_key_or_the_ids_in_any_file(harness, invalid, first):
    good = dump(tenant(1, **GOOD))
    files = (invalid, good) if first else (good, invalid)
    rows = harness.rows(*files)
    assert [row.kind.value for row in rows] == (
        ["invalid", "conflict"] if first else ["conflict", "invalid"]
    )
    assert reasons(rows[first]) == [
        held_back(1, "file-1.json") if first else held_back(2, "file-2.json")
    ]


@pytest.mark.parametrize(
    "invalid",
    [
        BAD | {"updatedAt": OLD},
        BAD | {"updatedAt": "2024-12-31T23:59:59.999Z"},
        BAD | {"updatedAt": None, "createdAt": None},
        BAD | {"updatedAt": "01.01.2026"},
        BAD | {"companyId": "2"},
        BAD | {"companyId": "2/3"},
        NO_IDS,
        BAD | {"accountId": True},
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_an_invalid_entry_that_is_not_newer_or_has_no_ids_holds_nothing_back(
    harness, invalid, first
):
    pair = [tenant(1, **invalid), tenant(1, **GOOD)]
    kinds = harness.kinds(lines(*(pair if first else pair[::-1])))
    assert kinds == (["invalid", "new"] if first else ["new", "invalid"])


def test_the_newest_valid_entry_counts_or_is_held_back(harness):
    file = lines(
        tenant(1, **BAD),
        tenant(1, **GOOD),
        tenant(1, updatedAt="2026-01-01T00:00:00.001Z"),
        tenant(2, **BAD),
        tenant(2, **BAD | {"updatedAt": "2027-01-01T00:00:00.000Z"}),
        tenant(2, **GOOD),
        tenant(2, **GOOD | {"updatedAt": "2024-01-01T00:00:00.000Z"}),
    )
    rows = harness.rows(file)
    assert [row.kind.value for row in rows] == [
        "invalid", "duplicate", "new", "invalid", "invalid", "conflict", "duplicate"
    ]  # fmt: skip
    assert [row.duplicate_of for row in rows] == [0, 3, 0, 0, 0, 5, 6]
    assert reasons(rows[5]) == [held_back(5)]


@pytest.mark.parametrize("policy", ["skip", "newer-wins", "overwrite"])
def test_the_stored_tenant_stays_and_every_reason_is_shown(harness, policy):
    harness.run(dump(tenant(1, **GOOD)))
    before = harness.tenants()
    bad = tenant(1, **BAD)
    assert harness.kinds(lines(bad, tenant(1, **GOOD)), policy=policy) == ["invalid", "same"]
    changed = tenant(1, **GOOD | {"updatedAt": "2025-06-01T00:00:00.000Z"}, contactFullName="Kim")
    job = harness.run(lines(bad, changed), policy=policy)
    assert counts(job) == {"conflict": 1, "invalid": 1}
    row = rows_of(harness, job)[1]
    assert [each.field for each in row.changes] == ["contactFullName"]
    kept_by_policy = (
        "The tenant is already in the store with other values, which are kept. To replace them,"
        " choose another policy."
    )
    assert reasons(row) == [held_back(1), *([("", kept_by_policy)] if policy == "skip" else [])]
    assert harness.tenants() == before


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize(
    "invalid", [lines(tenant(1, **BAD)), by_key(1, **BAD), by_key(1, **NO_IDS)]
)
def test_an_uncorrected_report_has_the_same_reasons_again(harness, form, invalid):
    job = harness.plan(invalid, dump(tenant(1, **GOOD)))
    again = harness.plan(report(harness, job, form))
    assert [reasons(row) for row in rows_of(harness, again)] == [
        reasons(row) for row in rows_of(harness, job)
    ]
    assert counts(again) == counts(job) == {"conflict": 1, "invalid": 1}


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_corrected_report_is_imported(harness, form):
    job = harness.plan(lines(tenant(1, **BAD), tenant(1, **GOOD)))
    corrected = report(harness, job, form, date=("31.12.2026", "2026-12-31T22:59:59.999Z"))
    assert counts(harness.run(corrected)) == {"new": 1, "duplicate": 1}
    assert harness.tenants()["86810_1"]["isActive"] is False
