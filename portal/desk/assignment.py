"""A tenant is given to somebody of staff, or handed back.

That is an item beside the tenant. A decision that changes the status ends it in its own write, and
tells the others: whoever looked after the tenant, or wrote a note about it.
"""

from dataclasses import dataclass, field, replace

from portal import records
from portal.auth import Person
from portal.mail import DeskMail, desk_entry
from portal.records import Desk
from portal.stores import (
    Add,
    BusyError,
    Change,
    Item,
    ItemExistsError,
    Remove,
    Replace,
    Store,
    VersionConflictError,
    find_item,
)
from portal.tenants import AuditInfo, Status, Tenant

_MAX_ATTEMPTS = 8
#: People who are told of one decision. Whoever did something first is left out.
_MOST_FOLLOWERS = 10


@dataclass(eq=False)
class TakenError(Exception):
    """Somebody else was faster. `desk`: who looks after the tenant now."""

    desk: Desk = field(repr=False)


def is_assignable(tenant: Tenant) -> bool:
    """Whether somebody can look after it: a sign-up in the queue, or one with access."""
    return tenant.is_queued or tenant.status in (Status.ACTIVE, Status.SUSPENDED)


def find_desk(store: Store, tenant: Tenant) -> Desk:
    """Who looks after the tenant. What was before the latest decision has ended."""
    return desk_of(find_item(store, records.desk_id(tenant.id)), tenant)


def desk_of(item: Item | None, tenant: Tenant) -> Desk:
    """As `find_desk`, of the item with `records.desk_id`."""
    if item is None:
        return records.new_desk(tenant)
    desk = records.desk_of(item)
    if desk.status is tenant.status:
        return desk
    return replace(records.new_desk(tenant), version=desk.version)


def assign(store: Store, tenant: Tenant, to: Person | None, *, turn: int, audit: AuditInfo) -> Desk:
    """Gives the tenant to this person, or to nobody. Whoever has it already keeps it.

    Args:
        turn: Of the desk that the person saw who does this.

    Raises:
        TakenError: It was given to somebody, or handed back, since.
        BusyError: Other changes kept interfering.
    """
    owner = to.id if to else ""
    for _ in range(_MAX_ATTEMPTS):
        desk = find_desk(store, tenant)
        if desk.owner == owner:
            return desk
        if desk.turn != turn:
            raise TakenError(desk)
        followers = _with_follower(desk.followers, desk.owner)
        changed = replace(
            desk,
            version=desk.version + 1,
            turn=desk.turn + 1,
            owner=owner,
            owner_name=to.name if to else "",
            at=audit.at,
            by=audit.by,
            who=audit.who,
            followers=followers,
            escalated_at=None,
            escalated_to="",
        )
        changes = [_stored(changed, desk)]
        if to and to.id != audit.who:
            changes.append(_mail(DeskMail.ASSIGNED, to.id, tenant.id, audit))
        try:
            store.write(changes)
        except (VersionConflictError, ItemExistsError):
            continue
        return changed
    raise BusyError(reason="Others kept changing the same record.")


def end_if_decided(store: Store, desk: Desk, tenant: Tenant) -> None:
    """Removes what was written while somebody else decided: their decision did not see it.

    Args:
        desk: As it was written.
        tenant: As it is now.
    """
    if desk.version and (desk.tenant_id != tenant.id or desk.status is not tenant.status):
        try:
            store.write([Remove(records.desk_id(desk.tenant_id), desk.version)])
        except VersionConflictError:
            # Somebody has written it anew, or removed it.
            return


def follow_changes(store: Store, tenant: Tenant, audit: AuditInfo) -> list[Change]:
    """What to write so that this person hears how it goes on. Empty if they do already."""
    if not audit.who or not is_assignable(tenant):
        return []
    desk = find_desk(store, tenant)
    followers = _with_follower(desk.followers, audit.who)
    if followers == desk.followers or desk.owner == audit.who:
        return []
    return [_stored(replace(desk, version=desk.version + 1, followers=followers), desk)]


def ended_changes(store: Store, before: Tenant, after: Tenant, audit: AuditInfo) -> list[Change]:
    """What to write together with a decision that changes the status: nobody looks after the tenant
    any more, and those who did, or wrote a note, are told. With a tenant that gets another id and
    keeps its status, it moves. It costs one read, and a write only if there is somebody."""
    if before.status is after.status and before.id == after.id:
        return []
    desk = _stored_desk(store, before.id)
    if desk is None:
        return []
    if before.status is after.status is desk.status:
        there = _stored_desk(store, after.id)
        version = there.version if there else 0
        moved = replace(desk, tenant_id=after.id, version=version + 1)
        return [
            Remove(records.desk_id(before.id), desk.version),
            _stored(moved, replace(moved, version=version)),
        ]
    people = dict.fromkeys([desk.owner, desk.escalated_to, *desk.followers])
    told = [each for each in people if each and each != audit.who]
    return [
        Remove(records.desk_id(before.id), desk.version),
        *(_mail(DeskMail.DONE, each, after.id, audit) for each in told),
    ]


def _stored_desk(store: Store, tenant_id: str) -> Desk | None:
    item = find_item(store, records.desk_id(tenant_id))
    return records.desk_of(item) if item else None


def _with_follower(followers: tuple[str, ...], person_id: str) -> tuple[str, ...]:
    if not person_id:
        return followers
    others = tuple(each for each in followers if each != person_id)
    return followers if person_id in followers else (*others, person_id)[-_MOST_FOLLOWERS:]


def _stored(desk: Desk, earlier: Desk) -> Change:
    item = records.desk_item(desk)
    return Replace(item, earlier.version) if earlier.version else Add(item)


def _mail(kind: DeskMail, person_id: str, tenant_id: str, audit: AuditInfo) -> Change:
    by = audit.by if audit.who else ""
    return Add(records.outbox_item(desk_entry(kind, person_id, tenant_id, audit.at, by=by)))
