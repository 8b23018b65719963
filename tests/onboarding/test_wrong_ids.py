"""Wrong ids: a tenant moves to another key, all or nothing."""

import pytest

from portal import onboarding, queries, records
from portal.onboarding import IdsTakenError, SameIdsError
from portal.stores import GSI1
from tests.examples import ANN, IDS, all_items, events, later, sign_up
from tests.onboarding.verb_calls import OTHER_IDS, call_activate, call_set_client, tenant_in_state

LATER = later(ANN, minutes=1)


def move(store, tenant, ids=OTHER_IDS, audit=LATER):
    return onboarding.set_ids(
        store, tenant.id, expected_version=tenant.version, audit=audit,
        account_id=ids.account_id, company_id=ids.company_id,
    )  # fmt: skip


def test_the_tenant_is_found_under_the_new_ids_alone(store):
    active = tenant_in_state(store, "active")
    active = call_set_client(store, active.id, active.version, ANN)
    moved = move(store, active)
    items = all_items(store)
    assert active.id not in items
    assert moved.id == OTHER_IDS.tenant_id
    assert (moved.validity, moved.contact, moved.client.id) == (
        active.validity, active.contact, "client-2",
    )  # fmt: skip
    assert not moved.client.sealed_secret
    for old_id in (active.id, active.pending_id):
        assert onboarding.find(store, old_id) == moved
    rows = {row["tenantId"] for row in store.query(GSI1, records.account_partition("86810")).items}
    assert rows == {moved.id}


def test_its_history_notes_and_mails_stay_reachable(store):
    active = tenant_in_state(store, "active")
    onboarding.add_note(store, active.id, audit=ANN, text="Called.")
    verbs = [event.verb for event in queries.history(store, active)]
    mails = queries.mails(store, active)
    moved = move(store, active)
    history = queries.history(store, moved)
    assert [event.verb for event in history] == ["set_ids", *verbs]
    assert history[0].changes["companyId"] == ("104348", "104349")
    assert [note.text for note in queries.notes(store, moved)] == ["Called."]
    assert {mail.id for mail in queries.mails(store, moved)} == {mail.id for mail in mails}


def test_every_process_is_told_that_the_old_key_gives_no_access(store):
    active = tenant_in_state(store, "active")
    move(store, active)
    ended = [item for item in events(store) if item.get("gsi3pk") == records.ENDED]
    assert [records.ended_tenant(item)[0] for item in ended] == [active.id]


def test_ids_that_another_tenant_has_are_refused(store):
    active = tenant_in_state(store, "active")
    other = sign_up(store, 2)
    owner = call_activate(store, other.id, other.version, ANN, ids=OTHER_IDS)
    items = all_items(store)
    with pytest.raises(IdsTakenError) as taken:
        move(store, active)
    assert taken.value.existing == owner
    with pytest.raises(SameIdsError):
        move(store, active, IDS)
    assert all_items(store) == items


def test_it_moves_there_and_back_and_there_again(store):
    tenant = tenant_in_state(store, "active")
    first = tenant.id
    for ids in (OTHER_IDS, IDS, OTHER_IDS):
        tenant = move(store, tenant, ids)
    assert onboarding.find(store, first) == tenant
    assert onboarding.find(store, tenant.pending_id) == tenant


def test_a_key_that_is_free_again_belongs_to_whoever_gets_it(store):
    moved = move(store, tenant_in_state(store, "active"))
    other = sign_up(store, 2)
    owner = call_activate(store, other.id, other.version, LATER)
    assert onboarding.find(store, IDS.tenant_id) == owner
    assert onboarding.find(store, moved.id) == moved
