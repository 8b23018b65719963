"""A tenant with its final key: whether it has access, until when, with which names and cluster, and
with which OAuth client."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from portal.onboarding.decisions import decide
from portal.sealing import Sealer, Secret
from portal.stores import Store
from portal.tenants import (
    AuditInfo,
    Client,
    ClusterError,
    NotAllowedError,
    Reason,
    Tenant,
    Term,
    Validity,
    ValidityChange,
    Verb,
    can_be_renewed,
    is_cluster,
    renewed,
    require_agreement,
    resolved,
)


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
    validity: Validity | ValidityChange,
    may_shorten: bool | Validity = True,
) -> Tenant:
    """Sets another validity. One that has ended ends the licence.

    Args:
        may_shorten: Whether the change may take access away; a validity: only if it leads to just
            this one.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is neither active nor suspended.
        TermConflictError: A term and another last day were asked for.
        BackwardWindowError: The validity would end before it starts.
        ShorterWindowError: It takes access away, and may not.
        BusyError: Other changes kept interfering.
    """

    def change(tenant: Tenant, audit: AuditInfo, idempotency_key: str) -> Tenant:
        new = resolved(validity, tenant.validity, audit.at)
        changed = tenant.changed(Verb.SET_VALIDITY, audit, idempotency_key, validity=new)
        require_agreement(tenant.validity, new, audit.at, may_shorten)
        return changed

    return decide(
        store,
        tenant_id,
        Verb.SET_VALIDITY,
        audit,
        expected_version,
        change=change,
        key_parts=(("validity", validity),),
    )


def renew(
    store: Store,
    tenant_id: str,
    *,
    expected_version: int | None,
    audit: AuditInfo,
    term: Term,
    zone: ZoneInfo,
) -> Tenant:
    """Prolongs the licence by the term. It counts from the end of the validity, or from today if
    that has passed. So it never takes access away.

    Args:
        zone: The time zone in which days begin.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is neither active nor suspended, or its licence has no end.
        BusyError: Other changes kept interfering.
    """

    def change(tenant: Tenant, audit: AuditInfo, idempotency_key: str) -> Tenant:
        if not can_be_renewed(tenant.validity):
            raise NotAllowedError(Verb.RENEW, tenant.status)
        new = renewed(tenant.validity, term, zone, audit.at)
        return tenant.changed(Verb.RENEW, audit, idempotency_key, validity=new)

    return decide(
        store, tenant_id, Verb.RENEW, audit, expected_version, change=change, key_parts=(term,)
    )


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


def edit_names(
    store: Store,
    tenant_id: str,
    *,
    expected_version: int | None,
    audit: AuditInfo,
    account_name: str,
    company_name: str,
    cluster: str,
) -> Tenant:
    """Sets other names of the account and the company, and another cluster. The ids stay.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is neither active nor suspended, or has no ids.
        ClusterError: The cluster is no host label.
        BusyError: Other changes kept interfering.
    """

    def change(tenant: Tenant, audit: AuditInfo, idempotency_key: str) -> Tenant:
        return with_names(
            tenant,
            audit,
            idempotency_key,
            account_name=account_name,
            company_name=company_name,
            cluster=cluster,
        )

    return decide(
        store,
        tenant_id,
        Verb.EDIT_NAMES,
        audit,
        expected_version,
        change=change,
        key_parts=(account_name, company_name, cluster),
    )


def with_names(tenant: Tenant, audit: AuditInfo, idempotency_key: str, **names: str) -> Tenant:
    """The tenant with these fields of its `Ids`. An old cluster may stay as it is.

    Raises:
        NotAllowedError: The tenant is neither active nor suspended, or has no ids.
        ClusterError: Another cluster is asked for, and it is no host label.
    """
    if tenant.ids is None:
        raise NotAllowedError(Verb.EDIT_NAMES, tenant.status)
    ids = replace(tenant.ids, **names)
    if ids.cluster != tenant.ids.cluster and not is_cluster(ids.cluster):
        raise ClusterError
    return tenant.changed(Verb.EDIT_NAMES, audit, idempotency_key, ids=ids)
