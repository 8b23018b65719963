"""A pending sign-up becomes a tenant with its final key, or renews the one that has it."""

from dataclasses import dataclass, field

from portal import records
from portal.onboarding.claims import claim_changes
from portal.onboarding.decisions import TRIES, load, too_busy
from portal.sealing.sealers import Sealer, Secret
from portal.stores.contract import Add, AlreadyThereError, ChangedMeanwhileError, Replace, Store
from portal.tenants import Act, Client, Ids, RuleError, Tenant, Validity, Verb, mark_of


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
    seen: int | None,
    act: Act,
    ids: Ids,
    validity: Validity,
    client_id: str = "",
    secret: Secret | None = None,
) -> Tenant:
    """Binds a pending tenant to its final key, with a licence.

    `TenantExistsError` if the key is taken: see `renew_instead`. `PastWindowError`.
    """
    wanted = (ids, validity, client_id, secret.mark if secret else None)
    mark = mark_of(Verb.ACTIVATE, act, seen, *wanted)
    client = Client(id=client_id)
    if secret:
        sealed = sealer.seal(secret, ids.tenant_id)
        client = Client(id=client_id, sealed_secret=sealed, secret_set_at=act.at)
    for _ in range(TRIES):
        loaded = load(store, tenant_id)
        if loaded.was_made(mark):
            return loaded.tenant
        pending = loaded.seen_as(tenant_id, seen)
        active = pending.activated(act, mark, ids=ids, validity=validity, client=client)
        item = records.item_of(active)
        try:
            store.write([
                Replace(records.forward_item(pending, active.id, mark), seen),
                Add(item),
                Add(records.event_item(active.id, Verb.ACTIVATE, act, loaded.item, item)),
                *claim_changes(store, pending, None),
            ])  # fmt: skip
        except AlreadyThereError as refused:
            if refused.tenant_id == active.id:
                existing = records.tenant_of(refused.item)
                raise TenantExistsError(pending, existing) from refused
        except ChangedMeanwhileError:
            pass
        else:
            return active
    raise too_busy()


def renew_instead(
    store: Store,
    tenant_id: str,
    *,
    seen: int | None,
    act: Act,
    existing_id: str,
    existing_seen: int | None,
    validity: Validity,
) -> Tenant:
    """Closes a pending sign-up towards the tenant that the account already has, and gives
    that one the new window. Answers the existing tenant."""
    mark = mark_of(Verb.ACTIVATE, act, seen, existing_id, existing_seen, validity)
    for _ in range(TRIES):
        loaded = load(store, tenant_id)
        if loaded.was_made(mark):
            return loaded.tenant
        pending = loaded.seen_as(tenant_id, seen)
        # The life cycle has to let the sign-up go before anything is done elsewhere.
        pending.changed(Verb.ACTIVATE, act)
        other = load(store, existing_id)
        existing = other.seen_as(existing_id, existing_seen)
        renewed = existing.changed(Verb.SET_VALIDITY, act, mark, validity=validity)
        item = records.item_of(renewed, other.item)
        try:
            store.write([
                Replace(records.forward_item(pending, existing_id, mark), seen),
                Replace(item, existing_seen, read=other.item),
                Add(records.event_item(existing_id, Verb.SET_VALIDITY, act, other.item, item)),
                *claim_changes(store, pending, None),
            ])  # fmt: skip
        except (ChangedMeanwhileError, AlreadyThereError):
            continue
        return renewed
    raise too_busy()
