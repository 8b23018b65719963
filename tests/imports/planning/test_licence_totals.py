"""The validity in an import: its changes, and how many tenants it lets use the application."""

import json

import pytest

from portal import onboarding, records
from portal.imports.jobs.job import find_job
from portal.imports.planning.diff import VALIDITY_FIELDS
from portal.imports.reports.export import export_tenant
from portal.stores.contract import Add, Replace
from portal.tenants import AccessStatus, standing
from portal.timestamps import format_timestamp
from tests.conftest import START
from tests.imports.files import dump, lines, tenant
from tests.imports.harness import counts, on_both_stores, rows_of

ID = "86810_1"
END = "2027-01-21T08:15:22.041Z"
LATER = "2028-01-01T00:00:00.000Z"
NOW = format_timestamp(START)
#: Without a secret, as the store of the old application may have it.
PLAIN = {"clientSecret": None}
NO_DATES = {"validFrom": None, "validTo": None}
OPEN = {**NO_DATES, "openEnded": True}


def changes(row):
    return [(each.field, each.old, each.new) for each in row.changes]


def totals(job):
    return job.active, job.later, job.until


def store_old_tenant(harness, **item):
    harness.raw_store.write([Add({"tenantId": ID, **tenant(**PLAIN | item)})])


def stored_validity(harness):
    item = harness.raw_store.get(ID)
    return {name: item[name] for name in sorted(VALIDITY_FIELDS) if name in item}


# ---- An open end is a field like others


def test_a_missing_end_is_invalid_unless_the_file_says_that_it_is_open(harness):
    assert harness.kinds(dump(tenant(validTo=None))) == ["invalid"]
    assert harness.kinds(dump(tenant(validTo=None, openEnded=True))) == ["new"]
    harness.run(dump(tenant(validTo=None, openEnded=True)))
    assert records.validity_of(harness.raw_store.get(ID)).open_ended


def test_a_validity_may_end_when_it_begins_but_not_before(harness):
    assert harness.kinds(dump(tenant(validFrom=END, validTo=END))) == ["new"]
    assert harness.kinds(dump(tenant(validFrom=LATER, validTo=END))) == ["invalid"]


@on_both_stores
def test_an_active_tenant_without_a_validity_gets_none_unless_allowed(harness):
    store_old_tenant(harness, **NO_DATES, status="active", version=3)
    file = dump(tenant(**PLAIN, **OPEN, contactFullName="Kim"))
    (row,) = harness.rows(file, policy="overwrite")
    assert row.kind == "conflict"
    assert ("openEnded", "false", "true") in changes(row)
    text = "Staff set the validity. An import changes it only if changes of a validity are allowed."
    assert [(each.field, each.text) for each in row.reasons] == [("openEnded", text)]
    harness.run(file, policy="overwrite")
    assert standing(onboarding.find(harness.store, ID), START) is AccessStatus.WINDOW_MISSING
    assert counts(harness.run(file, policy="overwrite", allowed=["validity"])) == {"update": 1}
    assert standing(onboarding.find(harness.store, ID), START) is AccessStatus.VALID


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"openEnded": True}, [("openEnded", "false", "true")]),
        ({"openEnded": True}, {}, []),
        (
            {"openEnded": True},
            {"validTo": LATER},
            [("validTo", END, LATER), ("openEnded", "true", "false")],
        ),
        (
            {},
            {"openEnded": True, "validTo": None},
            [("validTo", END, ""), ("openEnded", "false", "true")],
        ),
        (
            {"openEnded": True, "validTo": None},
            {},
            [("validTo", "", END), ("openEnded", "true", "false")],
        ),
        (OPEN, OPEN, []),
        (OPEN, {"openEnded": True, "validFrom": None}, [("validTo", "", END)]),
    ],
)
@on_both_stores
def test_opening_or_closing_an_end_is_a_change_once(harness, before, after, expected):
    harness.run(dump(tenant(**before)))
    (row,) = harness.rows(dump(tenant(**after)), policy="overwrite")
    assert changes(row) == expected
    assert row.kind == ("update" if expected else "same")
    validity = stored_validity(harness)
    file = dump(tenant(**after, contactFullName="Kim"))
    assert counts(harness.run(file, policy="overwrite")) == {"update": 1}
    if not expected:
        assert stored_validity(harness) == validity
    before_again = harness.tenants()
    assert counts(harness.run(file, policy="overwrite")) == {"same": 1}
    export = json.dumps(export_tenant(harness.raw_store.get(ID))).encode()
    assert counts(harness.run(export, policy="overwrite")) == {"same": 1}
    assert harness.tenants() == before_again


@pytest.mark.parametrize(
    ("stored", "shown"), [("31.12.2026", "31.12.2026"), (20261231, "20261231"), (True, "True")]
)
@pytest.mark.parametrize("status", [{}, {"status": "active", "version": 3}])
@on_both_stores
def test_an_unreadable_date_is_removed_if_the_row_says_so(harness, stored, shown, status):
    store_old_tenant(harness, **status, validTo=stored)
    file = dump(tenant(**PLAIN, validTo=None, openEnded=True))
    (row,) = harness.rows(file, policy="overwrite", allowed=["validity"])
    assert changes(row) == [("validTo", shown, ""), ("openEnded", "false", "true")]
    assert counts(harness.run(file, policy="overwrite", allowed=["validity"])) == {"update": 1}
    assert stored_validity(harness) == {"openEnded": True, "validFrom": "2025-01-07T08:15:22.041Z"}
    assert counts(harness.run(file, policy="overwrite")) == {"same": 1}


def test_an_unreadable_date_stays_if_the_row_does_not_change_it(harness):
    store_old_tenant(harness, createdAt="7.1.2025")
    job = harness.run(dump(tenant(**PLAIN, contactFullName="Kim")), policy="overwrite")
    assert counts(job) == {"update": 1}
    assert harness.raw_store.get(ID)["createdAt"] == "7.1.2025"


# ---- How many tenants may use the application, and until when


def test_a_plan_has_the_number_of_active_tenants_and_their_ends(harness):
    job = harness.plan(
        dump(
            tenant(1),
            tenant(2, validTo=LATER),
            tenant(3, isActive=False),
            tenant(4, validTo="2026-01-01T00:00:00.000Z"),
        )
    )
    assert totals(job) == (2, 0, (END, LATER))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, (1, 0, (END, END))),
        ({"validTo": NOW}, (1, 0, (NOW, NOW))),
        ({"validFrom": NOW}, (1, 0, (END, END))),
        ({"validTo": "2026-11-23T09:59:59.999Z"}, (0, 0, ("", ""))),
        ({"validFrom": "2026-11-23T10:00:00.001Z"}, (0, 1, ("", ""))),
        ({"validFrom": LATER, "validTo": None, "openEnded": True}, (0, 1, ("", ""))),
        (OPEN, (1, 0, (records.NEVER, records.NEVER))),
        ({"validTo": None, "openEnded": True}, (1, 0, (records.NEVER, records.NEVER))),
        ({"isActive": None}, (0, 0, ("", ""))),
        ({"isActive": False}, (0, 0, ("", ""))),
    ],
)
@pytest.mark.parametrize("stored_by", [None, "old", "imported"])
def test_a_tenant_counts_as_it_will_be(harness, changed, expected, stored_by):
    file = dump(tenant(**changed | PLAIN))
    if stored_by == "old":
        store_old_tenant(harness, isActive=False, contactFullName="Lou")
    elif stored_by == "imported":
        harness.run(dump(tenant(isActive=False, contactFullName="Lou")))
    job = harness.plan(file, policy="overwrite", allowed=["status"])
    assert totals(job) == expected
    done = harness.apply(job)
    assert totals(done) == totals(find_job(harness.store, job.id)) == expected


@pytest.mark.parametrize("stored_by", ["old", "imported"])
@pytest.mark.parametrize(
    ("stored", "changed", "expected"),
    [
        # The file has no status, or the stored one.
        ({"validTo": "2025-06-01T00:00:00.000Z"}, {"isActive": None}, (1, 0, (END, END))),
        ({"validTo": "2025-06-01T00:00:00.000Z"}, {}, (1, 0, (END, END))),
        ({}, {"isActive": None, "validTo": "2026-01-01T00:00:00.000Z"}, (0, 0, ("", ""))),
        ({}, {"isActive": None, "contactFullName": "Kim"}, (1, 0, (END, END))),
        ({"isActive": False}, {"isActive": None, "contactFullName": "Kim"}, (0, 0, ("", ""))),
        ({"openEnded": True, "validTo": None}, {"isActive": None}, (1, 0, (END, END))),
        (
            {"openEnded": True, "validTo": None},
            {"openEnded": True, "validTo": None, "contactFullName": "Kim"},
            (1, 0, (records.NEVER, records.NEVER)),
        ),
    ],
)
@on_both_stores
def test_an_update_counts_as_the_tenant_after_it(harness, stored_by, stored, changed, expected):
    if stored_by == "old":
        # A row without an end has `openEnded` once an operator has said that it never ends.
        kept = changed.get("openEnded")
        store_old_tenant(
            harness,
            **{name: value for name, value in stored.items() if kept or name != "openEnded"},
        )
    else:
        harness.run(dump(tenant(**stored)))
    job = harness.plan(dump(tenant(**changed | PLAIN)), policy="overwrite")
    assert counts(job) == {"update": 1}
    assert totals(job) == expected
    assert totals(harness.apply(job)) == expected
    now = onboarding.find(harness.store, ID)
    assert (standing(now, START) is AccessStatus.VALID) == (job.active == 1)


def test_an_active_tenant_without_a_validity_has_no_licence(harness):
    store_old_tenant(harness, **NO_DATES, status="active", version=3)
    file = dump(tenant(**PLAIN, contactFullName="Kim"))
    job = harness.plan(file, policy="overwrite")
    assert (counts(job), totals(job)) == ({"conflict": 1}, (0, 0, ("", "")))


@on_both_stores
def test_reclassified_rows_are_not_counted(harness):
    harness.run(dump(tenant(0)))
    job = harness.plan(
        lines(
            tenant(0, validTo=LATER),
            *(tenant(n, validFrom=LATER if n == 5 else END, validTo=LATER) for n in (4, 5)),
            tenant(1), tenant(2), tenant(3, validTo="2026-12-01T00:00:00.000Z"),
        ),
        policy="overwrite",
    )  # fmt: skip
    assert totals(job) == (4, 2, ("2026-12-01T00:00:00.000Z", LATER))
    # Others change the same tenants first.
    harness.raw_store.write([Add({"tenantId": "86810_3", "isActive": True})])
    harness.raw_store.write([Add({"tenantId": "86810_4", "isActive": True})])
    item = harness.raw_store.get("86810_0")
    harness.raw_store.write([Replace({**item, "version": 2, "contactFullName": "Lou"}, 1)])
    done = harness.apply(job, rows=2)
    assert counts(done) == {"new": 3, "conflict": 3}
    assert totals(done) == (2, 1, (END, END))


@on_both_stores
def test_rows_stay_in_the_order_of_the_files_after_reclassification(harness):
    harness.run(lines(*(tenant(n) for n in range(40))))
    variants = (
        lambda n: tenant(n + 100),
        lambda n: tenant(n, contactFullName="Kim", updatedAt="2040-01-01T00:00:00.000Z"),
        lambda n: tenant(n, contactFullName="Kim", updatedAt="2020-01-01T00:00:00.000Z"),
    )
    file = lines(*(variants[n % 3](n) for n in range(40)))
    job = harness.plan(file, policy="newer-wins")
    assert counts(job) == {"new": 14, "update": 13, "conflict": 13}
    for n in (0, 3, 30):
        harness.raw_store.write([Add({"tenantId": f"86810_{n + 100}", "isActive": True})])
    for n in (1, 4, 37):
        item = harness.raw_store.get(f"86810_{n}")
        harness.raw_store.write([Replace({**item, "version": 2, "contactFullName": "Lou"}, 1)])
    done = harness.apply(job, rows=5)
    assert counts(done) == {"new": 11, "update": 10, "conflict": 19}
    rows = rows_of(harness, find_job(harness.store, done.id))
    assert [row.number for row in rows] == list(range(1, 41))
