"""The list of staff as admins see and change it: who is on it, and in which role.

What is done twice is done once: the second time changes nothing and writes no event.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from portal.auth.people import (
    PEOPLE,
    Person,
    Role,
    active_person,
    disabled_by_provider,
    ended_access,
    id_of_address,
    index_keys,
    person_of_item,
    person_upsert,
)
from portal.auth.security_log import SecurityAct, Source, log_act, security_event
from portal.auth.until_done import until_done
from portal.stores import (
    GSI2,
    KEY,
    Change,
    Cursor,
    Item,
    ItemNotFoundError,
    Replace,
    Store,
    iter_query,
    iter_scan,
)

PERSON_ID = r"staff-[0-9a-f]{32}"


class OnTheListError(Exception):
    """Somebody with this address has access already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedPerson:
    """Somebody on the list.

    Attributes:
        issuer: The provider at which they sign in, which gives their role; empty: with links.
        has_no_role: The provider gives none any more. A role that it gives later lets them in.
    """

    person: Person
    is_disabled: bool
    has_no_role: bool
    issuer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PeoplePage:
    """Some of all people, sorted by address. `after`: None if these are the last."""

    people: list[ListedPerson]
    after: Cursor | None


# ---- Who is on it


def people_page(store: Store, *, after: Cursor | None = None, limit: int = 25) -> PeoplePage:
    """A page of the list. Whom an earlier version stored is on it after the next sign-in, or after
    `index_people`."""
    page = store.query(GSI2, PEOPLE, after=after, limit=limit)
    people = []
    for row in page.items:
        # The index holds only some of the attributes, and it may lag behind.
        with suppress(ItemNotFoundError):
            people.append(_listed(store.get(str(row[KEY]))))
    return PeoplePage(people=people, after=page.after)


def people_of(store: Store, is_meant: Callable[[str], bool]) -> list[Person]:
    """Those on the list whose ids are meant, whether or not they have access; sorted by address. It
    reads the list, and of these alone their names."""
    found = []
    for row in iter_query(store, GSI2, PEOPLE):
        if is_meant(str(row[KEY])):
            # The index may lag behind.
            with suppress(ItemNotFoundError):
                found.append(person_of_item(store.get(str(row[KEY]))))
    return found


def people_who_decide(store: Store) -> list[Person]:
    """Everybody on the list who has access, and may decide; sorted by address."""
    found = []
    for row in iter_query(store, GSI2, PEOPLE):
        # The index may lag behind.
        with suppress(ItemNotFoundError):
            listed = find_person(store, str(row[KEY]))
            if not listed.is_disabled and listed.person.role >= Role.APPROVER:
                found.append(listed.person)
    return found


def find_person(store: Store, id_: str) -> ListedPerson:
    """The person with this id.

    Raises:
        ItemNotFoundError: There is none.
    """
    return _listed(store.get(id_))


def disabled_people(store: Store) -> list[str]:
    """The ids of those on the list who may not sign in any more."""
    ids = [str(row[KEY]) for row in iter_query(store, GSI2, PEOPLE)]
    return [id_ for id_ in ids if active_person(store, id_) is None]


def index_people(store: Store) -> list[ListedPerson]:
    """Everybody, sorted by address. Reads the whole store, and puts those on the list whom an
    earlier version stored without it."""
    found = []
    for item in iter_scan(store):
        if not re.fullmatch(PERSON_ID, str(item[KEY])):
            continue
        if GSI2.partition not in item:
            until_done(partial(_index, store, str(item[KEY])))
        found.append(_listed(item))
    return sorted(found, key=lambda listed: listed.person.email.lower())


def _index(store: Store, id_: str) -> None:
    item = store.get(id_)
    version = int(item["version"])
    indexed = {**item, **index_keys(person_of_item(item)), "version": version + 1}
    store.write([Replace(indexed, version)])


def _listed(item: Item) -> ListedPerson:
    return ListedPerson(
        person=person_of_item(item),
        is_disabled=bool(item.get("disabled")),
        has_no_role=disabled_by_provider(item),
        issuer=str(item.get("issuer", "")),
    )


# ---- Changes


def invite(
    store: Store,
    *,
    email: str,
    name: str,
    role: Role,
    now: datetime,
    source: Source,
    also: Callable[[str], Sequence[Change]] = lambda _id: (),
) -> Person:
    """Put somebody on the list, who signs in with links.

    Args:
        also: What to write together with it, for the id of the person.

    Raises:
        OnTheListError: Somebody with this address has access already.
        BusyError: The store stayed busy.
    """

    def write() -> Person:
        id_ = id_of_address(store, email)
        with suppress(ItemNotFoundError):
            if not store.get(id_).get("disabled"):
                raise OnTheListError
        person = Person(id=id_, email=email.strip(), name=name, role=role)
        change, _earlier = person_upsert(store, person)
        event = security_event(
            SecurityAct.INVITED, source, now, about=person.label, details=_role(role)
        )
        store.write([change, event, *also(id_)])
        return person

    person = until_done(write)
    log_act(SecurityAct.INVITED, source, about=person.id, **_role(role))
    return person


def set_role(store: Store, id_: str, role: Role, now: datetime, source: Source) -> Person:
    """Give a person another role, which ends the sessions and links of the earlier one.

    Raises:
        ItemNotFoundError: There is no such person.
        BusyError: The store stayed busy.
    """

    def change(item: Item) -> tuple[Item, dict[str, str]] | None:
        earlier = str(item["role"])
        if earlier == role.name.lower():
            return None
        changed = {**item, "role": role.name.lower(), "era": int(item.get("era", 0)) + 1}
        return changed, {**_role(role), "earlierRole": earlier}

    return _change(store, id_, SecurityAct.ROLE_CHANGED, change, now=now, source=source)


def end_access(store: Store, id_: str, now: datetime, source: Source) -> Person:
    """Sign a person out everywhere, until somebody gives the access back.

    Raises:
        ItemNotFoundError, BusyError: As `set_role`.
    """

    def change(item: Item) -> tuple[Item, dict[str, str]] | None:
        if item.get("disabled") and not disabled_by_provider(item):
            return None
        return ended_access(item), {}

    return _change(store, id_, SecurityAct.ACCESS_ENDED, change, now=now, source=source)


def give_access(store: Store, id_: str, now: datetime, source: Source) -> Person:
    """Let a person sign in again, in the role that they had. No session comes back. Whose role the
    provider took away gets it back from there alone.

    Raises:
        ItemNotFoundError, BusyError: As `set_role`.
    """

    def change(item: Item) -> tuple[Item, dict[str, str]] | None:
        if not item.get("disabled") or disabled_by_provider(item):
            return None
        kept = {
            name: value for name, value in item.items() if name not in ("disabled", "disabledBy")
        }
        return kept, _role(person_of_item(item).role)

    return _change(store, id_, SecurityAct.ACCESS_GIVEN, change, now=now, source=source)


def _change(
    store: Store,
    id_: str,
    act: SecurityAct,
    change: Callable[[Item], tuple[Item, dict[str, str]] | None],
    *,
    now: datetime,
    source: Source,
) -> Person:
    """Changes a person and adds the event, or neither if there is nothing to change."""

    def write() -> tuple[Person, dict[str, str] | None]:
        item = store.get(id_)
        changed = change(item)
        if changed is None:
            return person_of_item(item), None
        version, (values, details) = int(item["version"]), changed
        person = person_of_item(values)
        event = security_event(act, source, now, about=person.label, details=details)
        indexed = {**values, **index_keys(person), "version": version + 1}
        store.write([Replace(indexed, version), event])
        return person, details

    person, details = until_done(write)
    if details is not None:
        log_act(act, source, about=id_, **details)
    return person


def _role(role: Role) -> dict[str, str]:
    return {"role": role.name.lower()}
