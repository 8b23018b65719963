"""A tenant moves to another id: what else leads to it."""

from dataclasses import dataclass, field

from portal import records
from portal.stores import Add, Change, ItemNotFoundError, Remove, Replace, Store
from portal.tenants import AuditInfo, RuleError, Tenant


@dataclass(eq=False)
class IdsTakenError(RuleError):
    """The tenant `existing` has the ids."""

    existing: Tenant = field(repr=False)


def moving_changes(
    store: Store, tenant: Tenant, to: str, key: str, audit: AuditInfo
) -> list[Change]:
    """What to write together with a tenant that moves from its id to another: the old one goes, the
    forward of its sign-up leads to the new one, and so does, for staff, what remembers the old id.
    """
    changes: list[Change] = [Remove(tenant.id, tenant.version)]
    try:
        forward = store.get(tenant.pending_id) if tenant.pending_id else None
    except ItemNotFoundError:
        forward = None
    if forward:
        version = int(forward["version"])
        leads = {**forward, "forwardTo": to, "version": version + 1}
        changes.append(Replace(leads, version, read=forward))
    try:
        earlier = store.get(records.moved_id(tenant.id))
    except ItemNotFoundError:
        earlier = None
    moved = records.moved_item(tenant.id, to, key, audit.at, earlier)
    changes.append(Replace(moved, int(earlier["version"])) if earlier else Add(moved))
    return changes
