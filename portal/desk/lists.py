"""What one person looks after, and what nobody does. Each reads a few index pages; on DynamoDB they
lag behind by a moment."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from portal import records
from portal.stores import GSI2, GSI4, KEY, Cursor, Item, ItemNotFoundError, Page, Store

#: The most assignments that are looked at for one page of a list.
_MOST = 200
_FIRST = " "


@dataclass(frozen=True, slots=True)
class Owner:
    """Who looks after a tenant, and since when."""

    id: str
    name: str
    since: datetime | None


def owned(store: Store, person_id: str, *, after: Cursor | None = None, limit: int = 50) -> Page:
    """The tenants that this person looks after, by the sign-up, the oldest first. Each is read by
    its id: so what was decided a moment ago is left out already, and a page may have fewer."""
    partition = records.owner_partition(person_id)
    page = store.query(GSI4, partition, after=after, limit=limit)
    tenants = []
    for row in page.items:
        with suppress(ItemNotFoundError):
            item = store.get(records.owned_tenant(row))
            if records.is_tenant(item) and row.get("status") == records.status_of(item).value:
                tenants.append(item)
    return Page(tenants, page.after)


@dataclass(frozen=True, slots=True)
class Assignments:
    """Where it stands who looks after the tenants of some rows: in a partition, between two times
    of a sign-up.

    Attributes:
        ids: Those of the tenants.
    """

    partition: str
    between: tuple[str, str]
    ids: frozenset[str]


def assignments_of(rows: Sequence[Item]) -> Sequence[Assignments]:
    """One for each status, for the days between the oldest and the newest sign-up."""
    found = []
    statuses = list(map(records.status_of, rows))
    for status in dict.fromkeys(statuses):
        same = [row for row, of_row in zip(rows, statuses, strict=True) if of_row is status]
        created = [str(row.get("createdAt", "")) for row in same]
        between = min(created) or _FIRST, f"{max(created)}{records.LAST}"
        ids = frozenset([str(row[KEY]) for row in same])
        found.append(Assignments(records.assigned_partition(status), between, ids))
    return found


def owners(store: Store, rows: Sequence[Item]) -> Mapping[str, Owner]:
    """Who looks after the tenants of these rows: id of a tenant -> owner. It asks once for each
    status."""
    return owners_in(store, assignments_of(rows))


def owners_in(store: Store, assignments: Sequence[Assignments]) -> Mapping[str, Owner]:
    """As `owners`, for whoever keeps `assignments_of` the rows."""
    found: dict[str, Owner] = {}
    for each in assignments:
        page = store.query(GSI2, each.partition, between=each.between, limit=_MOST)
        for row in page.items:
            desk = records.desk_of(row)
            if desk.tenant_id in each.ids:
                found[desk.tenant_id] = Owner(desk.owner, desk.owner_name, desk.at)
    return found


def without_owner(
    rows: Sequence[Item], owned_by: Mapping[str, Owner], gone: Sequence[str] = ()
) -> list[Item]:
    """The rows of tenants that nobody looks after. `gone`: people without access: what they looked
    after is nobody's."""
    return [
        row for row in rows if (owner := owned_by.get(str(row[KEY]))) is None or owner.id in gone
    ]
