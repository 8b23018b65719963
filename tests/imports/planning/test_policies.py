"""What becomes of a row beside a tenant that is there already."""

import pytest

from portal import onboarding, queries
from portal.imports.jobs.apply import apply_step
from portal.sealing.sealers import Secret
from portal.stores.contract import Add, Replace
from portal.tenants import Reason, Status, Verb
from portal.timestamps import format_timestamp
from tests.conftest import START
from tests.examples import ANN, later
from tests.imports.importing import ADMIN, SECRET, counts, dump, lines, rows_of, tenant

ID = "86810_1"
NEWER = "2026-03-02T10:00:00.000Z"
OLDER = "2024-03-02T10:00:00.000Z"


def current(importer):
    return onboarding.find(importer.store, ID)


@pytest.fixture
def imported(importer):
    importer.run(dump(tenant()))
    return importer


def test_a_difference_is_told_field_by_field_and_the_secret_never(imported):
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
def test_the_policy_decides_which_counts(imported, policy, updated, kind):
    file = dump(tenant(contactFullName="Kim", updatedAt=updated))
    before = imported.tenants()
    run = imported.run(file, policy=policy)
    assert counts(run) == {kind: 1}
    if kind == "conflict":
        assert imported.tenants() == before
        assert all(row.reasons for row in rows_of(imported, run))
    else:
        assert current(imported).contact.name == "Kim"
        assert counts(imported.run(file, policy=policy)) == {"same": 1}


@pytest.mark.parametrize("word", ["unchanged", "missing", "set"])
def test_a_secret_is_told_by_one_word(imported, word):
    secret = {"unchanged": SECRET, "missing": None, "set": "another"}[word]
    (row,) = imported.rows(dump(tenant(clientSecret=secret)))
    assert row.secret == word
    assert row.kind == ("conflict" if word == "set" else "same")


def test_a_secret_that_staff_replaced_is_another_one(imported):
    onboarding.set_client(
        imported.store, imported.sealer, ID, expected_version=1, audit=ANN, client_id="000179d1",
        secret=Secret("of-staff"),
    )  # fmt: skip
    (row,) = imported.rows(dump(tenant()))
    assert (row.kind, row.secret) == ("conflict", "set")


def test_a_plaintext_secret_of_the_old_application_is_compared_and_sealed_later(importer):
    old = {"tenantId": ID, **{k: v for k, v in tenant().items() if k != "isActive"}}
    importer.kept.write([Add({**old, "isActive": True})])
    assert importer.kinds(dump(tenant())) == ["same"]
    assert importer.kinds(dump(tenant(clientSecret="x"))) == ["conflict"]
    assert importer.kinds(dump(tenant(clientSecret="x", updatedAt=NEWER)), policy="newer-wins") == [
        "update"
    ]


@pytest.mark.parametrize("policy", ["skip", "newer-wins", "overwrite"])
def test_no_policy_makes_a_suspended_tenant_active_unless_asked_by_name(imported, policy):
    onboarding.suspend(imported.store, ID, expected_version=1, audit=ANN, reason=Reason.UNPAID)
    file = dump(tenant(updatedAt="2030-01-01T00:00:00.000Z"))
    assert counts(imported.run(file, policy=policy)) == {"conflict": 1}
    assert current(imported).status is Status.SUSPENDED
    if policy != "skip":
        assert counts(imported.run(file, policy=policy, allowed=["status"])) == {"update": 1}
        assert current(imported).status is Status.ACTIVE


def test_why_a_tenant_was_suspended_goes_with_its_suspension_and_no_sooner(either):
    either.run(dump(tenant()))
    onboarding.suspend(either.store, ID, expected_version=1, audit=ANN, reason=Reason.UNPAID)
    for given in ({"isActive": False}, {"isActive": None}):
        file = dump(tenant(contactFullName=f"Kim {given}", **given))
        assert counts(either.run(file, policy="overwrite")) == {"update": 1}
        assert current(either).reason == Reason.UNPAID
    either.run(dump(tenant()), policy="overwrite", allowed=["status"])
    assert (current(either).status, current(either).reason) == (Status.ACTIVE, "")
    either.run(dump(tenant(isActive=False)), policy="overwrite", allowed=["status"])
    assert (current(either).status, current(either).reason) == (Status.SUSPENDED, "")


def test_a_tenant_that_the_old_application_switched_off_stays_off(importer):
    importer.kept.write([Add({"tenantId": ID, **tenant(isActive=False, clientSecret=None)})])
    file = dump(tenant(clientSecret=None, updatedAt=NEWER))
    assert importer.kinds(file, policy="overwrite") == ["conflict"]
    assert importer.kinds(file, policy="overwrite", allowed=["status"]) == ["update"]


def test_what_an_import_does_not_know_of_a_tenant_stays(imported):
    before = imported.kept.get(ID)
    imported.kept.write([Replace({**before, "somebody": "else's", "version": 2}, 1)])
    run = imported.run(dump(tenant(contactFullName="Kim", cluster=None)), policy="overwrite")
    after = imported.kept.get(ID)
    assert after["somebody"] == "else's"
    assert after["cluster"] == "eu"
    assert (after["version"], after["importId"]) == (3, run.id)
    assert after["clientSecret"] == before["clientSecret"]
    assert after["createdAt"] == before["createdAt"]


def test_the_history_tells_each_import(imported):
    imported.run(dump(tenant(contactFullName="Kim", clientSecret="new")), policy="overwrite")
    history = queries.history(imported.store, current(imported))
    assert [(each.verb, each.by) for each in history] == [(Verb.IMPORT, "Ada Admin")] * 2
    assert {"contactFullName", "clientSecret"} in [set(each.changes) for each in history]
    assert all(each.request_id.startswith("import-") for each in history)
    assert "Kim" not in repr(imported.events())


@pytest.mark.parametrize("status", [Status.PENDING, Status.REJECTED, Status.WITHDRAWN])
def test_a_tenant_that_is_closed_or_waits_is_kept_whatever_is_asked(importer, status):
    importer.run(dump(tenant()))
    item = importer.kept.get(ID)
    importer.kept.write([Replace({**item, "status": status.value, "isActive": False}, 1)])
    allowed = ["status", "validity"]
    assert importer.kinds(dump(tenant()), policy="overwrite", allowed=allowed) == ["conflict"]


def test_when_it_was_changed_is_the_files_word_if_that_is_newer_and_else_the_imports(imported):
    imported.run(dump(tenant(contactFullName="Kim", updatedAt=NEWER)), policy="overwrite")
    assert imported.kept.get(ID)["updatedAt"] == NEWER
    imported.run(dump(tenant(contactFullName="Lou", updatedAt=OLDER)), policy="overwrite")
    assert imported.kept.get(ID)["updatedAt"] == format_timestamp(START)


def test_when_a_secret_was_set_is_when_it_came(imported):
    audit = later(ADMIN, hours=1)
    for secret, at in ((SECRET, ADMIN.at), ("another", audit.at), (None, audit.at)):
        file = dump(tenant(contactFullName=f"Kim {secret}", clientSecret=secret))
        run = imported.plan(file, policy="overwrite")
        while run.is_open:
            run = apply_step(imported.store, run.id, audit)
        assert imported.kept.get(ID)["clientSecretSetAt"] == format_timestamp(at)


@pytest.mark.parametrize("files", [1, 2])
def test_of_equally_new_ones_the_first_counts(importer, files):
    pair = [tenant(contactFullName="Kim"), tenant(contactFullName="Lou")]
    handed_in = [lines(*pair)] if files == 1 else [dump(each) for each in pair]
    first, second = importer.rows(*handed_in)
    assert (first.kind, second.kind, second.duplicate_of) == ("new", "duplicate", 1)
    importer.run(*handed_in)
    assert current(importer).contact.name == "Kim"


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
def test_a_duplicate_says_which_of_its_values_stand_nowhere_else(either, first, second, names):
    files = dump(tenant(**first)), dump(tenant(**second))
    more = f" It differs in {names}." if names else ""
    planned, other = either.rows(*files)
    assert (planned.kind, other.kind, other.duplicate_of) == ("new", "duplicate", 1)
    assert [each.text for each in other.reasons] == [
        f"Row 1 is for the same tenant, is not older, and counts instead of this row.{more}"
    ]


def test_a_plan_is_the_same_however_many_look_up_at_a_time(either):
    either.run(dump(tenant(3)))
    file = lines(*(tenant(n % 300, contactFullName=f"Kim {n}") for n in range(700)))
    assert either.rows(file, workers=8) == either.rows(file)
