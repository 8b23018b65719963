"""Undo: whoever decided takes the decision back, as long as nobody has touched the tenant since."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from portal import onboarding, queries, records
from portal.onboarding import IdsTakenError, StaleError, UnknownTenantError
from portal.outbox import HELD_FOR
from portal.records import DeliveryState
from portal.stores import KEY, Replace, UnavailableError
from portal.tenants import UNDOABLE, Reason, Status, Term, Verb
from tests.examples import (
    ANN,
    BOB,
    CUSTOMER,
    IDS,
    NEXT_YEAR,
    OTHER_CONTACT,
    Failing,
    Interrupted,
    all_items,
    claims,
    events,
    later,
    sign_up,
)
from tests.onboarding.verb_calls import (
    OTHER_IDS,
    call_activate,
    call_reject,
    call_set_client,
    calling,
    tenant_in_state,
)

CASES = {
    Verb.ACTIVATE: ("pending", call_activate),
    Verb.REJECT: ("pending", call_reject),
    Verb.REOPEN: ("rejected", calling(onboarding.reopen)),
    Verb.SUSPEND: ("active", calling(onboarding.suspend, reason=Reason.UNPAID)),
    Verb.REINSTATE: ("suspended", calling(onboarding.reinstate)),
    Verb.SET_VALIDITY: ("active", calling(onboarding.set_validity, validity=NEXT_YEAR)),
    Verb.RENEW: ("active", calling(onboarding.renew, term=Term.YEAR, zone=ZoneInfo("UTC"))),
    Verb.SET_CLIENT: (
        "active", lambda *call: call_set_client(*call, client_id="client-3", secret=None),
    ),
    Verb.EDIT_NAMES: (
        "active",
        calling(onboarding.edit_names, account_name="A", company_name="C", cluster="us"),
    ),
    Verb.EDIT_CONTACT: ("pending", calling(onboarding.edit_contact, contact=OTHER_CONTACT)),
    Verb.SET_IDS: ("active", calling(onboarding.set_ids, account_id="86810", company_id="7")),
    Verb.RELEASE: ("aside", calling(onboarding.release)),
    Verb.QUESTION: ("pending", calling(onboarding.ask, text="Which company?")),
}  # fmt: skip
each_case = pytest.mark.parametrize("verb", CASES, ids=lambda verb: verb.value)
SOON = later(ANN, minutes=1)
LATER = later(ANN, minutes=2)


def undo(store, tenant, audit=LATER):
    return onboarding.undo(store, tenant.id, expected_version=tenant.version, audit=audit)


def decided(store, verb):
    state, call = CASES[verb]
    before = tenant_in_state(store, state)
    return before, call(store, before.id, before.version, SOON)


def comparable(tenant):
    return replace(
        tenant, version=0, updated_at=None, decision=None, was_reopened=False,
        id_since=None, former_ids=(),
        client=replace(tenant.client, sealed_secret="", secret_set_at=None),
    )  # fmt: skip


def test_every_verb_that_can_be_undone_has_its_case():
    assert set(CASES) == UNDOABLE


@each_case
def test_all_is_as_it_was_before(store, verb):
    before, after = decided(store, verb)
    undone = undo(store, after)
    assert comparable(undone) == comparable(before)
    assert undone == onboarding.find(store, before.id)
    assert (undone.decision.verb, undone.decision.by) == (Verb.UNDO, ANN.by)
    if verb is not Verb.SET_IDS:
        assert undone.client == before.client
    waiting = before.status is Status.PENDING and not before.set_aside
    assert claims(store) == ({IDS.tenant_id: 1} if waiting else {})
    newest = queries.history(store, undone)[0]
    assert (newest.verb, newest.reason) == ("undo", verb.value)


@each_case
def test_the_index_has_it_where_it_was(store, verb):
    before, after = decided(store, verb)
    item = all_items(store).get(after.id)
    assert item is not None
    undo(store, after)
    restored = store.get(before.id)
    assert records.undo_of(restored) is None
    keys = {name: value for name, value in restored.items() if name.startswith("gsi")}
    assert keys == {
        name: value for name, value in records.item_of(records.tenant_of(restored)).items()
        if name.startswith("gsi")
    }  # fmt: skip


@each_case
def test_the_same_undo_again_changes_nothing(store, verb):
    before, after = decided(store, verb)
    page = before.id if verb is Verb.ACTIVATE else after.id
    first = onboarding.undo(store, page, expected_version=after.version, audit=LATER)
    items = all_items(store)
    again = onboarding.undo(
        store, page, expected_version=after.version, audit=later(ANN, minutes=3)
    )
    assert again == first
    assert all_items(store) == items


@each_case
def test_a_concurrent_double_click_undoes_it_once_and_returns_the_same(store, verb):
    _before, after = decided(store, verb)
    first = []
    behind = Interrupted(store, lambda: first.append(undo(store, after)))
    assert [undo(behind, after)] == first


@each_case
def test_nobody_else_undoes_it(store, verb):
    _before, after = decided(store, verb)
    items = all_items(store)
    for audit in (later(BOB, minutes=2), CUSTOMER):
        with pytest.raises(StaleError) as refused:
            undo(store, after, audit)
        assert refused.value.tenant == after
    assert all_items(store) == items


@each_case
def test_what_a_colleague_has_touched_since_stays(store, verb):
    _before, after = decided(store, verb)
    if after.status is Status.REJECTED:
        call = calling(onboarding.reopen)
    else:
        call = calling(onboarding.edit_contact, contact=replace(OTHER_CONTACT, name="Lo"))
    touched = call(store, after.id, after.version, later(BOB, minutes=2))
    items = all_items(store)
    for version in (after.version, touched.version):
        with pytest.raises(StaleError) as refused:
            onboarding.undo(store, after.id, expected_version=version, audit=LATER)
        assert refused.value.tenant.decision
        assert refused.value.tenant.decision.by == BOB.by
    assert all_items(store) == items


@each_case
def test_what_a_colleague_touches_in_between_stays(store, verb):
    _before, after = decided(store, verb)
    if after.status is Status.REJECTED:
        call = calling(onboarding.reopen)
    else:
        call = calling(onboarding.edit_contact, contact=replace(OTHER_CONTACT, name="Lo"))
    behind = Interrupted(store, lambda: call(store, after.id, after.version, BOB))
    with pytest.raises(StaleError):
        undo(behind, after)
    latest = onboarding.find(store, after.id).decision
    assert latest
    assert latest.by == BOB.by


@each_case
def test_an_undo_cannot_be_undone(store, verb):
    _before, after = decided(store, verb)
    undone = undo(store, after)
    with pytest.raises(StaleError):
        undo(store, undone, later(ANN, minutes=3))


@each_case
def test_a_failing_store_call_leaves_nothing_half_done(store, verb):
    _before, after = decided(store, verb)
    items = all_items(store)
    for k in range(50):
        failing = Failing(store, k)
        try:
            undo(failing, after)
        except UnavailableError:
            assert all_items(store) == items
        else:
            return
    pytest.fail("It never succeeded.")


@each_case
def test_no_event_and_no_attribute_holds_a_secret(store, verb):
    _before, after = decided(store, verb)
    undo_text = str(store.get(after.id).get("undo", ""))
    assert "sealed-" not in undo_text
    assert "s3cr3t" not in undo_text
    undo(store, after)
    assert not [event for event in events(store) if "sealed-" in str(event)]


def test_a_replaced_secret_cannot_be_restored(store):
    active = tenant_in_state(store, "active")
    first = call_set_client(store, active.id, active.version, SOON)
    second = call_set_client(store, active.id, first.version, LATER, client_id="client-9")
    assert records.undo_of(store.get(active.id)) is None
    with pytest.raises(StaleError):
        undo(store, second)


def mail_of(store, tenant_id, kind):
    entries = [
        records.outbox_entry_of(item) for key, item in all_items(store).items()
        if key.startswith("mail-")
    ]  # fmt: skip
    return next(each for each in entries if each.kind == kind and each.tenant_id == tenant_id)


def test_the_mail_about_a_decision_waits_and_never_leaves_once_it_is_undone(store):
    before, after = decided(store, Verb.ACTIVATE)
    entry = mail_of(store, after.id, "approved")
    assert entry.due_at == SOON.at + HELD_FOR <= SOON.at + timedelta(seconds=10)
    undo(store, after)
    dropped = mail_of(store, before.id, "approved")
    assert (dropped.id, dropped.state, dropped.reason) == (
        entry.id, DeliveryState.DROPPED, "undone",
    )  # fmt: skip
    assert "reopened" not in {each.kind for each in queries.mails(store, before)}


@pytest.mark.parametrize(
    ("verb", "kind", "told"),
    [
        (Verb.ACTIVATE, "approved", "reopened"),
        (Verb.REJECT, "rejected", "reopened"),
        (Verb.SUSPEND, "suspended", "reinstated"),
        (Verb.REINSTATE, "reinstated", "suspended"),
        (Verb.REOPEN, "reopened", "rejected"),
    ],
)
def test_a_customer_who_was_told_already_is_told_that_it_was_taken_back(store, verb, kind, told):
    before, after = decided(store, verb)
    entry = mail_of(store, after.id, kind)
    sent_at = SOON.at + timedelta(seconds=20)
    sent = replace(
        entry, state=DeliveryState.SENT, due_at=None, ended_at=sent_at, tries=1,
        version=entry.version + 1,
    )  # fmt: skip
    store.write([Replace(records.outbox_item(sent), entry.version)])
    undo(store, after)
    undone = records.undone_of(store.get(before.id))
    assert undone
    assert undone.told_at == sent_at
    newest = [each for each in queries.mails(store, before) if each.at == LATER.at]
    assert [each.kind for each in newest] == [told]


def test_an_undone_activation_leaves_nothing_under_the_final_id(store):
    before, after = decided(store, Verb.ACTIVATE)
    undo(store, after)
    assert after.id not in all_items(store)
    with pytest.raises(UnknownTenantError):
        onboarding.find(store, after.id)
    ended = [item for item in events(store) if item.get("gsi3pk") == records.ENDED]
    assert [records.ended_tenant(item)[0] for item in ended] == [after.id]
    again = call_activate(store, before.id, onboarding.find(store, before.id).version, LATER)
    assert again.status is Status.ACTIVE


def test_a_decision_that_was_undone_is_counted_once(store):
    before, after = decided(store, Verb.ACTIVATE)
    undone = undo(store, after)
    counted = {key: item for key, item in all_items(store).items() if key.startswith("stats")}
    call_activate(store, before.id, undone.version, later(ANN, minutes=5))
    now = {key: item for key, item in all_items(store).items() if key.startswith("stats")}
    assert now == counted


def test_an_id_that_somebody_else_has_by_now_is_not_taken_back(store):
    active = tenant_in_state(store, "active")
    moved = onboarding.set_ids(
        store, active.id, expected_version=active.version, audit=SOON,
        account_id=OTHER_IDS.account_id, company_id=OTHER_IDS.company_id,
    )  # fmt: skip
    other = sign_up(store, 2)
    owner = call_activate(store, other.id, other.version, BOB)
    assert owner.id == active.id
    items = all_items(store)
    with pytest.raises(IdsTakenError) as taken:
        undo(store, moved)
    assert taken.value.existing == owner
    assert all_items(store) == items
    assert store.get(moved.id)[KEY] == moved.id
