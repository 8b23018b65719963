"""A tenant as an item, and back: what the other readers of the table rely on."""

import re
from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given

from portal import records
from portal.stores.schema import KEY
from portal.tenants import Client, Contact, Ids, Status, Tenant, Validity, Verb
from tests.conftest import START
from tests.examples import ANN, IDS, OTHER_CONTACT, WINDOW
from tests.records.tenants import ACTIVE, OLD, tenants

# ---- There and back


@given(tenants())
def test_a_tenant_survives_being_an_item(tenant):
    item = records.item_of(tenant)
    assert records.tenant_of(item) == tenant
    assert records.item_of(records.tenant_of(item), item) == item


@given(tenants())
def test_an_item_is_flat_and_holds_nothing_empty(tenant):
    item = records.item_of(tenant)
    assert {type(value) for value in item.values()} <= {str, int, bool}
    assert not [name for name, value in item.items() if value == ""]


@given(tenants())
def test_is_active_is_stored_as_true_exactly_when_the_status_is_active(tenant):
    item = records.item_of(tenant)
    assert item["isActive"] is (item["status"] == "active")


def test_every_field_of_the_example_is_filled_so_that_none_is_forgotten():
    unset = {field.name for field in fields(Tenant) if not getattr(ACTIVE, field.name)}
    assert unset == {"reason", "message", "set_aside", "erased"}
    assert records.tenant_of(records.item_of(ACTIVE)) == ACTIVE


def test_the_downstream_application_finds_the_attributes_it_has_always_read():
    item = records.item_of(ACTIVE)
    assert set(OLD) <= set(item)
    assert {name: type(item[name]) for name in OLD} == {n: type(v) for n, v in OLD.items()}
    same = {"tenantId", "accountId", "companyId", "gsi1pk", "gsi1sk", "isActive", "cluster"}
    assert {name: item[name] for name in same} == {name: OLD[name] for name in same}


def test_every_instant_is_written_as_to_iso_string_writes_it():
    item = records.item_of(ACTIVE)
    written = {name: item[name] for name in item if name.endswith(("At", "From", "To"))}
    assert set(written) == {
        "validFrom", "validTo", "createdAt", "updatedAt", "decidedAt", "clientSecretSetAt",
    }  # fmt: skip
    for text in written.values():
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(text))


# ---- What the old application wrote


def test_an_old_row_is_read_as_it_is():
    tenant = records.tenant_of(OLD)
    assert (tenant.id, tenant.status, tenant.version) == ("86810_104348", Status.ACTIVE, None)
    assert tenant.is_final
    assert tenant.ids == IDS
    assert tenant.validity == Validity(
        valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        valid_to=datetime(2026, 12, 31, 23, 59, 59, 999000, tzinfo=UTC),
    )
    assert tenant.client == Client(id="client-1", sealed_secret="an old plain secret")
    assert tenant.decision is None


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"isActive": True}, Status.ACTIVE),
        ({"isActive": False}, Status.SUSPENDED),
        ({}, Status.SUSPENDED),
        ({"isActive": "true"}, Status.SUSPENDED),
        ({"isActive": 1}, Status.SUSPENDED),
        ({"status": "pending", "isActive": True}, Status.PENDING),
        ({"status": "suspended", "isActive": True}, Status.SUSPENDED),
        ({"status": "no such", "isActive": True}, Status.ACTIVE),
        ({"status": "no such"}, Status.SUSPENDED),
        ({"status": 7, "isActive": False}, Status.SUSPENDED),
    ],
)
def test_without_a_status_is_active_alone_decides(said, status):
    assert records.status_of(said) is status


def test_an_old_row_names_its_ids_by_its_key_alone():
    tenant = records.tenant_of({"tenantId": "86810_104348", "isActive": True})
    assert tenant.ids == Ids(account_id="86810", company_id="104348")


def test_what_an_old_row_lacks_reads_as_empty():
    tenant = records.tenant_of({"tenantId": "legacy"})
    assert (tenant.ids, tenant.contact) == (None, Contact(company="", name="", email=""))
    assert (tenant.created_at, tenant.updated_at, tenant.version) == (None, None, None)


@pytest.mark.parametrize("odd", [7, True, -1])
def test_a_value_of_another_type_reads_as_missing(odd):
    names = set(OLD) - {KEY, "isActive", "accountId", "companyId"}
    tenant = records.tenant_of({**OLD, **dict.fromkeys(names, odd), "decidedAt": odd})
    assert tenant.contact == Contact(company="", name="", email="")
    assert (tenant.validity, tenant.client, tenant.decision) == (Validity(), Client(), None)


def test_a_decision_that_this_portal_does_not_know_is_none_rather_than_an_error():
    item = {**records.item_of(ACTIVE), "decidedVerb": "invented_later"}
    assert records.tenant_of(item).decision is None


@pytest.mark.parametrize(
    ("row", "open_ended"),
    [
        ({}, True),
        ({"validFrom": "2026-01-01T00:00:00.000Z"}, True),
        ({"validTo": "2026-01-01T00:00:00.000Z"}, True),
        ({"validTo": ""}, True),
        ({"validTo": "31.12.2026"}, False),
        ({"validTo": "2026-12-31"}, False),
        ({"validFrom": "soon"}, False),
        ({"validTo": 1795341600000}, False),
        ({"status": "active"}, False),
        ({"status": "active", "openEnded": True}, True),
        ({"status": "active", "openEnded": "true"}, False),
        ({"status": "active", "openEnded": True, "validTo": "soon"}, False),
    ],
)
def test_a_window_is_open_only_where_nothing_was_lost_in_reading_it(row, open_ended):
    assert records.validity_of(row).open_ended is open_ended


# ---- What somebody else wrote is kept

FOREIGN = {"creditLimit": 7, "notes_from_crm": "x", "isVip": True, "nextOfKin": "y"}


def test_attributes_that_the_portal_does_not_know_are_kept_as_they_are():
    after = records.tenant_of(OLD).changed(Verb.SUSPEND, ANN)
    item = records.item_of(after, {**OLD, **FOREIGN})
    assert {name: item[name] for name in FOREIGN} == FOREIGN


def test_what_the_portal_does_know_never_comes_back_from_before():
    before = records.item_of(replace(ACTIVE, message="words", reason="r", set_aside=True))
    bare = replace(ACTIVE, contact=OTHER_CONTACT, client=Client(), validity=Validity())
    after = records.item_of(bare, before)
    gone = {
        "message", "reason", "setAside", "clientId", "clientSecret", "clientSecretSetAt",
        "validFrom", "validTo", "contactPhone", "contactPhoneTyped", "contactPhoneExtension",
    }  # fmt: skip
    assert gone <= set(before) - set(after)


@pytest.mark.parametrize("name", ["validFrom", "validTo", "createdAt", "updatedAt"])
@pytest.mark.parametrize("value", ["31.12.2026", "2026-12-31", 1795341600000])
def test_a_date_that_cannot_be_read_stays_until_somebody_replaces_it(name, value):
    before = {**OLD, name: value}
    untouched = replace(records.tenant_of(before), status=Status.SUSPENDED)
    assert records.item_of(untouched, before)[name] == value
    replaced = replace(untouched, validity=WINDOW, created_at=START, updated_at=START)
    assert records.item_of(replaced, before)[name] != value


def test_a_licence_whose_end_was_lost_stays_closed_after_it_was_changed_elsewhere():
    before = {**OLD, "validTo": "31.12.2026"}
    item = records.item_of(records.tenant_of(before).changed(Verb.EDIT_CONTACT, ANN), before)
    assert item["status"] == "active"
    assert records.validity_of(item) == records.validity_of(before)
    assert not records.validity_of(item).open_ended
