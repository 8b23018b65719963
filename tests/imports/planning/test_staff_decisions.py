"""An import changes a status or validity that staff set only if that is allowed by name."""

import dataclasses
from datetime import timedelta

import pytest

from portal import onboarding
from portal.stores.contract import Add, Replace
from portal.tenants import Reason, Status, Validity
from tests import examples
from tests.conftest import START
from tests.examples import ANN, later
from tests.imports.files import dump, tenant
from tests.imports.harness import counts, on_both_stores

ID = "86810_1"
FAR = "2035-01-01T00:00:00.000Z"
WINDOW = Validity(valid_from=START, valid_to=START + timedelta(days=400))
#: `WINDOW` as a file has it.
AS_STAFF = {"validFrom": "2026-11-23T10:00:00.000Z", "validTo": "2027-12-28T10:00:00.000Z"}
#: Newer than any decision of staff.
OLD_FILE = {"updatedAt": "2040-01-01T00:00:00.000Z"}
KEPT_WINDOW = (
    "validTo",
    "Staff set the validity. An import changes it only if changes of a validity are allowed.",
)
KEPT_STATUS = (
    "isActive",
    "Staff set the status. An import changes it only if changes of a status are allowed.",
)


def current(harness):
    return onboarding.find(harness.store, ID)


def audit_info(harness):
    """Each call is a minute after the one before."""
    return later(ANN, minutes=current(harness).version or 0)


def set_validity(harness, validity):
    version = current(harness).version
    onboarding.set_validity(
        harness.store, ID, expected_version=version, audit=audit_info(harness), validity=validity
    )


def suspend(harness):
    version = current(harness).version
    onboarding.suspend(
        harness.store, ID, expected_version=version, audit=audit_info(harness), reason=Reason.UNPAID
    )


def reinstate(harness):
    onboarding.reinstate(
        harness.store, ID, expected_version=current(harness).version, audit=audit_info(harness)
    )


def edit_contact(harness, name):
    tenant_now = current(harness)
    contact = dataclasses.replace(tenant_now.contact, name=name)
    onboarding.edit_contact(
        harness.store,
        ID,
        expected_version=tenant_now.version,
        audit=audit_info(harness),
        contact=contact,
    )


def reasons_of(harness, file, policy="overwrite", **choice):
    (row,) = harness.rows(file, policy=policy, **choice)
    assert row.kind == ("conflict" if row.reasons else "update")
    return [(each.field, each.text) for each in row.reasons]


@pytest.mark.parametrize("policy", ["newer-wins", "overwrite"])
@on_both_stores
def test_a_validity_that_staff_set_is_kept_unless_allowed(harness, policy):
    harness.run(dump(tenant()))
    set_validity(harness, WINDOW)
    edit_contact(harness, "Kim")
    file = dump(tenant(**OLD_FILE))
    assert reasons_of(harness, file, policy) == [KEPT_WINDOW]
    assert counts(harness.run(file, policy=policy, allowed=["validity"])) == {"update": 1}
    assert current(harness).validity.valid_to != WINDOW.valid_to
    # From now on the import has set it.
    assert reasons_of(harness, dump(tenant(validTo=FAR)), "overwrite") == []


@pytest.mark.parametrize("policy", ["newer-wins", "overwrite"])
@pytest.mark.parametrize(
    "between",
    [
        {"contactFullName": "Kim"},
        {"clientSecret": "another"},
        {"contactFullName": "Kim", "isActive": None},
    ],
)
@on_both_stores
def test_the_validity_stays_set_by_staff_after_an_import_that_leaves_it(harness, policy, between):
    harness.run(dump(tenant()))
    set_validity(harness, WINDOW)
    for number in range(2):
        file = dump(tenant(**AS_STAFF | between | OLD_FILE, cluster=f"eu-{number}"))
        assert counts(harness.run(file, policy="overwrite")) == {"update": 1}
    file = dump(tenant(**between | {"updatedAt": "2041-01-01T00:00:00.000Z"}, cluster="eu-1"))
    assert reasons_of(harness, file, policy) == [KEPT_WINDOW]
    job = harness.run(file, policy=policy)
    assert counts(job) == {"conflict": 1}
    assert current(harness).validity.valid_to == WINDOW.valid_to


@pytest.mark.parametrize("policy", ["newer-wins", "overwrite"])
@pytest.mark.parametrize("allowed", [[], ["validity"]])
@on_both_stores
def test_the_status_stays_set_by_staff_after_an_import_that_leaves_it(harness, policy, allowed):
    harness.run(dump(tenant(isActive=False)))
    reinstate(harness)
    file = dump(tenant(contactFullName="Kim", validTo=FAR, **OLD_FILE))
    assert counts(harness.run(file, policy="overwrite", allowed=allowed)) == {"update": 1}
    old = tenant(contactFullName="Kim", validTo=FAR, updatedAt="2041-01-01T00:00:00.000Z")
    file = dump({**old, "isActive": False})
    assert reasons_of(harness, file, policy) == [KEPT_STATUS]
    assert reasons_of(harness, file, policy, allowed=["validity"]) == [KEPT_STATUS]
    assert counts(harness.run(file, policy=policy, allowed=["status"])) == {"update": 1}
    assert current(harness).status is Status.SUSPENDED


def test_allowing_one_of_the_two_leaves_the_other_to_staff(harness):
    harness.run(dump(tenant()))
    set_validity(harness, WINDOW)
    suspend(harness)
    file = dump(tenant(**AS_STAFF))
    assert counts(harness.run(file, policy="overwrite", allowed=["status"])) == {"update": 1}
    assert reasons_of(harness, dump(tenant(isActive=False))) == [KEPT_WINDOW]


@on_both_stores
def test_a_status_that_staff_changed_back_is_set_by_staff(harness):
    harness.run(dump(tenant()))
    suspend(harness)
    reinstate(harness)
    edit_contact(harness, "Kim")
    assert reasons_of(harness, dump(tenant(isActive=False))) == [KEPT_STATUS]
    # They did not set the validity.
    assert reasons_of(harness, dump(tenant(validTo=FAR))) == []


@on_both_stores
def test_a_validity_that_staff_changed_back_is_set_by_staff(harness):
    harness.run(dump(tenant()))
    before = current(harness).validity
    set_validity(harness, WINDOW)
    set_validity(harness, before)
    edit_contact(harness, "Kim")
    assert reasons_of(harness, dump(tenant(validTo=FAR))) == [KEPT_WINDOW]
    assert reasons_of(harness, dump(tenant(isActive=False))) == []


@pytest.mark.parametrize("imported", [True, False])
@pytest.mark.parametrize("dates", [{}, {"validFrom": None, "validTo": None}])
@on_both_stores
def test_editing_the_contact_sets_neither_status_nor_validity(harness, imported, dates):
    if imported:
        open_end = {"openEnded": True} if dates else {}
        harness.run(dump(tenant(**dates, **open_end)))
    else:
        harness.raw_store.write([Add({"tenantId": ID, **tenant(clientSecret=None, **dates)})])
    edit_contact(harness, "Kim")
    edit_contact(harness, "Lou")
    file = dump(tenant(validTo=FAR, isActive=False))
    assert reasons_of(harness, file) == []
    assert counts(harness.run(file, policy="overwrite")) == {"update": 1}


@on_both_stores
def test_decisions_of_staff_about_a_tenant_of_the_old_application_are_kept(harness):
    harness.raw_store.write([Add({"tenantId": ID, **tenant(clientSecret=None)})])
    suspend(harness)
    reinstate(harness)
    assert reasons_of(harness, dump(tenant(isActive=False))) == [KEPT_STATUS]
    assert reasons_of(harness, dump(tenant(validTo=FAR))) == []
    set_validity(harness, WINDOW)
    assert reasons_of(harness, dump(tenant(isActive=False))) == [KEPT_STATUS, KEPT_WINDOW]


def test_activating_a_tenant_sets_status_and_validity(harness):
    pending = examples.sign_up(harness.store)
    active = examples.activate(harness.store, harness.sealer, pending)
    onboarding.edit_contact(
        harness.store, active.id, expected_version=active.version, audit=later(ANN, minutes=1),
        contact=examples.OTHER_CONTACT,
    )  # fmt: skip
    file = tenant(104348, isActive=False)
    assert reasons_of(harness, dump(file)) == [KEPT_STATUS, KEPT_WINDOW]


def test_an_end_that_somebody_else_closed_is_not_opened_again(harness):
    file = dump(tenant(validTo=None, openEnded=True))
    harness.run(file)
    item = dict(harness.raw_store.get(ID))
    del item["openEnded"]
    harness.raw_store.write([Replace(item, 1)])
    assert reasons_of(harness, file) == [("openEnded", KEPT_WINDOW[1])]


def test_an_import_adds_no_open_end_that_it_does_not_change(harness):
    harness.raw_store.write([Add({"tenantId": ID, **tenant(clientSecret=None)})])
    harness.run(dump(tenant(contactFullName="Kim")), policy="overwrite")
    edit_contact(harness, "Lou")
    assert "openEnded" not in harness.raw_store.get(ID)


def test_a_date_that_the_old_application_changed_after_an_import_is_kept(harness):
    harness.run(dump(tenant()))
    item = harness.raw_store.get(ID)
    harness.raw_store.write([Replace({**item, "validTo": "2026-12-24T22:59:59.999Z"}, 1)])
    edit_contact(harness, "Kim")
    assert reasons_of(harness, dump(tenant())) == [KEPT_WINDOW]
