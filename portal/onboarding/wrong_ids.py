"""A tenant that was activated under the wrong ids gets the right ones: it moves to another key."""

from dataclasses import replace

from portal import records
from portal.desk import ended_changes
from portal.onboarding.decisions import MAX_ATTEMPTS, load, too_busy
from portal.onboarding.moves import moving_changes, refuse_taken_ids
from portal.stores import Add, ItemExistsError, Store, VersionConflictError
from portal.tenants import (
    AuditInfo,
    Client,
    NotAllowedError,
    RuleError,
    Tenant,
    Verb,
    can,
    idempotency_key_of,
)


class SameIdsError(RuleError):
    """The tenant has these ids already."""


def set_ids(
    store: Store,
    tenant_id: str,
    *,
    expected_version: int | None,
    audit: AuditInfo,
    account_id: str,
    company_id: str,
) -> Tenant:
    """Moves a tenant to other ids. Its former key is free from then on. The client secret is bound
    to the ids that it was sealed for, so it is gone; the client id stays.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is neither active nor suspended, or has no ids.
        SameIdsError: They are the ids that it has.
        IdsTakenError: Another tenant has them.
        BusyError: Other changes kept interfering.
    """
    key = idempotency_key_of(Verb.SET_IDS, audit, expected_version, account_id, company_id)
    for _ in range(MAX_ATTEMPTS):
        loaded = load(store, tenant_id)
        if loaded.already_applied(key):
            return loaded.tenant
        tenant = loaded.require_version(tenant_id, expected_version)
        if tenant.ids is None or not can(tenant.status, Verb.SET_IDS):
            raise NotAllowedError(Verb.SET_IDS, tenant.status)
        ids = replace(tenant.ids, account_id=account_id, company_id=company_id)
        if ids.tenant_id == tenant.id:
            raise SameIdsError
        moved = tenant.changed(
            Verb.SET_IDS,
            audit,
            key,
            id=ids.tenant_id,
            ids=ids,
            client=Client(id=tenant.client.id),
            id_since=audit.at,
            former_ids=tenant.stays_after(audit.at),
        )
        item = records.with_undo(
            loaded.item, records.item_of(moved, loaded.item), loses_secret=True
        )
        event = records.event_item(moved.id, Verb.SET_IDS, audit, loaded.item, item)
        gone = records.gone_event_item(tenant.id, Verb.SET_IDS, audit, loaded.item)
        try:
            store.write([
                Add(item),
                *moving_changes(store, tenant, moved.id, key, audit),
                Add(event),
                Add(gone),
                *ended_changes(store, tenant, moved, audit),
            ])  # fmt: skip
        except ItemExistsError as error:
            refuse_taken_ids(store, tenant, moved.id, error)
        except VersionConflictError:
            pass
        else:
            return moved
    raise too_busy()
