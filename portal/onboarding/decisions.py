"""How every verb works: what was seen, what is done again, and one all-or-nothing write."""

from collections.abc import Callable
from dataclasses import dataclass, field

from portal import records
from portal.onboarding.claims import claim_changes
from portal.stores.contract import (
    Add,
    AlreadyThereError,
    BusyError,
    Change,
    ChangedMeanwhileError,
    Item,
    NotThereError,
    Replace,
    Store,
)
from portal.tenants import Act, RuleError, Tenant, Verb, mark_of

#: How often a write is tried again after somebody else moved a claim or decided meanwhile.
TRIES = 8


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
    forward_mark: str = ""

    def was_made(self, mark: str) -> bool:
        decision = self.tenant.decision
        return mark in (self.forward_mark, decision.mark if decision else "")

    def seen_as(self, tenant_id: str, seen: int | None) -> Tenant:
        """The tenant, if it is what its person saw. `StaleError`."""
        if self.tenant.id != tenant_id or self.tenant.version != seen:
            raise StaleError(self.tenant)
        return self.tenant


def load(store: Store, tenant_id: str) -> Loaded:
    """As `find`, with what a verb has to know besides. `UnknownTenantError`."""
    try:
        item = store.get(tenant_id)
        forward = records.forward_of(item)
        if forward:
            item = store.get(forward.to)
    except NotThereError as error:
        raise UnknownTenantError(tenant_id) from error
    if not records.is_tenant(item):
        raise UnknownTenantError(tenant_id)
    return Loaded(records.tenant_of(item), item, forward.mark if forward else "")


def decide(
    store: Store,
    tenant_id: str,
    verb: Verb,
    act: Act,
    seen: int | None,
    *,
    change: Callable[[Tenant, Act, str], Tenant] | None = None,
    wanted: tuple[object, ...] = (),
    also: Callable[[Store, str], list[Change]] = lambda _store, _tenant_id: [],
    **fields: object,
) -> Tenant:
    """Makes one change of one tenant, with its event and its claim, and what goes `also`.

    `change` works out the tenant afterwards; without one `fields` are what changes.
    """
    mark = mark_of(verb, act, seen, *wanted, *fields.items())
    for _ in range(TRIES):
        loaded = load(store, tenant_id)
        if loaded.was_made(mark):
            return loaded.tenant
        before = loaded.seen_as(tenant_id, seen)
        after = change(before, act, mark) if change else before.changed(verb, act, mark, **fields)
        item = records.item_of(after, loaded.item)
        event = records.event_item(after.id, verb, act, loaded.item, item, reason=after.reason)
        try:
            store.write([
                Replace(item, seen, read=loaded.item),
                Add(event),
                *claim_changes(store, before, after),
                *also(store, tenant_id),
            ])  # fmt: skip
        except (ChangedMeanwhileError, AlreadyThereError):
            continue
        return after
    raise too_busy()


def too_busy() -> BusyError:
    return BusyError(reason="Others kept changing the same record.")
