"""Values that are well formed, and yet not what somebody entered."""

import json

import pytest

from tests.imports.files import SECRET, dump, lines, tenant
from tests.imports.harness import messages

DAMAGED = (
    "This was damaged before the file was written: � stands in place of a character that was lost."
    " Enter the right text."
)
MADE_UP = (
    "The old application made this id up, because it did not know the right one. Whoever has no id"
    " would get the access of this tenant. Enter the right id, or leave the row out."
)


@pytest.mark.parametrize(
    "name", ["accountName", "companyName", "contactCompanyName", "contactFullName", "clientId"]
)
def test_a_lost_character_makes_the_row_invalid(harness, name):
    (row,) = harness.rows(dump(tenant(1, **{name: "J\ufffdrg"})))
    assert (row.kind, messages(row)) == ("invalid", [(name, DAMAGED)])
    assert row.values[name] == "J\ufffdrg"


def test_a_lost_character_in_an_id_a_key_or_a_secret_makes_the_row_invalid(harness):
    for name in ("accountId", "companyId"):
        (row,) = harness.rows(lines(tenant(1, **{name: "8\ufffd"})))
        assert (row.kind, (name, DAMAGED) in messages(row)) == ("invalid", True)
    (row,) = harness.rows(json.dumps({"fsm_tenant_86810_\ufffd": tenant(1)}).encode())
    assert messages(row)[0] == ("", DAMAGED)
    (row,) = harness.rows(dump(tenant(1, clientSecret=f"{SECRET}\ufffd")))
    assert (row.kind, messages(row)) == ("invalid", [("clientSecret", DAMAGED)])
    assert SECRET not in repr(row.packed())


def test_a_lost_character_in_a_field_that_is_not_read_does_not_matter(harness):
    assert harness.kinds(dump(tenant(1, remark="\ufffd"))) == ["new"]


@pytest.mark.parametrize("made_up", ["unknown", "Unknown", "undefined", "null", "NaN"])
def test_an_id_that_was_made_up_is_refused(harness, made_up):
    both = tenant(1, accountId=made_up, companyId=made_up)
    for file in (dump(both), lines({"tenantId": f"{made_up}_{made_up}", **both})):
        (row,) = harness.rows(file)
        assert row.kind == "invalid"
        assert messages(row) == [("accountId", MADE_UP), ("companyId", MADE_UP)]
    (row,) = harness.rows(dump(tenant(1, companyId=made_up)))
    assert messages(row) == [("companyId", MADE_UP)]


def test_an_id_that_only_contains_such_a_word_is_one(harness):
    assert harness.kinds(dump(tenant(1, accountId="unknown7"))) == ["new"]
