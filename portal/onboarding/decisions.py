"""How every verb works: what was seen, what is done again, and one all-or-nothing write."""

from collections.abc import Callable
from dataclasses import dataclass, field

from portal import records
from portal.onboarding.claims import claim_changes
from portal.stores import (
    Add,
    BusyError,
    Change,
    Item,
    ItemExistsError,
    ItemNotFoundError,
    Replace,
    Store,
    VersionConflictError,
)
from portal.tenants import AuditInfo, RuleError, Tenant, Verb, idempotency_key_of

#: How often a write is tried again after somebody else moved a claim or decided meanwhile.
MAX_TRIES = 8


@dataclass(eq=False)
class UnknownTenantError(Exception):
    """No tenant has this id."""

    tenant_id: str


@dataclass(eq=False)
class StaleError(RuleError):
    """The tenant is not as the person saw it: `tenant` is how it is now."""

    tenant: Tenant = field(repr=False)


def find(store: Store, tenant_id: str) -> Tenant:
    """The tenant with this id, or the one it was activated as. `UnknownTenantError`."""
    return load(store, tenant_id).tenant


@dataclass(frozen=True, slots=True)
class Loaded:
    """A tenant as it was found, and the mark of the forward that led to it, if one did."""

    tenant: Tenant
    item: Item
    forward_key: str = ""

    def already_applied(self, idempotency_key: str) -> bool:
        decision = self.tenant.decision
        return idempotency_key in (self.forward_key, decision.idempotency_key if decision else "")

    def require_version(self, tenant_id: str, expected_version: int | None) -> Tenant:
        """The tenant, if it is what its person saw. `StaleError`."""
        if self.tenant.id != tenant_id or self.tenant.version != expected_version:
            raise StaleError(self.tenant)
        return self.tenant


def load(store: Store, tenant_id: str) -> Loaded:
    """As `find`, with what a verb has to know besides. `UnknownTenantError`."""
    try:
        item = store.get(tenant_id)
        forward = records.forward_of(item)
        if forward:
            item = store.get(forward.to)
    except ItemNotFoundError as error:
        raise UnknownTenantError(tenant_id) from error
    if not records.is_tenant(item):
        raise UnknownTenantError(tenant_id)
    return Loaded(records.tenant_of(item), item, forward.idempotency_key if forward else "")


def decide(
    store: Store,
    tenant_id: str,
    verb: Verb,
    audit: AuditInfo,
    expected_version: int | None,
    *,
    change: Callable[[Tenant, AuditInfo, str], Tenant] | None = None,
    key_parts: tuple[object, ...] = (),
    extra_changes: Callable[[Store, str], list[Change]] = lambda _store, _tenant_id: [],
    **fields: object,
) -> Tenant:
    """Makes one change of one tenant, with its event and its claim, and what goes `extra_changes`.

    `change` works out the tenant afterwards; without one `fields` are what changes.
    """
    idempotency_key = idempotency_key_of(verb, audit, expected_version, *key_parts, *fields.items())
    for _ in range(MAX_TRIES):
        loaded = load(store, tenant_id)
        if loaded.already_applied(idempotency_key):
            return loaded.tenant
        before = loaded.require_version(tenant_id, expected_version)
        after = (
            change(before, audit, idempotency_key)
            if change
            else before.changed(verb, audit, idempotency_key, **fields)
        )
        item = records.item_of(after, loaded.item)
        event = records.event_item(after.id, verb, audit, loaded.item, item, reason=after.reason)
        try:
            store.write([
                Replace(item, expected_version, read=loaded.item),
                Add(event),
                *claim_changes(store, before, after),
                *extra_changes(store, tenant_id),
            ])  # fmt: skip
        except (VersionConflictError, ItemExistsError):
            continue
        return after
    raise too_busy()


def too_busy() -> BusyError:
    return BusyError(reason="Others kept changing the same record.")
