"""Sign-ups: one tenant even if the form is sent twice; reopening restores everything."""

from collections import Counter

import pytest

from portal import onboarding, records
from portal.stores.contract import UnavailableError
from portal.stores.schema import GSI1
from portal.tenants import Status
from tests.conftest import START
from tests.examples import (
    ANN,
    CONTACT,
    IDS,
    OTHER_CONTACT,
    Failing,
    activate,
    all_items,
    claims,
    events,
    reference,
    sign_up,
)
from tests.onboarding.verb_calls import OTHER_IDS, SEALER, LostResponse, tenant_in_state


def test_a_sign_up_is_pending_with_its_own_id_and_claims_its_ids(store):
    tenant = sign_up(store, claims=IDS)
    assert (tenant.id, tenant.status, tenant.version) == (
        f"pending-{reference(1)}", Status.PENDING, 1,
    )  # fmt: skip
    assert tenant == onboarding.find(store, tenant.id)
    assert claims(store) == {"86810_104348": 1}
    assert events(store) == []
    assert store.query(GSI1, "ACCOUNT#86810").items == []


def test_sending_the_form_twice_adds_nothing_and_returns_the_first_tenant(store):
    first = sign_up(store, claims=IDS)
    items = all_items(store)
    assert sign_up(store, claims=OTHER_IDS, contact=OTHER_CONTACT, now=START) == first
    assert all_items(store) == items


def test_sending_the_form_again_after_activation_returns_the_active_tenant(store):
    active = activate(store, SEALER, sign_up(store))
    assert sign_up(store) == active


def test_a_sign_up_without_ids_is_one_item_and_the_mail_that_confirms_it(store):
    sign_up(store)
    assert Counter(map(records.item_kind, all_items(store))) == {"tenant": 1, "mail": 1}


def test_a_sign_up_that_was_set_aside_claims_nothing(store):
    sign_up(store, claims=IDS, set_aside=True)
    assert claims(store) == {}


def test_a_failed_sign_up_stores_nothing(store):
    for k in range(100):
        failing = Failing(store, k)
        try:
            sign_up(failing, claims=IDS)
        except UnavailableError:
            assert all_items(store) == {}
        else:
            assert k > 1
            return


def test_a_sign_up_whose_response_was_lost_is_stored_once(store):
    with pytest.raises(UnavailableError):
        sign_up(LostResponse(store), claims=IDS)
    assert sign_up(store, claims=IDS).version == 1
    assert claims(store) == {"86810_104348": 1}


@pytest.mark.parametrize("state", ["rejected", "withdrawn"])
def test_reopening_restores_contact_ids_and_claim(store, state):
    closed = tenant_in_state(store, state)
    reopened = onboarding.reopen(store, closed.id, expected_version=2, audit=ANN)
    assert (reopened.status, reopened.version, reopened.contact) == (Status.PENDING, 3, CONTACT)
    assert (reopened.ids, reopened.created_at) == (IDS, START)
    assert claims(store) == {IDS.tenant_id: 1}
