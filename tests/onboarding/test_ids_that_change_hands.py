"""An id that a tenant has left: who works on it, what was written under it, and its next owner."""

from dataclasses import replace

from portal import desk, mail, onboarding, queries, records
from portal.desk import find_desk
from portal.figures import check, with_counts
from portal.mail.customers.addressees import second_address
from portal.stores import Add, Replace
from portal.stores.wrapper import StoreWrapper
from portal.tenants import Reason
from tests.conftest import START
from tests.desk.staff import by, new_person
from tests.examples import ANN, BOB, IDS, NEXT_YEAR, all_items, later, sign_up
from tests.onboarding.verb_calls import OTHER_IDS, call_activate, tenant_in_state

SOON, LATER, LAST = (later(ANN, minutes=minutes) for minutes in (1, 2, 3))


def move(store, tenant, ids=OTHER_IDS, audit=SOON):
    return onboarding.set_ids(
        store, tenant.id, expected_version=tenant.version, audit=audit,
        account_id=ids.account_id, company_id=ids.company_id,
    )  # fmt: skip


def undo(store, tenant, audit=LATER):
    return onboarding.undo(store, tenant.id, expected_version=tenant.version, audit=audit)


def next_owner(store, audit=LATER):
    """Another customer's tenant under the id that is free again."""
    other = sign_up(store, 2)
    return call_activate(store, other.id, other.version, audit)


def desk_ids(store):
    return {key for key in all_items(store) if key.startswith("desk-of-")}


def texts(store, tenant):
    return [note.text for note in queries.notes(store, tenant)]


def test_whoever_looks_after_a_tenant_still_does_under_its_new_ids(store):
    active = tenant_in_state(store, "active")
    anna = new_person(store, "Anna")
    desk.assign(store, active, anna, turn=0, audit=by(anna))
    moved = move(store, active)
    assert desk_ids(store) == {records.desk_id(moved.id)}
    assert find_desk(store, moved).owner == anna.id
    assert [item["tenantId"] for item in desk.owned(store, anna.id).items] == [moved.id]
    undone = undo(store, moved)
    assert desk_ids(store) == {records.desk_id(undone.id)}
    assert find_desk(store, undone).owner == anna.id


def test_an_undone_decision_leaves_nobody_to_look_after_what_is_gone(store):
    pending = sign_up(store)
    active = call_activate(store, pending.id, pending.version, ANN)
    anna = new_person(store, "Anna")
    desk.assign(store, active, anna, turn=0, audit=by(anna))
    undo(store, active)
    assert not desk_ids(store)
    assert find_desk(store, next_owner(store)).owner == ""


def test_an_undone_suspension_ends_who_looked_after_the_suspended_tenant(store):
    active = tenant_in_state(store, "active")
    suspended = onboarding.suspend(
        store, active.id, expected_version=active.version, audit=SOON, reason=Reason.UNPAID
    )
    anna = new_person(store, "Anna")
    desk.assign(store, suspended, anna, turn=0, audit=by(anna))
    undo(store, suspended)
    assert not desk_ids(store)


def test_the_next_owner_of_an_id_has_nothing_of_the_former_one(store):
    active = tenant_in_state(store, "active")
    onboarding.add_note(store, active.id, audit=ANN, text="Of the former one.")
    store.write([
        Add(records.second_address_item(active.id, ANN, "second@meyer.example", ""))
    ])  # fmt: skip
    moved = move(store, active)
    owner = next_owner(store)
    onboarding.add_note(store, owner.id, audit=LAST, text="Of the next one.")
    assert texts(store, owner) == ["Of the next one."]
    assert [event.verb for event in queries.history(store, owner)] == ["activate"]
    assert second_address(store, owner) == ""
    assert all(entry.at >= LATER.at or entry.tenant_id != owner.id
               for entry in queries.mails(store, owner))  # fmt: skip
    assert "Of the next one." not in texts(store, moved)
    assert "Of the former one." in texts(store, moved)
    assert second_address(store, moved) == "second@meyer.example"
    assert not any(
        event.verb == "activate" and event.at == LATER.at for event in queries.history(store, moved)
    )


def test_a_customer_who_wants_no_reminders_gets_none_under_other_ids(store):
    active = tenant_in_state(store, "active")
    store.write([
        Add(records.no_reminders_item(active.id, active.contact.email, ANN))
    ])  # fmt: skip
    moved = move(store, active)
    assert mail.are_reminders_ended(store, moved)


def test_what_was_written_before_an_activation_was_undone_stays_and_is_erased(store):
    active = tenant_in_state(store, "active")
    onboarding.add_note(store, active.id, audit=ANN, text="Kim Meyer called.")
    pending = undo(store, active)
    assert "Kim Meyer called." in texts(store, pending)
    assert [event.verb for event in queries.history(store, pending)][-1] == "activate"
    owner = next_owner(store, LAST)
    onboarding.add_note(store, owner.id, audit=LAST, text="Of the next one.")
    rejected = onboarding.reject(
        store, pending.id, expected_version=pending.version, audit=LAST, reason=Reason.OTHER
    )
    onboarding.erase_closed_before(store, later(ANN, days=1).at, BOB)
    assert onboarding.find(store, rejected.id).erased
    notes = [str(item.get("text")) for key, item in all_items(store).items()
             if key.startswith("note-")]  # fmt: skip
    assert notes == ["Of the next one."]


def test_it_moves_there_and_back_and_keeps_its_whole_history(store):
    active = tenant_in_state(store, "active")
    onboarding.add_note(store, active.id, audit=ANN, text="Before.")
    moved = move(store, active)
    onboarding.add_note(store, moved.id, audit=SOON, text="There.")
    back = undo(store, moved)
    assert sorted(texts(store, back)) == ["Before.", "There."]
    assert back.id == active.id


class Counted(StoreWrapper):
    def write(self, changes):
        super().write(with_counts(changes))


def test_a_sign_up_that_was_released_twice_is_counted_once(store):
    counting = Counted(store)
    aside = sign_up(counting, set_aside=True)
    version = aside.version
    for minutes in (1, 3):
        released = onboarding.release(
            counting, aside.id, expected_version=version, audit=later(ANN, minutes=minutes)
        )
        version = undo(counting, released, later(ANN, minutes=minutes + 1)).version
    assert onboarding.find(store, aside.id).set_aside
    assert not check(store, START, 2).differences


def closed_towards(store, existing, number, audit):
    """A sign-up whose customer had this tenant already."""
    pending = sign_up(store, number)
    onboarding.renew_existing(
        store, pending.id, expected_version=pending.version, audit=audit,
        existing_id=existing.id, expected_existing_version=existing.version, validity=NEXT_YEAR,
    )  # fmt: skip
    return pending.id, onboarding.find(store, existing.id)


def test_a_closed_sign_up_leads_to_its_own_tenant_whoever_has_the_id_later(store):
    minute = [later(ANN, minutes=minutes) for minutes in range(9)]
    first_sign_up, first = closed_towards(store, tenant_in_state(store, "active"), 11, minute[1])
    first = move(store, first, audit=minute[2])
    second = next_owner(store, minute[3])
    second_sign_up, second = closed_towards(store, second, 12, minute[4])
    assert onboarding.find(store, first_sign_up) == first
    assert onboarding.find(store, second_sign_up) == second
    # Everybody moves on, and the first one back to where it was.
    second = move(store, second, replace(OTHER_IDS, company_id="7"), minute[5])
    first = move(store, first, IDS, minute[6])
    third_sign_up, first = closed_towards(store, first, 13, minute[7])
    assert onboarding.find(store, first_sign_up) == first
    assert onboarding.find(store, second_sign_up) == second
    assert onboarding.find(store, third_sign_up) == first


def test_a_sign_up_that_an_earlier_version_closed_leads_to_its_tenant(store):
    sign_up_id, active = closed_towards(store, tenant_in_state(store, "active"), 11, ANN)
    item = store.get(sign_up_id)
    # Retention has erased what it kept, and with it when that was.
    kept = ("tenantId", "version", "forwardTo", "statusLink", "createdAt", "decidedMark")
    store.write([
        Replace({name: item[name] for name in kept} | {"version": 5}, int(item["version"]))
    ])  # fmt: skip
    moved = move(store, active)
    next_owner(store)
    assert onboarding.find(store, sign_up_id) == moved
