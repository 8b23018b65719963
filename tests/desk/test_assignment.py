"""A tenant is given to somebody, or handed back, and a decision ends that. On both stores."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from portal import desk, onboarding, records
from portal.auth import disable_person
from portal.desk import TakenError
from portal.records import MailWishes
from portal.settings import Settings
from portal.stores.contract import Store
from portal.tenants import AuditInfo, Reason
from tests.conftest import START
from tests.desk.staff import by, letters, mails_to_staff, new_person
from tests.examples import CUSTOMER, PERSONAL, PlainSealer, activate, all_items, sign_up

ASSIGNED = "You are to look after a tenant"
DONE = "What you were looking after is done"


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


def reject(store: Store, tenant_id: str, audit: AuditInfo) -> None:
    version = onboarding.find(store, tenant_id).version
    onboarding.reject(store, tenant_id, expected_version=version, audit=audit, reason=Reason.OTHER)


def test_somebody_takes_a_sign_up_and_hands_it_back(store: Store) -> None:
    anna, pending = new_person(store, "Anna"), sign_up(store)
    assert desk.find_desk(store, pending).owner == ""
    taken = desk.assign(store, pending, anna, turn=0, audit=by(anna))
    assert (taken.owner, taken.owner_name, taken.at) == (anna.id, "Anna", START)
    assert desk.find_desk(store, pending) == taken
    handed_back = desk.assign(store, pending, None, turn=1, audit=by(anna))
    assert desk.find_desk(store, pending) == handed_back
    assert (handed_back.owner, handed_back.turn) == ("", 2)


def test_it_raises_no_version_so_it_collides_with_no_decision(store: Store) -> None:
    anna, ben, pending = new_person(store, "Anna"), new_person(store, "Ben"), sign_up(store)
    desk.assign(store, pending, anna, turn=0, audit=by(anna))
    assert onboarding.find(store, pending.id) == pending
    onboarding.reject(
        store,
        pending.id,
        expected_version=pending.version,
        audit=by(ben),
        reason=Reason.OTHER,
    )


def test_the_second_of_two_people_hears_who_was_faster(store: Store) -> None:
    anna, ben, pending = new_person(store, "Anna"), new_person(store, "Ben"), sign_up(store)
    desk.assign(store, pending, ben, turn=0, audit=by(ben))
    with pytest.raises(TakenError) as taken:
        desk.assign(store, pending, anna, turn=0, audit=by(anna))
    assert taken.value.desk.owner_name == "Ben"
    assert desk.find_desk(store, pending).owner == ben.id


def test_the_same_form_twice_does_it_once(store: Store) -> None:
    anna, ben, pending = new_person(store, "Anna"), new_person(store, "Ben"), sign_up(store)
    first = desk.assign(store, pending, ben, turn=0, audit=by(anna))
    before = all_items(store)
    again = by(anna, START + timedelta(minutes=1))
    assert desk.assign(store, pending, ben, turn=0, audit=again) == first
    assert all_items(store) == before


def test_of_many_who_take_it_at_once_one_has_it(store: Store) -> None:
    people, pending = [new_person(store, f"Anna{n}") for n in range(4)], sign_up(store)
    outcomes: list[str] = []

    def take(number: int) -> None:
        try:
            desk.assign(store, pending, people[number], turn=0, audit=by(people[number]))
            outcomes.append(people[number].id)
        except TakenError:
            outcomes.append("")

    threads = [threading.Thread(target=take, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [each for each in outcomes if each]
    assert desk.find_desk(store, pending).owner == winner


def test_whoever_gets_it_is_told_but_not_whoever_takes_it(store: Store, settings: Settings) -> None:
    anna, ben, pending = new_person(store, "Anna"), new_person(store, "Ben"), sign_up(store)
    desk.assign(store, pending, ben, turn=0, audit=by(anna))
    (mail,) = mails_to_staff(store, settings, START)
    assert letters([mail]) == [("ben@staff.example.com", ASSIGNED)]
    assert "Anna gave Meyer Elevators to you." in mail.text()
    assert f"/staff/tenants/{pending.id}" in mail.text()
    assert not any(word in str(mail.message["Subject"]) for word in PERSONAL)
    desk.assign(store, pending, anna, turn=1, audit=by(anna))
    assert mails_to_staff(store, settings, START) == []


def test_a_mail_that_is_not_so_any_more_does_not_leave(store: Store, settings: Settings) -> None:
    anna, ben, pending = new_person(store, "Anna"), new_person(store, "Ben"), sign_up(store)
    desk.assign(store, pending, ben, turn=0, audit=by(anna))
    desk.assign(store, pending, None, turn=1, audit=by(anna))
    assert mails_to_staff(store, settings, START) == []


def test_a_decision_ends_it_and_the_others_hear_that_it_is_done(
    store: Store, settings: Settings
) -> None:
    anna, ben, cleo = (new_person(store, name) for name in ("Anna", "Ben", "Cleo"))
    pending = sign_up(store)
    desk.assign(store, pending, anna, turn=0, audit=by(anna))
    onboarding.add_note(store, pending.id, audit=by(cleo), text="I know them.")
    onboarding.add_note(store, pending.id, audit=by(ben), text="I decide.")
    active = activate(store, PlainSealer(), pending, audit=by(ben))
    mails = mails_to_staff(store, settings, START)
    assert letters(mails) == [("anna@staff.example.com", DONE), ("cleo@staff.example.com", DONE)]
    assert "Ben decided on Meyer Elevators. The access is active." in mails[0].text()
    assert f"/staff/tenants/{active.id}" in mails[0].text()
    assert desk.find_desk(store, active).owner == ""
    assert not any(key.startswith("desk-of-") for key in all_items(store))


def test_a_customer_who_withdraws_ends_it_as_well(store: Store, settings: Settings) -> None:
    anna, pending = new_person(store, "Anna"), sign_up(store)
    desk.assign(store, pending, anna, turn=0, audit=by(anna))
    onboarding.withdraw(store, pending.id, expected_version=1, audit=CUSTOMER)
    (mail,) = mails_to_staff(store, settings, START)
    assert "The customer has withdrawn the request." in " ".join(mail.text().split())
    assert "customer decided" not in mail.text()


def test_a_change_that_decides_nothing_leaves_it(store: Store, settings: Settings) -> None:
    anna, ben, pending = new_person(store, "Anna"), new_person(store, "Ben"), sign_up(store)
    desk.assign(store, pending, anna, turn=0, audit=by(anna))
    contact = replace(pending.contact, name="Kim B. Meyer")
    changed = onboarding.edit_contact(
        store, pending.id, expected_version=1, audit=by(ben), contact=contact
    )
    assert desk.find_desk(store, changed).owner == anna.id
    assert mails_to_staff(store, settings, START) == []


def test_who_wants_no_such_mail_gets_none(store: Store, settings: Settings) -> None:
    anna, ben, pending = new_person(store, "Anna"), new_person(store, "Ben"), sign_up(store)
    desk.set_mail_wishes(store, anna.id, MailWishes(assigned=False, done=False))
    desk.assign(store, pending, anna, turn=0, audit=by(ben))
    assert mails_to_staff(store, settings, START) == []
    reject(store, pending.id, by(ben))
    assert mails_to_staff(store, settings, START) == []


def test_who_has_no_access_any_more_gets_none(store: Store, settings: Settings) -> None:
    anna, ben, pending = new_person(store, "Anna"), new_person(store, "Ben"), sign_up(store)
    desk.assign(store, pending, anna, turn=0, audit=by(ben))
    disable_person(store, email=anna.email, now=START)
    assert mails_to_staff(store, settings, START) == []


def test_mails_are_in_the_language_of_whoever_gets_them(store: Store, settings: Settings) -> None:
    anna, ben, pending = new_person(store, "Anna"), new_person(store, "Ben"), sign_up(store)
    desk.set_mail_wishes(store, anna.id, MailWishes(locale="de"))
    desk.assign(store, pending, anna, turn=0, audit=by(ben))
    (mail,) = mails_to_staff(store, settings, START)
    assert "Ben hat Ihnen Meyer Elevators übergeben." in mail.text()


def test_a_decision_that_was_taken_back_is_not_told(store: Store, settings: Settings) -> None:
    anna, ben, pending = new_person(store, "Anna"), new_person(store, "Ben"), sign_up(store)
    desk.assign(store, pending, anna, turn=0, audit=by(anna))
    reject(store, pending.id, by(ben))
    onboarding.reopen(store, pending.id, expected_version=2, audit=by(ben))
    assert mails_to_staff(store, settings, START) == []
    assert desk.find_desk(store, onboarding.find(store, pending.id)).owner == ""


def test_what_was_written_beside_a_decision_is_removed(store: Store) -> None:
    """Somebody takes a sign-up that another one decides at that moment."""
    anna, pending = new_person(store, "Anna"), sign_up(store)
    reject(store, pending.id, by(new_person(store, "Ben")))
    taken = desk.assign(store, pending, anna, turn=0, audit=by(anna))
    rejected = onboarding.find(store, pending.id)
    assert desk.find_desk(store, rejected).owner == ""
    desk.end_if_decided(store, taken, rejected)
    desk.end_if_decided(store, taken, rejected)
    assert records.desk_id(pending.id) not in all_items(store)


def test_a_set_aside_sign_up_is_nobodys_and_neither_is_a_closed_one(store: Store) -> None:
    ben, aside, pending = (
        new_person(store, "Ben"),
        sign_up(store, 1, set_aside=True),
        sign_up(store, 2),
    )
    assert not desk.is_assignable(aside)
    reject(store, pending.id, by(ben))
    assert not desk.is_assignable(onboarding.find(store, pending.id))
    for tenant_id in (aside.id, pending.id):
        onboarding.add_note(store, tenant_id, audit=by(ben), text="A robot.")
    assert not any(key.startswith("desk-of-") for key in all_items(store))


def test_no_item_of_the_desk_says_anything_of_the_customer(store: Store) -> None:
    anna, ben, pending = new_person(store, "Anna"), new_person(store, "Ben"), sign_up(store)
    desk.assign(store, pending, anna, turn=0, audit=by(ben))
    desk.note_presence(store, pending.id, anna, START)
    written = {
        key: item
        for key, item in all_items(store).items()
        if key.startswith(("desk-", "mail-staff"))
    }
    assert len(written) == 3
    assert not any(word in repr(written) for word in PERSONAL)


def test_at_most_ten_people_follow_and_the_latest_ones_do(store: Store) -> None:
    people, pending = [new_person(store, f"P{n:02}") for n in range(12)], sign_up(store)
    for person in people:
        onboarding.add_note(store, pending.id, audit=by(person), text=f"{person.name} was here")
    followers = desk.find_desk(store, pending).followers
    assert followers == tuple(each.id for each in people[2:])


# ---- Lists


def test_what_one_person_looks_after_is_listed_oldest_first(store: Store) -> None:
    anna, ben = new_person(store, "Anna"), new_person(store, "Ben")
    tenants = [sign_up(store, n, now=START - timedelta(days=n)) for n in (1, 2, 3)]
    for tenant, person in zip(tenants, (anna, ben, anna), strict=True):
        desk.assign(store, tenant, person, turn=0, audit=by(person))
    page = desk.owned(store, anna.id)
    assert [row["tenantId"] for row in page.items] == [tenants[2].id, tenants[0].id]
    first = desk.owned(store, anna.id, limit=1)
    second = desk.owned(store, anna.id, limit=1, after=first.after)
    assert [*first.items, *second.items] == list(page.items)
    reject(store, tenants[2].id, by(ben))
    assert [row["tenantId"] for row in desk.owned(store, anna.id).items] == [tenants[0].id]


def test_rows_of_a_list_say_whose_they_are(store: Store) -> None:
    anna, ben = new_person(store, "Anna"), new_person(store, "Ben")
    tenants = [sign_up(store, n, now=START - timedelta(days=n)) for n in (1, 2, 3, 4)]
    desk.assign(store, tenants[0], anna, turn=0, audit=by(anna))
    desk.assign(store, tenants[2], ben, turn=0, audit=by(ben))
    rows = [store.get(each.id) for each in tenants[:3]]
    found = desk.owners(store, rows)
    assert {key: (owner.name, owner.since) for key, owner in found.items()} == {
        tenants[0].id: ("Anna", START),
        tenants[2].id: ("Ben", START),
    }
    nobodys = desk.without_owner(rows, found)
    assert [row["tenantId"] for row in nobodys] == [tenants[1].id]
    gone = desk.without_owner(rows, found, gone=[ben.id])
    assert [row["tenantId"] for row in gone] == [tenants[1].id, tenants[2].id]
    assert desk.owners(store, []) == {}
