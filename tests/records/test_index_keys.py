"""Index keys of a tenant, and the attributes that the indexes show."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal import records
from portal.stores.contract import Add
from portal.stores.schema import GSI1, GSI2, GSI3, GSI4, INDEXES, KEY
from portal.tenants import Decision, Status, Validity, Verb
from tests.conftest import START
from tests.examples import ANN, CONTACT, PERSONAL
from tests.records.example_tenants import ACTIVE, LEGACY_ITEM, PENDING, SEALED, tenants


@given(tenants())
def test_gsi1_never_holds_a_pending_tenant(tenant):
    item = records.item_of(tenant, {**LEGACY_ITEM, KEY: tenant.id})
    assert (GSI1.partition in item, GSI1.sort in item) == (tenant.is_final, tenant.is_final)
    if tenant.is_final and tenant.ids:
        assert item[GSI1.partition] == f"ACCOUNT#{tenant.ids.account_id}"
        assert item[GSI1.sort] == f"TENANT#{tenant.id}"


@given(tenants())
def test_every_sort_key_but_gsi1s_ends_with_the_id(tenant):
    item = records.item_of(tenant)
    for index in (GSI2, GSI3, GSI4):
        assert (index.partition in item) is (index.sort in item)
        if index.sort in item:
            assert str(item[index.sort]).endswith(f"#{tenant.id}")


DECIDED = Decision(verb=Verb.REJECT, by="Ann", at=START + timedelta(hours=1))


@pytest.mark.parametrize(
    ("tenant", "partition", "sort"),
    [
        (PENDING, "STATUS#pending", "2026-11-21T10:00:00.000Z"),
        (ACTIVE, "STATUS#active", "2027-11-22T23:59:59.999Z"),
        (replace(ACTIVE, validity=Validity()), "STATUS#active", "9999-12-31T23:59:59.999Z#LACKS-E"),
        (
            replace(PENDING, status=Status.REJECTED, decision=DECIDED),
            "STATUS#rejected",
            "2026-11-23T11:00:00.000Z",
        ),
        (
            replace(PENDING, status=Status.WITHDRAWN, decision=DECIDED),
            "STATUS#withdrawn",
            "2026-11-23T11:00:00.000Z",
        ),
        (
            replace(ACTIVE, status=Status.SUSPENDED, decision=DECIDED),
            "STATUS#suspended",
            "2026-11-23T11:00:00.000Z",
        ),
        (
            replace(ACTIVE, status=Status.SUSPENDED, decision=None),
            "STATUS#suspended",
            "2026-11-23T10:00:00.000Z",
        ),
        (replace(PENDING, set_aside=True), "ASIDE", "2026-11-21T10:00:00.000Z#ASIDE"),
        (replace(PENDING, too_fast=True), "STATUS#pending", "2026-11-21T10:00:00.000Z#FAST"),
    ],
)
def test_gsi2_lists_each_status_sorted_by_its_own_date(tenant, partition, sort):
    item = records.item_of(tenant)
    assert (item[GSI2.partition], item[GSI2.sort]) == (partition, f"{sort}#{tenant.id}")


@pytest.mark.parametrize("index", [GSI2, GSI3, GSI4], ids=lambda index: index.name)
@pytest.mark.parametrize("mark", ["set_aside", "too_fast", ""])
def test_each_index_tells_doubtful_and_fast_sign_ups_from_others(index, mark):
    tenant = replace(PENDING, set_aside=mark == "set_aside", too_fast=mark == "too_fast")
    item = records.item_of(tenant)
    row = {name: item[name] for name in item.keys() & index.attributes}
    assert records.is_set_aside(row) is (mark == "set_aside")
    assert records.is_too_fast(row) is (mark == "too_fast")


def test_a_company_name_is_never_taken_for_a_mark():
    contact = replace(CONTACT, company="Sly #ASIDE")
    item = records.item_of(replace(PENDING, contact=contact))
    assert not records.is_set_aside({name: item[name] for name in item if name != "setAside"})


def test_search_finds_a_company_without_case_accents_and_double_spaces():
    item = records.item_of(replace(PENDING, contact=replace(CONTACT, company=" ÉCLAIR   Straße")))
    assert item[GSI3.partition] == "COMPANY#e"
    assert item[GSI3.sort] == f"eclair strasse#{PENDING.id}"


def test_search_finds_an_address_without_case():
    item = records.item_of(replace(PENDING, contact=replace(CONTACT, email="Kim@Meyer.example")))
    assert item[GSI4.partition] == "EMAIL#kim@meyer.example"
    assert item[GSI4.partition] == records.email_partition("KIM@MEYER.EXAMPLE")


@given(st.text(max_size=60))
def test_normalising_a_name_twice_changes_nothing(name):
    once = records.normalised(name)
    assert records.normalised(once) == once
    assert once == once.strip()


@pytest.mark.parametrize("letter", ["x", "각", "\ufdfa", "🛗", "\u0958", "株"])
def test_the_longest_company_name_fits_into_a_sort_key(letter):
    # DynamoDB refuses a whole write for one sort key of more than 1,024 bytes.
    company = letter * 200
    item = records.item_of(replace(PENDING, contact=replace(CONTACT, company=company)))
    assert len(str(item[GSI3.sort]).encode()) <= 1024


def test_an_erased_sign_up_has_no_index_key_with_a_personal_value():
    closed = replace(PENDING, status=Status.REJECTED, message="Dear Kim Meyer")
    item = records.item_of(closed.without_personal_fields(ANN), records.item_of(closed))
    assert {index.name for index in INDEXES if index.partition in item} == {"GSI2"}
    assert not [text for text in PERSONAL if text in json.dumps(item, ensure_ascii=False)]
    assert "statusLink" not in item
    assert item["erased"] is True


@pytest.mark.parametrize("index", [GSI2, GSI3, GSI4], ids=lambda index: index.name)
def test_no_index_of_the_portal_projects_secrets_or_private_attributes(index):
    assert index.projected is not None
    assert not index.projected & {
        "clientSecret", "statusLink", "message", "contactPhone", "contactPhoneTyped", "decidedMark",
    }  # fmt: skip


def test_an_index_row_holds_neither_the_secret_nor_the_status_link(store):
    store.write([Add(records.item_of(ACTIVE))])
    for index, partition in (
        (GSI2, "STATUS#active"),
        (GSI3, "COMPANY#m"),
        (GSI4, "EMAIL#kim@meyer.example"),
    ):
        (row,) = store.query(index, partition).items
        assert row[KEY] == ACTIVE.id
        assert SEALED not in row.values()
        assert "hash-of-link" not in row.values()
