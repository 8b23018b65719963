"""A customer ends the link to the status page: nothing opens it any more. A new one is another."""

import pytest

from portal import onboarding, queries, records
from portal.onboarding import UnknownTenantError
from portal.stores.contract import Store
from portal.tenants import Reason
from tests.examples import (
    ANN,
    CUSTOMER,
    NEXT_YEAR,
    OTHER_CONTACT,
    Interrupted,
    PlainSealer,
    activate,
    all_items,
    later,
    sign_up,
)


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


def has_link(store: Store, text: str = "hash-of-link-1") -> list[str]:
    """The ids of the items that hold the hash of the link anywhere."""
    return [key for key, item in all_items(store).items() if text in str(dict(item))]


def test_the_link_of_a_pending_sign_up_is_ended(store) -> None:
    pending = sign_up(store)
    onboarding.end_status_link(store, pending.id, later(CUSTOMER, hours=1))
    after = onboarding.find(store, pending.id)
    assert (after.status_link, after.version, after.status) == ("", 2, pending.status)
    assert after.contact == pending.contact
    assert has_link(store) == []
    assert [event.verb for event in queries.history(store, after)] == ["end_link"]


def test_the_link_of_an_active_tenant_is_ended_in_both_items(store) -> None:
    pending = sign_up(store)
    active = activate(store, PlainSealer(), pending)
    onboarding.end_status_link(store, pending.id, later(CUSTOMER, hours=1))
    assert has_link(store) == []
    after = onboarding.find(store, active.id)
    assert (after.version, after.validity, after.client) == (2, active.validity, active.client)
    # It is no decision: staff still read who activated the tenant.
    assert after.decision == active.decision


def test_retention_still_counts_from_the_decision(store) -> None:
    pending = sign_up(store)
    closed = onboarding.reject(
        store, pending.id, expected_version=1, audit=ANN, reason=Reason.OTHER
    )
    before = all_items(store)[closed.id]
    onboarding.end_status_link(store, pending.id, later(CUSTOMER, days=9))
    assert all_items(store)[closed.id]["gsi2sk"] == before["gsi2sk"]


def test_a_link_to_a_tenant_that_existed_before_ends_alone(store) -> None:
    active = activate(store, PlainSealer(), sign_up(store, 1))
    second = sign_up(store, 2, contact=OTHER_CONTACT)
    onboarding.renew_existing(
        store, second.id, expected_version=1, audit=ANN, existing_id=active.id,
        expected_existing_version=1, validity=NEXT_YEAR,
    )  # fmt: skip
    renewed = onboarding.find(store, active.id)
    onboarding.end_status_link(store, second.id, later(CUSTOMER, hours=1))
    assert has_link(store, "hash-of-link-2") == []
    assert has_link(store, "hash-of-link-1") != []
    assert onboarding.find(store, active.id) == renewed
    # If staff undo the renewal, the link stays ended.
    onboarding.undo_renewal(
        store, second.id, expected_version=renewed.version, audit=later(ANN, hours=2)
    )
    assert onboarding.find(store, second.id).status_link == ""


def test_ending_it_twice_changes_nothing(store) -> None:
    pending = sign_up(store)
    onboarding.end_status_link(store, pending.id, CUSTOMER)
    items = all_items(store)
    onboarding.end_status_link(store, pending.id, CUSTOMER)
    assert all_items(store) == items


def test_a_decision_in_between_is_not_lost(store) -> None:
    pending = sign_up(store)
    meanwhile = Interrupted(store, lambda: activate(store, PlainSealer(), pending))
    onboarding.end_status_link(meanwhile, pending.id, CUSTOMER)
    after = onboarding.find(store, pending.id)
    assert (after.status.value, after.status_link) == ("active", "")
    assert has_link(store) == []


@pytest.mark.parametrize("unknown", ["pending-nobody", "claim-1_2"])
def test_an_unknown_sign_up_has_no_link(store, unknown: str) -> None:
    with pytest.raises(UnknownTenantError):
        onboarding.end_status_link(store, unknown, CUSTOMER)


def test_no_mail_and_no_form_brings_the_link_back(store) -> None:
    """A change by staff after it keeps it ended."""
    pending = sign_up(store)
    onboarding.end_status_link(store, pending.id, CUSTOMER)
    closed = onboarding.reject(
        store, pending.id, expected_version=2, audit=ANN, reason=Reason.OTHER
    )
    assert closed.status_link == ""
    assert records.status_link_of(all_items(store)[pending.id]).hashed == ""


# ---- A new link


@pytest.mark.parametrize("is_active", [False, True])
def test_a_new_link_stands_wherever_the_ended_one_stood(store, *, is_active: bool) -> None:
    pending = sign_up(store)
    tenant_id = activate(store, PlainSealer(), pending).id if is_active else pending.id
    holders = has_link(store)
    onboarding.end_status_link(store, pending.id, later(CUSTOMER, hours=1))
    ended = onboarding.find(store, tenant_id)
    linked = onboarding.new_status_link(store, pending.id, "f" * 64, later(CUSTOMER, hours=2))
    assert sorted(has_link(store, "f" * 64)) == sorted(holders)
    assert has_link(store) == []
    assert linked == onboarding.find(store, tenant_id)
    assert (linked.status_link, linked.version) == ("f" * 64, (ended.version or 0) + 1)
    assert linked.decision == ended.decision
    newest, *_others = queries.history(store, linked)
    assert (newest.verb, newest.by) == ("new_link", "customer")


def test_a_link_that_has_not_ended_stays(store) -> None:
    pending = sign_up(store)
    items = all_items(store)
    onboarding.new_status_link(store, pending.id, "f" * 64, CUSTOMER)
    assert all_items(store) == items
    onboarding.end_status_link(store, pending.id, CUSTOMER)
    onboarding.new_status_link(store, pending.id, "f" * 64, CUSTOMER)
    # The press was sent twice.
    again = onboarding.new_status_link(store, pending.id, "e" * 64, CUSTOMER)
    assert again.status_link == "f" * 64


def test_a_decision_while_the_link_is_made_is_not_lost(store) -> None:
    pending = sign_up(store)
    onboarding.end_status_link(store, pending.id, CUSTOMER)
    ended = onboarding.find(store, pending.id)
    meanwhile = Interrupted(store, lambda: activate(store, PlainSealer(), ended))
    after = onboarding.new_status_link(meanwhile, pending.id, "f" * 64, CUSTOMER)
    assert (after.status.value, after.status_link) == ("active", "f" * 64)
