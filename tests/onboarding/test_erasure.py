"""Old closed sign-ups are erased with their notes, and stay closed."""

import json
from datetime import timedelta

import pytest

from portal import onboarding, queries
from portal.onboarding import UnknownTenantError
from portal.stores import Replace
from portal.tenants import ErasedError, Status
from tests.examples import ANN, NEXT_YEAR, all_items, later, sign_up
from tests.onboarding.verb_calls import call_reject, tenant_in_state


def test_an_old_closed_sign_up_is_erased_with_its_notes(store):
    old = call_reject(store, sign_up(store, 1).id, 1, ANN)
    onboarding.add_note(store, old.id, audit=ANN, text="Called Jo on +49 30 901820.")
    recent = call_reject(store, sign_up(store, 2).id, 1, later(ANN, days=5))
    waiting = sign_up(store, 3)
    audit = later(ANN, days=9)
    assert onboarding.erase_closed_before(store, ANN.at + timedelta(days=1), audit) == 1
    erased = onboarding.find(store, old.id)
    assert (erased.status, erased.erased, erased.contact.email) == (Status.REJECTED, True, "")
    assert queries.notes(store, erased) == []
    assert onboarding.find(store, recent.id) == recent
    assert onboarding.find(store, waiting.id) == waiting
    assert "Jo" not in json.dumps(store.get(old.id))
    assert onboarding.erase_closed_before(store, ANN.at + timedelta(days=1), audit) == 0


def test_personal_fields_of_another_type_are_erased_too(store):
    closed = call_reject(store, sign_up(store).id, 1, ANN)
    item = dict(store.get(closed.id))
    del item["contactFullName"]
    odd: dict[str, str | int] = {
        "contactPhone": 4930901820,
        "attributesOfOtherTypes": json.dumps({
            "contactFullName": {"L": [{"S": "Jo"}]}, "others": {"L": [{"S": "kept"}]},
        }),
    }  # fmt: skip
    store.write([Replace({**item, **odd, "version": 3}, 2)])
    onboarding.erase(store, closed.id, expected_version=3, audit=later(ANN, days=400))
    left = store.get(closed.id)
    assert "contactPhone" not in left
    assert json.loads(str(left["attributesOfOtherTypes"])) == {"others": {"L": [{"S": "kept"}]}}


def test_all_notes_are_erased_even_if_one_write_cannot_hold_them(store):
    closed = call_reject(store, sign_up(store).id, 1, ANN)
    for number in range(95):
        onboarding.add_note(store, closed.id, audit=ANN, text=f"note {number}")
    audit = later(ANN, days=400)
    assert onboarding.erase_closed_before(store, ANN.at + timedelta(days=1), audit) == 1
    assert queries.notes(store, onboarding.find(store, closed.id)) == []


def test_an_erased_sign_up_cannot_be_reopened(store):
    closed = tenant_in_state(store, "rejected")
    erased = onboarding.erase(
        store, closed.id, expected_version=closed.version, audit=later(ANN, days=400)
    )
    items = all_items(store)
    with pytest.raises(ErasedError):
        onboarding.reopen(store, closed.id, expected_version=erased.version, audit=ANN)
    assert all_items(store) == items


def test_a_sign_up_that_was_closed_towards_a_tenant_is_erased_as_well(store):
    existing = tenant_in_state(store, "active")
    closed = sign_up(store, 2)
    onboarding.add_note(store, closed.id, audit=ANN, text="Called Jo on +49 30 901820.")
    onboarding.renew_existing(
        store, closed.id, expected_version=1, audit=ANN, existing_id=existing.id,
        expected_existing_version=existing.version, validity=NEXT_YEAR,
    )  # fmt: skip
    assert closed.contact.email in json.dumps(store.get(closed.id))
    audit = later(ANN, days=9)
    assert onboarding.erase_closed_before(store, ANN.at, audit) == 0
    assert onboarding.erase_closed_before(store, ANN.at + timedelta(days=1), audit) == 1
    item = store.get(closed.id)
    assert set(item) == {
        "tenantId", "version", "forwardTo", "statusLink", "at", "createdAt", "decidedMark"
    }  # fmt: skip
    assert "Called Jo" not in json.dumps(all_items(store))
    assert onboarding.find(store, closed.id).id == existing.id
    assert onboarding.erase_closed_before(store, ANN.at + timedelta(days=1), audit) == 0
    with pytest.raises(UnknownTenantError):
        onboarding.undo_renewal(store, closed.id, expected_version=2, audit=ANN)
