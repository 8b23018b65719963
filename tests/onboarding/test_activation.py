"""A sign-up gets its final key in one write, or renews the tenant that has it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal import onboarding, queries, records
from portal.onboarding import StaleError, TenantExistsError, UnknownTenantError
from portal.sealing.sealers import Secret
from portal.stores.contract import UnavailableError
from portal.tenants import Client, NotAllowedError, PastWindowError, Reason, Status, Tenant
from tests.conftest import START
from tests.examples import (
    ANN,
    BOB,
    CONTACT,
    IDS,
    NEXT_YEAR,
    OTHER_CONTACT,
    WINDOW,
    Behind,
    Failing,
    activate,
    all_items,
    claims,
    later,
    sign_up,
)
from tests.onboarding.verbs import OTHER_IDS, SEALER, activates, tenant_that_is


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
    suspended = onboarding.suspend(
        store, IDS.tenant_id, expected_version=1, audit=BOB, reason=Reason.UNPAID
    )
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


# ---- Renewing instead


def renews(store, pending, existing, audit=ANN, **more) -> Tenant:
    asked = {
        "expected_version": pending.version,
        "existing_id": existing.id,
        "expected_existing_version": existing.version,
        "validity": NEXT_YEAR,
        **more,
    }
    return onboarding.renew_existing(store, pending.id, audit=audit, **asked)


def test_a_customer_who_asks_again_gets_the_tenant_they_have_with_the_new_window(store):
    active = activate(store, SEALER, sign_up(store, 1), secret="s3cr3t")
    again = sign_up(store, 2, claims=IDS)
    renewed = renews(store, again, active, later(ANN, days=300))
    assert (renewed.id, renewed.version, renewed.validity) == (active.id, 2, NEXT_YEAR)
    assert (renewed.status, renewed.client) == (Status.ACTIVE, active.client)
    assert onboarding.find(store, again.id) == renewed
    assert claims(store) == {}
    assert [event.verb for event in queries.history(store, renewed)] == [
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
    suspended = onboarding.suspend(
        store, active.id, expected_version=1, audit=BOB, reason=Reason.UNPAID
    )
    kept = all_items(store)
    with pytest.raises(StaleError) as refused:
        renews(store, again, active)
    assert refused.value.tenant == suspended
    assert all_items(store) == kept
    edited = onboarding.edit_contact(
        store, again.id, expected_version=1, audit=BOB, contact=OTHER_CONTACT
    )
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
