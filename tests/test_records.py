"""Tenants, events and the rest as items: what the other readers of the table rely on."""

import json
import re
import secrets
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal import records
from portal.stores.contract import Add
from portal.stores.table import GSI1, GSI2, GSI3, GSI4, INDEXES, KEY
from portal.tenants import (
    Act,
    Client,
    Contact,
    Decision,
    Ids,
    Status,
    Tenant,
    Validity,
    Verb,
)
from tests.conftest import START
from tests.examples import ANN, CONTACT, IDS, OTHER_CONTACT, PERSONAL, WINDOW

SEALED = "v1.loc.0a1b2c3d.c2VhbGVk"

ACTIVE = Tenant(
    id="86810_104348",
    status=Status.ACTIVE,
    version=4,
    contact=CONTACT,
    ids=IDS,
    validity=WINDOW,
    client=Client(id="client-1", sealed_secret=SEALED, secret_set_at=START),
    created_at=START - timedelta(days=2),
    updated_at=START,
    decision=Decision(verb=Verb.ACTIVATE, by="Ann Approver", at=START, mark="0123456789abcdef"),
    locale="de",
    pending_id="pending-" + "a" * 26,
    status_link="hash-of-link",
)
PENDING = replace(
    ACTIVE, id=ACTIVE.pending_id, status=Status.PENDING, validity=Validity(), client=Client(),
    pending_id="", decision=None, version=1, updated_at=ACTIVE.created_at,
)  # fmt: skip

#: As the old application writes one.
OLD = {
    "tenantId": "86810_104348",
    "accountId": "86810",
    "accountName": "Meyer Group",
    "companyId": "104348",
    "companyName": "Meyer Field Service",
    "cluster": "eu",
    "contactCompanyName": "Meyer Elevators",
    "contactFullName": "Kim Meyer",
    "contactPhone": "+4930901820",
    "contactEmailAddress": "kim@meyer.example",
    "clientId": "client-1",
    "clientSecret": "an old plain secret",
    "validFrom": "2026-01-01T00:00:00.000Z",
    "validTo": "2026-12-31T23:59:59.999Z",
    "isActive": True,
    "createdAt": "2025-12-24T08:00:00.000Z",
    "updatedAt": "2026-01-02T08:00:00.000Z",
    "gsi1pk": "ACCOUNT#86810",
    "gsi1sk": "TENANT#86810_104348",
}

# ---- There and back

texts = st.text(min_size=1, max_size=12)
maybe = st.just("") | texts
ids = st.text("0123456789abcXYZ", min_size=1, max_size=8)
moments = st.datetimes(
    datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2199, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))
moment = st.none() | moments


@st.composite
def tenants(draw) -> Tenant:
    status = draw(st.sampled_from(Status))
    named = st.builds(
        Ids, account_id=ids, company_id=ids, account_name=maybe, company_name=maybe, cluster=maybe
    )
    final = status in (Status.ACTIVE, Status.SUSPENDED)
    bound = draw(named if final else st.none() | named)
    return Tenant(
        id=bound.tenant_id if final and bound else records.pending_id("a" * 26),
        status=status,
        version=draw(st.integers(1, 2**53)),
        contact=draw(
            st.builds(
                Contact, company=maybe, name=maybe, email=maybe, phone=maybe, phone_typed=maybe,
                phone_extension=maybe,
            )
        ),
        ids=bound,
        validity=draw(
            st.builds(Validity, valid_from=moment, valid_to=moment, open_ended=st.booleans())
        ),
        client=draw(st.builds(Client, id=maybe, sealed_secret=maybe, secret_set_at=moment)),
        created_at=draw(moment),
        updated_at=draw(moment),
        decision=draw(
            st.none()
            | st.builds(Decision, verb=st.sampled_from(Verb), by=maybe, at=moments, mark=maybe)
        ),
        reason=draw(maybe),
        message=draw(maybe),
        locale=draw(maybe),
        pending_id=draw(maybe),
        status_link=draw(maybe),
        set_aside=draw(st.booleans()),
        erased=draw(st.booleans()),
    )  # fmt: skip


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
        open_ended=True,
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


# ---- Where lists find it


@given(tenants())
def test_no_pending_tenant_is_ever_where_the_downstream_application_looks(tenant):
    item = records.item_of(tenant, {**OLD, KEY: tenant.id})
    assert (GSI1.partition in item, GSI1.sort in item) == (tenant.is_final, tenant.is_final)
    if tenant.is_final and tenant.ids:
        assert item[GSI1.partition] == f"ACCOUNT#{tenant.ids.account_id}"
        assert item[GSI1.sort] == f"TENANT#{tenant.id}"


@given(tenants())
def test_every_sort_key_but_the_given_one_ends_with_the_id(tenant):
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
        (replace(ACTIVE, validity=Validity()), "STATUS#active", "9999-12-31T23:59:59.999Z"),
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
        (replace(PENDING, set_aside=True), "ASIDE", "2026-11-21T10:00:00.000Z"),
    ],
)
def test_a_list_is_sorted_by_what_its_readers_ask_for(tenant, partition, sort):
    item = records.item_of(tenant)
    assert (item[GSI2.partition], item[GSI2.sort]) == (partition, f"{sort}#{tenant.id}")


def test_a_sign_up_that_was_set_aside_is_in_no_list_but_its_own():
    item = records.item_of(replace(PENDING, set_aside=True))
    held = {index.name for index in INDEXES if index.partition in item}
    assert held == {"GSI2"}


def test_search_finds_a_company_without_case_accents_and_double_spaces():
    item = records.item_of(replace(PENDING, contact=replace(CONTACT, company=" ÉCLAIR   Straße")))
    assert item[GSI3.partition] == "COMPANY#e"
    assert item[GSI3.sort] == f"eclair strasse#{PENDING.id}"


def test_search_finds_an_address_without_case():
    item = records.item_of(replace(PENDING, contact=replace(CONTACT, email="Kim@Meyer.example")))
    assert item[GSI4.partition] == "EMAIL#kim@meyer.example"
    assert item[GSI4.partition] == records.email_partition("KIM@MEYER.EXAMPLE")


@given(st.text(max_size=60))
def test_a_name_that_was_normalised_is_normal(name):
    once = records.normalised(name)
    assert records.normalised(once) == once
    assert once == once.strip()


@pytest.mark.parametrize("letter", ["x", "각", "\ufdfa", "🛗", "\u0958", "株"])
def test_the_longest_company_name_fits_into_a_sort_key(letter):
    # DynamoDB refuses a whole write for one sort key of more than 1,024 bytes.
    company = letter * 200
    item = records.item_of(replace(PENDING, contact=replace(CONTACT, company=company)))
    assert len(str(item[GSI3.sort]).encode()) <= 1024


def test_an_erased_sign_up_is_found_by_no_personal_value():
    closed = replace(PENDING, status=Status.REJECTED, message="Dear Kim Meyer")
    item = records.item_of(closed.without_personal_fields(ANN), records.item_of(closed))
    assert {index.name for index in INDEXES if index.partition in item} == {"GSI2"}
    assert not [text for text in PERSONAL if text in json.dumps(item, ensure_ascii=False)]
    assert "statusLink" not in item
    assert item["erased"] is True


@pytest.mark.parametrize("index", [GSI2, GSI3, GSI4], ids=lambda index: index.name)
def test_no_list_of_the_portal_carries_the_secret_or_what_only_the_customer_may_hold(index):
    assert index.carries is not None
    assert not index.carries & {
        "clientSecret", "statusLink", "message", "contactPhone", "contactPhoneTyped", "decidedMark",
    }  # fmt: skip


def test_a_row_of_a_list_shows_neither_the_secret_nor_the_status_link(store):
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


# ---- Events

BEFORE = records.item_of(ACTIVE)


def event_of_change(after: Tenant, verb: Verb = Verb.EDIT_CONTACT, **more: str) -> dict:
    return records.event_item(after.id, verb, ANN, BEFORE, records.item_of(after, BEFORE), **more)


def test_an_event_tells_who_did_what_when_why_and_in_which_request():
    window = replace(WINDOW, valid_to=WINDOW.valid_to + timedelta(days=365))
    item = event_of_change(
        ACTIVE.changed(Verb.SUSPEND, ANN, validity=window), Verb.SUSPEND, reason="unpaid"
    )
    event = records.event_of(item)
    assert (event.at, event.by, event.verb) == (ANN.at, ANN.by, "suspend")
    assert (event.reason, event.request_id) == ("unpaid", ANN.request_id)
    assert event.changes == {
        "status": ("active", "suspended"),
        "validTo": ("2027-11-22T23:59:59.999Z", "2028-11-21T23:59:59.999Z"),
    }


def test_an_event_names_a_personal_value_or_a_secret_that_changed_but_never_tells_it():
    client = Client(id="client-2", sealed_secret="v1.loc.0a1b2c3d.bmV3", secret_set_at=START)
    ids_named = replace(IDS, account_name="Another Group")
    item = event_of_change(replace(ACTIVE, contact=OTHER_CONTACT, client=client, ids=ids_named))
    told = json.dumps(item, ensure_ascii=False)
    assert not [text for text in (*PERSONAL, SEALED, "bmV3", "Another Group") if text in told]
    changes = records.event_of(item).changes
    assert changes == {
        "clientId": ("client-1", "client-2"),
        **dict.fromkeys(
            (
                "contactCompanyName", "contactFullName", "contactPhone", "contactEmailAddress",
                "clientSecret", "accountName",
            ),
            ("", ""),
        ),
    }  # fmt: skip


def test_the_digests_of_an_event_follow_every_attribute_but_the_secret():
    item = event_of_change(replace(ACTIVE, locale="en"))
    assert item["before"] != item["after"]
    resealed = replace(ACTIVE, client=replace(ACTIVE.client, sealed_secret="v1.loc.x.y"))
    item = event_of_change(resealed)
    assert item["before"] == item["after"]


def test_the_first_event_has_nothing_before():
    event = records.event_item("x", Verb.SUBMIT, ANN, None, BEFORE)
    assert event["before"] == ""
    assert records.event_of(event).changes["status"] == ("", "active")


@pytest.mark.parametrize("make", [
    lambda act: records.event_item("86810_104348", Verb.SUSPEND, act, None, BEFORE),
    lambda act: records.note_item("86810_104348", act, secrets.token_hex()),
])  # fmt: skip
def test_entries_of_one_millisecond_have_ids_of_their_own_and_stand_in_the_tenants_list(make):
    made = [make(ANN) for _ in range(50)]
    assert len({item[KEY] for item in made}) == 50
    assert len({item[GSI2.partition] for item in made}) == 1
    for item in made:
        assert item[GSI2.sort] == f"2026-11-23T10:00:00.000Z#{item[KEY]}"
        assert not records.is_tenant(item)


def test_a_note_is_read_as_it_was_written():
    item = records.note_item("x", Act(by="Ann", at=START), "called\nthem")
    assert records.note_of(item) == records.Note(at=START, by="Ann", text="called\nthem")
    assert item[GSI2.partition] == records.notes_partition("x")


# ---- Forwards, claims, and what is a tenant


def test_a_forward_keeps_the_status_link_alive_and_nothing_personal():
    item = records.forward_item(PENDING, "86810_104348", "mark")
    forward = records.forward_of(item)
    assert forward == records.Forward(
        id=PENDING.id, to="86810_104348", version=2, status_link="hash-of-link",
        created_at=PENDING.created_at, mark="mark",
    )  # fmt: skip
    assert records.status_link_of(item) == records.status_link_of(records.item_of(PENDING))
    assert not [text for text in PERSONAL if text in item.values()]
    assert not [index.name for index in INDEXES if index.partition in item]
    assert records.forward_of(records.item_of(PENDING)) is None


@pytest.mark.parametrize(
    ("age", "over"),
    [(timedelta(days=90), False), (timedelta(days=90, milliseconds=1), True)],
)
def test_a_status_link_is_over_some_days_after_the_sign_up(age, over):
    link = records.status_link_of(records.item_of(PENDING))
    assert PENDING.created_at is not None
    assert link.is_over(PENDING.created_at + age, 90) is over


@pytest.mark.parametrize(
    "link",
    [
        records.StatusLink(hashed="", made_at=START),
        records.StatusLink(hashed="x", made_at=None),
    ],
)
def test_a_status_link_without_a_hash_or_a_date_is_over(link):
    assert link.is_over(START, 90)


def test_a_claim_is_read_by_its_key_alone():
    item = records.claim_item(IDS, 2, 5)
    assert item == {"tenantId": "claim-86810_104348", "count": 2, "version": 5}
    assert not records.is_tenant(item)


@pytest.mark.parametrize(
    ("item_id", "kind"),
    [
        ("86810_104348", "tenant"), ("pending-abc", "tenant"), ("legacy", "tenant"),
        ("event-86810_104348-2026", "event"), ("claim-1_2", "claim"), ("note-x", "note"),
        ("staff-x", "staff"), ("link-x", "link"), ("session-x", "session"),
        ("events-inc_7", "tenant"),
    ],
)  # fmt: skip
def test_an_id_tells_what_it_is_of(item_id, kind):
    assert records.item_kind(item_id) == kind
    assert records.is_tenant({KEY: item_id}) is (kind == "tenant")
