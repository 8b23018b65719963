"""Which values differ from the store, and which are only written in another way."""

import json

import pytest

from portal.imports.reports.export import export_tenant
from portal.stores.contract import Add
from tests.imports.files import dump, tenant
from tests.imports.harness import counts, on_both_stores

ID = "86810_1"
PLAIN = {"clientSecret": None}


def store_old_tenant(harness, **item):
    """As the old application stored it."""
    harness.raw_store.write([Add({"tenantId": ID, **tenant(**PLAIN | item)})])


def changes(harness, **changed):
    (row,) = harness.rows(dump(tenant(**PLAIN | changed)), policy="overwrite")
    assert row.kind == ("update" if row.changes else "same")
    return [(each.field, each.old, each.new) for each in row.changes]


@pytest.mark.parametrize(
    "written",
    [
        {"contactFullName": "  Jo  "},
        {"contactFullName": "Mu\u0308ller"},
        {"contactCompanyName": " Mu\u0308ller GmbH "},
        {"accountName": "A ", "companyName": "\tB", "cluster": " eu", "clientId": "c\n"},
        {"cluster": "EU"},
        {"cluster": "https://eu.fsm.cloud.sap/"},
        {"accountName": " ", "companyName": "\u3164"},
        {"contactEmailAddress": " joerg@muster.example "},
        {"contactEmailAddress": "Joerg@MUSTER.EXAMPLE"},
        {"contactPhone": " +4930901820 "},
        {"contactPhone": " +49 30 901820 ext. 12"},
        {"contactPhone": "+49 30 901820 ext. 12"},
        {"contactPhone": " call me, Mu\u0308ller "},
        {"contactPhone": "  "},
        {"validTo": "2026-12-31T23:59:59+01:00"},
    ],
)
@on_both_stores
def test_an_export_is_the_same_whatever_spelling_the_old_application_stored(harness, written):
    store_old_tenant(harness, **written)
    before = harness.tenants()
    export = json.dumps(export_tenant(harness.raw_store.get(ID))).encode()
    for policy in ("skip", "newer-wins", "overwrite"):
        assert counts(harness.run(export, policy=policy)) == {"same": 1}
    assert harness.tenants() == before
    # This is still true after an import has changed another field.
    file = json.dumps({**json.loads(export), "contactFullName": "Kim"}).encode()
    assert counts(harness.run(file, policy="overwrite")) == {"update": 1}
    assert counts(harness.run(file, policy="overwrite")) == {"same": 1}


@pytest.mark.parametrize(
    ("name", "stored", "new"),
    [
        ("contactFullName", "Jörg Weiß", "Jörg Weiss"),
        ("contactFullName", "Mu\u0308ller ", "Muller"),
        ("contactEmailAddress", "Joerg@muster.example", "joerg@muster.example"),
        ("contactEmailAddress", "no address", "joerg@muster.example"),
        ("contactPhone", "call me", "call him"),
        ("contactPhone", "", "+4930901820"),
        ("contactPhone", "+4930901820", ""),
    ],
)
def test_a_change_shows_the_old_text_as_it_is_stored(harness, name, stored, new):
    store_old_tenant(harness, **{name: stored})
    assert changes(harness, **{name: new}) == [(name, stored, new)]


@pytest.mark.parametrize(
    ("stored", "new", "expected"),
    [
        ("", " ext. 12", [("contactPhoneExtension", "", "12")]),
        (" ext. 12", "", [("contactPhoneExtension", "12", "")]),
        (" ext. 12", " ext. 13", [("contactPhoneExtension", "12", "13")]),
        (" ext. 12", " x12", []),
        (
            " ext. 12",
            "1 ext. 13",
            [
                ("contactPhone", "+4930901820", "+49309018201"),
                ("contactPhoneExtension", "12", "13"),
            ],
        ),
        (" ext. 12", "1 ext. 12", [("contactPhone", "+4930901820", "+49309018201")]),
    ],
)
def test_an_extension_is_a_separate_difference(harness, stored, new, expected):
    harness.run(dump(tenant(**PLAIN, contactPhone=f"+49 30 901820{stored}")))
    changed = {"contactPhone": f"+49 30 901820{new}"}
    assert changes(harness, **changed) == expected
    file = dump(tenant(**PLAIN, **changed))
    harness.run(file, policy="overwrite")
    assert counts(harness.run(file, policy="overwrite")) == {"same": 1}


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ("+49 30 901821", {"contactPhone": "+4930901821", "contactPhoneTyped": "+49 30 901821"}),
        ("+4930901821", {"contactPhone": "+4930901821"}),
        ("", {}),
        (
            None,
            {
                "contactPhone": "+4930901820",
                "contactPhoneTyped": "+49 30 901820 ext. 12",
                "contactPhoneExtension": "12",
            },
        ),
    ],
)
def test_a_new_number_replaces_typed_text_and_extension(harness, new, expected):
    harness.run(dump(tenant(contactPhone="+49 30 901820 ext. 12")))
    file = dump(tenant(contactPhone=new, contactFullName="Kim"))
    assert counts(harness.run(file, policy="overwrite")) == {"update": 1}
    item = harness.raw_store.get(ID)
    assert {name: item[name] for name in item if name.startswith("contactPhone")} == expected


@pytest.mark.parametrize(
    ("stored", "given", "typed"),
    [
        ({"contactPhoneTyped": "+49 (30) 901820"}, {}, "+49 (30) 901820"),
        ({"contactPhone": " +4930901820 ", "contactPhoneTyped": "030"}, {}, "030"),
        (
            {"contactPhoneTyped": "030 ext. 12", "contactPhoneExtension": "12"},
            {"contactPhoneExtension": "12"},
            "030 ext. 12",
        ),
        (
            {"contactPhoneTyped": "030 ext. 12", "contactPhoneExtension": "12"},
            {"contactPhoneExtension": "13"},
            None,
        ),
        ({"contactPhoneTyped": "030"}, {"contactPhone": "+4930901821"}, None),
        ({"contactPhoneTyped": "030"}, {"contactPhone": "+49 30 901820"}, "+49 30 901820"),
        ({"contactPhoneTyped": "030"}, {"contactPhoneTyped": "030 901820"}, "030 901820"),
        ({"contactPhoneTyped": "030"}, {"contactPhone": None}, "030"),
    ],
)
def test_typed_text_stays_with_an_unchanged_number(harness, stored, given, typed):
    number = {"contactPhone": "+4930901820"}
    store_old_tenant(harness, **number | stored)
    file = dump(tenant(**PLAIN | number | given, contactFullName="Kim"))
    assert counts(harness.run(file, policy="overwrite")) == {"update": 1}
    item = harness.raw_store.get(ID)
    assert item.get("contactPhoneTyped") == typed
    assert item.get("contactPhoneExtension") == given.get("contactPhoneExtension")


def test_a_number_is_new_even_with_an_empty_typed_text(harness):
    store_old_tenant(harness, contactPhone=None)
    phone = {"contactPhone": "+4930901820", "contactPhoneTyped": ""}
    assert changes(harness, **phone) == [("contactPhone", "", "+4930901820")]


def test_an_extension_without_a_number_changes_nothing(harness):
    harness.run(dump(tenant(contactPhone="+49 30 901820 ext. 12")))
    before = harness.raw_store.get(ID)
    extension = {"contactPhoneExtension": "99", "contactPhoneTyped": "99"}
    file = dump(tenant(contactPhone=None, contactFullName="Kim", **extension))
    harness.run(file, policy="overwrite")
    after = harness.raw_store.get(ID)
    for name in ("contactPhone", *extension):
        assert after[name] == before[name]
