"""What tests of the verbs share: calls of verbs with usual arguments, and tenants in each state."""

from collections.abc import Callable

from portal import onboarding
from portal.sealing import Secret
from portal.stores.contract import Store, UnavailableError
from portal.tenants import AuditInfo, Ids, Reason, Tenant
from tests.examples import ANN, BOB, CUSTOMER, IDS, WINDOW, Behind, PlainSealer, activate, sign_up

SEALER = PlainSealer()
OTHER_IDS = Ids(account_id="86810", company_id="104349", cluster="eu")

#: Store, tenant id, expected version, audit.
VerbCall = Callable[[Store, str, int | None, AuditInfo], Tenant]


def calling(verb: Callable[..., Tenant], **arguments: object) -> VerbCall:
    """A call of a verb function with these `arguments`."""

    def call(store: Store, tenant_id: str, version: int | None, audit: AuditInfo) -> Tenant:
        return verb(store, tenant_id, expected_version=version, audit=audit, **arguments)

    return call


def call_activate(store, tenant_id, expected_version, audit, **changes) -> Tenant:
    arguments = {"ids": IDS, "validity": WINDOW, "client_id": "client-1", "secret": None, **changes}
    return onboarding.activate(
        store, SEALER, tenant_id, expected_version=expected_version, audit=audit, **arguments
    )


def call_reject(store, tenant_id, expected_version, audit, reason=Reason.DUPLICATE) -> Tenant:
    return onboarding.reject(
        store,
        tenant_id,
        expected_version=expected_version,
        audit=audit,
        reason=reason,
        message="You have one.",
    )


def call_set_client(store, tenant_id, expected_version, audit, **changes) -> Tenant:
    arguments = {"client_id": "client-2", "secret": Secret("s3cr3t"), **changes}
    return onboarding.set_client(
        store, SEALER, tenant_id, expected_version=expected_version, audit=audit, **arguments
    )


def tenant_in_state(store: Store, state: str) -> Tenant:
    """A tenant that the verbs themselves brought into this state."""
    pending = sign_up(store, claims=IDS, set_aside=state == "aside")
    match state:
        case "pending" | "aside":
            return pending
        case "asked":
            return onboarding.ask(
                store, pending.id, expected_version=1, audit=ANN, text="Which company?", locale="de"
            )
        case "rejected":
            return call_reject(store, pending.id, 1, ANN)
        case "withdrawn":
            return onboarding.withdraw(store, pending.id, expected_version=1, audit=CUSTOMER)
        case "active":
            return activate(store, SEALER, pending)
        case _:
            active = activate(store, SEALER, pending)
            return onboarding.suspend(
                store, active.id, expected_version=1, audit=BOB, reason=Reason.CONTRACT_ENDED
            )


class LostResponse(Behind):
    """Writes, and then fails as if the response had been lost."""

    def write(self, changes) -> None:
        super().write(changes)
        raise UnavailableError(reason="No answer in three seconds.", remedy="Look again.")
