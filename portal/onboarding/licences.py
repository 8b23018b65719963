"""A tenant with its final key: whether it has access, until when, and with which OAuth client."""

from portal.onboarding.decisions import decide
from portal.sealing import Sealer, Secret
from portal.stores import Store
from portal.tenants import AuditInfo, Client, Reason, Tenant, Validity, Verb


def suspend(
    store: Store, tenant_id: str, *, expected_version: int | None, audit: AuditInfo, reason: Reason
) -> Tenant:
    """Access stops at once; the window keeps running."""
    return decide(store, tenant_id, Verb.SUSPEND, audit, expected_version, reason=reason.value)


def reinstate(
    store: Store, tenant_id: str, *, expected_version: int | None, audit: AuditInfo
) -> Tenant:
    """Back to active with the window unchanged, even if it has passed."""
    return decide(store, tenant_id, Verb.REINSTATE, audit, expected_version, reason="")


def set_validity(
    store: Store,
    tenant_id: str,
    *,
    expected_version: int | None,
    audit: AuditInfo,
    validity: Validity,
) -> Tenant:
    """Another window. It may be over: that ends a licence."""
    return decide(store, tenant_id, Verb.SET_VALIDITY, audit, expected_version, validity=validity)


def set_client(
    store: Store,
    sealer: Sealer,
    tenant_id: str,
    *,
    expected_version: int | None,
    audit: AuditInfo,
    client_id: str,
    secret: Secret | None,
) -> Tenant:
    """Another OAuth client; without `secret` the sealed one stays."""
    sealed = sealer.seal(secret, tenant_id) if secret else ""

    def change(tenant: Tenant, audit: AuditInfo, idempotency_key: str) -> Tenant:
        client = Client(
            id=client_id,
            sealed_secret=sealed or tenant.client.sealed_secret,
            secret_set_at=audit.at if sealed else tenant.client.secret_set_at,
        )
        return tenant.changed(Verb.SET_CLIENT, audit, idempotency_key, client=client)

    return decide(
        store,
        tenant_id,
        Verb.SET_CLIENT,
        audit,
        expected_version,
        change=change,
        key_parts=(client_id, secret.fingerprint if secret else None),
    )
