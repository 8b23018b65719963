"""The verbs, each asked the same questions: does it work, twice, on an old version, when it is
not allowed, of nobody; what if two decide at once, and what if the store fails in the middle.
"""

import json
import multiprocessing
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from portal import listings, onboarding, records
from portal.instants import to_text
from portal.onboarding import StaleError, TenantExistsError, UnknownTenantError
from portal.sealing import Secret
from portal.stores.contract import (
    Add,
    BusyError,
    NotThereError,
    Remove,
    Replace,
    Store,
    StoreError,
    UnavailableError,
)
from portal.stores.json_file import JsonFileStore
from portal.stores.table import GSI1
from portal.tenants import (
    Act,
    Client,
    ErasedError,
    Ids,
    NotAllowedError,
    PastWindowError,
    Reason,
    Status,
    Tenant,
    Verb,
    status_after,
)
from tests.conftest import START
from tests.examples import (
    ANN,
    BOB,
    CONTACT,
    CUSTOMER,
    IDS,
    NEXT_YEAR,
    OTHER_CONTACT,
    PERSONAL,
    WINDOW,
    Behind,
    Failing,
    Interrupted,
    PlainSealer,
    activate,
    all_items,
    claims,
    events,
    later,
    reference,
    sign_up,
)

FORK = multiprocessing.get_context("fork")
SEALER = PlainSealer()
OTHER_IDS = Ids(account_id="86810", company_id="104349")

Does = Callable[[Store, str, int | None, Act], Tenant]


# ---- One example of each verb


def activates(store, tenant_id, seen, act, **other) -> Tenant:
    asked = {"ids": IDS, "validity": WINDOW, "client_id": "client-1", "secret": None, **other}
    return onboarding.activate(store, SEALER, tenant_id, seen=seen, act=act, **asked)


def rejects(store, tenant_id, seen, act, reason=Reason.DUPLICATE) -> Tenant:
    return onboarding.reject(
        store, tenant_id, seen=seen, act=act, reason=reason, message="You have one."
    )


def sets_client(store, tenant_id, seen, act) -> Tenant:
    return onboarding.set_client(
        store, SEALER, tenant_id, seen=seen, act=act, client_id="client-2", secret=Secret("s3cr3t")
    )


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
        lambda store, i, seen, act: onboarding.withdraw(store, i, seen=seen, act=act),
        rejects,
    ),
    Example(
        Verb.RELEASE,
        "aside",
        Status.PENDING,
        lambda store, i, seen, act: onboarding.release(store, i, seen=seen, act=act),
        rejects,
    ),
    Example(
        Verb.EDIT_CONTACT,
        "pending",
        Status.PENDING,
        lambda store, i, seen, act: onboarding.edit_contact(
            store, i, seen=seen, act=act, contact=OTHER_CONTACT
        ),
        lambda store, i, seen, act: onboarding.edit_contact(
            store, i, seen=seen, act=act, contact=replace(OTHER_CONTACT, name="Lo")
        ),
    ),
    Example(
        Verb.REOPEN,
        "rejected",
        Status.PENDING,
        lambda store, i, seen, act: onboarding.reopen(store, i, seen=seen, act=act),
        rejects,
    ),
    Example(
        Verb.SUSPEND,
        "active",
        Status.SUSPENDED,
        lambda store, i, seen, act: onboarding.suspend(
            store, i, seen=seen, act=act, reason=Reason.UNPAID
        ),
        lambda store, i, seen, act: onboarding.suspend(
            store, i, seen=seen, act=act, reason=Reason.MISUSE
        ),
    ),
    Example(
        Verb.REINSTATE,
        "suspended",
        Status.ACTIVE,
        lambda store, i, seen, act: onboarding.reinstate(store, i, seen=seen, act=act),
        sets_client,
    ),
    Example(
        Verb.SET_VALIDITY,
        "active",
        Status.ACTIVE,
        lambda store, i, seen, act: onboarding.set_validity(
            store, i, seen=seen, act=act, validity=NEXT_YEAR
        ),
        lambda store, i, seen, act: onboarding.set_validity(
            store, i, seen=seen, act=act, validity=replace(WINDOW, valid_to=START)
        ),
    ),
    Example(
        Verb.SET_CLIENT,
        "active",
        Status.ACTIVE,
        sets_client,
        lambda store, i, seen, act: onboarding.set_client(
            store, SEALER, i, seen=seen, act=act, client_id="client-3", secret=None
        ),
    ),
    Example(
        Verb.ERASE,
        "withdrawn",
        Status.WITHDRAWN,
        lambda store, i, seen, act: onboarding.erase(store, i, seen=seen, act=act),
        lambda store, i, seen, act: onboarding.reopen(store, i, seen=seen, act=act),
    ),
]
each_verb = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.verb.value)


def tenant_that_is(store: Store, begin: str) -> Tenant:
    """A tenant that got there by the verbs themselves."""
    pending = sign_up(store, claims=IDS, set_aside=begin == "aside")
    match begin:
        case "pending" | "aside":
            return pending
        case "rejected":
            return rejects(store, pending.id, 1, ANN)
        case "withdrawn":
            return onboarding.withdraw(store, pending.id, seen=1, act=CUSTOMER)
        case "active":
            return activate(store, SEALER, pending)
        case _:
            active = activate(store, SEALER, pending)
            return onboarding.suspend(
                store, active.id, seen=1, act=BOB, reason=Reason.CONTRACT_ENDED
            )


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
    newest = listings.history(store, after)[0]
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
    onboarding.add_note(store, tenant.id, act=ANN, text="called")
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


class LostAnswer(Behind):
    """Writes, and then the connection is gone."""

    def write(self, changes) -> None:
        super().write(changes)
        raise UnavailableError(reason="No answer in three seconds.", mend="Look again.")


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


# ---- Submit


def test_a_sign_up_is_pending_with_its_own_id_and_claims_what_it_names(store):
    tenant = sign_up(store, claims=IDS)
    assert (tenant.id, tenant.status, tenant.version) == (
        f"pending-{reference(1)}", Status.PENDING, 1,
    )  # fmt: skip
    assert tenant == onboarding.find(store, tenant.id)
    assert claims(store) == {"86810_104348": 1}
    assert events(store) == []
    assert store.query(GSI1, "ACCOUNT#86810").items == []


def test_sending_the_form_twice_adds_nothing_and_answers_what_is_there(store):
    first = sign_up(store, claims=IDS)
    kept = all_items(store)
    assert sign_up(store, claims=OTHER_IDS, contact=OTHER_CONTACT, now=START) == first
    assert all_items(store) == kept


def test_sending_the_form_again_after_the_activation_answers_the_active_tenant(store):
    active = activate(store, SEALER, sign_up(store))
    assert sign_up(store) == active


def test_a_sign_up_without_ids_is_one_item(store):
    sign_up(store)
    assert len(all_items(store)) == 1


def test_a_sign_up_that_was_set_aside_claims_nothing(store):
    sign_up(store, claims=IDS, set_aside=True)
    assert claims(store) == {}


def test_a_sign_up_fails_as_a_whole(store):
    for k in range(100):
        failing = Failing(store, k)
        try:
            sign_up(failing, claims=IDS)
        except UnavailableError:
            assert all_items(store) == {}
        else:
            assert k > 1
            return


def test_a_sign_up_whose_answer_was_lost_is_there_once(store):
    with pytest.raises(UnavailableError):
        sign_up(LostAnswer(store), claims=IDS)
    assert sign_up(store, claims=IDS).version == 1
    assert claims(store) == {"86810_104348": 1}


# ---- Claims


def test_claims_count_the_pending_tenants_that_name_the_same_ids(store):
    one, two, three, four = (sign_up(store, n, claims=IDS) for n in (1, 2, 3, 4))
    aside = sign_up(store, 5, claims=IDS, set_aside=True)
    sign_up(store, 6, claims=OTHER_IDS)

    def count() -> int:
        return claims(store).get(IDS.tenant_id, 0)

    assert count() == 4
    onboarding.withdraw(store, one.id, seen=1, act=CUSTOMER)
    assert count() == 3
    rejects(store, two.id, 1, ANN)
    assert count() == 2
    onboarding.edit_contact(store, three.id, seen=1, act=ANN, contact=OTHER_CONTACT)
    assert count() == 2
    onboarding.release(store, aside.id, seen=1, act=ANN)
    assert count() == 3
    onboarding.reopen(store, two.id, seen=2, act=ANN)
    assert count() == 4
    # Bound to other ids than it claimed: it is the claimed ones that are let go.
    activates(store, four.id, 1, ANN, ids=OTHER_IDS)
    assert claims(store) == {IDS.tenant_id: 3, OTHER_IDS.tenant_id: 1}
    for left in (two, three, aside):
        rejects(store, left.id, onboarding.find(store, left.id).version, ANN)
    assert claims(store) == {OTHER_IDS.tenant_id: 1}


def test_a_pending_tenant_whose_claim_was_never_counted_leaves_none_behind(store):
    tenant = sign_up(store, claims=IDS)
    claim = store.get(records.claim_id(IDS))
    store.write([Remove(records.claim_id(IDS), claim["version"])])
    rejects(store, tenant.id, 1, ANN)
    assert claims(store) == {}


# ---- Activation


def test_activation_is_one_write_of_the_tenant_its_event_its_forward_and_its_claim(store):
    pending = sign_up(store, claims=IDS)
    writes = []

    class Watched(Behind):
        def write(self, changes) -> None:
            writes.append(len(changes))
            super().write(changes)

    active = activates(Watched(store), pending.id, 1, ANN, secret=Secret("s3cr3t"))
    assert writes == [4]
    items = all_items(store)
    event = next(key for key in items if key.startswith("event-86810_104348-"))
    assert set(items) == {active.id, pending.id, event}
    forward = records.forward_of(items[pending.id])
    assert forward is not None
    assert (forward.to, forward.status_link) == (active.id, "hash-of-link-1")
    assert items[active.id]["gsi1pk"] == "ACCOUNT#86810"
    assert onboarding.find(store, pending.id) == active
    assert (active.created_at, active.locale) == (pending.created_at, "de")
    assert (active.contact, active.status_link) == (CONTACT, "hash-of-link-1")


def test_the_secret_is_sealed_for_the_final_id(store):
    active = activates(store, sign_up(store).id, 1, ANN, secret=Secret("s3cr3t"))
    assert active.client == Client(
        id="client-1", sealed_secret="sealed-6-for-86810_104348", secret_set_at=ANN.at
    )
    assert not [1 for item in all_items(store).values() if "s3cr3t" in str(item)]


def test_the_same_activation_again_changes_nothing_even_when_others_have_gone_on(store):
    pending = sign_up(store)
    activates(store, pending.id, 1, ANN)
    suspended = onboarding.suspend(store, IDS.tenant_id, seen=1, act=BOB, reason=Reason.UNPAID)
    kept = all_items(store)
    assert activates(store, pending.id, 1, later(ANN, minutes=1)) == suspended
    with pytest.raises(StaleError) as refused:
        activates(store, pending.id, 1, BOB)
    assert refused.value.tenant == suspended
    assert all_items(store) == kept


def test_a_window_that_is_over_activates_nothing(store):
    pending = sign_up(store, claims=IDS)
    kept = all_items(store)
    over = replace(WINDOW, valid_to=START - timedelta(milliseconds=1))
    with pytest.raises(PastWindowError):
        activates(store, pending.id, 1, ANN, validity=over)
    assert all_items(store) == kept


def test_a_key_that_is_taken_is_named_and_nothing_is_changed(store):
    active = activate(store, SEALER, sign_up(store, 1))
    again = sign_up(store, 2, claims=IDS)
    kept = all_items(store)
    with pytest.raises(TenantExistsError) as refused:
        activates(store, again.id, 1, BOB)
    assert (refused.value.pending, refused.value.existing) == (again, active)
    assert all_items(store) == kept


def renews(store, pending, existing, act=ANN, **more) -> Tenant:
    asked = {
        "seen": pending.version, "existing_id": existing.id, "existing_seen": existing.version,
        "validity": NEXT_YEAR, **more,
    }  # fmt: skip
    return onboarding.renew_instead(store, pending.id, act=act, **asked)


def test_a_customer_who_asks_again_gets_the_tenant_they_have_with_the_new_window(store):
    active = activate(store, SEALER, sign_up(store, 1), secret="s3cr3t")
    again = sign_up(store, 2, claims=IDS)
    renewed = renews(store, again, active, later(ANN, days=300))
    assert (renewed.id, renewed.version, renewed.validity) == (active.id, 2, NEXT_YEAR)
    assert (renewed.status, renewed.client) == (Status.ACTIVE, active.client)
    assert onboarding.find(store, again.id) == renewed
    assert claims(store) == {}
    assert [event.verb for event in listings.history(store, renewed)] == [
        "set_validity", "activate",
    ]  # fmt: skip


def test_renewing_twice_adds_one_term(store):
    active = activate(store, SEALER, sign_up(store, 1))
    again = sign_up(store, 2, claims=IDS)
    first = renews(store, again, active)
    kept = all_items(store)
    assert renews(store, again, active, later(ANN, minutes=1)) == first
    assert all_items(store) == kept


def test_renewing_is_refused_when_either_of_the_two_has_changed(store):
    active = activate(store, SEALER, sign_up(store, 1))
    again = sign_up(store, 2, claims=IDS)
    suspended = onboarding.suspend(store, active.id, seen=1, act=BOB, reason=Reason.UNPAID)
    kept = all_items(store)
    with pytest.raises(StaleError) as refused:
        renews(store, again, active)
    assert refused.value.tenant == suspended
    assert all_items(store) == kept
    edited = onboarding.edit_contact(store, again.id, seen=1, act=BOB, contact=OTHER_CONTACT)
    kept = all_items(store)
    with pytest.raises(StaleError) as refused:
        renews(store, again, suspended)
    assert refused.value.tenant == edited
    assert all_items(store) == kept


@pytest.mark.parametrize("begin", ["rejected", "withdrawn", "active"])
def test_only_a_pending_sign_up_is_closed_towards_another_tenant(store, begin):
    closed = tenant_that_is(store, begin)
    other = activates(store, sign_up(store, 2).id, 1, ANN, ids=OTHER_IDS)
    kept = all_items(store)
    with pytest.raises(NotAllowedError):
        renews(store, closed, other)
    assert all_items(store) == kept


def test_it_is_not_closed_towards_one_that_is_pending_itself_or_towards_nobody(store):
    one, two = sign_up(store, 1), sign_up(store, 2)
    kept = all_items(store)
    with pytest.raises(NotAllowedError):
        renews(store, one, two)
    with pytest.raises(UnknownTenantError):
        renews(store, one, two, existing_id="86810_9")
    assert all_items(store) == kept


def test_renewing_fails_as_a_whole(store):
    active = activate(store, SEALER, sign_up(store, 1))
    again = sign_up(store, 2, claims=IDS)
    kept = all_items(store)
    for k in range(100):
        try:
            renews(Failing(store, k), again, active)
        except UnavailableError:
            assert all_items(store) == kept
        else:
            assert k > 3
            return


# ---- Records of the old application

OLD = {
    "tenantId": "86810_104348", "accountId": "86810", "companyId": "104348", "isActive": True,
    "validFrom": "2026-01-01T00:00:00.000Z", "validTo": "31.12.2027", "clientSecret": "old",
    "gsi1pk": "ACCOUNT#86810", "gsi1sk": "TENANT#86810_104348", "creditLimit": 7,
}  # fmt: skip


def test_an_old_record_is_changed_on_the_condition_that_it_still_has_no_version(store):
    store.write([Add(OLD)])
    after = onboarding.suspend(store, OLD["tenantId"], seen=None, act=ANN, reason=Reason.UNPAID)
    assert (after.status, after.version) == (Status.SUSPENDED, 1)
    item = store.get(OLD["tenantId"])
    assert (item["validTo"], item["creditLimit"], item["isActive"]) == ("31.12.2027", 7, False)
    with pytest.raises(StaleError):
        onboarding.reinstate(store, OLD["tenantId"], seen=None, act=BOB)


def test_an_old_record_that_got_a_version_meanwhile_is_not_overwritten(store):
    store.write([Add(OLD)])
    overtaken = Interrupted(store, lambda: store.write([Replace({**OLD, "version": 1}, None)]))
    with pytest.raises(StaleError):
        onboarding.suspend(overtaken, OLD["tenantId"], seen=None, act=ANN, reason=Reason.UNPAID)
    assert store.get(OLD["tenantId"])["isActive"] is True


def test_what_the_old_application_changes_meanwhile_is_not_lost(store):
    store.write([Add(OLD)])
    elsewhere = {**OLD, "validTo": "2031-01-01T00:00:00.000Z", "updatedAt": to_text(START)}
    overtaken = Interrupted(store, lambda: store.write([Replace(elsewhere, None)]))
    onboarding.suspend(overtaken, OLD["tenantId"], seen=None, act=ANN, reason=Reason.UNPAID)
    item = store.get(OLD["tenantId"])
    assert (item["validTo"], item["isActive"]) == ("2031-01-01T00:00:00.000Z", False)


# ---- Closed sign-ups


@pytest.mark.parametrize("begin", ["rejected", "withdrawn"])
def test_reopening_puts_it_back_with_all_it_had(store, begin):
    closed = tenant_that_is(store, begin)
    reopened = onboarding.reopen(store, closed.id, seen=2, act=ANN)
    assert (reopened.status, reopened.version, reopened.contact) == (Status.PENDING, 3, CONTACT)
    assert (reopened.ids, reopened.created_at) == (IDS, START)
    assert claims(store) == {IDS.tenant_id: 1}


def test_what_was_closed_long_ago_is_erased_with_its_notes(store):
    old = rejects(store, sign_up(store, 1).id, 1, ANN)
    onboarding.add_note(store, old.id, act=ANN, text="Called Jo on +49 30 901820.")
    recent = rejects(store, sign_up(store, 2).id, 1, later(ANN, days=5))
    waiting = sign_up(store, 3)
    act = later(ANN, days=9)
    assert onboarding.erase_closed_before(store, ANN.at + timedelta(days=1), act) == 1
    erased = onboarding.find(store, old.id)
    assert (erased.status, erased.erased, erased.contact.email) == (Status.REJECTED, True, "")
    assert listings.notes(store, erased) == []
    assert onboarding.find(store, recent.id) == recent
    assert onboarding.find(store, waiting.id) == waiting
    assert "Jo" not in json.dumps(store.get(old.id))
    assert onboarding.erase_closed_before(store, ANN.at + timedelta(days=1), act) == 0


def test_however_many_notes_there_are_none_is_left(store):
    closed = rejects(store, sign_up(store).id, 1, ANN)
    for number in range(95):
        onboarding.add_note(store, closed.id, act=ANN, text=f"note {number}")
    act = later(ANN, days=400)
    assert onboarding.erase_closed_before(store, ANN.at + timedelta(days=1), act) == 1
    assert listings.notes(store, onboarding.find(store, closed.id)) == []


def test_what_was_erased_cannot_be_reopened(store):
    closed = tenant_that_is(store, "rejected")
    erased = onboarding.erase(store, closed.id, seen=closed.version, act=later(ANN, days=400))
    kept = all_items(store)
    with pytest.raises(ErasedError):
        onboarding.reopen(store, closed.id, seen=erased.version, act=ANN)
    assert all_items(store) == kept


# ---- Notes and history


def test_an_event_and_a_note_say_which_of_two_people_of_one_name_it_was(store):
    pending = sign_up(store)
    for who in ("staff-1", "staff-2"):
        onboarding.add_note(store, pending.id, act=replace(ANN, who=who), text=f"by {who}")
    onboarding.reject(
        store, pending.id, seen=1, act=replace(ANN, who="staff-2"), reason=Reason.OTHER
    )
    written = [item for id_, item in all_items(store).items() if id_.startswith(("event", "note"))]
    assert sorted(str(item["who"]) for item in written) == ["staff-1", "staff-2", "staff-2"]


def test_a_note_changes_nothing_of_its_tenant(store):
    tenant = tenant_that_is(store, "active")
    onboarding.add_note(store, tenant.id, act=ANN, text="called them")
    assert onboarding.find(store, tenant.id) == tenant
    assert [note.text for note in listings.notes(store, tenant)] == ["called them"]


def test_a_note_that_is_sent_twice_stands_once(store):
    tenant = tenant_that_is(store, "active")
    for minutes in (0, 1):
        onboarding.add_note(store, tenant.id, act=later(ANN, minutes=minutes), text="called")
    onboarding.add_note(store, tenant.id, act=BOB, text="called")
    assert sorted(note.by for note in listings.notes(store, tenant)) == sorted([ANN.by, BOB.by])


def test_a_note_of_an_unknown_tenant_is_refused(store):
    with pytest.raises(UnknownTenantError):
        onboarding.add_note(store, "86810_9", act=ANN, text="x")
    assert all_items(store) == {}


def test_a_tenant_remembers_what_happened_before_it_had_its_final_id(store):
    pending = sign_up(store)
    onboarding.add_note(store, pending.id, act=ANN, text="before")
    rejects(store, pending.id, 1, later(ANN, hours=1))
    onboarding.reopen(store, pending.id, seen=2, act=later(BOB, hours=2))
    active = activates(store, pending.id, 3, later(ANN, hours=3))
    onboarding.add_note(store, pending.id, act=later(ANN, hours=4), text="after")
    told = [(event.verb, event.by, event.reason) for event in listings.history(store, active)]
    assert told == [
        ("activate", ANN.by, ""),
        ("reopen", BOB.by, ""),
        ("reject", ANN.by, "duplicate"),
    ]
    assert [note.text for note in listings.notes(store, active)] == ["after", "before"]


# ---- Many at once


def test_a_record_that_never_holds_still_is_busy_and_nothing_was_saved(store):
    class Restless(Behind):
        def write(self, changes) -> None:
            self.inner.write([Replace(self._next(), self._version())])
            super().write(changes)

        def _version(self) -> int:
            return int(store.get(records.claim_id(IDS))["version"])

        def _next(self) -> dict:
            version = self._version()
            return dict(records.claim_item(IDS, 1, version + 1))

    tenant = sign_up(store, claims=IDS)
    with pytest.raises(BusyError):
        rejects(Restless(store), tenant.id, 1, ANN)
    assert onboarding.find(store, tenant.id) == tenant
    assert events(store) == []


def decide(store: Store, tenant_id: str, number: int, who: int) -> str:
    """One of `who`'s decisions: which it is depends on both, so that they quarrel."""
    act = Act(by=f"Approver {who}", who=f"staff-{who}", at=START)
    ids = Ids(account_id=str(number), company_id="1")
    try:
        if (number + who) % 2:
            activates(store, tenant_id, 1, act, ids=ids)
        else:
            rejects(store, tenant_id, 1, act)
    except StaleError as refused:
        decision = refused.tenant.decision
        assert decision is not None
        assert decision.by != act.by
        return "told"
    except BusyError:
        return "busy"
    return "decided"


def check_decided_once(store: Store, number: int) -> None:
    items = all_items(store)
    assert Counter(records.item_kind(key) for key in items)["event"] == number
    subjects = Counter()
    for n in range(number):
        item = store.get(f"pending-{reference(n)}")
        if "forwardTo" in item:
            item = store.get(item["forwardTo"])
        subjects[item["status"]] += 1
        (event,) = listings.history(store, records.tenant_of(item))
        assert event.by == item["decidedBy"]
        assert event.changes["status"][1] == item["status"]
    assert set(subjects) == {"active", "rejected"}
    assert claims(store) == {}


def test_many_threads_decide_each_tenant_once(store):
    number, people = 40, 8
    pending = [sign_up(store, n, claims=IDS) for n in range(number)]
    start, answers = threading.Barrier(people), []

    def work(who: int) -> None:
        start.wait()
        for n, tenant in enumerate(pending):
            answer = decide(store, tenant.id, n, who)
            while answer == "busy":
                answer = decide(store, tenant.id, n, who)
            answers.append(answer)

    threads = [threading.Thread(target=work, args=(who,)) for who in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(answers) == {"decided": number, "told": number * (people - 1)}
    check_decided_once(store, number)


def _decide_all(folder, tenant_ids, start, who, answers) -> None:
    store = JsonFileStore(folder)
    start.wait()
    made = Counter(decide(store, tenant_id, n, who) for n, tenant_id in enumerate(tenant_ids))
    answers.put(made)
    store.close()


def test_four_processes_decide_four_hundred_tenants_each_exactly_once(tmp_path):
    number, people = 400, 4
    store = JsonFileStore(tmp_path)
    tenant_ids = [sign_up(store, n).id for n in range(number)]
    start, answers = FORK.Barrier(people), FORK.Queue()
    processes = [
        FORK.Process(target=_decide_all, args=(tmp_path, tenant_ids, start, who, answers))
        for who in range(people)
    ]
    for process in processes:
        process.start()
    total = sum((answers.get(timeout=60) for _ in processes), Counter())
    for process in processes:
        process.join()
    assert total == {"decided": number, "told": number * (people - 1)}
    check_decided_once(store, number)
    store.close()


def test_many_sign_ups_of_one_company_at_once_are_all_counted(store):
    start, made = threading.Barrier(6), []

    def work(first: int) -> None:
        start.wait()
        for number in range(first, first + 10):
            while True:
                try:
                    made.append(sign_up(store, number, claims=IDS).id)
                    break
                except BusyError:
                    continue

    threads = [threading.Thread(target=work, args=(first,)) for first in range(0, 60, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 60
    assert claims(store) == {IDS.tenant_id: 60}


def test_of_two_sign_ups_for_one_company_only_one_becomes_its_tenant(store):
    pending = [sign_up(store, n, claims=IDS) for n in range(6)]
    start, answers = threading.Barrier(6), Counter()

    def work(tenant: Tenant) -> None:
        start.wait()
        try:
            activates(store, tenant.id, 1, ANN)
            answers["active"] += 1
        except (TenantExistsError, BusyError) as refused:
            answers[type(refused).__name__] += 1

    threads = [threading.Thread(target=work, args=(tenant,)) for tenant in pending]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers["active"] == 1
    assert claims(store) == {IDS.tenant_id: 5}
    assert len(events(store)) == 1


def test_errors_say_nothing_of_whom_they_are_about(store):
    tenant = tenant_that_is(store, "active")
    again = sign_up(store, 2)
    shown = []
    for ask in (
        lambda: activates(store, again.id, 1, ANN),
        lambda: rejects(store, tenant.id, 77, ANN),
        lambda: activates(store, "pending-nobody", 1, ANN),
    ):
        with pytest.raises((TenantExistsError, StaleError, UnknownTenantError)) as refused:
            ask()
        cause = refused.value.__cause__
        shown += [str(refused.value), repr(refused.value), str(cause), repr(cause)]
        assert cause is None or isinstance(cause, StoreError)
    assert not [text for text in PERSONAL if text in " ".join(shown)]


def test_finding_a_forward_whose_tenant_is_gone_is_finding_nobody(store):
    store.write([Add({"tenantId": "pending-x", "forwardTo": "1_2", "version": 2})])
    with pytest.raises(UnknownTenantError) as refused:
        onboarding.find(store, "pending-x")
    assert isinstance(refused.value.__cause__, NotThereError)
