"""People of staff: who they are, and in which role.

There are no passwords. A person is created by the first sign-in link that is made for them.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from portal.auth.security_log import OPERATOR, SecurityAct, log_act, security_event
from portal.auth.until_done import until_done
from portal.stores import KEY, Add, Item, ItemNotFoundError, Replace, Store, Value
from portal.timestamps import utc_now


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

    @property
    def label(self) -> str:
        """Name and address, for people to read."""
        return f"{self.name} ({self.email})"


def disable_person(store: Store, *, email: str, now: datetime | None = None) -> None:
    """End the person's access at once, until another sign-in link is made for them.

    Args:
        now: The time of the event; by default the current time.

    Raises:
        ItemNotFoundError: Nobody has this address.
        BusyError: The store stayed busy.
    """
    until_done(lambda: _disable(store, person_id(email), now or utc_now()))
    log_act(SecurityAct.ACCESS_ENDED, OPERATOR, about=person_id(email))


def _disable(store: Store, id_: str, now: datetime) -> None:
    item = store.get(id_)
    version = int(item["version"])
    disabled = {**item, "disabled": True, "era": session_epoch(item) + 1, "version": version + 1}
    about = person_of_item(item).label
    event = security_event(SecurityAct.ACCESS_ENDED, OPERATOR, now, about=about)
    store.write([Replace(disabled, version), event])


def person_id(email: str) -> str:
    return f"staff-{hashlib.sha256(email.strip().casefold().encode()).hexdigest()[:32]}"


def person_of_item(item: Item) -> Person:
    return Person(
        id=str(item[KEY]),
        email=str(item["email"]),
        name=str(item["name"]),
        role=Role.named(str(item["role"])),
    )


def active_person(store: Store, id_: str) -> Person | None:
    """The person with this id; `None` if there is none, or their access has ended."""
    try:
        item = store.get(id_)
    except ItemNotFoundError:
        return None
    return None if item.get("disabled") else person_of_item(item)


def session_epoch(item: Item) -> int:
    """The number of times that a person was disabled or got another role.

    Every link and session holds the epoch of its creation (attribute `era`) and works only in
    that epoch, even if the person gets the old role back later.
    """
    return int(item.get("era", 0))


def person_upsert(store: Store, person: Person) -> tuple[Add | Replace, str]:
    """The change that stores this person with this name and role, enabled, and the name of the role
    before, empty for somebody new. Writes nothing."""
    values: dict[str, Value] = {
        KEY: person.id,
        "email": person.email,
        "name": person.name,
        "role": person.role.name.lower(),
    }
    try:
        item = store.get(person.id)
    except ItemNotFoundError:
        return Add({**values, "era": 0, "version": 1}), ""
    version = int(item["version"])
    era = session_epoch(item) + (item["role"] != values["role"])
    return Replace({**values, "era": era, "version": version + 1}, version), str(item["role"])
