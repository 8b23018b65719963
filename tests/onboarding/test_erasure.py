"""What was closed long ago is erased, with its notes, and stays closed."""

import json
from datetime import timedelta

import pytest

from portal import onboarding, queries
from portal.tenants import ErasedError, Status
from tests.examples import ANN, all_items, later, sign_up
from tests.onboarding.verbs import rejects, tenant_that_is


def test_what_was_closed_long_ago_is_erased_with_its_notes(store):
    old = rejects(store, sign_up(store, 1).id, 1, ANN)
    onboarding.add_note(store, old.id, audit=ANN, text="Called Jo on +49 30 901820.")
    recent = rejects(store, sign_up(store, 2).id, 1, later(ANN, days=5))
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


def test_however_many_notes_there_are_none_is_left(store):
    closed = rejects(store, sign_up(store).id, 1, ANN)
    for number in range(95):
        onboarding.add_note(store, closed.id, audit=ANN, text=f"note {number}")
    audit = later(ANN, days=400)
    assert onboarding.erase_closed_before(store, ANN.at + timedelta(days=1), audit) == 1
    assert queries.notes(store, onboarding.find(store, closed.id)) == []


def test_what_was_erased_cannot_be_reopened(store):
    closed = tenant_that_is(store, "rejected")
    erased = onboarding.erase(
        store, closed.id, expected_version=closed.version, audit=later(ANN, days=400)
    )
    kept = all_items(store)
    with pytest.raises(ErasedError):
        onboarding.reopen(store, closed.id, expected_version=erased.version, audit=ANN)
    assert all_items(store) == kept
