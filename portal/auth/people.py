"""People of staff: who they are, and in which role.

There are no passwords. A person is created by the first sign-in link that is made for them.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from functools import partial

from portal.auth.security_log import OPERATOR, SecurityAct, log_act, security_event
from portal.auth.until_done import until_done
from portal.stores import (
    GSI2,
    KEY,
    Add,
    Item,
    ItemNotFoundError,
    Replace,
    Store,
    Value,
    iter_query,
)
from portal.timestamps import utc_now

#: The partition of people in the index GSI2, sorted by their addresses.
PEOPLE = "PEOPLE"


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
    ids = people_with_address(store, email)
    if not ids:
        raise ItemNotFoundError(item_id=person_id(email))
    for id_ in ids:
        until_done(partial(_disable, store, id_, now or utc_now()))
        log_act(SecurityAct.ACCESS_ENDED, OPERATOR, about=id_)


def _disable(store: Store, id_: str, now: datetime) -> None:
    item = store.get(id_)
    version = int(item["version"])
    disabled = ended_access(item)
    about = person_of_item(item).label
    event = security_event(SecurityAct.ACCESS_ENDED, OPERATOR, now, about=about)
    store.write([Replace(disabled, version), event])


def ended_access(item: Item, *, by_provider: bool = False) -> Item:
    """The item of a person without access. `by_provider`: their provider gives no role any more,
    so a role that it gives later lets them in again; what an admin or an operator ended, stays."""
    return {
        **{name: value for name, value in item.items() if name != "disabledBy"},
        **({"disabledBy": "provider"} if by_provider else {}),
        "disabled": True,
        "era": session_epoch(item) + 1,
        "version": int(item["version"]) + 1,
    }


def disabled_by_provider(item: Item) -> bool:
    return item.get("disabledBy") == "provider"


def people_with_address(store: Store, email: str) -> list[str]:
    """The ids of all who have this address: who signs in with links, and who at a provider."""
    address = email.strip().lower()
    between = (f"{address}#", f"{address}#~")
    found = [str(row[KEY]) for row in iter_query(store, GSI2, PEOPLE, between=between)]
    id_ = id_of_address(store, email)
    # Who was stored by an earlier version is not in the index.
    if id_ not in found and _is_stored(store, id_):
        found.append(id_)
    return found


def _is_stored(store: Store, id_: str) -> bool:
    try:
        store.get(id_)
    except ItemNotFoundError:
        return False
    return True


def person_id(email: str) -> str:
    """The id of most people: of their address without the difference of capitals. See
    `id_of_address`."""
    return _id_of_text(email.strip().casefold())


def id_of_address(store: Store, email: str) -> str:
    """The id of the person who signs in with links to this address, whether or not there is one.

    Folding makes `ß` to `ss`, so two addresses had one id, and one person the other's sessions and
    role. Who is stored under such an id keeps it; the other address has an id of its own.
    """
    address, id_ = email.strip().lower(), person_id(email)
    own_id = _id_of_text(f"address\0{address}")
    try:
        item = store.get(id_)
    except ItemNotFoundError:
        return id_ if address == email.strip().casefold() else own_id
    return id_ if str(item["email"]).strip().lower() == address else own_id


def _id_of_text(text: str) -> str:
    return f"staff-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def person_of_item(item: Item) -> Person:
    return Person(
        id=str(item[KEY]),
        email=str(item["email"]),
        name=str(item["name"]),
        role=Role.named(str(item["role"])),
    )


def index_keys(person: Person) -> dict[str, Value]:
    """What puts a person on the list."""
    return {GSI2.partition: PEOPLE, GSI2.sort: f"{person.email.lower()}#{person.id}"}


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


def person_upsert(store: Store, person: Person, *, issuer: str = "") -> tuple[Add | Replace, str]:
    """The change that stores this person with this name and role, enabled, and the name of the role
    before, empty for somebody new. Writes nothing.

    Args:
        issuer: The provider at which they sign in; empty: with links.
    """
    values: dict[str, Value] = {
        KEY: person.id,
        "email": person.email,
        "name": person.name,
        "role": person.role.name.lower(),
        **({"issuer": issuer} if issuer else {}),
        **index_keys(person),
    }
    try:
        item = store.get(person.id)
    except ItemNotFoundError:
        return Add({**values, "era": 0, "version": 1}), ""
    version = int(item["version"])
    era = session_epoch(item) + (item["role"] != values["role"])
    return Replace({**values, "era": era, "version": version + 1}, version), str(item["role"])
