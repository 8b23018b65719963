"""Notes, and the history of a tenant across its two ids."""

from dataclasses import replace

import pytest

from portal import onboarding, queries
from portal.onboarding import UnknownTenantError
from portal.tenants import Reason
from tests.examples import ANN, BOB, all_items, later, sign_up
from tests.onboarding.verb_calls import call_activate, call_reject, tenant_in_state


def test_events_and_notes_tell_two_people_of_one_name_apart(store):
    pending = sign_up(store)
    for who in ("staff-1", "staff-2"):
        onboarding.add_note(store, pending.id, audit=replace(ANN, who=who), text=f"by {who}")
    onboarding.reject(
        store,
        pending.id,
        expected_version=1,
        audit=replace(ANN, who="staff-2"),
        reason=Reason.OTHER,
    )
    written = [item for id_, item in all_items(store).items() if id_.startswith(("event", "note"))]
    assert sorted(str(item["who"]) for item in written) == ["staff-1", "staff-2", "staff-2"]


def test_a_note_does_not_change_its_tenant(store):
    tenant = tenant_in_state(store, "active")
    onboarding.add_note(store, tenant.id, audit=ANN, text="called them")
    assert onboarding.find(store, tenant.id) == tenant
    assert [note.text for note in queries.notes(store, tenant)] == ["called them"]


def test_a_note_that_is_sent_twice_is_stored_once(store):
    tenant = tenant_in_state(store, "active")
    for minutes in (0, 1):
        onboarding.add_note(store, tenant.id, audit=later(ANN, minutes=minutes), text="called")
    onboarding.add_note(store, tenant.id, audit=BOB, text="called")
    assert sorted(note.by for note in queries.notes(store, tenant)) == sorted([ANN.by, BOB.by])


def test_a_note_about_an_unknown_tenant_is_refused(store):
    with pytest.raises(UnknownTenantError):
        onboarding.add_note(store, "86810_9", audit=ANN, text="x")
    assert all_items(store) == {}


def test_history_and_notes_include_those_of_the_pending_id(store):
    pending = sign_up(store)
    onboarding.add_note(store, pending.id, audit=ANN, text="before")
    call_reject(store, pending.id, 1, later(ANN, hours=1))
    onboarding.reopen(store, pending.id, expected_version=2, audit=later(BOB, hours=2))
    active = call_activate(store, pending.id, 3, later(ANN, hours=3))
    onboarding.add_note(store, pending.id, audit=later(ANN, hours=4), text="after")
    history = [(event.verb, event.by, event.reason) for event in queries.history(store, active)]
    assert history == [
        ("activate", ANN.by, ""),
        ("reopen", BOB.by, ""),
        ("reject", ANN.by, "duplicate"),
    ]
    assert [note.text for note in queries.notes(store, active)] == ["after", "before"]
