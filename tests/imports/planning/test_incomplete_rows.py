"""Imports of tenants whose rows the old application left incomplete."""

import json

import pytest

from portal import onboarding, records
from portal.imports.reports.export import export_tenant, reimport_problem
from portal.stores.contract import Add, Replace
from portal.tenants import AccessStatus, Gap, standing
from tests.conftest import START
from tests.examples import ANN
from tests.imports.files import dump, tenant
from tests.imports.harness import counts, on_both_stores, reasons

ID = "86810_1"
END = "2027-01-21T08:15:22.041Z"
PLAIN = {"clientSecret": None}
NO_END = {**PLAIN, "validTo": None}
NEVER_ENDS = {**NO_END, "openEnded": True}
NOT_UNASKED = (
    "openEnded",
    (
        "The old application saved no end. An import makes this tenant valid without an end only"
        " if changes of a validity are allowed."
    ),
)
BY_STAFF = (
    "validTo",
    "Staff set the validity. An import changes it only if changes of a validity are allowed.",
)


def store_old_row(harness, **changed):
    harness.raw_store.write([Add({"tenantId": ID, **tenant(**{**NO_END, **changed})})])


def access(harness):
    return standing(onboarding.find(harness.store, ID), START)


def gaps(harness):
    return records.open_gaps(harness.raw_store.get(ID))


def keep(harness):
    row = harness.raw_store.get(ID)
    after, event = onboarding.kept(row, ANN)
    harness.raw_store.write([Replace(after, None, read=row), Add(event)])


@pytest.mark.parametrize("policy", ["newer-wins", "overwrite"])
@on_both_stores
def test_an_end_in_the_file_completes_the_row(harness, policy):
    store_old_row(harness)
    assert (access(harness), gaps(harness)) == (AccessStatus.WINDOW_MISSING, (Gap.END,))
    file = dump(tenant(**PLAIN, validTo=END, updatedAt="2026-01-01T00:00:00.000Z"))
    assert counts(harness.run(file)) == {"conflict": 1}
    assert access(harness) is AccessStatus.WINDOW_MISSING
    assert counts(harness.run(file, policy=policy)) == {"update": 1}
    assert (access(harness), gaps(harness)) == (AccessStatus.VALID, ())


@on_both_stores
def test_a_file_without_an_end_makes_the_row_valid_only_if_that_is_allowed(harness):
    store_old_row(harness)
    file = dump(tenant(**NEVER_ENDS))
    (row,) = harness.rows(file, policy="overwrite")
    assert (row.kind, reasons(row)) == ("conflict", [NOT_UNASKED])
    harness.run(file, policy="overwrite")
    assert access(harness) is AccessStatus.WINDOW_MISSING
    assert counts(harness.run(file, policy="overwrite", allowed=["validity"])) == {"update": 1}
    assert (access(harness), gaps(harness)) == (AccessStatus.VALID, ())


@on_both_stores
def test_another_change_leaves_the_row_incomplete(harness):
    store_old_row(harness, contactFullName=None)
    assert gaps(harness) == (Gap.END, Gap.CONTACT)
    file = dump(tenant(**PLAIN, validTo=END))
    (row,) = harness.rows(file, policy="overwrite")
    assert {change.field for change in row.changes} >= {"contactFullName", "validTo"}
    # What an import that knows no end can change: an invalid row changes nothing at all.
    assert harness.kinds(dump(tenant(**NO_END))) == ["invalid"]
    assert gaps(harness) == (Gap.END, Gap.CONTACT)


@on_both_stores
def test_an_import_does_not_move_the_end_of_a_row_that_was_kept(harness):
    store_old_row(harness)
    keep(harness)
    file = dump(tenant(**PLAIN, validTo=END, updatedAt="2040-01-01T00:00:00.000Z"))
    (row,) = harness.rows(file, policy="overwrite")
    assert (row.kind, reasons(row)) == ("conflict", [BY_STAFF])
    assert harness.kinds(dump(tenant(**NEVER_ENDS))) == ["same"]
    assert counts(harness.run(file, policy="overwrite", allowed=["validity"])) == {"update": 1}
    assert harness.raw_store.get(ID)["validTo"] == END


@on_both_stores
def test_a_file_with_a_cluster_replaces_one_that_is_none(harness):
    store_old_row(harness, validTo=END, cluster="evil.example/")
    assert gaps(harness) == (Gap.CLUSTER,)
    assert counts(harness.run(dump(tenant(**PLAIN)), policy="overwrite")) == {"update": 1}
    assert (harness.raw_store.get(ID)["cluster"], gaps(harness)) == ("eu", ())


def test_an_export_says_that_a_row_never_ends_only_if_that_was_answered(harness):
    store_old_row(harness)
    exported = export_tenant(harness.raw_store.get(ID))
    assert exported is not None
    assert "openEnded" not in exported
    assert "validTo" in reimport_problem(exported, 32)
    keep(harness)
    exported = export_tenant(harness.raw_store.get(ID))
    assert exported is not None
    assert (exported["openEnded"], reimport_problem(exported, 32)) == (True, "")
    assert harness.kinds(json.dumps(exported).encode()) == ["same"]
