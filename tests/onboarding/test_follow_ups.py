"""A customer asks again: the new request and the one before name each other, one at a time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal import onboarding, records
from portal.onboarding import AskedAlreadyError
from portal.stores.contract import Remove, Store
from portal.tenants import Reason, Status, Tenant
from tests.conftest import START
from tests.examples import (
    ANN,
    CONTACT,
    CUSTOMER,
    IDS,
    NEXT_YEAR,
    WINDOW,
    Interrupted,
    PlainSealer,
    activate,
    all_items,
    claims,
    later,
    reference,
    sign_up,
)


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


def rejected(store: Store) -> Tenant:
    pending = sign_up(store, claims=IDS)
    return onboarding.reject(
        store, pending.id, expected_version=1, audit=ANN, reason=Reason.DETAILS_MISSING
    )


def ask_again(store: Store, earlier: Tenant, number: int) -> Tenant:
    return onboarding.submit(
        store,
        reference=reference(number),
        contact=CONTACT,
        claims=earlier.ids,
        status_link=f"hash-{number}",
        now=START + timedelta(days=1),
        follows=earlier.id,
        renews=earlier.id if earlier.is_active else earlier.renews,
    )


def latest(store: Store, tenant: Tenant) -> Tenant | None:
    """What the latest request that follows the tenant is by now."""
    found = onboarding.latest_follow_up(store, tenant)
    return found.tenant if found else None


def reject(store: Store, tenant: Tenant) -> None:
    onboarding.reject(
        store,
        tenant.id,
        expected_version=tenant.version,
        audit=later(ANN, days=2),
        reason=Reason.OTHER,
    )


def test_the_new_request_and_the_one_before_name_each_other(store) -> None:
    before = rejected(store)
    again = ask_again(store, before, 2)
    assert (again.status, again.follows, again.renews) == (Status.PENDING, before.id, "")
    assert onboarding.find(store, again.id) == again
    assert latest(store, before) == again
    assert onboarding.latest_follow_up(store, again) is None
    # What was decided stays as it was.
    assert onboarding.find(store, before.id) == before


def test_the_item_between_them_holds_nothing_personal(store) -> None:
    before = rejected(store)
    again = ask_again(store, before, 2)
    assert all_items(store)[f"followup-{before.id}"] == {
        "tenantId": f"followup-{before.id}",
        "to": again.id,
        "at": "2026-11-24T10:00:00.000Z",
        "version": 1,
    }


def test_a_second_request_is_refused_while_the_first_one_waits(store) -> None:
    before = rejected(store)
    first = ask_again(store, before, 2)
    items = all_items(store)
    with pytest.raises(AskedAlreadyError) as refused:
        ask_again(store, before, 3)
    assert refused.value.tenant == first
    assert all_items(store) == items


def test_the_same_form_twice_makes_one_request(store) -> None:
    before = rejected(store)
    first = ask_again(store, before, 2)
    items = all_items(store)
    assert ask_again(store, before, 2) == first
    assert all_items(store) == items


def test_two_at_the_same_moment_make_one_request(store) -> None:
    before = rejected(store)
    other = Interrupted(store, lambda: ask_again(store, before, 3))
    with pytest.raises(AskedAlreadyError) as refused:
        ask_again(other, before, 2)
    assert refused.value.tenant.id == records.pending_id(reference(3))
    assert claims(store) == {IDS.tenant_id: 1}


def test_after_another_refusal_the_customer_may_ask_once_more(store) -> None:
    before = rejected(store)
    first = ask_again(store, before, 2)
    reject(store, first)
    second = ask_again(store, before, 3)
    assert latest(store, before) == second
    # From the page of the second request as well.
    closed = onboarding.find(store, first.id)
    assert ask_again(store, closed, 4).follows == first.id


def test_a_request_that_retention_removed_stands_in_nobodys_way(store) -> None:
    before = rejected(store)
    gone = ask_again(store, before, 2)
    store.write([Remove(gone.id, 1)])
    assert onboarding.latest_follow_up(store, before) is None
    assert ask_again(store, before, 3).follows == before.id


def test_a_renewal_is_marked_in_the_queue_and_ends_with_the_tenant(store) -> None:
    active = activate(store, PlainSealer(), sign_up(store))
    renewal = ask_again(store, active, 2)
    assert (renewal.follows, renewal.renews) == (active.id, active.id)
    item = all_items(store)[renewal.id]
    assert records.is_renewal(item)
    onboarding.renew_existing(
        store,
        renewal.id,
        expected_version=1,
        audit=later(ANN, days=2),
        existing_id=active.id,
        expected_existing_version=active.version,
        validity=NEXT_YEAR,
    )
    renewed = onboarding.find(store, active.id)
    assert onboarding.latest_follow_up(store, renewed) is None
    # In the next year, the customer asks once more.
    assert ask_again(store, renewed, 3).renews == active.id


@pytest.mark.parametrize("renews", [False, True], ids=["again", "renew"])
def test_a_request_that_was_approved_still_follows(store, *, renews: bool) -> None:
    before = activate(store, PlainSealer(), sign_up(store)) if renews else rejected(store)
    again = ask_again(store, before, 2)
    others = replace(IDS, company_id="7")
    active = activate(store, PlainSealer(), again, ids=others)
    found = onboarding.latest_follow_up(store, before)
    assert found == onboarding.FollowUp(
        sign_up_id=again.id, asked_at=START + timedelta(days=1), tenant=active
    )
    assert found.is_approved


def test_a_request_that_was_closed_towards_another_tenant_was_approved(store) -> None:
    before = rejected(store)
    existing = activate(store, PlainSealer(), sign_up(store, 5))
    again = ask_again(store, before, 2)
    onboarding.renew_existing(
        store,
        again.id,
        expected_version=1,
        audit=later(ANN, days=2),
        existing_id=existing.id,
        expected_existing_version=existing.version,
        validity=NEXT_YEAR,
    )
    found = onboarding.latest_follow_up(store, before)
    assert found is not None
    assert (found.is_approved, found.tenant.id) == (True, existing.id)
    # It is the day of the request, and not that of the tenant.
    assert found.asked_at == START + timedelta(days=1)


def test_a_renewal_that_is_not_approved_may_be_asked_for_again_from_its_own_page(store) -> None:
    active = activate(store, PlainSealer(), sign_up(store))
    renewal = ask_again(store, active, 2)
    reject(store, renewal)
    again = ask_again(store, onboarding.find(store, renewal.id), 3)
    assert (again.follows, again.renews) == (renewal.id, active.id)


def test_strangers_who_claim_the_ids_do_not_keep_the_customer_from_renewing(store) -> None:
    limits = onboarding.SignUpLimits("k" * 40, 100)
    active = activate(store, PlainSealer(), sign_up(store))
    for number in range(2, 6):
        onboarding.submit(
            store, reference=reference(number), claims=IDS, status_link="hash", now=START,
            contact=replace(CONTACT, email=f"kim@meyer{number}.example"), limits=limits,
            network="192.0.2.1",
        )  # fmt: skip
    assert claims(store) == {IDS.tenant_id: 3}
    renewal = onboarding.submit(
        store, reference=reference(9), contact=CONTACT, claims=IDS, status_link="hash", now=START,
        limits=limits, network="192.0.2.2", follows=active.id, renews=active.id,
    )  # fmt: skip
    assert not renewal.set_aside


# ---- When


@pytest.mark.parametrize(
    ("before_the_end", "may"),
    [
        (timedelta(days=61), False),
        (timedelta(days=60), True),
        (timedelta(days=1), True),
        (timedelta(days=-400), True),
    ],
)
def test_a_renewal_can_be_asked_for_from_sixty_days_before_the_end(
    before_the_end: timedelta, may: bool
) -> None:
    tenant = Tenant(
        id=IDS.tenant_id, status=Status.ACTIVE, version=1, contact=CONTACT, validity=WINDOW
    )
    assert WINDOW.valid_to is not None
    now = WINDOW.valid_to - before_the_end
    assert onboarding.may_ask_to_renew(tenant, now) is may
    assert onboarding.may_ask_again(tenant, now) is may
    assert not onboarding.may_ask_to_renew(replace(tenant, status=Status.SUSPENDED), now)
    not_begun = replace(WINDOW, valid_from=now + timedelta(days=1))
    assert not onboarding.may_ask_to_renew(replace(tenant, validity=not_begun), now)
    endless = replace(WINDOW, valid_to=None)
    assert not onboarding.may_ask_to_renew(replace(tenant, validity=endless), now)


@pytest.mark.parametrize(
    ("status", "may"),
    [("pending", False), ("suspended", False), ("rejected", True), ("withdrawn", True)],
)
def test_a_closed_request_can_be_asked_again_until_it_is_erased(status: str, may: bool) -> None:
    tenant = Tenant(id="pending-x", status=Status(status), version=1, contact=CONTACT)
    assert onboarding.may_ask_again(tenant, START) is may
    assert not onboarding.may_ask_again(replace(tenant, erased=True), START)


def test_a_withdrawn_request_can_be_asked_again(store) -> None:
    pending = sign_up(store)
    withdrawn = onboarding.withdraw(store, pending.id, expected_version=1, audit=CUSTOMER)
    assert ask_again(store, withdrawn, 2).follows == pending.id
