"""Who looks at a tenant at the moment. An open page says so about three times a minute; whoever has
said nothing for a minute is gone. It locks nothing.

All presence is in 32 items, each for some tenants. So one ping costs a read and a write unit at
most, and nothing is left to be removed.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from portal import records
from portal.auth import Person
from portal.records import Presence
from portal.stores import (
    Add,
    BusyError,
    Item,
    ItemExistsError,
    Replace,
    Store,
    UnavailableError,
    VersionConflictError,
    find_item,
)

#: So long somebody is there after a ping.
PRESENT = timedelta(minutes=1)
#: A ping so soon after another one of the same person writes nothing.
_SAVED_AGAIN = timedelta(seconds=15)
#: Others may write the same item. After so many attempts the next ping does it.
_MAX_ATTEMPTS = 3


def who_looks(
    store: Store, tenant_id: str, now: datetime, *, beside: str = ""
) -> Sequence[Presence]:
    """Who looks at the tenant, whoever came first in front.

    Args:
        beside: The id of a person who is left out.
    """
    return people_of(
        find_item(store, records.presence_id(tenant_id)), tenant_id, now, beside=beside
    )


def people_of(
    item: Item | None, tenant_id: str, now: datetime, *, beside: str = ""
) -> Sequence[Presence]:
    """As `who_looks`, of the item with `records.presence_id`."""
    return _of_tenant(_present(item, now), tenant_id, beside) if item else []


def note_presence(
    store: Store, tenant_id: str, person: Person, now: datetime
) -> Sequence[Presence]:
    """Notes that this person looks at the tenant, and returns who else does. If the store takes no
    writes at the moment, nobody sees this person, and nothing fails."""
    own = Presence(
        tenant=records.presence_key(tenant_id), person_id=person.id, name=person.name, at=now
    )
    version, people = _read(store, tenant_id, now)
    for _ in range(_MAX_ATTEMPTS):
        known = next((each for each in people if _is_same(each, own)), None)
        if known and now - known.at < _SAVED_AGAIN:
            break
        item_id = records.presence_id(tenant_id)
        present = [own if each is known else each for each in people]
        item = records.presence_item(item_id, version + 1, present if known else [*people, own])
        with suppress(BusyError, UnavailableError):
            try:
                store.write([Replace(item, version) if version else Add(item)])
            except (VersionConflictError, ItemExistsError):
                version, people = _read(store, tenant_id, now)
                continue
        break
    return _of_tenant(people, tenant_id, person.id)


def _read(store: Store, tenant_id: str, now: datetime) -> tuple[int, list[Presence]]:
    """The version of the item, 0 if there is none, and who is there: of this and other tenants."""
    item = find_item(store, records.presence_id(tenant_id))
    if item is None:
        return 0, []
    return int(item["version"]), _present(item, now)


def _present(item: Item, now: datetime) -> list[Presence]:
    return [each for each in records.presence_of(item) if now - each.at < PRESENT]


def _of_tenant(people: Sequence[Presence], tenant_id: str, beside: str) -> list[Presence]:
    key = records.presence_key(tenant_id)
    return [each for each in people if each.tenant == key and each.person_id != beside]


def _is_same(one: Presence, other: Presence) -> bool:
    return (one.tenant, one.person_id) == (other.tenant, other.person_id)
