"""The history of one tenant."""

from portal import onboarding, queries
from portal.tenants import Reason
from tests.examples import ANN, CONTACT, PlainSealer, activate, later, sign_up


def test_history_shows_the_events_of_both_ids_the_newest_first(store):
    pending = sign_up(store)
    onboarding.reject(store, pending.id, expected_version=1, audit=ANN, reason=Reason.OTHER)
    onboarding.reopen(store, pending.id, expected_version=2, audit=later(ANN, hours=1))
    pending = onboarding.find(store, pending.id)
    active = activate(store, PlainSealer(), pending, audit=later(ANN, hours=2))
    for n in range(3, 6):
        onboarding.edit_contact(
            store, active.id, expected_version=n - 2, audit=later(ANN, hours=n), contact=CONTACT
        )
    verbs = [event.verb for event in queries.history(store, active)]
    assert verbs == [*["edit_contact"] * 3, "activate", "reopen", "reject"]
