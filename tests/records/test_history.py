"""Events and notes as items, and the values that they never hold."""

import json
import secrets
from dataclasses import replace
from datetime import timedelta

import pytest

from portal import records
from portal.stores.contract import Item
from portal.stores.schema import GSI2, KEY
from portal.tenants import AuditInfo, Client, Tenant, Verb
from tests.conftest import START
from tests.examples import ANN, IDS, OTHER_CONTACT, PERSONAL, WINDOW
from tests.records.example_tenants import ACTIVE, SEALED

BEFORE = records.item_of(ACTIVE)


def event_of_change(after: Tenant, verb: Verb = Verb.EDIT_CONTACT, **more: str) -> Item:
    return records.event_item(after.id, verb, ANN, BEFORE, records.item_of(after, BEFORE), **more)


def test_an_event_holds_who_did_what_when_why_and_in_which_request():
    assert WINDOW.valid_to is not None
    validity = replace(WINDOW, valid_to=WINDOW.valid_to + timedelta(days=365))
    item = event_of_change(
        ACTIVE.changed(Verb.SUSPEND, ANN, validity=validity), Verb.SUSPEND, reason="unpaid"
    )
    event = records.event_of(item)
    assert (event.at, event.by, event.verb) == (ANN.at, ANN.by, "suspend")
    assert (event.reason, event.request_id) == ("unpaid", ANN.request_id)
    assert event.changes == {
        "status": ("active", "suspended"),
        "validTo": ("2027-11-22T23:59:59.999Z", "2028-11-21T23:59:59.999Z"),
    }


def test_an_event_names_changed_personal_fields_and_secrets_without_their_values():
    client = Client(id="client-2", sealed_secret="v1.loc.0a1b2c3d.bmV3", secret_set_at=START)
    ids_named = replace(IDS, account_name="Another Group")
    item = event_of_change(replace(ACTIVE, contact=OTHER_CONTACT, client=client, ids=ids_named))
    stored = json.dumps(item, ensure_ascii=False)
    assert not [text for text in (*PERSONAL, SEALED, "bmV3", "Another Group") if text in stored]
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


def test_the_digests_of_an_event_cover_every_attribute_but_the_secret():
    item = event_of_change(replace(ACTIVE, locale="en"))
    assert item["before"] != item["after"]
    resealed = replace(ACTIVE, client=replace(ACTIVE.client, sealed_secret="v1.loc.x.y"))
    item = event_of_change(resealed)
    assert item["before"] == item["after"]


def test_the_first_event_has_no_previous_values():
    event = records.event_item("x", Verb.SUBMIT, ANN, None, BEFORE)
    assert event["before"] == ""
    assert records.event_of(event).changes["status"] == ("", "active")


@pytest.mark.parametrize("make", [
    lambda audit: records.event_item("86810_104348", Verb.SUSPEND, audit, None, BEFORE),
    lambda audit: records.note_item("86810_104348", audit, secrets.token_hex()),
])  # fmt: skip
def test_entries_of_one_millisecond_have_unique_ids_and_one_partition(make):
    entries = [make(ANN) for _ in range(50)]
    assert len({item[KEY] for item in entries}) == 50
    assert len({item[GSI2.partition] for item in entries}) == 1
    for item in entries:
        assert item[GSI2.sort] == f"2026-11-23T10:00:00.000Z#{item[KEY]}"
        assert not records.is_tenant(item)


def test_a_note_is_read_as_it_was_written():
    item = records.note_item("x", AuditInfo(by="Ann", at=START), "called\nthem")
    assert records.note_of(item) == records.Note(at=START, by="Ann", text="called\nthem")
    assert item[GSI2.partition] == records.notes_partition("x")
