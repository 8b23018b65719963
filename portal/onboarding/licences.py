"""A tenant with its final key: whether it has access, until when, and with which OAuth client."""

from portal.onboarding.decisions import decide
from portal.sealing.sealers import Sealer, Secret
from portal.stores.contract import Store
from portal.tenants import Act, Client, Reason, Tenant, Validity, Verb


def suspend(store: Store, tenant_id: str, *, seen: int | None, act: Act, reason: Reason) -> Tenant:
    """Access stops at once; the window keeps running."""
    return decide(store, tenant_id, Verb.SUSPEND, act, seen, reason=reason.value)


def reinstate(store: Store, tenant_id: str, *, seen: int | None, act: Act) -> Tenant:
    """Back to active with the window unchanged, even if it has passed."""
    return decide(store, tenant_id, Verb.REINSTATE, act, seen, reason="")


def set_validity(
    store: Store, tenant_id: str, *, seen: int | None, act: Act, validity: Validity
) -> Tenant:
    """Another window. It may be over: that ends a licence."""
    return decide(store, tenant_id, Verb.SET_VALIDITY, act, seen, validity=validity)


def set_client(
    store: Store,
    sealer: Sealer,
    tenant_id: str,
    *,
    seen: int | None,
    act: Act,
    client_id: str,
    secret: Secret | None,
) -> Tenant:
    """Another OAuth client; without `secret` the sealed one stays."""
    sealed = sealer.seal(secret, tenant_id) if secret else ""

    def change(tenant: Tenant, act: Act, mark: str) -> Tenant:
        client = Client(
            id=client_id,
            sealed_secret=sealed or tenant.client.sealed_secret,
            secret_set_at=act.at if sealed else tenant.client.secret_set_at,
        )
        return tenant.changed(Verb.SET_CLIENT, act, mark, client=client)

    return decide(
        store,
        tenant_id,
        Verb.SET_CLIENT,
        act,
        seen,
        change=change,
        wanted=(client_id, secret.mark if secret else None),
    )
