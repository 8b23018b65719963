"""Activating a pending sign-up under its final id, or renewing the tenant that has this id."""

from dataclasses import dataclass, field

from portal import records
from portal.onboarding.claims import claim_changes
from portal.onboarding.decisions import MAX_ATTEMPTS, load, too_busy
from portal.sealing import Sealer, Secret
from portal.stores import (
    Add,
    ItemExistsError,
    Replace,
    Store,
    VersionConflictError,
)
from portal.tenants import (
    AuditInfo,
    Client,
    Ids,
    RuleError,
    Tenant,
    Validity,
    Verb,
    idempotency_key_of,
)


@dataclass(eq=False)
class TenantExistsError(RuleError):
    """The tenant `existing` has the final id already. See `renew_existing`."""

    pending: Tenant = field(repr=False)
    existing: Tenant = field(repr=False)


def activate(
    store: Store,
    sealer: Sealer,
    tenant_id: str,
    *,
    expected_version: int | None,
    audit: AuditInfo,
    ids: Ids,
    validity: Validity,
    client_id: str = "",
    secret: Secret | None = None,
) -> Tenant:
    """Activates a pending tenant: gives it its final id, a licence and an OAuth client. A forward
    with the pending id takes its place.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is not pending.
        PastWindowError: The validity has no end, or has ended.
        TenantExistsError: Another tenant has the final id.
        BusyError: Other changes kept interfering.
    """
    key_parts = (ids, validity, client_id, secret.fingerprint if secret else None)
    idempotency_key = idempotency_key_of(Verb.ACTIVATE, audit, expected_version, *key_parts)
    client = Client(id=client_id)
    if secret:
        sealed = sealer.seal(secret, ids.tenant_id)
        client = Client(id=client_id, sealed_secret=sealed, secret_set_at=audit.at)
    for _ in range(MAX_ATTEMPTS):
        loaded = load(store, tenant_id)
        if loaded.already_applied(idempotency_key):
            return loaded.tenant
        pending = loaded.require_version(tenant_id, expected_version)
        active = pending.activated(
            audit, idempotency_key, ids=ids, validity=validity, client=client
        )
        item = records.item_of(active)
        try:
            store.write(
                [
                    Replace(
                        records.forward_item(pending, active.id, idempotency_key), expected_version
                    ),
                    Add(item),
                    Add(records.event_item(active.id, Verb.ACTIVATE, audit, loaded.item, item)),
                    *claim_changes(store, pending, None),
                ]
            )
        except ItemExistsError as error:
            if error.item_id == active.id:
                existing = records.tenant_of(error.item)
                raise TenantExistsError(pending, existing) from error
        except VersionConflictError:
            pass
        else:
            return active
    raise too_busy()


def renew_existing(
    store: Store,
    tenant_id: str,
    *,
    expected_version: int | None,
    audit: AuditInfo,
    existing_id: str,
    expected_existing_version: int | None,
    validity: Validity,
) -> Tenant:
    """Gives the tenant that the customer already has the new validity, and puts a forward to it in
    the place of the pending sign-up. Returns the existing tenant.

    Raises:
        UnknownTenantError: No tenant has one of the ids.
        StaleError: One of the two tenants has another version.
        NotAllowedError: The sign-up is not pending, or the existing tenant is not active or
            suspended.
        BusyError: Other changes kept interfering.
    """
    idempotency_key = idempotency_key_of(
        Verb.ACTIVATE, audit, expected_version, existing_id, expected_existing_version, validity
    )
    for _ in range(MAX_ATTEMPTS):
        loaded = load(store, tenant_id)
        if loaded.already_applied(idempotency_key):
            return loaded.tenant
        pending = loaded.require_version(tenant_id, expected_version)
        # Raises if the sign-up is not pending, before anything else is read.
        pending.changed(Verb.ACTIVATE, audit)
        loaded_existing = load(store, existing_id)
        existing = loaded_existing.require_version(existing_id, expected_existing_version)
        renewed = existing.changed(Verb.SET_VALIDITY, audit, idempotency_key, validity=validity)
        item = records.item_of(renewed, loaded_existing.item)
        try:
            store.write(
                [
                    Replace(
                        records.forward_item(pending, existing_id, idempotency_key),
                        expected_version,
                    ),
                    Replace(item, expected_existing_version, read=loaded_existing.item),
                    Add(
                        records.event_item(
                            existing_id, Verb.SET_VALIDITY, audit, loaded_existing.item, item
                        )
                    ),
                    *claim_changes(store, pending, None),
                ]
            )
        except (VersionConflictError, ItemExistsError):
            continue
        return renewed
    raise too_busy()
