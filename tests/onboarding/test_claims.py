"""Claims count the pending tenants that name the same ids."""

from portal import onboarding, records
from portal.stores.contract import Remove
from tests.examples import ANN, CUSTOMER, IDS, OTHER_CONTACT, claims, sign_up
from tests.onboarding.verb_calls import OTHER_IDS, call_activate, call_reject


def test_claims_count_the_pending_tenants_that_name_the_same_ids(store):
    one, two, three, four = (sign_up(store, n, claims=IDS) for n in (1, 2, 3, 4))
    aside = sign_up(store, 5, claims=IDS, set_aside=True)
    sign_up(store, 6, claims=OTHER_IDS)

    def count() -> int:
        return claims(store).get(IDS.tenant_id, 0)

    assert count() == 4
    onboarding.withdraw(store, one.id, expected_version=1, audit=CUSTOMER)
    assert count() == 3
    call_reject(store, two.id, 1, ANN)
    assert count() == 2
    onboarding.edit_contact(store, three.id, expected_version=1, audit=ANN, contact=OTHER_CONTACT)
    assert count() == 2
    onboarding.release(store, aside.id, expected_version=1, audit=ANN)
    assert count() == 3
    onboarding.reopen(store, two.id, expected_version=2, audit=ANN)
    assert count() == 4
    # Activated with other ids than it claimed: the claimed ids are released.
    call_activate(store, four.id, 1, ANN, ids=OTHER_IDS)
    assert claims(store) == {IDS.tenant_id: 3, OTHER_IDS.tenant_id: 1}
    for tenant in (two, three, aside):
        call_reject(store, tenant.id, onboarding.find(store, tenant.id).version, ANN)
    assert claims(store) == {OTHER_IDS.tenant_id: 1}


def test_closing_a_tenant_without_a_counted_claim_leaves_no_claim(store):
    tenant = sign_up(store, claims=IDS)
    claim = store.get(records.claim_id(IDS))
    store.write([Remove(records.claim_id(IDS), claim["version"])])
    call_reject(store, tenant.id, 1, ANN)
    assert claims(store) == {}
