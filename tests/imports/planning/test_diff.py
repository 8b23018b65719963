"""What is a difference between a file and the store, and what is the same written otherwise."""

import json

import pytest

from portal.imports.reports.export import export_tenant
from portal.stores.contract import Add
from tests.imports.importing import counts, dump, tenant

ID = "86810_1"
PLAIN = {"clientSecret": None}


def kept(importer, **item):
    """As the old application kept it."""
    importer.kept.write([Add({"tenantId": ID, **tenant(**PLAIN | item)})])


def changes(importer, **changed):
    (row,) = importer.rows(dump(tenant(**PLAIN | changed)), policy="overwrite")
    assert row.kind == ("update" if row.changes else "same")
    return [(each.field, each.old, each.new) for each in row.changes]


@pytest.mark.parametrize(
    "written",
    [
        {"contactFullName": "  Jo  "},
        {"contactFullName": "Mu\u0308ller"},
        {"contactCompanyName": " Mu\u0308ller GmbH "},
        {"accountName": "A ", "companyName": "\tB", "cluster": " eu", "clientId": "c\n"},
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
def test_the_store_exported_is_the_same_however_the_old_application_wrote_it(either, written):
    kept(either, **written)
    before = either.tenants()
    export = json.dumps(export_tenant(either.kept.get(ID))).encode()
    for policy in ("skip", "newer-wins", "overwrite"):
        assert counts(either.run(export, policy=policy)) == {"same": 1}
    assert either.tenants() == before
    # And so it is once an import has written another field of it.
    file = json.dumps({**json.loads(export), "contactFullName": "Kim"}).encode()
    assert counts(either.run(file, policy="overwrite")) == {"update": 1}
    assert counts(either.run(file, policy="overwrite")) == {"same": 1}


@pytest.mark.parametrize(
    ("name", "stored", "new"),
    [
        ("contactFullName", "Jörg Weiß", "Jörg Weiss"),
        ("contactFullName", "Mu\u0308ller ", "Muller"),
        ("accountName", "a\u200eb", "ab"),
        ("contactEmailAddress", "Joerg@muster.example", "joerg@muster.example"),
        ("contactEmailAddress", "no address", "joerg@muster.example"),
        ("contactPhone", "call me", "call him"),
        ("contactPhone", "", "+4930901820"),
        ("contactPhone", "+4930901820", ""),
    ],
)
def test_another_text_is_shown_as_it_is_in_the_store(importer, name, stored, new):
    kept(importer, **{name: stored})
    assert changes(importer, **{name: new}) == [(name, stored, new)]


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
def test_an_extension_is_a_difference_of_its_own(importer, stored, new, expected):
    importer.run(dump(tenant(**PLAIN, contactPhone=f"+49 30 901820{stored}")))
    changed = {"contactPhone": f"+49 30 901820{new}"}
    assert changes(importer, **changed) == expected
    file = dump(tenant(**PLAIN, **changed))
    importer.run(file, policy="overwrite")
    assert counts(importer.run(file, policy="overwrite")) == {"same": 1}


@pytest.mark.parametrize(
    ("new", "left"),
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
def test_what_was_typed_and_the_extension_go_with_their_number(importer, new, left):
    importer.run(dump(tenant(contactPhone="+49 30 901820 ext. 12")))
    file = dump(tenant(contactPhone=new, contactFullName="Kim"))
    assert counts(importer.run(file, policy="overwrite")) == {"update": 1}
    item = importer.kept.get(ID)
    assert {name: item[name] for name in item if name.startswith("contactPhone")} == left


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
def test_what_was_typed_stays_with_a_number_that_stays(importer, stored, given, typed):
    same = {"contactPhone": "+4930901820"}
    kept(importer, **same | stored)
    file = dump(tenant(**PLAIN | same | given, contactFullName="Kim"))
    assert counts(importer.run(file, policy="overwrite")) == {"update": 1}
    item = importer.kept.get(ID)
    assert item.get("contactPhoneTyped") == typed
    assert item.get("contactPhoneExtension") == given.get("contactPhoneExtension")


def test_a_number_is_new_whatever_is_said_of_how_it_was_typed(importer):
    kept(importer, contactPhone=None)
    said = {"contactPhone": "+4930901820", "contactPhoneTyped": ""}
    assert changes(importer, **said) == [("contactPhone", "", "+4930901820")]


def test_an_extension_without_a_number_changes_nothing_unseen(importer):
    importer.run(dump(tenant(contactPhone="+49 30 901820 ext. 12")))
    before = importer.kept.get(ID)
    extension = {"contactPhoneExtension": "99", "contactPhoneTyped": "99"}
    file = dump(tenant(contactPhone=None, contactFullName="Kim", **extension))
    importer.run(file, policy="overwrite")
    after = importer.kept.get(ID)
    for name in ("contactPhone", *extension):
        assert after[name] == before[name]
