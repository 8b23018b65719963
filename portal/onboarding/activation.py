"""A pending sign-up becomes a tenant with its final key, or renews the one that has it."""

from dataclasses import dataclass, field

from portal import records
from portal.onboarding.claims import claim_changes
from portal.onboarding.decisions import MAX_TRIES, load, too_busy
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
    """The final key is taken: `existing` holds it. Its validity can be set instead."""

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
    """Binds a pending tenant to its final key, with a licence.

    `TenantExistsError` if the key is taken: see `renew_existing`. `PastWindowError`.
    """
    key_parts = (ids, validity, client_id, secret.fingerprint if secret else None)
    idempotency_key = idempotency_key_of(Verb.ACTIVATE, audit, expected_version, *key_parts)
    client = Client(id=client_id)
    if secret:
        sealed = sealer.seal(secret, ids.tenant_id)
        client = Client(id=client_id, sealed_secret=sealed, secret_set_at=audit.at)
    for _ in range(MAX_TRIES):
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
    """Closes a pending sign-up towards the tenant that the account already has, and gives
    that one the new window. Answers the existing tenant."""
    idempotency_key = idempotency_key_of(
        Verb.ACTIVATE, audit, expected_version, existing_id, expected_existing_version, validity
    )
    for _ in range(MAX_TRIES):
        loaded = load(store, tenant_id)
        if loaded.already_applied(idempotency_key):
            return loaded.tenant
        pending = loaded.require_version(tenant_id, expected_version)
        # The life cycle has to let the sign-up go before anything is done elsewhere.
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
