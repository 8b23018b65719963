"""People of staff: who they are, and in which role.

There are no passwords. A person is created by the first sign-in link that is made for them.
"""

import hashlib
from dataclasses import dataclass
from enum import IntEnum

from portal.stores import KEY, Add, Item, ItemNotFoundError, Replace, Store, Value


class Role(IntEnum):
    """Each role may do everything that the lower ones may do."""

    VIEWER = 1
    APPROVER = 2
    ADMIN = 3

    @classmethod
    def named(cls, name: str) -> "Role":
        """The role called `viewer`, `approver` or `admin`.

        Raises:
            KeyError: There is no such role.
        """
        return cls[name.upper()]


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    id: str
    email: str
    name: str
    role: Role


def disable_person(store: Store, *, email: str) -> None:
    """End the person's access at once, until another sign-in link is made for them.

    Raises:
        ItemNotFoundError: Nobody has this address.
    """
    item = store.get(person_id(email))
    version = int(item["version"])
    disabled = {**item, "disabled": True, "era": session_epoch(item) + 1, "version": version + 1}
    store.write([Replace(disabled, version)])


def person_id(email: str) -> str:
    return f"staff-{hashlib.sha256(email.strip().casefold().encode()).hexdigest()[:32]}"


def person_of_item(item: Item) -> Person:
    return Person(
        id=str(item[KEY]),
        email=str(item["email"]),
        name=str(item["name"]),
        role=Role.named(str(item["role"])),
    )


def session_epoch(item: Item) -> int:
    """The number of times that a person was disabled or got another role.

    Every link and session holds the epoch of its creation (attribute `era`) and works only in
    that epoch, even if the person gets the old role back later.
    """
    return int(item.get("era", 0))


def person_upsert(store: Store, person: Person) -> Add | Replace:
    """The change that stores this person with this name and role, enabled. Writes nothing."""
    values: dict[str, Value] = {
        KEY: person.id,
        "email": person.email,
        "name": person.name,
        "role": person.role.name.lower(),
    }
    try:
        item = store.get(person.id)
    except ItemNotFoundError:
        return Add({**values, "era": 0, "version": 1})
    version = int(item["version"])
    era = session_epoch(item) + (item["role"] != values["role"])
    return Replace({**values, "era": era, "version": version + 1}, version)
