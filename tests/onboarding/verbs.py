"""What tests of the verbs share: each verb as it is mostly asked, and tenants of every status."""

from portal import onboarding
from portal.sealing.sealers import Secret
from portal.stores.contract import Store, UnavailableError
from portal.tenants import Ids, Reason, Tenant
from tests.examples import ANN, BOB, CUSTOMER, IDS, WINDOW, Behind, PlainSealer, activate, sign_up

SEALER = PlainSealer()
OTHER_IDS = Ids(account_id="86810", company_id="104349")


def activates(store, tenant_id, seen, audit, **other) -> Tenant:
    asked = {"ids": IDS, "validity": WINDOW, "client_id": "client-1", "secret": None, **other}
    return onboarding.activate(
        store, SEALER, tenant_id, expected_version=seen, audit=audit, **asked
    )


def rejects(store, tenant_id, seen, audit, reason=Reason.DUPLICATE) -> Tenant:
    return onboarding.reject(
        store, tenant_id, expected_version=seen, audit=audit, reason=reason, message="You have one."
    )


def sets_client(store, tenant_id, seen, audit) -> Tenant:
    return onboarding.set_client(
        store,
        SEALER,
        tenant_id,
        expected_version=seen,
        audit=audit,
        client_id="client-2",
        secret=Secret("s3cr3t"),
    )


def tenant_that_is(store: Store, begin: str) -> Tenant:
    """A tenant that got there by the verbs themselves."""
    pending = sign_up(store, claims=IDS, set_aside=begin == "aside")
    match begin:
        case "pending" | "aside":
            return pending
        case "rejected":
            return rejects(store, pending.id, 1, ANN)
        case "withdrawn":
            return onboarding.withdraw(store, pending.id, expected_version=1, audit=CUSTOMER)
        case "active":
            return activate(store, SEALER, pending)
        case _:
            active = activate(store, SEALER, pending)
            return onboarding.suspend(
                store, active.id, expected_version=1, audit=BOB, reason=Reason.CONTRACT_ENDED
            )


class LostAnswer(Behind):
    """Writes, and then the connection is gone."""

    def write(self, changes) -> None:
        super().write(changes)
        raise UnavailableError(reason="No answer in three seconds.", remedy="Look again.")
