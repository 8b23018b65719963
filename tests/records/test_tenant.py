"""A tenant as an item, and back: what the other readers of the table rely on."""

import re
from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given

from portal import records
from portal.stores.contract import Item
from portal.stores.schema import KEY
from portal.tenants import Client, Contact, Ids, Status, Tenant, Validity, Verb
from tests.conftest import START
from tests.examples import ANN, IDS, OTHER_CONTACT, WINDOW
from tests.records.example_tenants import ACTIVE, LEGACY_ITEM, tenants

# ---- Writing and reading


@given(tenants())
def test_a_tenant_written_and_read_again_is_equal(tenant):
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


def test_the_example_fills_every_field():
    unset = {field.name for field in fields(Tenant) if not getattr(ACTIVE, field.name)}
    assert unset == {
        "reason", "message", "set_aside", "waits_for_address", "too_fast", "erased", "renews",
        "was_reopened", "ended_link", "erased_at",
    }  # fmt: skip
    assert records.tenant_of(records.item_of(ACTIVE)) == ACTIVE


def test_the_attributes_that_the_downstream_application_reads_are_kept():
    item = records.item_of(ACTIVE)
    assert set(LEGACY_ITEM) <= set(item)
    assert {name: type(item[name]) for name in LEGACY_ITEM} == {
        n: type(v) for n, v in LEGACY_ITEM.items()
    }
    same = {"tenantId", "accountId", "companyId", "gsi1pk", "gsi1sk", "isActive", "cluster"}
    assert {name: item[name] for name in same} == {name: LEGACY_ITEM[name] for name in same}


def test_every_instant_is_written_as_to_iso_string_writes_it():
    item = records.item_of(ACTIVE)
    written = {name: item[name] for name in item if name.endswith(("At", "From", "To"))}
    assert set(written) == {
        "validFrom", "validTo", "createdAt", "updatedAt", "decidedAt", "clientSecretSetAt",
        "emailConfirmedAt",
    }  # fmt: skip
    for text in written.values():
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(text))


# ---- Items of the old application


def test_a_legacy_item_is_read():
    tenant = records.tenant_of(LEGACY_ITEM)
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
    ("item", "status"),
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
def test_without_a_status_only_is_active_decides(item, status):
    assert records.status_of(item) is status


def test_the_ids_of_a_legacy_item_are_read_from_its_key():
    tenant = records.tenant_of({"tenantId": "86810_104348", "isActive": True})
    assert tenant.ids == Ids(account_id="86810", company_id="104348")


def test_missing_attributes_of_a_legacy_item_are_read_as_empty():
    tenant = records.tenant_of({"tenantId": "legacy"})
    assert (tenant.ids, tenant.contact) == (None, Contact(company="", name="", email=""))
    assert (tenant.created_at, tenant.updated_at, tenant.version) == (None, None, None)


@pytest.mark.parametrize("value", [7, True, -1])
def test_a_value_of_another_type_is_read_as_missing(value):
    names = set(LEGACY_ITEM) - {KEY, "isActive", "accountId", "companyId"}
    tenant = records.tenant_of({**LEGACY_ITEM, **dict.fromkeys(names, value), "decidedAt": value})
    assert tenant.contact == Contact(company="", name="", email="")
    assert (tenant.validity, tenant.client, tenant.decision) == (Validity(), Client(), None)


def test_an_unknown_verb_of_a_decision_is_read_as_no_decision():
    item = {**records.item_of(ACTIVE), "decidedVerb": "invented_later"}
    assert records.tenant_of(item).decision is None


@pytest.mark.parametrize(
    ("row", "open_ended"),
    [
        ({}, False),
        ({"validFrom": "2026-01-01T00:00:00.000Z"}, False),
        ({"validTo": "2026-01-01T00:00:00.000Z"}, True),
        ({"validTo": ""}, False),
        ({"openEnded": True}, True),
        ({"openEnded": True, "validFrom": "2026-01-01T00:00:00.000Z"}, True),
        ({"openEnded": True, "attributesOfOtherTypes": '{"validTo": {"NULL": true}}'}, True),
        ({"openEnded": True, "attributesOfOtherTypes": '{"validTo": {"L": []}}'}, False),
        ({"openEnded": "true"}, False),
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
def test_a_validity_is_open_ended_only_if_its_dates_could_be_read(row, open_ended):
    assert records.validity_of(row).open_ended is open_ended


# ---- Attributes that others wrote are kept

FOREIGN: Item = {"creditLimit": 7, "notes_from_crm": "x", "isVip": True, "nextOfKin": "y"}


def test_unknown_attributes_are_kept_unchanged():
    after = records.tenant_of(LEGACY_ITEM).changed(Verb.SUSPEND, ANN)
    item = records.item_of(after, {**LEGACY_ITEM, **FOREIGN})
    assert {name: item[name] for name in FOREIGN} == FOREIGN


def test_known_attributes_are_never_carried_over():
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
def test_an_unreadable_date_stays_until_it_is_replaced(name, value):
    before: Item = {**LEGACY_ITEM, name: value}
    untouched = replace(records.tenant_of(before), status=Status.SUSPENDED)
    assert records.item_of(untouched, before)[name] == value
    replaced = replace(untouched, validity=WINDOW, created_at=START, updated_at=START)
    assert records.item_of(replaced, before)[name] != value


def test_an_unreadable_end_does_not_become_open_ended_by_another_change():
    before: Item = {**LEGACY_ITEM, "validTo": "31.12.2026"}
    item = records.item_of(records.tenant_of(before).changed(Verb.EDIT_CONTACT, ANN), before)
    assert item["status"] == "active"
    assert records.validity_of(item) == records.validity_of(before)
    assert not records.validity_of(item).open_ended
