"""Events and notes as items, and the values that they never hold."""

import json
import secrets
from dataclasses import replace
from datetime import timedelta

import pytest

from portal import records
from portal.stores.contract import Item
from portal.stores.schema import GSI2, GSI3, KEY, TENANT_COLUMNS
from portal.tenants import AuditInfo, Client, Contact, Status, Tenant, Validity, Verb
from tests.conftest import START
from tests.examples import ANN, IDS, OTHER_CONTACT, PERSONAL, WINDOW
from tests.records.example_tenants import ACTIVE, SEALED

BEFORE = records.item_of(ACTIVE)


def with_end(window: Validity, days: int) -> Tenant:
    assert window.valid_to is not None
    end = window.valid_to + timedelta(days=days)
    return replace(ACTIVE, validity=replace(window, valid_to=end))


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


@pytest.mark.parametrize(
    ("after", "is_listed"),
    [
        pytest.param(replace(ACTIVE, status=Status.SUSPENDED), True, id="suspended"),
        pytest.param(with_end(WINDOW, days=-1), True, id="shortened by a day"),
        pytest.param(with_end(WINDOW, days=-500), True, id="shortened to the past"),
        pytest.param(with_end(WINDOW, days=1), False, id="a day longer"),
        pytest.param(replace(ACTIVE, contact=OTHER_CONTACT), False, id="another contact"),
    ],
)
def test_events_that_took_access_away_are_in_one_list(after: Tenant, *, is_listed: bool) -> None:
    item = event_of_change(after)
    assert (item.get(GSI3.partition) == records.ENDED) is is_listed
    assert (GSI3.sort in item) is is_listed
    if is_listed:
        assert records.ended_tenant(item) == (ACTIVE.id, ANN.at)
        # A list that shows nothing but keys is one that an index was made wrongly for.
        assert TENANT_COLUMNS & item.keys()


@pytest.mark.parametrize(
    "before",
    [
        records.item_of(replace(ACTIVE, status=Status.SUSPENDED)),
        records.item_of(with_end(WINDOW, days=-500)),
        None,
    ],
    ids=["suspended", "expired", "nobody"],
)
def test_whoever_has_no_access_loses_none(before: Item | None) -> None:
    after = records.item_of(replace(ACTIVE, status=Status.SUSPENDED))
    item = records.event_item(ACTIVE.id, Verb.IMPORT, ANN, before, after)
    assert GSI3.partition not in item


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
                "contactCompanyName", "contactFullName", "contactEmailAddress",
                "clientSecret", "accountName",
            ),
            ("", ""),
        ),
        "contactPhone": ("+49•••20", ""),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ({"phone": "+4930901820"}, {"phone": "+4430901820"}, ("+49•••20", "+44•••20")),
        ({"phone": "+4930901820"}, {"phone": "+4930901821"}, ("+49•••20", "+49•••21")),
        ({"phone": "+4930901820"}, {"phone": ""}, ("+49•••20", "")),
        # Only the middle, the extension, or what was typed: the field is named.
        ({"phone": "+4930901820"}, {"phone": "+4930111120"}, ("", "")),
        ({"phone": "+4930901820"}, {"phone": "+4930901820", "phone_extension": "12"}, ("", "")),
        # What an import kept as it was may be anything.
        ({"phone": "call Jane"}, {"phone": "+4930901820"}, ("•••", "+49•••20")),
        ({"phone": "110"}, {"phone": "112"}, ("", "")),
    ],
)
def test_of_a_phone_number_an_event_holds_country_and_last_two_digits(old, new, shown):
    before, after = (replace(ACTIVE, contact=Contact(company="x", **parts)) for parts in (old, new))
    item = records.event_item(
        "x", Verb.EDIT_CONTACT, ANN, records.item_of(before), records.item_of(after)
    )
    assert records.event_of(item).changes == {"contactPhone": shown}
    assert not [text for text in ("30901820", "call", "Jane") if text in str(item["changes"])]


def test_erasing_a_phone_number_leaves_nothing_of_it_in_the_event():
    after = replace(ACTIVE, contact=Contact())
    item = event_of_change(after, Verb.ERASE)
    assert records.event_of(item).changes["contactPhone"] == ("", "")


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
