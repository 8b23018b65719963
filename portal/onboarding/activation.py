"""Activating a pending sign-up under its final id, or renewing the tenant that has this id."""

from dataclasses import dataclass, field, replace

from portal import records
from portal.desk import ended_changes
from portal.onboarding.claims import claim_changes
from portal.onboarding.decisions import MAX_ATTEMPTS, can_undo, load, mail_ids, too_busy
from portal.onboarding.waiting_times import waiting_changes
from portal.outbox import entries_after
from portal.sealing import Sealer, Secret
from portal.stores import (
    Add,
    Item,
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
    ValidityChange,
    Verb,
    idempotency_key_of,
    require_agreement,
    resolved,
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
    validity: Validity | ValidityChange,
    client_id: str = "",
    secret: Secret | None = None,
) -> Tenant:
    """Activates a pending tenant: gives it its final id, a licence and an OAuth client. A forward
    with the pending id takes its place.

    A sign-up of a program may have brought a client. Its id stays if `client_id` is empty. Its
    secret stays if `secret` is `None` and the final id is the one that it was sealed for: nobody
    could open it for another.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is not pending.
        PastWindowError: The validity has no end, or has ended.
        ClusterError: The ids have no cluster, or one that is no host label.
        TermConflictError: A term and another last day were asked for.
        BackwardWindowError: The validity would end before it starts.
        TenantExistsError: Another tenant has the final id.
        BusyError: Other changes kept interfering.
    """
    window, refusal = _new_window(validity, audit)
    key_parts = (ids, window, client_id, secret.fingerprint if secret else None)
    idempotency_key = idempotency_key_of(Verb.ACTIVATE, audit, expected_version, *key_parts)
    sealed = sealer.seal(secret, ids.tenant_id) if secret else ""
    for _ in range(MAX_ATTEMPTS):
        loaded = load(store, tenant_id)
        if loaded.already_applied(idempotency_key):
            return loaded.tenant
        pending = loaded.require_version(tenant_id, expected_version)
        if refusal:
            raise refusal
        client = _new_client(pending, ids, client_id, sealed, audit)
        active = pending.activated(audit, idempotency_key, ids=ids, validity=window, client=client)
        is_held = can_undo(Verb.ACTIVATE, audit)
        told = entries_after(Verb.ACTIVATE, active, audit.at, is_held=is_held)
        came_by = records.came_by(records.source_of(loaded.item, pending))
        item: Item = {**records.item_of(active), **came_by}
        if is_held:
            item = records.with_undo(loaded.item, item, mail_ids(told))
        try:
            store.write(
                [
                    Replace(
                        records.forward_item(pending, active.id, idempotency_key),
                        expected_version,
                        read=loaded.item,
                    ),
                    Add(item),
                    Add(records.event_item(active.id, Verb.ACTIVATE, audit, loaded.item, item)),
                    *told,
                    *claim_changes(store, pending, None),
                    *waiting_changes(pending, audit.at),
                    *ended_changes(store, pending, active, audit),
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


def _new_client(pending: Tenant, ids: Ids, client_id: str, sealed: str, audit: AuditInfo) -> Client:
    asked = pending.client
    if sealed:
        return Client(id=client_id or asked.id, sealed_secret=sealed, secret_set_at=audit.at)
    if pending.ids is None or pending.ids.tenant_id != ids.tenant_id:
        return Client(id=client_id or asked.id)
    return replace(asked, id=client_id or asked.id)


def _new_window(
    asked: Validity | ValidityChange, audit: AuditInfo
) -> tuple[Validity, RuleError | None]:
    """The instants of a new licence, or why there are none. That is said only to whoever has seen
    the current version."""
    try:
        return resolved(asked, Validity(), audit.at), None
    except RuleError as error:
        return Validity(), error


def renew_existing(
    store: Store,
    tenant_id: str,
    *,
    expected_version: int | None,
    audit: AuditInfo,
    existing_id: str,
    expected_existing_version: int | None,
    validity: Validity | ValidityChange,
    may_shorten: bool | Validity = True,
) -> Tenant:
    """Gives the tenant that the customer already has the new validity, and puts a forward to it in
    the place of the pending sign-up. Returns the existing tenant. `undo_renewal` undoes it.

    Args:
        may_shorten: As in `set_validity`.

    Raises:
        UnknownTenantError: No tenant has one of the ids.
        StaleError: One of the two tenants has another version.
        NotAllowedError: The sign-up is not pending, or the existing tenant is not active or
            suspended.
        TermConflictError, BackwardWindowError, ShorterWindowError: As in `set_validity`.
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
        window = resolved(validity, existing.validity, audit.at)
        renewed = existing.changed(Verb.SET_VALIDITY, audit, idempotency_key, validity=window)
        require_agreement(existing.validity, window, audit.at, may_shorten)
        item = records.item_of(renewed, loaded_existing.item)
        try:
            store.write(
                [
                    Replace(
                        records.closing_forward_item(
                            pending, loaded.item, loaded_existing.item, idempotency_key, audit.at
                        ),
                        expected_version,
                        read=loaded.item,
                    ),
                    Replace(item, expected_existing_version, read=loaded_existing.item),
                    Add(
                        records.event_item(
                            existing_id, Verb.SET_VALIDITY, audit, loaded_existing.item, item
                        )
                    ),
                    *entries_after(
                        Verb.ACTIVATE,
                        renewed,
                        audit.at,
                        sign_up=pending,
                        is_held=can_undo(Verb.ACTIVATE, audit),
                    ),
                    *claim_changes(store, pending, None),
                    *waiting_changes(pending, audit.at),
                    *ended_changes(store, pending, renewed, audit),
                ]
            )
        except (VersionConflictError, ItemExistsError):
            continue
        return renewed
    raise too_busy()
