"""Forwards, status links and claims."""

from datetime import timedelta

import pytest

from portal import records
from portal.stores.schema import INDEXES, KEY
from tests.conftest import START
from tests.examples import IDS, PERSONAL
from tests.records.example_tenants import PENDING


def test_a_forward_keeps_the_status_link_and_nothing_personal():
    item = records.forward_item(PENDING, "86810_104348", "mark")
    assert item == {
        KEY: PENDING.id, "forwardTo": "86810_104348", "version": 2, "statusLink": "hash-of-link",
        "createdAt": "2026-11-21T10:00:00.000Z", "decidedMark": "mark",
    }  # fmt: skip
    assert records.forward_of(item) == records.Forward(to="86810_104348", idempotency_key="mark")
    assert records.status_link_of(item) == records.status_link_of(records.item_of(PENDING))
    assert not [text for text in PERSONAL if text in item.values()]
    assert not [index.name for index in INDEXES if index.partition in item]
    assert records.forward_of(records.item_of(PENDING)) is None


@pytest.mark.parametrize(
    ("age", "expired"),
    [(timedelta(days=90), False), (timedelta(days=90, milliseconds=1), True)],
)
def test_a_status_link_expires_some_days_after_the_sign_up(age, expired):
    link = records.status_link_of(records.item_of(PENDING))
    assert PENDING.created_at is not None
    assert link.is_over(PENDING.created_at + age, 90) is expired


@pytest.mark.parametrize(
    "link",
    [
        records.StatusLink(hashed="", made_at=START),
        records.StatusLink(hashed="x", made_at=None),
    ],
)
def test_a_status_link_without_a_hash_or_a_date_is_expired(link):
    assert link.is_over(START, 90)


def test_a_claim_is_read_by_its_key_alone():
    item = records.claim_item(IDS, 2, 5)
    assert item == {"tenantId": "claim-86810_104348", "count": 2, "version": 5}
    assert not records.is_tenant(item)
