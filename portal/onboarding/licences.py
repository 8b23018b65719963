"""A tenant with its final key: whether it has access, until when, and with which OAuth client."""

from portal.onboarding.decisions import decide
from portal.sealing import Sealer, Secret
from portal.stores import Store
from portal.tenants import AuditInfo, Client, Reason, Tenant, Validity, Verb


def suspend(
    store: Store, tenant_id: str, *, expected_version: int | None, audit: AuditInfo, reason: Reason
) -> Tenant:
    """Ends access at once. The validity does not change, and its time keeps running.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is not active.
        BusyError: Other changes kept interfering.
    """
    return decide(store, tenant_id, Verb.SUSPEND, audit, expected_version, reason=reason.value)


def reinstate(
    store: Store, tenant_id: str, *, expected_version: int | None, audit: AuditInfo
) -> Tenant:
    """Makes a suspended tenant active again. The validity does not change, even if it has ended.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is not suspended.
        BusyError: Other changes kept interfering.
    """
    return decide(store, tenant_id, Verb.REINSTATE, audit, expected_version, reason="")


def set_validity(
    store: Store,
    tenant_id: str,
    *,
    expected_version: int | None,
    audit: AuditInfo,
    validity: Validity,
) -> Tenant:
    """Sets another validity. One that has ended ends the licence.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is neither active nor suspended.
        BusyError: Other changes kept interfering.
    """
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
    """Sets another OAuth client. Without `secret`, the stored one stays.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is neither active nor suspended.
        BusyError: Other changes kept interfering.
    """
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
