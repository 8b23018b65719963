"""No import moves a status or a validity that staff have set, unless it is asked for by name."""

import dataclasses
from datetime import timedelta

import pytest

from portal import onboarding
from portal.stores.contract import Add, Replace
from portal.tenants import Reason, Status, Validity
from tests import examples
from tests.conftest import START
from tests.examples import ANN, later
from tests.imports.importing import counts, dump, tenant

ID = "86810_1"
FAR = "2035-01-01T00:00:00.000Z"
WINDOW = Validity(valid_from=START, valid_to=START + timedelta(days=400))
#: WINDOW, as a file has it.
AS_STAFF = {"validFrom": "2026-11-23T10:00:00.000Z", "validTo": "2027-12-28T10:00:00.000Z"}
#: Newer than whatever staff do.
OLD_FILE = {"updatedAt": "2040-01-01T00:00:00.000Z"}
KEPT_WINDOW = (
    "validTo",
    "Staff set the validity. An import changes it only if changes of a validity are allowed.",
)
KEPT_STATUS = (
    "isActive",
    "Staff set the status. An import changes it only if changes of a status are allowed.",
)


def current(importer):
    return onboarding.find(importer.store, ID)


def audit_info(importer):
    """Each a minute behind the one before it."""
    return later(ANN, minutes=current(importer).version or 0)


def set_validity(importer, window):
    seen = current(importer).version
    onboarding.set_validity(
        importer.store, ID, expected_version=seen, audit=audit_info(importer), validity=window
    )


def suspend(importer):
    seen = current(importer).version
    onboarding.suspend(
        importer.store, ID, expected_version=seen, audit=audit_info(importer), reason=Reason.UNPAID
    )


def reinstate(importer):
    onboarding.reinstate(
        importer.store, ID, expected_version=current(importer).version, audit=audit_info(importer)
    )


def edit_contact(importer, name):
    now = current(importer)
    contact = dataclasses.replace(now.contact, name=name)
    onboarding.edit_contact(
        importer.store,
        ID,
        expected_version=now.version,
        audit=audit_info(importer),
        contact=contact,
    )


def reasons(importer, file, policy="overwrite", **choice):
    (row,) = importer.rows(file, policy=policy, **choice)
    assert row.kind == ("conflict" if row.reasons else "update")
    return [(each.field, each.text) for each in row.reasons]


@pytest.mark.parametrize("policy", ["newer-wins", "overwrite"])
def test_a_validity_that_staff_set_is_kept_unless_asked_by_name(either, policy):
    either.run(dump(tenant()))
    set_validity(either, WINDOW)
    edit_contact(either, "Kim")
    file = dump(tenant(**OLD_FILE))
    assert reasons(either, file, policy) == [KEPT_WINDOW]
    assert counts(either.run(file, policy=policy, allowed=["validity"])) == {"update": 1}
    assert current(either).validity.valid_to != WINDOW.valid_to
    # From now on it is the import's.
    assert reasons(either, dump(tenant(validTo=FAR)), "overwrite") == []


@pytest.mark.parametrize("policy", ["newer-wins", "overwrite"])
@pytest.mark.parametrize(
    "between",
    [
        {"contactFullName": "Kim"},
        {"clientSecret": "another"},
        {"contactFullName": "Kim", "isActive": None},
    ],
)
def test_an_import_in_between_that_leaves_the_validity_takes_nothing_from_staff(
    either, policy, between
):
    either.run(dump(tenant()))
    set_validity(either, WINDOW)
    for number in range(2):
        file = dump(tenant(**AS_STAFF | between | OLD_FILE, cluster=f"eu-{number}"))
        assert counts(either.run(file, policy="overwrite")) == {"update": 1}
    file = dump(tenant(**between | {"updatedAt": "2041-01-01T00:00:00.000Z"}, cluster="eu-1"))
    assert reasons(either, file, policy) == [KEPT_WINDOW]
    run = either.run(file, policy=policy)
    assert counts(run) == {"conflict": 1}
    assert current(either).validity.valid_to == WINDOW.valid_to


@pytest.mark.parametrize("policy", ["newer-wins", "overwrite"])
@pytest.mark.parametrize("allowed", [[], ["validity"]])
def test_an_import_in_between_that_leaves_the_status_takes_nothing_from_staff(
    either, policy, allowed
):
    either.run(dump(tenant(isActive=False)))
    reinstate(either)
    file = dump(tenant(contactFullName="Kim", validTo=FAR, **OLD_FILE))
    assert counts(either.run(file, policy="overwrite", allowed=allowed)) == {"update": 1}
    old = tenant(contactFullName="Kim", validTo=FAR, updatedAt="2041-01-01T00:00:00.000Z")
    file = dump({**old, "isActive": False})
    assert reasons(either, file, policy) == [KEPT_STATUS]
    assert reasons(either, file, policy, allowed=["validity"]) == [KEPT_STATUS]
    assert counts(either.run(file, policy=policy, allowed=["status"])) == {"update": 1}
    assert current(either).status is Status.SUSPENDED


def test_what_is_allowed_for_one_of_the_two_leaves_the_other_to_staff(importer):
    importer.run(dump(tenant()))
    set_validity(importer, WINDOW)
    suspend(importer)
    file = dump(tenant(**AS_STAFF))
    assert counts(importer.run(file, policy="overwrite", allowed=["status"])) == {"update": 1}
    assert reasons(importer, dump(tenant(isActive=False))) == [KEPT_WINDOW]


def test_a_status_that_staff_took_back_is_their_decision_for_all_that(either):
    either.run(dump(tenant()))
    suspend(either)
    reinstate(either)
    edit_contact(either, "Kim")
    assert reasons(either, dump(tenant(isActive=False))) == [KEPT_STATUS]
    # Of the validity they said nothing.
    assert reasons(either, dump(tenant(validTo=FAR))) == []


def test_a_window_that_staff_moved_and_moved_back_is_their_decision_for_all_that(either):
    either.run(dump(tenant()))
    before = current(either).validity
    set_validity(either, WINDOW)
    set_validity(either, before)
    edit_contact(either, "Kim")
    assert reasons(either, dump(tenant(validTo=FAR))) == [KEPT_WINDOW]
    assert reasons(either, dump(tenant(isActive=False))) == []


@pytest.mark.parametrize("imported", [True, False])
@pytest.mark.parametrize("window", [{}, {"validFrom": None, "validTo": None}])
def test_a_contact_that_staff_edit_is_no_decision_about_anything_else(either, imported, window):
    if imported:
        opens = {"openEnded": True} if window else {}
        either.run(dump(tenant(**window, **opens)))
    else:
        either.kept.write([Add({"tenantId": ID, **tenant(clientSecret=None, **window)})])
    edit_contact(either, "Kim")
    edit_contact(either, "Lou")
    file = dump(tenant(validTo=FAR, isActive=False))
    assert reasons(either, file) == []
    assert counts(either.run(file, policy="overwrite")) == {"update": 1}


def test_what_staff_decide_about_a_tenant_of_the_old_application_is_kept(either):
    either.kept.write([Add({"tenantId": ID, **tenant(clientSecret=None)})])
    suspend(either)
    reinstate(either)
    assert reasons(either, dump(tenant(isActive=False))) == [KEPT_STATUS]
    assert reasons(either, dump(tenant(validTo=FAR))) == []
    set_validity(either, WINDOW)
    assert reasons(either, dump(tenant(isActive=False))) == [KEPT_STATUS, KEPT_WINDOW]


def test_a_tenant_that_staff_activated_is_theirs(importer):
    pending = examples.sign_up(importer.store)
    active = examples.activate(importer.store, importer.sealer, pending)
    onboarding.edit_contact(
        importer.store, active.id, expected_version=active.version, audit=later(ANN, minutes=1),
        contact=examples.OTHER_CONTACT,
    )  # fmt: skip
    file = tenant(104348, isActive=False)
    assert reasons(importer, dump(file)) == [KEPT_STATUS, KEPT_WINDOW]


def test_a_window_that_was_closed_by_somebody_else_is_not_opened_again(importer):
    file = dump(tenant(validTo=None, openEnded=True))
    importer.run(file)
    item = dict(importer.kept.get(ID))
    del item["openEnded"]
    importer.kept.write([Replace(item, 1)])
    assert reasons(importer, file) == [("openEnded", KEPT_WINDOW[1])]


def test_an_import_says_nothing_of_an_end_that_it_leaves(importer):
    importer.kept.write([Add({"tenantId": ID, **tenant(clientSecret=None)})])
    importer.run(dump(tenant(contactFullName="Kim")), policy="overwrite")
    edit_contact(importer, "Lou")
    assert "openEnded" not in importer.kept.get(ID)


def test_what_the_old_application_moved_after_an_import_is_kept_too(importer):
    importer.run(dump(tenant()))
    item = importer.kept.get(ID)
    importer.kept.write([Replace({**item, "validTo": "2026-12-24T22:59:59.999Z"}, 1)])
    edit_contact(importer, "Kim")
    assert reasons(importer, dump(tenant())) == [KEPT_WINDOW]
