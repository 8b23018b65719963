"""The window of a licence in an import: what is shown of it, and what it gives to how many."""

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
from tests.imports.importing import counts, dump, lines, rows_of, tenant

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


def given(run):
    return run.active, run.later, run.until


def kept(importer, **item):
    importer.kept.write([Add({"tenantId": ID, **tenant(**PLAIN | item)})])


def window(importer):
    item = importer.kept.get(ID)
    return {name: item[name] for name in sorted(VALIDITY_FIELDS) if name in item}


# ---- A window without an end is a field like others


def test_a_missing_end_is_invalid_unless_the_file_says_that_there_is_none(importer):
    assert importer.kinds(dump(tenant(validTo=None))) == ["invalid"]
    assert importer.kinds(dump(tenant(validTo=None, openEnded=True))) == ["new"]
    importer.run(dump(tenant(validTo=None, openEnded=True)))
    assert records.validity_of(importer.kept.get(ID)).open_ended


def test_a_licence_may_begin_and_end_at_the_same_instant_and_not_end_before(importer):
    assert importer.kinds(dump(tenant(validFrom=END, validTo=END))) == ["new"]
    assert importer.kinds(dump(tenant(validFrom=LATER, validTo=END))) == ["invalid"]


def test_an_active_tenant_without_a_window_gets_none_unseen(either):
    kept(either, **NO_DATES, status="active", version=3)
    file = dump(tenant(**PLAIN, **OPEN, contactFullName="Kim"))
    (row,) = either.rows(file, policy="overwrite")
    assert row.kind == "conflict"
    assert ("openEnded", "false", "true") in changes(row)
    text = "Staff set the validity. An import changes it only if changes of a validity are allowed."
    assert [(each.field, each.text) for each in row.reasons] == [("openEnded", text)]
    either.run(file, policy="overwrite")
    assert standing(onboarding.find(either.store, ID), START) is AccessStatus.WINDOW_MISSING
    assert counts(either.run(file, policy="overwrite", allowed=["validity"])) == {"update": 1}
    assert standing(onboarding.find(either.store, ID), START) is AccessStatus.VALID


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
def test_what_opens_or_closes_a_window_is_shown_and_then_settled(either, before, after, expected):
    either.run(dump(tenant(**before)))
    (row,) = either.rows(dump(tenant(**after)), policy="overwrite")
    assert changes(row) == expected
    assert row.kind == ("update" if expected else "same")
    stood = window(either)
    file = dump(tenant(**after, contactFullName="Kim"))
    assert counts(either.run(file, policy="overwrite")) == {"update": 1}
    if not expected:
        assert window(either) == stood
    before_again = either.tenants()
    assert counts(either.run(file, policy="overwrite")) == {"same": 1}
    export = json.dumps(export_tenant(either.kept.get(ID))).encode()
    assert counts(either.run(export, policy="overwrite")) == {"same": 1}
    assert either.tenants() == before_again


@pytest.mark.parametrize(
    ("stored", "told"), [("31.12.2026", "31.12.2026"), (20261231, "20261231"), (True, "True")]
)
@pytest.mark.parametrize("status", [{}, {"status": "active", "version": 3}])
def test_a_date_that_nobody_can_read_goes_where_the_row_says_that_there_is_none(
    either, stored, told, status
):
    kept(either, **status, validTo=stored)
    file = dump(tenant(**PLAIN, validTo=None, openEnded=True))
    (row,) = either.rows(file, policy="overwrite", allowed=["validity"])
    assert changes(row) == [("validTo", told, ""), ("openEnded", "false", "true")]
    assert counts(either.run(file, policy="overwrite", allowed=["validity"])) == {"update": 1}
    assert window(either) == {"openEnded": True, "validFrom": "2025-01-07T08:15:22.041Z"}
    assert counts(either.run(file, policy="overwrite")) == {"same": 1}


def test_a_date_that_nobody_can_read_stays_where_the_row_is_about_something_else(importer):
    kept(importer, createdAt="7.1.2025")
    run = importer.run(dump(tenant(**PLAIN, contactFullName="Kim")), policy="overwrite")
    assert counts(run) == {"update": 1}
    assert importer.kept.get(ID)["createdAt"] == "7.1.2025"


# ---- How many would be active, and until when


def test_a_plan_says_how_many_could_use_the_application_and_until_when(importer):
    run = importer.plan(
        dump(
            tenant(1),
            tenant(2, validTo=LATER),
            tenant(3, isActive=False),
            tenant(4, validTo="2026-01-01T00:00:00.000Z"),
        )
    )
    assert given(run) == (2, 0, (END, LATER))


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
@pytest.mark.parametrize("beside", [None, "old", "imported"])
def test_a_tenant_counts_as_what_it_would_be(importer, changed, expected, beside):
    file = dump(tenant(**changed | PLAIN))
    if beside == "old":
        kept(importer, isActive=False, contactFullName="Lou")
    elif beside == "imported":
        importer.run(dump(tenant(isActive=False, contactFullName="Lou")))
    run = importer.plan(file, policy="overwrite", allowed=["status"])
    assert given(run) == expected
    done = importer.apply(run)
    assert given(done) == given(find_job(importer.store, run.id)) == expected


@pytest.mark.parametrize("beside", ["old", "imported"])
@pytest.mark.parametrize(
    ("stored", "changed", "expected"),
    [
        # The file says nothing of the status, or nothing that is not so already.
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
def test_an_update_counts_as_what_it_makes_of_the_tenant(either, beside, stored, changed, expected):
    if beside == "old":
        kept(either, **{name: value for name, value in stored.items() if name != "openEnded"})
    else:
        either.run(dump(tenant(**stored)))
    run = either.plan(dump(tenant(**changed | PLAIN)), policy="overwrite")
    assert counts(run) == {"update": 1}
    assert given(run) == expected
    assert given(either.apply(run)) == expected
    now = onboarding.find(either.store, ID)
    assert (standing(now, START) is AccessStatus.VALID) == (run.active == 1)


def test_an_active_tenant_that_stays_without_a_window_gets_no_licence(importer):
    kept(importer, **NO_DATES, status="active", version=3)
    file = dump(tenant(**PLAIN, contactFullName="Kim"))
    run = importer.plan(file, policy="overwrite")
    assert (counts(run), given(run)) == ({"conflict": 1}, (0, 0, ("", "")))


def test_what_turned_out_otherwise_or_was_not_reached_is_not_counted(either):
    either.run(dump(tenant(0)))
    run = either.plan(
        lines(
            tenant(0, validTo=LATER),
            *(tenant(n, validFrom=LATER if n == 5 else END, validTo=LATER) for n in (4, 5)),
            tenant(1), tenant(2), tenant(3, validTo="2026-12-01T00:00:00.000Z"),
        ),
        policy="overwrite",
    )  # fmt: skip
    assert given(run) == (4, 2, ("2026-12-01T00:00:00.000Z", LATER))
    # Others were sooner.
    either.kept.write([Add({"tenantId": "86810_3", "isActive": True})])
    either.kept.write([Add({"tenantId": "86810_4", "isActive": True})])
    item = either.kept.get("86810_0")
    either.kept.write([Replace({**item, "version": 2, "contactFullName": "Lou"}, 1)])
    done = either.apply(run, rows=2)
    assert counts(done) == {"new": 3, "conflict": 3}
    assert given(done) == (2, 1, (END, END))


def test_the_rows_stay_in_the_order_of_the_files_whatever_turned_out_otherwise(either):
    either.run(lines(*(tenant(n) for n in range(40))))
    in_turn = (
        lambda n: tenant(n + 100),
        lambda n: tenant(n, contactFullName="Kim", updatedAt="2040-01-01T00:00:00.000Z"),
        lambda n: tenant(n, contactFullName="Kim", updatedAt="2020-01-01T00:00:00.000Z"),
    )
    file = lines(*(in_turn[n % 3](n) for n in range(40)))
    run = either.plan(file, policy="newer-wins")
    assert counts(run) == {"new": 14, "update": 13, "conflict": 13}
    for n in (0, 3, 30):
        either.kept.write([Add({"tenantId": f"86810_{n + 100}", "isActive": True})])
    for n in (1, 4, 37):
        item = either.kept.get(f"86810_{n}")
        either.kept.write([Replace({**item, "version": 2, "contactFullName": "Lou"}, 1)])
    done = either.apply(run, rows=5)
    assert counts(done) == {"new": 11, "update": 10, "conflict": 19}
    rows = rows_of(either, find_job(either.store, done.id))
    assert [row.number for row in rows] == list(range(1, 41))
