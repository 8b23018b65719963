"""Activating a sign-up in one write, and renewing the tenant that has the final id."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal import onboarding, queries, records
from portal.onboarding import StaleError, TenantExistsError, UnknownTenantError
from portal.sealing import Secret
from portal.stores.contract import UnavailableError
from portal.tenants import (
    Client,
    ClusterError,
    NotAllowedError,
    PastWindowError,
    Reason,
    Status,
    Tenant,
)
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
from tests.onboarding.verb_calls import OTHER_IDS, SEALER, call_activate, tenant_in_state


def test_activation_writes_tenant_event_forward_claim_and_mail_at_once(store):
    pending = sign_up(store, claims=IDS)
    writes = []

    class Watched(Behind):
        def write(self, changes) -> None:
            writes.append(len(changes))
            super().write(changes)

    active = call_activate(Watched(store), pending.id, 1, ANN, secret=Secret("s3cr3t"))
    assert writes == [6]
    items = all_items(store)
    event = next(key for key in items if key.startswith("event-86810_104348-"))
    (told,) = (key for key in items if key.startswith("mail-86810_104348-"))
    (told_before,) = (key for key in items if key.startswith("mail-pending-"))
    assert set(items) == {
        active.id, pending.id, event, told, told_before, "stats-week-2026-W48"
    }  # fmt: skip
    forward = records.forward_of(items[pending.id])
    assert forward is not None
    assert forward.to == active.id
    assert records.status_link_of(items[pending.id]).hashed == "hash-of-link-1"
    assert items[active.id]["gsi1pk"] == "ACCOUNT#86810"
    assert onboarding.find(store, pending.id) == active
    assert (active.created_at, active.locale) == (pending.created_at, "de")
    assert (active.contact, active.status_link) == (CONTACT, "hash-of-link-1")


def test_the_secret_is_sealed_for_the_final_id(store):
    active = call_activate(store, sign_up(store).id, 1, ANN, secret=Secret("s3cr3t"))
    assert active.client == Client(
        id="client-1", sealed_secret="sealed-6-for-86810_104348", secret_set_at=ANN.at
    )
    assert not [1 for item in all_items(store).values() if "s3cr3t" in str(item)]


def test_repeating_an_activation_changes_nothing_even_after_later_changes(store):
    pending = sign_up(store)
    call_activate(store, pending.id, 1, ANN)
    suspended = onboarding.suspend(
        store, IDS.tenant_id, expected_version=1, audit=BOB, reason=Reason.UNPAID
    )
    items = all_items(store)
    assert call_activate(store, pending.id, 1, later(ANN, minutes=1)) == suspended
    with pytest.raises(StaleError) as refused:
        call_activate(store, pending.id, 1, BOB)
    assert refused.value.tenant == suspended
    assert all_items(store) == items


def test_a_validity_that_has_ended_activates_nothing(store):
    pending = sign_up(store, claims=IDS)
    items = all_items(store)
    ended = replace(WINDOW, valid_to=START - timedelta(milliseconds=1))
    with pytest.raises(PastWindowError):
        call_activate(store, pending.id, 1, ANN, validity=ended)
    assert all_items(store) == items


def test_an_id_that_is_taken_raises_with_its_tenant_and_changes_nothing(store):
    active = activate(store, SEALER, sign_up(store, 1))
    again = sign_up(store, 2, claims=IDS)
    items = all_items(store)
    with pytest.raises(TenantExistsError) as refused:
        call_activate(store, again.id, 1, BOB)
    assert (refused.value.pending, refused.value.existing) == (again, active)
    assert all_items(store) == items


# ---- Renewing the existing tenant


def call_renew_existing(store, pending, existing, audit=ANN, **more) -> Tenant:
    arguments = {
        "expected_version": pending.version,
        "existing_id": existing.id,
        "expected_existing_version": existing.version,
        "validity": NEXT_YEAR,
        **more,
    }
    return onboarding.renew_existing(store, pending.id, audit=audit, **arguments)


def test_renewing_gives_the_existing_tenant_the_new_validity(store):
    active = activate(store, SEALER, sign_up(store, 1), secret="s3cr3t")
    again = sign_up(store, 2, claims=IDS)
    renewed = call_renew_existing(store, again, active, later(ANN, days=300))
    assert (renewed.id, renewed.version, renewed.validity) == (active.id, 2, NEXT_YEAR)
    assert (renewed.status, renewed.client) == (Status.ACTIVE, active.client)
    assert onboarding.find(store, again.id) == renewed
    assert claims(store) == {}
    assert [event.verb for event in queries.history(store, renewed)] == [
        "set_validity", "activate",
    ]  # fmt: skip


def test_renewing_twice_renews_once(store):
    active = activate(store, SEALER, sign_up(store, 1))
    again = sign_up(store, 2, claims=IDS)
    first = call_renew_existing(store, again, active)
    items = all_items(store)
    assert call_renew_existing(store, again, active, later(ANN, minutes=1)) == first
    assert all_items(store) == items


def test_renewing_is_refused_if_either_tenant_has_changed(store):
    active = activate(store, SEALER, sign_up(store, 1))
    again = sign_up(store, 2, claims=IDS)
    suspended = onboarding.suspend(
        store, active.id, expected_version=1, audit=BOB, reason=Reason.UNPAID
    )
    items = all_items(store)
    with pytest.raises(StaleError) as refused:
        call_renew_existing(store, again, active)
    assert refused.value.tenant == suspended
    assert all_items(store) == items
    edited = onboarding.edit_contact(
        store, again.id, expected_version=1, audit=BOB, contact=OTHER_CONTACT
    )
    items = all_items(store)
    with pytest.raises(StaleError) as refused:
        call_renew_existing(store, again, suspended)
    assert refused.value.tenant == edited
    assert all_items(store) == items


@pytest.mark.parametrize("state", ["rejected", "withdrawn", "active"])
def test_only_a_pending_sign_up_can_renew_another_tenant(store, state):
    closed = tenant_in_state(store, state)
    other = call_activate(store, sign_up(store, 2).id, 1, ANN, ids=OTHER_IDS)
    items = all_items(store)
    with pytest.raises(NotAllowedError):
        call_renew_existing(store, closed, other)
    assert all_items(store) == items


def test_a_pending_or_unknown_tenant_cannot_be_renewed(store):
    one, two = sign_up(store, 1), sign_up(store, 2)
    items = all_items(store)
    with pytest.raises(NotAllowedError):
        call_renew_existing(store, one, two)
    with pytest.raises(UnknownTenantError):
        call_renew_existing(store, one, two, existing_id="86810_9")
    assert all_items(store) == items


def test_a_failed_renewal_changes_nothing(store):
    active = activate(store, SEALER, sign_up(store, 1))
    again = sign_up(store, 2, claims=IDS)
    items = all_items(store)
    for k in range(100):
        try:
            call_renew_existing(Failing(store, k), again, active)
        except UnavailableError:
            assert all_items(store) == items
        else:
            assert k > 3
            return


@pytest.mark.parametrize("cluster", ["", "EU", "evil.example/", "e" * 21])
def test_a_licence_needs_a_cluster_that_is_a_host_label(store, cluster):
    """Whoever asks: the downstream application sends its token to the host that it names."""
    pending = sign_up(store)
    items = all_items(store)
    with pytest.raises(ClusterError):
        call_activate(store, pending.id, 1, ANN, ids=replace(IDS, cluster=cluster))
    assert all_items(store) == items
