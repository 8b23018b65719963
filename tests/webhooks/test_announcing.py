"""What each verb says to programs: in the write that does it, and nothing that did not happen."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from portal import onboarding, records
from portal.onboarding import TenantChanges
from portal.records import DeliveryState, OutboxEntry
from portal.sealing import Secret
from portal.stores import Add, Replace, Store, StoreWrapper, UnavailableError
from portal.tenants import Reason, Status, Tenant, Verb
from portal.webhooks import AnnouncingStore, State, remove_subscription, said, switch
from portal.webhooks.announcing import KEPT_SECONDS
from tests.conftest import START
from tests.examples import (
    ANN,
    CONTACT,
    CUSTOMER,
    IDS,
    NEXT_YEAR,
    OTHER_CONTACT,
    PERSONAL,
    activate,
    all_items,
    later,
    sign_up,
)
from tests.onboarding.verb_calls import OTHER_IDS, SEALER, call_reject, tenant_in_state
from tests.webhooks.receivers import ADMIN, seen, subscribe

ADDRESS = "https://receiver.example/hooks"


def announced(store: Store) -> list[OutboxEntry]:
    found = [
        records.outbox_entry_of(item)
        for key, item in all_items(store).items()
        if key.startswith("hook-event-")
    ]
    return sorted(found, key=lambda entry: entry.at)


class Said:
    """What was said since it was asked last."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: set[str] = set()

    def __call__(self) -> list[tuple[str, str, str]]:
        """Type, tenant, and status of each."""
        new = [entry for entry in announced(self._store) if entry.id not in self._known]
        self._known |= {entry.id for entry in new}
        return sorted(
            (entry.kind.removeprefix("tenant."), data["id"], data["status"])
            for entry in new
            if isinstance(data := said(entry)["data"], dict)
        )

    def data(self) -> dict[str, object]:
        """Of the only thing that was said since."""
        (new,) = [entry for entry in announced(self._store) if entry.id not in self._known]
        self._known.add(new.id)
        data = said(new)["data"]
        assert isinstance(data, dict)
        return data


@pytest.fixture
def told(store: AnnouncingStore) -> Said:
    subscribe(store, ADDRESS)
    return Said(store)


FINAL = IDS.tenant_id


def test_a_life(store: AnnouncingStore, told: Said) -> None:
    pending = sign_up(store, claims=IDS)
    assert told() == [("pending", pending.id, "pending")]
    active = activate(store, SEALER, pending)
    data = told.data()
    assert data == {
        "id": FINAL,
        "status": "active",
        "validFrom": "2026-11-23T00:00:00.000Z",
        "validTo": "2027-11-22T23:59:59.999Z",
        "version": 1,
        "at": "2026-11-23T10:00:00.000Z",
        "formerId": pending.id,
    }
    suspended = onboarding.suspend(
        store, active.id, expected_version=1, audit=later(ANN, hours=1), reason=Reason.API
    )
    assert told() == [("suspended", FINAL, "suspended")]
    again = onboarding.reinstate(
        store, FINAL, expected_version=suspended.version, audit=later(ANN, hours=2)
    )
    assert told() == [("reinstated", FINAL, "active")]
    onboarding.set_validity(
        store, FINAL, expected_version=again.version, audit=later(ANN, hours=3), validity=NEXT_YEAR
    )
    data = told.data()
    assert (data["validTo"], data["version"]) == ("2028-11-22T23:59:59.999Z", 4)


def test_refused_withdrawn_and_reopened(store: AnnouncingStore, told: Said) -> None:
    pending = sign_up(store)
    rejected = call_reject(store, pending.id, 1, ANN)
    reopened = onboarding.reopen(
        store, pending.id, expected_version=rejected.version, audit=later(ANN, hours=1)
    )
    onboarding.withdraw(store, pending.id, expected_version=reopened.version, audit=CUSTOMER)
    assert [kind for kind, _id, _status in told()] == [
        "pending",
        "pending",
        "rejected",
        "withdrawn",
    ]


def test_what_nobody_has_looked_through_is_not_said(store: AnnouncingStore, told: Said) -> None:
    aside = sign_up(store, 1, set_aside=True)
    waiting = onboarding.submit(
        store, reference="9" * 26, contact=OTHER_CONTACT, claims=None, status_link="hash",
        now=START, waits_for_address=True,
    )  # fmt: skip
    call_reject(store, sign_up(store, 2, set_aside=True).id, 1, ANN)
    assert told() == []
    onboarding.release(store, aside.id, expected_version=1, audit=ANN)
    assert told() == [("pending", aside.id, "pending")]
    onboarding.confirm_email(store, waiting.id, email=OTHER_CONTACT.email, audit=CUSTOMER)
    assert told() == [("pending", waiting.id, "pending")]
    # And then it is said no second time.
    released = onboarding.find(store, aside.id)
    onboarding.edit_contact(
        store, aside.id, expected_version=released.version, audit=ANN,
        contact=replace(CONTACT, name="Kim M. Meyer"),
    )  # fmt: skip
    assert told() == []


def test_a_program_signs_up(store: AnnouncingStore, told: Said) -> None:
    pending = onboarding.submit_for_ids(
        store, SEALER, reference=lambda number: f"{number:026d}", ids=IDS, contact=CONTACT,
        client_id="client", secret=Secret("s3cret"), now=START,
    )  # fmt: skip
    assert told() == [("pending", pending.id, "pending")]


def test_several_changes_of_a_program_are_said_each(store: AnnouncingStore, told: Said) -> None:
    tenant_in_state(store, "active")
    told()
    changes = TenantChanges(valid_to=NEXT_YEAR.valid_to, is_active=False)
    onboarding.change_tenant(store, FINAL, changes, audit=ANN)
    assert told() == [("suspended", FINAL, "suspended"), ("validity_changed", FINAL, "suspended")]
    onboarding.change_tenant(store, FINAL, TenantChanges(client_id="other"), audit=ANN)
    assert told() == []


def test_what_is_undone_is_said_as_it_is_then(store: AnnouncingStore, told: Said) -> None:
    pending = sign_up(store)
    active = activate(store, SEALER, pending)
    told()
    undone = onboarding.undo(store, active.id, expected_version=1, audit=later(ANN, minutes=1))
    data = told.data()
    assert (data["id"], data["status"], data["formerId"]) == (pending.id, "pending", FINAL)
    rejected = call_reject(store, pending.id, undone.version, later(ANN, minutes=2))
    told()
    onboarding.undo(
        store, pending.id, expected_version=rejected.version, audit=later(ANN, minutes=3)
    )
    assert told() == [("pending", pending.id, "pending")]


def test_an_activation_from_aside_that_is_undone_is_said(
    store: AnnouncingStore, told: Said
) -> None:
    aside = sign_up(store, set_aside=True)
    active = activate(store, SEALER, aside)
    assert told() == [("activated", FINAL, "active")]
    onboarding.undo(store, active.id, expected_version=1, audit=later(ANN, minutes=1))
    assert told() == [("pending", aside.id, "pending")]


@pytest.mark.parametrize(("state", "kind"), [("active", "activated"), ("suspended", "suspended")])
def test_other_ids(store: AnnouncingStore, told: Said, state: str, kind: str) -> None:
    tenant = tenant_in_state(store, state)
    told()
    onboarding.set_ids(
        store, FINAL, expected_version=tenant.version, audit=later(ANN, hours=1),
        account_id=OTHER_IDS.account_id, company_id=OTHER_IDS.company_id,
    )  # fmt: skip
    ((said_kind, tenant_id, status),) = told()
    assert (said_kind, tenant_id, status) == (kind, OTHER_IDS.tenant_id, state)
    moved = onboarding.find(store, OTHER_IDS.tenant_id)
    onboarding.undo(store, moved.id, expected_version=moved.version, audit=later(ANN, hours=2))
    data = told.data()
    assert (data["id"], data["formerId"]) == (FINAL, OTHER_IDS.tenant_id)


def test_a_request_that_renews_an_existing_tenant(store: AnnouncingStore, told: Said) -> None:
    activate(store, SEALER, sign_up(store, 1))
    second = sign_up(store, 2)
    told()
    renewed = onboarding.renew_existing(
        store, second.id, expected_version=1, audit=later(ANN, hours=1),
        existing_id=FINAL, expected_existing_version=1, validity=NEXT_YEAR,
    )  # fmt: skip
    data = told.data()
    assert (data["id"], data["requestId"]) == (FINAL, second.id)
    assert data["validTo"] == "2028-11-22T23:59:59.999Z"
    onboarding.undo_renewal(
        store, second.id, expected_version=renewed.version, audit=later(ANN, hours=2)
    )
    assert told() == [
        ("pending", second.id, "pending"), ("validity_changed", FINAL, "active")
    ]  # fmt: skip


def _edit(store: Store, tenant: Tenant) -> Tenant:
    return onboarding.edit_contact(
        store, tenant.id, expected_version=1, audit=ANN, contact=OTHER_CONTACT
    )


def _ask(store: Store, tenant: Tenant) -> Tenant:
    return onboarding.ask(
        store, tenant.id, expected_version=1, audit=ANN, text="Which?", locale="de"
    )


@pytest.mark.parametrize("act", [_edit, _ask])
def test_other_verbs_say_nothing(
    store: AnnouncingStore, told: Said, act: Callable[[Store, Tenant], object]
) -> None:
    pending = sign_up(store)
    told()
    act(store, pending)
    assert told() == []


def test_an_import_says_nothing_nor_does_undoing_one(store: AnnouncingStore, told: Said) -> None:
    active = tenant_in_state(store, "active")
    told()
    before = store.get(active.id)
    ended = replace(active, status=Status.SUSPENDED, version=2)
    for number, (verb, reason) in enumerate(
        ((Verb.IMPORT, ""), (Verb.UNDO, records.UNDONE_IMPORT)), start=1
    ):
        after = records.item_of(replace(ended, version=number + 1), before)
        event = records.event_item(active.id, verb, ANN, before, after, reason=reason)
        store.write([Replace(after, number, read=before), Add(event)])
        assert told() == []
    again = records.item_of(replace(active, version=4), after)
    undone = records.event_item(active.id, Verb.UNDO, ANN, after, again, reason="suspend")
    store.write([Replace(again, 3, read=after), Add(undone)])
    assert told() == [("reinstated", FINAL, "active")]


def test_nothing_personal_is_kept(store: AnnouncingStore, told: Said) -> None:
    pending = sign_up(store)
    activate(store, SEALER, pending)
    texts = "".join(entry.body for entry in announced(store))
    assert told()
    assert not [word for word in PERSONAL if word in texts]


def test_a_write_that_fails_says_nothing(store: AnnouncingStore, told: Said) -> None:
    pending = sign_up(store)
    told()
    with pytest.raises(onboarding.StaleError):
        call_reject(store, pending.id, 7, ANN)
    call_reject(store, pending.id, 1, ANN)
    call_reject(store, pending.id, 1, ANN)
    assert len(told()) == 1


def test_without_subscriptions_nothing_is_written(store: AnnouncingStore) -> None:
    sign_up(store, 1)
    subscription = subscribe(store, ADDRESS)
    sign_up(store, 2)
    off = switch(store, seen(subscription), State.OFF, ADMIN, START)
    sign_up(store, 3)
    remove_subscription(store, seen(off), ADMIN, START)
    sign_up(store, 4)
    assert len(announced(store)) == 1
    assert announced(store)[0].state is DeliveryState.DUE


class Counting(StoreWrapper):
    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.gets: list[str] = []
        self.fails = False

    def get(self, item_id: str):
        self.gets.append(item_id)
        if self.fails and item_id == "hook-list":
            raise UnavailableError(reason="No answer.", remedy="Wait.")
        return super().get(item_id)


def test_a_decision_costs_no_look_whether_there_are_subscriptions(each_store: Store) -> None:
    seconds = [100.0]
    counting = Counting(each_store)
    store = AnnouncingStore(counting, seconds=lambda: seconds[0])
    for number in range(5):
        sign_up(store, number)
    assert counting.gets.count("hook-list") == 1
    # Another machine adds one, which is noticed some seconds later.
    subscribe(each_store, ADDRESS)
    sign_up(store, 5)
    assert announced(store) == []
    seconds[0] += KEPT_SECONDS
    sign_up(store, 6)
    assert len(announced(store)) == 1
    assert counting.gets.count("hook-list") == 2


def test_if_nobody_knows_whether_somebody_hears_it_is_written(each_store: Store) -> None:
    counting = Counting(each_store)
    counting.fails = True
    sign_up(AnnouncingStore(counting))
    assert len(announced(each_store)) == 1


def test_times_are_those_of_the_act(store: AnnouncingStore, told: Said) -> None:
    sign_up(store, now=START + timedelta(hours=5))
    (entry,) = announced(store)
    assert said(entry)["timestamp"] == "2026-11-23T15:00:00.000Z"
    assert entry.id.removeprefix("hook-event-") == str(said(entry)["id"]).removeprefix("msg_")
