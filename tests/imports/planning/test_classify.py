"""Which kind of row an entry becomes if its tenant is stored already."""

import pytest

from portal import onboarding, queries
from portal.imports.jobs.apply import apply_step
from portal.sealing import Secret
from portal.stores.contract import Add, Replace
from portal.tenants import Reason, Status, Verb
from portal.timestamps import format_timestamp
from tests.conftest import START
from tests.examples import ANN, later
from tests.imports.files import SECRET, dump, lines, tenant
from tests.imports.harness import ADMIN, counts, on_both_stores, rows_of

ID = "86810_1"
NEWER = "2026-03-02T10:00:00.000Z"
OLDER = "2024-03-02T10:00:00.000Z"


def current(harness):
    return onboarding.find(harness.store, ID)


@pytest.fixture
def imported(harness):
    harness.run(dump(tenant()))
    return harness


def test_a_row_shows_each_change_and_never_the_secret(imported):
    changed = tenant(
        contactFullName="Kim", validTo="2028-01-01T00:00:00.000Z", clientSecret="other"
    )
    (row,) = imported.rows(dump(changed), policy="overwrite")
    assert row.kind == "update"
    assert [(each.field, each.old, each.new) for each in row.changes] == [
        ("contactFullName", "Jörg Weiß", "Kim"),
        ("validTo", "2027-01-21T08:15:22.041Z", "2028-01-01T00:00:00.000Z"),
        ("clientSecret", "set", "set"),
    ]
    assert row.secret == "set"


@pytest.mark.parametrize(
    ("policy", "updated", "kind"),
    [
        ("skip", NEWER, "conflict"),
        ("skip", OLDER, "conflict"),
        ("newer-wins", NEWER, "update"),
        ("newer-wins", OLDER, "conflict"),
        ("newer-wins", None, "conflict"),
        ("overwrite", NEWER, "update"),
        ("overwrite", OLDER, "update"),
    ],
)
def test_the_policy_decides_which_record_counts(imported, policy, updated, kind):
    file = dump(tenant(contactFullName="Kim", updatedAt=updated))
    before = imported.tenants()
    job = imported.run(file, policy=policy)
    assert counts(job) == {kind: 1}
    if kind == "conflict":
        assert imported.tenants() == before
        assert all(row.reasons for row in rows_of(imported, job))
    else:
        assert current(imported).contact.name == "Kim"
        assert counts(imported.run(file, policy=policy)) == {"same": 1}


@pytest.mark.parametrize("word", ["unchanged", "missing", "set"])
def test_a_row_shows_a_secret_as_one_word(imported, word):
    secret = {"unchanged": SECRET, "missing": None, "set": "another"}[word]
    (row,) = imported.rows(dump(tenant(clientSecret=secret)))
    assert row.secret == word
    assert row.kind == ("conflict" if word == "set" else "same")


def test_a_secret_that_staff_replaced_differs(imported):
    onboarding.set_client(
        imported.store, imported.sealer, ID, expected_version=1, audit=ANN, client_id="000179d1",
        secret=Secret("of-staff"),
    )  # fmt: skip
    (row,) = imported.rows(dump(tenant()))
    assert (row.kind, row.secret) == ("conflict", "set")


def test_a_plaintext_secret_of_the_old_application_is_compared(harness):
    old = {"tenantId": ID, **{k: v for k, v in tenant().items() if k != "isActive"}}
    harness.raw_store.write([Add({**old, "isActive": True})])
    assert harness.kinds(dump(tenant())) == ["same"]
    assert harness.kinds(dump(tenant(clientSecret="x"))) == ["conflict"]
    assert harness.kinds(dump(tenant(clientSecret="x", updatedAt=NEWER)), policy="newer-wins") == [
        "update"
    ]


@pytest.mark.parametrize("policy", ["skip", "newer-wins", "overwrite"])
def test_no_policy_makes_a_suspended_tenant_active_unless_allowed(imported, policy):
    onboarding.suspend(imported.store, ID, expected_version=1, audit=ANN, reason=Reason.UNPAID)
    file = dump(tenant(updatedAt="2030-01-01T00:00:00.000Z"))
    assert counts(imported.run(file, policy=policy)) == {"conflict": 1}
    assert current(imported).status is Status.SUSPENDED
    if policy != "skip":
        assert counts(imported.run(file, policy=policy, allowed=["status"])) == {"update": 1}
        assert current(imported).status is Status.ACTIVE


@on_both_stores
def test_the_reason_of_a_suspension_goes_with_it_and_no_sooner(harness):
    harness.run(dump(tenant()))
    onboarding.suspend(harness.store, ID, expected_version=1, audit=ANN, reason=Reason.UNPAID)
    for given in ({"isActive": False}, {"isActive": None}):
        file = dump(tenant(contactFullName=f"Kim {given}", **given))
        assert counts(harness.run(file, policy="overwrite")) == {"update": 1}
        assert current(harness).reason == Reason.UNPAID
    harness.run(dump(tenant()), policy="overwrite", allowed=["status"])
    assert (current(harness).status, current(harness).reason) == (Status.ACTIVE, "")
    harness.run(dump(tenant(isActive=False)), policy="overwrite", allowed=["status"])
    assert (current(harness).status, current(harness).reason) == (Status.SUSPENDED, "")


def test_a_tenant_that_the_old_application_deactivated_stays_so(harness):
    harness.raw_store.write([Add({"tenantId": ID, **tenant(isActive=False, clientSecret=None)})])
    file = dump(tenant(clientSecret=None, updatedAt=NEWER))
    assert harness.kinds(file, policy="overwrite") == ["conflict"]
    assert harness.kinds(file, policy="overwrite", allowed=["status"]) == ["update"]


def test_unknown_attributes_of_a_stored_tenant_stay(imported):
    before = imported.raw_store.get(ID)
    imported.raw_store.write([Replace({**before, "somebody": "else's", "version": 2}, 1)])
    job = imported.run(dump(tenant(contactFullName="Kim", cluster=None)), policy="overwrite")
    after = imported.raw_store.get(ID)
    assert after["somebody"] == "else's"
    assert after["cluster"] == "eu"
    assert (after["version"], after["importId"]) == (3, job.id)
    assert after["clientSecret"] == before["clientSecret"]
    assert after["createdAt"] == before["createdAt"]


def test_the_history_has_each_import(imported):
    imported.run(dump(tenant(contactFullName="Kim", clientSecret="new")), policy="overwrite")
    history = queries.history(imported.store, current(imported))
    assert [(each.verb, each.by) for each in history] == [(Verb.IMPORT, "Ada Admin")] * 2
    assert {"contactFullName", "clientSecret"} in [set(each.changes) for each in history]
    assert all(each.request_id.startswith("import-") for each in history)
    assert "Kim" not in repr(imported.events())


@pytest.mark.parametrize("status", [Status.PENDING, Status.REJECTED, Status.WITHDRAWN])
def test_a_pending_or_closed_tenant_is_never_changed(harness, status):
    harness.run(dump(tenant()))
    item = harness.raw_store.get(ID)
    harness.raw_store.write([Replace({**item, "status": status.value, "isActive": False}, 1)])
    allowed = ["status", "validity"]
    assert harness.kinds(dump(tenant()), policy="overwrite", allowed=allowed) == ["conflict"]


def test_updated_at_is_the_files_if_newer_else_the_time_of_the_import(imported):
    imported.run(dump(tenant(contactFullName="Kim", updatedAt=NEWER)), policy="overwrite")
    assert imported.raw_store.get(ID)["updatedAt"] == NEWER
    imported.run(dump(tenant(contactFullName="Lou", updatedAt=OLDER)), policy="overwrite")
    assert imported.raw_store.get(ID)["updatedAt"] == format_timestamp(START)


def test_the_time_of_a_secret_is_when_it_was_imported(imported):
    audit = later(ADMIN, hours=1)
    for secret, at in ((SECRET, ADMIN.at), ("another", audit.at), (None, audit.at)):
        file = dump(tenant(contactFullName=f"Kim {secret}", clientSecret=secret))
        job = imported.plan(file, policy="overwrite")
        while job.is_open:
            job = apply_step(imported.store, job.id, audit)
        assert imported.raw_store.get(ID)["clientSecretSetAt"] == format_timestamp(at)


@pytest.mark.parametrize("files", [1, 2])
def test_the_first_of_equally_new_entries_counts(harness, files):
    pair = [tenant(contactFullName="Kim"), tenant(contactFullName="Lou")]
    files_of_pair = [lines(*pair)] if files == 1 else [dump(each) for each in pair]
    first, second = harness.rows(*files_of_pair)
    assert (first.kind, second.kind, second.duplicate_of) == ("new", "duplicate", 1)
    harness.run(*files_of_pair)
    assert current(harness).contact.name == "Kim"


@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        ({}, {}, ""),
        ({}, {"createdAt": OLDER, "clientSecret": None, "cluster": None, "isActive": None}, ""),
        ({}, {"contactFullName": "Lou", "validTo": NEWER}, "contactFullName, validTo"),
        ({}, {"clientSecret": "another", "cluster": "us"}, "cluster, clientSecret"),
        ({"clientSecret": None, "cluster": None}, {}, "cluster, clientSecret"),
        ({}, {"validTo": None, "openEnded": True}, "openEnded"),
        ({"updatedAt": NEWER}, {"contactFullName": "Lou"}, "contactFullName"),
    ],
)
@on_both_stores
def test_a_duplicate_names_the_fields_that_differ(harness, first, second, names):
    difference = f" It differs in {names}." if names else ""
    counting, duplicate = harness.rows(lines(tenant(**first), tenant(**second)))
    assert (counting.kind, duplicate.kind, duplicate.duplicate_of) == ("new", "duplicate", 1)
    assert [each.text for each in duplicate.reasons] == [
        f"Row 1 is for the same tenant, is not older, and counts instead of this row.{difference}"
    ]


def test_a_duplicate_of_another_place_names_that_place(harness):
    files = dump(tenant()), dump(tenant()), dump(tenant(contactFullName="Lou"))
    counts = "is for the same tenant, is not older, and counts instead of this row."
    assert [(row.place, [each.text for each in row.reasons]) for row in harness.rows(*files)] == [
        ("file-1.json", []),
        ("file-2.json", [f"Row 1, of file-1.json, {counts}"]),
        ("file-3.json", [f"Row 1, of file-1.json, {counts} It differs in contactFullName."]),
    ]


@on_both_stores
def test_a_plan_is_the_same_with_any_number_of_workers(harness):
    harness.run(dump(tenant(3)))
    file = lines(*(tenant(n % 300, contactFullName=f"Kim {n}") for n in range(700)))
    assert harness.rows(file, workers=8) == harness.rows(file)
