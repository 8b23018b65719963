"""A tenant moves to another id: what else leads to it."""

from dataclasses import dataclass, field

from portal import records
from portal.onboarding.decisions import load
from portal.stores import Add, Change, ItemExistsError, Remove, Replace, Store, find_item
from portal.tenants import AuditInfo, RuleError, Tenant


@dataclass(eq=False)
class IdsTakenError(RuleError):
    """The tenant `existing` has the ids."""

    existing: Tenant = field(repr=False)


def refuse_taken_ids(store: Store, tenant: Tenant, to: str, error: ItemExistsError) -> None:
    """Does nothing if it is this tenant that has the id `to`, since somebody else has just moved it
    there: then reading it once more says what to do.

    Raises:
        IdsTakenError: Another tenant has it.
    """
    if error.item_id != to or not records.is_tenant(error.item):
        return
    if load(store, tenant.id).tenant == tenant:
        raise IdsTakenError(records.tenant_of(error.item)) from error


def moving_changes(
    store: Store, tenant: Tenant, to: str, key: str, audit: AuditInfo
) -> list[Change]:
    """What to write together with a tenant that moves from its id to another: the old one goes, the
    forward of its sign-up leads to the new one, and so does, for staff, what remembers the old id.
    """
    changes: list[Change] = [Remove(tenant.id, tenant.version)]
    forward = find_item(store, tenant.pending_id) if tenant.pending_id else None
    if forward:
        version = int(forward["version"])
        leads = {**forward, "forwardTo": to, "version": version + 1}
        changes.append(Replace(leads, version, read=forward))
    return [*changes, remembered_move(store, tenant.id, to, key, audit)]


def remembered_move(store: Store, tenant_id: str, to: str, key: str, audit: AuditInfo) -> Change:
    """Remembers where the tenant went that had this id, for staff and for whoever presses twice."""
    earlier = find_item(store, records.moved_id(tenant_id))
    moved = records.moved_item(tenant_id, to, key, audit.at, earlier)
    return Replace(moved, int(earlier["version"])) if earlier else Add(moved)
