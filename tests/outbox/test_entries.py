"""The entry of a decision: written with it or not at all, once, and without personal data."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from portal import onboarding
from portal.outbox import HELD_FOR
from portal.records import DeliveryState, is_tenant, outbox_entry_of
from portal.stores.contract import Item, Store, StoreError
from portal.tenants import Reason, Tenant
from tests.conftest import SECRET_KEY
from tests.examples import (
    ANN,
    CONTACT,
    IDS,
    NEXT_YEAR,
    OTHER_CONTACT,
    PERSONAL,
    Behind,
    Failing,
    activate,
    all_items,
    events,
    later,
    sign_up,
)
from tests.mail.letters_and_facts import entries
from tests.onboarding.verb_calls import SEALER, call_activate, call_reject, calling, tenant_in_state

LATER = later(ANN, minutes=5)
suspend = calling(onboarding.suspend, reason=Reason.UNPAID)
reinstate = calling(onboarding.reinstate)


def kinds(store: Store) -> list[str]:
    return [entry.kind for entry in entries(store)]


@pytest.mark.parametrize(
    ("state", "call", "kind"),
    [
        ("pending", call_activate, "approved"),
        ("pending", call_reject, "rejected"),
        ("rejected", calling(onboarding.reopen), "reopened"),
        ("active", suspend, "suspended"),
        ("suspended", reinstate, "reinstated"),
        ("aside", calling(onboarding.release), "received_again"),
        ("pending", calling(onboarding.ask, text="Which company?"), "question"),
        ("asked", calling(onboarding.answer, text="This one.", contact=CONTACT), "answered"),
    ],
)
def test_a_decision_and_its_mail_are_one_write(
    store: Store, state: str, call: Callable[..., Tenant], kind: str
) -> None:
    before = tenant_in_state(store, state)
    known = {entry.id for entry in entries(store)}
    writes: list[list[Item]] = []

    class Watched(Behind):
        def write(self, changes) -> None:
            writes.append([change.item for change in changes if hasattr(change, "item")])
            super().write(changes)

    after = call(Watched(store), before.id, before.version, LATER)
    (written,) = writes
    (entry,) = (entry for entry in entries(store) if entry.id not in known)
    assert entry.id in {item["tenantId"] for item in written}
    assert (entry.kind, entry.tenant_id, entry.at) == (kind, after.id, LATER.at)
    # A customer's answer leaves at once: nobody undoes it.
    due_at = LATER.at if kind == "answered" else LATER.at + HELD_FOR
    assert (entry.state, entry.due_at, entry.locale) == (DeliveryState.DUE, due_at, "de")
    # The same decision again is no change.
    assert call(store, before.id, before.version, LATER) == after
    assert len(entries(store)) == len(known) + 1


def test_a_sign_up_and_its_mail_are_one_write_however_often_it_is_sent(store: Store) -> None:
    for _ in range(2):
        sign_up(store)
    assert kinds(store) == ["received"]


def test_nobody_writes_to_whoever_filled_the_trap_for_robots(store: Store) -> None:
    aside = sign_up(store, set_aside=True)
    assert kinds(store) == []
    onboarding.ProofMails(SECRET_KEY).send(store, aside, LATER.at)
    assert kinds(store) == []
    onboarding.release(store, aside.id, expected_version=1, audit=ANN)
    assert kinds(store) == ["received_again"]


@pytest.mark.parametrize("verb", ["withdraw", "edit_contact", "set_validity"])
def test_other_verbs_tell_nobody(store: Store, verb: str) -> None:
    state = {"set_validity": "active"}.get(verb, "pending")
    arguments: dict[str, dict[str, object]] = {
        "edit_contact": {"contact": OTHER_CONTACT},
        "set_validity": {"validity": NEXT_YEAR},
    }
    tenant = tenant_in_state(store, state)
    before = kinds(store)
    calling(getattr(onboarding, verb), **arguments.get(verb, {}))(
        store, tenant.id, tenant.version, LATER
    )
    assert kinds(store) == before


def test_a_renewal_tells_whoever_asked(store: Store) -> None:
    existing = activate(store, SEALER, sign_up(store))
    again = sign_up(store, 2, contact=OTHER_CONTACT)
    onboarding.renew_existing(
        store,
        again.id,
        expected_version=1,
        audit=LATER,
        existing_id=existing.id,
        expected_existing_version=1,
        validity=NEXT_YEAR,
    )
    newest = entries(store)[-1]
    assert (newest.kind, newest.tenant_id, newest.sign_up_id) == ("approved", existing.id, again.id)
    # The mail has not left, so that the term was taken back would say nothing.
    onboarding.undo_renewal(store, again.id, expected_version=2, audit=later(ANN, minutes=9))
    assert entries(store)[-1] == newest


def test_entries_hold_no_personal_data(store: Store) -> None:
    tenant_in_state(store, "suspended")
    items = [item for key, item in all_items(store).items() if key.startswith("mail-")]
    assert len(items) == 3
    assert not [text for text in PERSONAL if text in str(items)]


@pytest.mark.parametrize("too_late", [False, True])
def test_a_decision_that_fails_tells_nobody(store: Store, *, too_late: bool) -> None:
    for k in range(100):
        pending = sign_up(store, k, claims=IDS)
        failing = Failing(store, k, too_late=too_late)
        before = len(entries(store)), len(events(store))
        with suppress(StoreError):
            call_reject(failing, pending.id, 1, ANN)
        told, decided = len(entries(store)) - before[0], len(events(store)) - before[1]
        assert told == decided
        if not failing.failed:
            assert told == 1
            return
    raise AssertionError("it never succeeded")


def test_an_entry_is_no_tenant_and_is_read_as_it_was_written(store: Store) -> None:
    sign_up(store)
    (entry,) = entries(store)
    item = store.get(entry.id)
    assert not is_tenant(item)
    assert outbox_entry_of(item) == entry
