"""Each verb is tested in the same ways: it works; twice; on an old version; where it is not
allowed; on an unknown tenant; with a concurrent change; with a store that fails halfway.
"""

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from portal import onboarding, queries
from portal.onboarding import StaleError, UnknownTenantError
from portal.stores.contract import Add, UnavailableError
from portal.tenants import NotAllowedError, Reason, Status, Tenant, Term, Verb, status_after
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
from tests.onboarding.verb_calls import (
    LostResponse,
    VerbCall,
    call_activate,
    call_reject,
    call_set_client,
    calling,
    tenant_in_state,
)

# ---- One example of each


@dataclass(frozen=True)
class Example:
    """`call` does `verb` to a tenant in `state`, which then has the status `expected`. `other_call`
    asks for something else."""

    verb: Verb
    state: str
    expected: Status
    call: VerbCall
    other_call: VerbCall


EXAMPLES = [
    Example(
        Verb.ACTIVATE,
        "pending",
        Status.ACTIVE,
        call_activate,
        lambda *arguments: call_activate(*arguments, validity=NEXT_YEAR),
    ),
    Example(
        Verb.REJECT,
        "pending",
        Status.REJECTED,
        call_reject,
        calling(onboarding.reject, reason=Reason.OTHER, message="You have one."),
    ),
    Example(Verb.WITHDRAW, "pending", Status.WITHDRAWN, calling(onboarding.withdraw), call_reject),
    Example(Verb.RELEASE, "aside", Status.PENDING, calling(onboarding.release), call_reject),
    Example(
        Verb.EDIT_CONTACT,
        "pending",
        Status.PENDING,
        calling(onboarding.edit_contact, contact=OTHER_CONTACT),
        calling(onboarding.edit_contact, contact=replace(OTHER_CONTACT, name="Lo")),
    ),
    Example(
        Verb.QUESTION,
        "pending",
        Status.PENDING,
        calling(onboarding.ask, text="Which company?", fields=("company",), locale="en"),
        calling(onboarding.ask, text="Which company?"),
    ),
    Example(
        Verb.ANSWER,
        "asked",
        Status.PENDING,
        calling(onboarding.answer, text="The one in Berlin.", contact=OTHER_CONTACT),
        calling(onboarding.answer, text="The one in Bonn.", contact=OTHER_CONTACT),
    ),
    Example(Verb.REOPEN, "rejected", Status.PENDING, calling(onboarding.reopen), call_reject),
    Example(
        Verb.SUSPEND,
        "active",
        Status.SUSPENDED,
        calling(onboarding.suspend, reason=Reason.UNPAID),
        calling(onboarding.suspend, reason=Reason.MISUSE),
    ),
    Example(
        Verb.REINSTATE, "suspended", Status.ACTIVE, calling(onboarding.reinstate), call_set_client
    ),
    Example(
        Verb.SET_VALIDITY,
        "active",
        Status.ACTIVE,
        calling(onboarding.set_validity, validity=NEXT_YEAR),
        calling(onboarding.set_validity, validity=replace(WINDOW, valid_to=START)),
    ),
    Example(
        Verb.RENEW,
        "active",
        Status.ACTIVE,
        calling(onboarding.renew, term=Term.YEAR, zone=ZoneInfo("Europe/Berlin")),
        calling(onboarding.renew, term=Term.TWO_YEARS, zone=ZoneInfo("Europe/Berlin")),
    ),
    Example(
        Verb.SET_CLIENT,
        "active",
        Status.ACTIVE,
        call_set_client,
        lambda *arguments: call_set_client(*arguments, client_id="client-3", secret=None),
    ),
    Example(
        Verb.EDIT_NAMES,
        "active",
        Status.ACTIVE,
        calling(onboarding.edit_names, account_name="A", company_name="C", cluster="us"),
        calling(onboarding.edit_names, account_name="B", company_name="C", cluster="us"),
    ),
    Example(
        Verb.SET_IDS,
        "active",
        Status.ACTIVE,
        calling(onboarding.set_ids, account_id="86810", company_id="104349"),
        calling(onboarding.set_ids, account_id="86810", company_id="104350"),
    ),
    Example(
        Verb.ERASE,
        "withdrawn",
        Status.WITHDRAWN,
        calling(onboarding.erase),
        calling(onboarding.reopen),
    ),
]
each_verb = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.verb.value)


def test_every_verb_that_changes_one_tenant_has_its_example():
    # Each has tests of its own: operators answer to incomplete rows by command, ending a link and
    # getting a new one are no decisions (test_status_links.py), and a proof names no version
    # (test_proof_of_address.py). An undo restores any status (test_undo.py).
    links = {Verb.END_LINK, Verb.NEW_LINK}
    others = {Verb.SUBMIT, Verb.IMPORT, Verb.KEEP, Verb.CONFIRM_EMAIL, Verb.UNDO, *links}
    assert {example.verb for example in EXAMPLES} == set(Verb) - others


# ---- The same tests for each


def number_of_events(example) -> int:
    """Other ids are an event of the id that is gone as well."""
    return 2 if example.verb is Verb.SET_IDS else 1


@each_verb
def test_it_works_and_writes_one_event(store, example):
    before = tenant_in_state(store, example.state)
    events_before = len(events(store))
    after = example.call(store, before.id, before.version, later(ANN, hours=1))
    assert after.status is example.expected
    assert after == onboarding.find(store, after.id)
    assert after.decision is not None
    assert (after.decision.verb, after.decision.by) == (example.verb, ANN.by)
    assert len(events(store)) == events_before + number_of_events(example)
    newest = queries.history(store, after)[0]
    assert (newest.verb, newest.by, newest.at) == (
        example.verb.value, ANN.by, ANN.at + timedelta(hours=1),
    )  # fmt: skip
    assert newest.request_id == "request-of-ann-later"


@each_verb
def test_the_same_request_again_changes_nothing_and_returns_the_same(store, example):
    before = tenant_in_state(store, example.state)
    first = example.call(store, before.id, before.version, later(ANN, hours=1))
    items = all_items(store)
    again = example.call(store, before.id, before.version, later(ANN, hours=2))
    assert again == first
    assert all_items(store) == items


@each_verb
def test_another_person_on_the_same_version_gets_the_current_tenant(store, example):
    before = tenant_in_state(store, example.state)
    first = example.call(store, before.id, before.version, later(ANN, hours=1))
    items = all_items(store)
    for call in (example.call, example.other_call):
        with pytest.raises(StaleError) as refused:
            call(store, before.id, before.version, later(BOB, hours=1))
        assert refused.value.tenant == first
        assert all_items(store) == items


@each_verb
def test_the_same_person_with_another_request_gets_the_current_tenant(store, example):
    before = tenant_in_state(store, example.state)
    first = example.call(store, before.id, before.version, later(ANN, hours=1))
    with pytest.raises(StaleError) as refused:
        example.other_call(store, before.id, before.version, later(ANN, hours=1))
    assert refused.value.tenant == first


@each_verb
@pytest.mark.parametrize("version", [None, -1, 0, 99])
def test_a_version_that_never_existed_is_refused(store, example, version):
    before = tenant_in_state(store, example.state)
    items = all_items(store)
    with pytest.raises(StaleError) as refused:
        example.call(store, before.id, version, ANN)
    assert refused.value.tenant == before
    assert all_items(store) == items


def _status_after(tenant: Tenant, verb: Verb) -> Status:
    if (
        (verb is Verb.RELEASE and tenant.is_queued)
        or (verb is Verb.ANSWER and tenant.question is None)
        or (verb is Verb.QUESTION and tenant.set_aside)
    ):
        raise NotAllowedError(verb, tenant.status)
    return status_after(tenant.status, verb)


@each_verb
@pytest.mark.parametrize(
    "state", ["pending", "aside", "rejected", "withdrawn", "active", "suspended"]
)
def test_from_every_status_it_follows_the_life_cycle_or_changes_nothing(store, example, state):
    before = tenant_in_state(store, state)
    items = all_items(store)
    events_before = len(events(store))
    cem = replace(BOB, who="staff-cem")
    try:
        expected = _status_after(before, example.verb)
    except NotAllowedError:
        with pytest.raises(NotAllowedError) as refused:
            example.call(store, before.id, before.version, cem)
        assert (refused.value.verb, refused.value.status) == (example.verb, before.status)
        assert all_items(store) == items
    else:
        assert example.call(store, before.id, before.version, cem).status is expected
        assert len(events(store)) == events_before + number_of_events(example)


@each_verb
@pytest.mark.parametrize(
    "unknown",
    ["86810_999999", "pending-nobody", "", "claim-86810_104348", "an event", "a note", "staff-x"],
)
def test_an_id_that_is_not_a_tenants_is_unknown(store, example, unknown):
    tenant = tenant_in_state(store, "active")
    sign_up(store, 2, claims=IDS)
    onboarding.add_note(store, tenant.id, audit=ANN, text="called")
    store.write([Add({"tenantId": "staff-x", "version": 1})])
    items = all_items(store)
    ids = {"an event": "event-", "a note": "note-"}
    if unknown in ids:
        unknown = next(key for key in items if key.startswith(ids[unknown]))
    with pytest.raises(UnknownTenantError) as refused:
        example.call(store, unknown, 1, ANN)
    assert refused.value.tenant_id == unknown
    assert all_items(store) == items


@each_verb
def test_no_event_holds_a_secret_or_a_personal_value(store, example):
    before = tenant_in_state(store, example.state)
    example.call(store, before.id, before.version, ANN)
    stored = json.dumps(events(store), ensure_ascii=False)
    assert not [
        text for text in (*PERSONAL, "s3cr3t", "sealed-", "You have one.") if text in stored
    ]


@each_verb
def test_a_failing_store_call_leaves_nothing_half_done(store, example):
    before = tenant_in_state(store, example.state)
    items = all_items(store)
    for k in range(100):
        failing = Failing(store, k)
        try:
            example.call(failing, before.id, before.version, ANN)
        except UnavailableError:
            assert all_items(store) == items
        else:
            assert not failing.failed
            assert k > 1
            return
    pytest.fail("It never succeeded.")


@each_verb
def test_repeating_a_request_after_a_lost_response_changes_nothing(store, example):
    before = tenant_in_state(store, example.state)
    calls = Failing(store, 1000)
    with pytest.raises(UnavailableError):
        example.call(LostResponse(calls), before.id, before.version, ANN)
    items = all_items(store)
    after = example.call(store, before.id, before.version, later(ANN, minutes=1))
    assert after.status is example.expected
    assert all_items(store) == items


@each_verb
def test_a_change_between_reading_and_writing_is_stale(store, example):
    before = tenant_in_state(store, example.state)
    interrupted = Interrupted(store, lambda: example.call(store, before.id, before.version, BOB))
    with pytest.raises(StaleError) as refused:
        example.call(interrupted, before.id, before.version, ANN)
    assert refused.value.tenant.decision is not None
    assert refused.value.tenant.decision.by == BOB.by


@each_verb
def test_a_concurrent_double_click_changes_it_once_and_returns_the_same(store, example):
    before = tenant_in_state(store, example.state)
    events_before = len(events(store))
    first = []
    interrupted = Interrupted(
        store, lambda: first.append(example.call(store, before.id, before.version, ANN))
    )
    assert [example.call(interrupted, before.id, before.version, ANN)] == first
    assert len(events(store)) == events_before + number_of_events(example)


@each_verb
def test_a_claim_that_changes_meanwhile_is_still_counted_correctly(store, example):
    before = tenant_in_state(store, example.state)
    sign_up(store, 2, claims=IDS)
    interrupted = Interrupted(
        store, *(lambda n=n: sign_up(store, n, claims=IDS) for n in (3, 4, 5))
    )
    after = example.call(interrupted, before.id, before.version, ANN)
    sign_ups = [key for key in all_items(store) if key.startswith("pending-")]
    waiting = [
        key for key in sign_ups
        if (item := store.get(key)).get("status") == "pending" and not item.get("setAside")
    ]  # fmt: skip
    assert claims(store) == {IDS.tenant_id: len(waiting)}
    assert after.status is example.expected
