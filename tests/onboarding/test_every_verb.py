"""Each verb is asked the same questions: does it work, twice, on an old version, when it is
not allowed, of nobody; is it overtaken, and what if the store fails in the middle.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from portal import onboarding, queries
from portal.onboarding import StaleError, UnknownTenantError
from portal.stores.contract import Add, Store, UnavailableError
from portal.tenants import AuditInfo, NotAllowedError, Reason, Status, Tenant, Verb, status_after
from tests.conftest import START
from tests.examples import (
    ANN,
    BOB,
    IDS,
    NEXT_YEAR,
    OTHER_CONTACT,
    PERSONAL,
    WINDOW,
    Failing,
    Interrupted,
    all_items,
    claims,
    events,
    later,
    sign_up,
)
from tests.onboarding.verbs import (
    SEALER,
    LostAnswer,
    activates,
    rejects,
    sets_client,
    tenant_that_is,
)

Does = Callable[[Store, str, int | None, AuditInfo], Tenant]


# ---- One example of each


@dataclass(frozen=True)
class Example:
    """`verb` as `does`, which takes a tenant from `begin` to `end`, and another wish of it."""

    verb: Verb
    begin: str
    end: Status
    does: Does
    otherwise: Does


EXAMPLES = [
    Example(
        Verb.ACTIVATE,
        "pending",
        Status.ACTIVE,
        activates,
        lambda *asked: activates(*asked, validity=NEXT_YEAR),
    ),
    Example(
        Verb.REJECT,
        "pending",
        Status.REJECTED,
        rejects,
        lambda *asked: rejects(*asked, reason=Reason.OTHER),
    ),
    Example(
        Verb.WITHDRAW,
        "pending",
        Status.WITHDRAWN,
        lambda store, i, seen, audit: onboarding.withdraw(
            store, i, expected_version=seen, audit=audit
        ),
        rejects,
    ),
    Example(
        Verb.RELEASE,
        "aside",
        Status.PENDING,
        lambda store, i, seen, audit: onboarding.release(
            store, i, expected_version=seen, audit=audit
        ),
        rejects,
    ),
    Example(
        Verb.EDIT_CONTACT,
        "pending",
        Status.PENDING,
        lambda store, i, seen, audit: onboarding.edit_contact(
            store, i, expected_version=seen, audit=audit, contact=OTHER_CONTACT
        ),
        lambda store, i, seen, audit: onboarding.edit_contact(
            store, i, expected_version=seen, audit=audit, contact=replace(OTHER_CONTACT, name="Lo")
        ),
    ),
    Example(
        Verb.REOPEN,
        "rejected",
        Status.PENDING,
        lambda store, i, seen, audit: onboarding.reopen(
            store, i, expected_version=seen, audit=audit
        ),
        rejects,
    ),
    Example(
        Verb.SUSPEND,
        "active",
        Status.SUSPENDED,
        lambda store, i, seen, audit: onboarding.suspend(
            store, i, expected_version=seen, audit=audit, reason=Reason.UNPAID
        ),
        lambda store, i, seen, audit: onboarding.suspend(
            store, i, expected_version=seen, audit=audit, reason=Reason.MISUSE
        ),
    ),
    Example(
        Verb.REINSTATE,
        "suspended",
        Status.ACTIVE,
        lambda store, i, seen, audit: onboarding.reinstate(
            store, i, expected_version=seen, audit=audit
        ),
        sets_client,
    ),
    Example(
        Verb.SET_VALIDITY,
        "active",
        Status.ACTIVE,
        lambda store, i, seen, audit: onboarding.set_validity(
            store, i, expected_version=seen, audit=audit, validity=NEXT_YEAR
        ),
        lambda store, i, seen, audit: onboarding.set_validity(
            store, i, expected_version=seen, audit=audit, validity=replace(WINDOW, valid_to=START)
        ),
    ),
    Example(
        Verb.SET_CLIENT,
        "active",
        Status.ACTIVE,
        sets_client,
        lambda store, i, seen, audit: onboarding.set_client(
            store, SEALER, i, expected_version=seen, audit=audit, client_id="client-3", secret=None
        ),
    ),
    Example(
        Verb.ERASE,
        "withdrawn",
        Status.WITHDRAWN,
        lambda store, i, seen, audit: onboarding.erase(
            store, i, expected_version=seen, audit=audit
        ),
        lambda store, i, seen, audit: onboarding.reopen(
            store, i, expected_version=seen, audit=audit
        ),
    ),
]
each_verb = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.verb.value)


def test_every_verb_that_changes_one_tenant_has_its_example():
    assert {example.verb for example in EXAMPLES} == set(Verb) - {Verb.SUBMIT, Verb.IMPORT}


# ---- The same questions for each


@each_verb
def test_it_works_and_writes_one_event(store, example):
    before = tenant_that_is(store, example.begin)
    told = len(events(store))
    after = example.does(store, before.id, before.version, later(ANN, hours=1))
    assert after.status is example.end
    assert after == onboarding.find(store, after.id)
    assert after.decision is not None
    assert (after.decision.verb, after.decision.by) == (example.verb, ANN.by)
    assert len(events(store)) == told + 1
    newest = queries.history(store, after)[0]
    assert (newest.verb, newest.by, newest.at) == (
        example.verb.value, ANN.by, ANN.at + timedelta(hours=1),
    )  # fmt: skip
    assert newest.request_id == "request-of-ann-later"


@each_verb
def test_asked_twice_it_changes_nothing_more_and_answers_the_same(store, example):
    before = tenant_that_is(store, example.begin)
    first = example.does(store, before.id, before.version, later(ANN, hours=1))
    kept = all_items(store)
    again = example.does(store, before.id, before.version, later(ANN, hours=2))
    assert again == first
    assert all_items(store) == kept


@each_verb
def test_somebody_else_who_saw_the_same_version_is_told_how_it_is_now(store, example):
    before = tenant_that_is(store, example.begin)
    first = example.does(store, before.id, before.version, later(ANN, hours=1))
    kept = all_items(store)
    for does in (example.does, example.otherwise):
        with pytest.raises(StaleError) as refused:
            does(store, before.id, before.version, later(BOB, hours=1))
        assert refused.value.tenant == first
        assert all_items(store) == kept


@each_verb
def test_the_same_person_with_another_wish_is_told_too(store, example):
    before = tenant_that_is(store, example.begin)
    first = example.does(store, before.id, before.version, later(ANN, hours=1))
    with pytest.raises(StaleError) as refused:
        example.otherwise(store, before.id, before.version, later(ANN, hours=1))
    assert refused.value.tenant == first


@each_verb
@pytest.mark.parametrize("seen", [None, -1, 0, 99])
def test_on_a_version_that_was_never_there_it_is_refused(store, example, seen):
    before = tenant_that_is(store, example.begin)
    kept = all_items(store)
    with pytest.raises(StaleError) as refused:
        example.does(store, before.id, seen, ANN)
    assert refused.value.tenant == before
    assert all_items(store) == kept


def _allowed(tenant: Tenant, verb: Verb) -> Status:
    if verb is Verb.RELEASE and not tenant.set_aside:
        raise NotAllowedError(verb, tenant.status)
    return status_after(tenant.status, verb)


@each_verb
@pytest.mark.parametrize(
    "begin", ["pending", "aside", "rejected", "withdrawn", "active", "suspended"]
)
def test_from_any_status_it_does_what_the_life_cycle_says_or_nothing(store, example, begin):
    before = tenant_that_is(store, begin)
    kept = all_items(store)
    told = len(events(store))
    someone = replace(BOB, who="staff-cem")
    try:
        expected = _allowed(before, example.verb)
    except NotAllowedError:
        with pytest.raises(NotAllowedError) as refused:
            example.does(store, before.id, before.version, someone)
        assert (refused.value.verb, refused.value.status) == (example.verb, before.status)
        assert all_items(store) == kept
    else:
        assert example.does(store, before.id, before.version, someone).status is expected
        assert len(events(store)) == told + 1


@each_verb
@pytest.mark.parametrize(
    "unknown",
    ["86810_999999", "pending-nobody", "", "claim-86810_104348", "an event", "a note", "staff-x"],
)
def test_of_what_is_no_tenant_it_says_that_it_is_unknown(store, example, unknown):
    tenant = tenant_that_is(store, "active")
    sign_up(store, 2, claims=IDS)
    onboarding.add_note(store, tenant.id, audit=ANN, text="called")
    store.write([Add({"tenantId": "staff-x", "version": 1})])
    kept = all_items(store)
    ids = {"an event": "event-", "a note": "note-"}
    if unknown in ids:
        unknown = next(key for key in kept if key.startswith(ids[unknown]))
    with pytest.raises(UnknownTenantError) as refused:
        example.does(store, unknown, 1, ANN)
    assert refused.value.tenant_id == unknown
    assert all_items(store) == kept


@each_verb
def test_no_event_holds_a_secret_or_a_personal_value(store, example):
    before = tenant_that_is(store, example.begin)
    example.does(store, before.id, before.version, ANN)
    told = json.dumps(events(store), ensure_ascii=False)
    assert not [text for text in (*PERSONAL, "s3cr3t", "sealed-", "You have one.") if text in told]


@each_verb
def test_whichever_call_of_the_store_fails_nothing_is_half_done(store, example):
    before = tenant_that_is(store, example.begin)
    kept = all_items(store)
    for k in range(100):
        failing = Failing(store, k)
        try:
            example.does(failing, before.id, before.version, ANN)
        except UnavailableError:
            assert all_items(store) == kept
        else:
            assert not failing.failed
            assert k > 1
            return
    pytest.fail("it never came through")


@each_verb
def test_a_write_whose_answer_was_lost_is_found_done_when_it_is_asked_again(store, example):
    before = tenant_that_is(store, example.begin)
    calls = Failing(store, 1000)
    with pytest.raises(UnavailableError):
        example.does(LostAnswer(calls), before.id, before.version, ANN)
    kept = all_items(store)
    after = example.does(store, before.id, before.version, later(ANN, minutes=1))
    assert after.status is example.end
    assert all_items(store) == kept


@each_verb
def test_who_is_overtaken_between_reading_and_writing_is_refused(store, example):
    before = tenant_that_is(store, example.begin)
    overtaken = Interrupted(store, lambda: example.does(store, before.id, before.version, BOB))
    with pytest.raises(StaleError) as refused:
        example.does(overtaken, before.id, before.version, ANN)
    assert refused.value.tenant.decision is not None
    assert refused.value.tenant.decision.by == BOB.by


@each_verb
def test_who_is_overtaken_by_their_own_double_click_is_answered_the_same(store, example):
    before = tenant_that_is(store, example.begin)
    told = len(events(store))
    first = []
    overtaken = Interrupted(
        store, lambda: first.append(example.does(store, before.id, before.version, ANN))
    )
    assert [example.does(overtaken, before.id, before.version, ANN)] == first
    assert len(events(store)) == told + 1


@each_verb
def test_a_claim_that_moves_meanwhile_is_counted_all_the_same(store, example):
    before = tenant_that_is(store, example.begin)
    sign_up(store, 2, claims=IDS)
    moved = Interrupted(store, *(lambda n=n: sign_up(store, n, claims=IDS) for n in (3, 4, 5)))
    after = example.does(moved, before.id, before.version, ANN)
    there = [t for t in all_items(store) if t.startswith("pending-")]
    waiting = [
        t for t in there
        if (item := store.get(t)).get("status") == "pending" and not item.get("setAside")
    ]  # fmt: skip
    assert claims(store) == {IDS.tenant_id: len(waiting)}
    assert after.status is example.end
