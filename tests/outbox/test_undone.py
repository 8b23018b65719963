"""What a customer hears of decisions that were taken back, one after the other."""

from portal import onboarding
from portal.outbox import Delivery
from portal.settings import Settings
from portal.stores.contract import Store
from tests.conftest import Clock
from tests.examples import ANN, later, sign_up
from tests.mail.letters_and_facts import Kept, post_to
from tests.onboarding.verb_calls import call_activate, call_reject


def test_whoever_heard_of_an_activation_hears_that_it_was_undone(
    store: Store, settings: Settings, clock: Clock
) -> None:
    """A refusal before that, which nobody has heard of, does not change this."""
    way = Kept()
    worker = Delivery(store=store, post=post_to(settings, way), clock=clock.now)
    pending = sign_up(store)

    def undo(tenant_id: str, version: int | None, seconds: int) -> int:
        audit = later(ANN, seconds=seconds)
        tenant = onboarding.undo(store, tenant_id, expected_version=version, audit=audit)
        return tenant.version or 0

    rejected = call_reject(store, pending.id, pending.version, ANN)
    version = undo(rejected.id, rejected.version, 1)
    active = call_activate(store, pending.id, version, later(ANN, seconds=2))
    clock.advance(minutes=1)
    worker.send_due()
    count = len(way.mails)
    undo(active.id, active.version, 61)
    clock.advance(minutes=1)
    worker.send_due()
    assert len(way.mails) == count + 1
