"""The marks of a row are those of its tenant, whatever index it comes from."""

from dataclasses import replace

import pytest

from portal import records
from portal.records import RowMarks
from portal.stores import GSI2, GSI3, GSI4
from tests.records.example_tenants import PENDING

AT = PENDING.created_at


@pytest.mark.parametrize("index", [GSI2, GSI3, GSI4], ids=lambda index: index.name)
@pytest.mark.parametrize(
    ("changes", "marks"),
    [
        ({}, RowMarks()),
        ({"email_confirmed_at": AT}, RowMarks(confirmed=True)),
        ({"email_confirmed_at": AT, "too_fast": True}, RowMarks(confirmed=True, fast=True)),
        ({"waits_for_address": True}, RowMarks(waiting=True, aside=True)),
        ({"set_aside": True, "email_confirmed_at": AT}, RowMarks(aside=True, confirmed=True)),
        ({"renews": "86810_104348"}, RowMarks(renewal=True)),
    ],
)
def test_a_row_has_the_marks_of_its_tenant(index, changes, marks):
    item = records.item_of(replace(PENDING, **changes))
    row = {name: item[name] for name in item.keys() & index.attributes}
    assert records.row_marks(row) == marks
    assert records.row_marks(item) == marks
