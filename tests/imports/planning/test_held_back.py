"""An older record of a tenant is not written where a newer one cannot be imported."""

import json

import pytest

from portal.imports.reports.report import job_summary, report_as_csv, report_as_json
from tests.imports.importing import counts, dump, lines, rows_of, tenant

OLD = "2025-01-01T00:00:00.000Z"
NEW = "2026-01-01T00:00:00.000Z"
BAD = {"isActive": False, "validTo": "31.12.2026", "updatedAt": NEW}
GOOD = {"isActive": True, "updatedAt": OLD}
#: Its key tells the tenant, and nothing in it does.
NO_IDS = BAD | {"accountId": None, "companyId": None}


def held_back(row):
    text = (
        f"Row {row} is for the same tenant and is newer, but cannot be imported. Correct it first."
    )
    return ("", text)


def by_key(number, **changed):
    return json.dumps({f"fsm_tenant_86810_{number}": json.dumps(tenant(**changed))}).encode()


def said(row):
    return [(each.field, each.text) for each in row.reasons]


def handed_in_again(importer, run, form, **mended):
    rows = rows_of(importer, run)
    if form == "csv":
        text = "".join(report_as_csv(rows))
    else:
        text = "".join(report_as_json(rows, lambda: job_summary(run)))
    for old, new in mended.values():
        assert old in text
        text = text.replace(old, new)
    return text.encode()


def test_the_older_one_is_a_conflict_and_is_not_written(either):
    run = either.run(lines(tenant(1, **BAD), tenant(1, **GOOD), tenant(2)))
    assert counts(run) == {"new": 1, "conflict": 1, "invalid": 1}
    assert list(either.tenants()) == ["86810_2"]
    bad, old, _ = rows_of(either, run)
    assert (bad.kind, bad.tenant_id, bad.duplicate_of) == ("invalid", "86810_1", 0)
    assert (old.kind, old.tenant_id, old.duplicate_of) == ("conflict", "86810_1", 1)
    assert said(old) == [held_back(1)]
    assert (run.active, run.later) == (1, 0)


@pytest.mark.parametrize(
    "failed",
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
def test_it_is_told_by_its_key_or_by_its_ids_in_whatever_file(importer, failed, first):
    good = dump(tenant(1, **GOOD))
    files = (failed, good) if first else (good, failed)
    rows = importer.rows(*files)
    assert [row.kind.value for row in rows] == (
        ["invalid", "conflict"] if first else ["conflict", "invalid"]
    )
    assert said(rows[first]) == [held_back(1 if first else 2)]


@pytest.mark.parametrize(
    "failed",
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
def test_one_that_is_not_newer_or_tells_no_tenant_holds_nothing_back(importer, failed, first):
    pair = [tenant(1, **failed), tenant(1, **GOOD)]
    kinds = importer.kinds(lines(*(pair if first else pair[::-1])))
    assert kinds == (["invalid", "new"] if first else ["new", "invalid"])


def test_the_newest_that_can_be_imported_counts_and_of_the_others_the_newest_is_held_back(importer):
    file = lines(
        tenant(1, **BAD),
        tenant(1, **GOOD),
        tenant(1, updatedAt="2026-01-01T00:00:00.001Z"),
        tenant(2, **BAD),
        tenant(2, **BAD | {"updatedAt": "2027-01-01T00:00:00.000Z"}),
        tenant(2, **GOOD),
        tenant(2, **GOOD | {"updatedAt": "2024-01-01T00:00:00.000Z"}),
    )
    rows = importer.rows(file)
    assert [row.kind.value for row in rows] == [
        "invalid", "duplicate", "new", "invalid", "invalid", "conflict", "duplicate"
    ]  # fmt: skip
    assert [row.duplicate_of for row in rows] == [0, 3, 0, 0, 0, 5, 6]
    assert said(rows[5]) == [held_back(5)]


@pytest.mark.parametrize("policy", ["skip", "newer-wins", "overwrite"])
def test_what_the_store_has_is_left_and_every_reason_is_told(importer, policy):
    importer.run(dump(tenant(1, **GOOD)))
    before = importer.tenants()
    bad = tenant(1, **BAD)
    assert importer.kinds(lines(bad, tenant(1, **GOOD)), policy=policy) == ["invalid", "same"]
    changed = tenant(1, **GOOD | {"updatedAt": "2025-06-01T00:00:00.000Z"}, contactFullName="Kim")
    run = importer.run(lines(bad, changed), policy=policy)
    assert counts(run) == {"conflict": 1, "invalid": 1}
    row = rows_of(importer, run)[1]
    assert [each.field for each in row.changes] == ["contactFullName"]
    kept_by_policy = (
        "The tenant is already in the store with other values, which are kept. To replace them,"
        " choose another policy."
    )
    kept = ("", kept_by_policy)
    assert said(row) == [held_back(1), *([kept] if policy == "skip" else [])]
    assert importer.tenants() == before


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("failed", [lines(tenant(1, **BAD)), by_key(1, **BAD), by_key(1, **NO_IDS)])
def test_the_report_handed_in_again_says_the_same_until_it_is_mended(importer, form, failed):
    run = importer.plan(failed, dump(tenant(1, **GOOD)))
    again = importer.plan(handed_in_again(importer, run, form))
    assert [said(row) for row in rows_of(importer, again)] == [
        said(row) for row in rows_of(importer, run)
    ]
    assert counts(again) == counts(run) == {"conflict": 1, "invalid": 1}


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_report_that_was_mended_is_imported(importer, form):
    run = importer.plan(lines(tenant(1, **BAD), tenant(1, **GOOD)))
    mended = handed_in_again(importer, run, form, date=("31.12.2026", "2026-12-31T22:59:59.999Z"))
    assert counts(importer.run(mended)) == {"new": 1, "duplicate": 1}
    assert importer.tenants()["86810_1"]["isActive"] is False
