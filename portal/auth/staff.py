"""Who works here: people, their one-time sign-in links, and their sessions, all in the store.

No passwords. Of a link or a session only a hash is kept, so a copy of the store opens nothing.
"""

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from portal.stores import (
    GSI2,
    KEY,
    Add,
    BusyError,
    Change,
    Item,
    ItemNotFoundError,
    Remove,
    Replace,
    Store,
    UnavailableError,
    Value,
    VersionConflictError,
)
from portal.timestamps import format_timestamp, parse_timestamp

LINK_LIFE = timedelta(minutes=15)
SESSION_LIFE = timedelta(hours=12)
SESSION_IDLE = timedelta(minutes=30)
#: A session's last use is written down no more often than this.
_NOTED_EVERY = timedelta(minutes=1)


class Role(IntEnum):
    """Each may do what those before it may."""

    VIEWER = 1
    APPROVER = 2
    ADMIN = 3

    @classmethod
    def named(cls, name: str) -> "Role":
        """`viewer`, `approver`, `admin`; else `KeyError`."""
        return cls[name.upper()]


class NotSignedInError(Exception):
    """The link or the session opens nothing (any more)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    id: str
    email: str
    name: str
    role: Role


def make_sign_in_link(store: Store, *, email: str, name: str, role: str, now: datetime) -> str:
    """The token of a link that signs this person in once within 15 minutes, in this role.

    The person is entered, or changed to this name and role; that ends the sessions of
    another role.
    """
    person = Person(id=_person_id(email), email=email.strip(), name=name, role=Role.named(role))
    token = secrets.token_urlsafe(24)
    put = _put_person(store, person)
    link = _entry("link", token, put.item, now, until=now + LINK_LIFE)
    store.write([put, Add(link)])
    return token


def disable_person(store: Store, *, email: str) -> None:
    """Ends the person's access at once, until another link is made for them. `ItemNotFoundError`
    if nobody has this address."""
    item = store.get(_person_id(email))
    version = int(item["version"])
    closed = {**item, "disabled": True, "era": _session_epoch(item) + 1, "version": version + 1}
    store.write([Replace(closed, version)])


def check_sign_in_link(store: Store, token: str, now: datetime) -> Person:
    """Whom the link would sign in; it stays unused. `NotSignedInError`."""
    return _opened(store, "link", token, now)[1]


def start_session(store: Store, token: str, now: datetime) -> str:
    """Uses the link up; answers a session's token (192 bits). `NotSignedInError`."""
    link, person = _opened(store, "link", token, now)
    session_token = secrets.token_urlsafe(24)
    session = _entry("session", session_token, link, now, until=now + SESSION_LIFE)
    used = Remove(str(link[KEY]), int(link["version"]))
    over = [change for change in _dead_entries(store, person, now) if change != used]
    try:
        try:
            store.write([used, Add(session), *over])
        except VersionConflictError as error:
            if error.item_id == used.item_id:
                raise
            # Another sign-in of the same person has swept meanwhile.
            store.write([used, Add(session)])
    except VersionConflictError as error:
        raise NotSignedInError from error
    return session_token


def person_of_session(store: Store, session_token: str, now: datetime) -> Person:
    """Who uses this session. `NotSignedInError` once it is over, idle, or its person was
    disabled or has another role."""
    session, person = _opened(store, "session", session_token, now)
    last_seen = parse_timestamp(str(session["lastSeen"]))
    if last_seen is None or now - last_seen > SESSION_IDLE:
        raise NotSignedInError
    if now - last_seen > _NOTED_EVERY:
        version = int(session["version"])
        used = {**session, "lastSeen": format_timestamp(now), "version": version + 1}
        # Another request of the same person may have noted it just now; and while nothing can
        # be written, reading goes on.
        with suppress(VersionConflictError, BusyError, UnavailableError):
            store.write([Replace(used, version)])
    return person


def end_session(store: Store, session_token: str) -> None:
    """Ends the session; one that is over already stays over."""
    with suppress(ItemNotFoundError, VersionConflictError):
        session = store.get(_entry_id("session", session_token))
        store.write([Remove(str(session[KEY]), int(session["version"]))])


def _opened(store: Store, kind: str, token: str, now: datetime) -> tuple[Item, Person]:
    try:
        entry = store.get(_entry_id(kind, token))
        item = store.get(str(entry["person"]))
    except ItemNotFoundError as error:
        raise NotSignedInError from error
    until = parse_timestamp(str(entry["until"]))
    if (
        until is None
        or now > until
        or item.get("disabled")
        or _session_epoch(entry) != _session_epoch(item)
    ):
        raise NotSignedInError
    return entry, Person(
        id=str(item[KEY]),
        email=str(item["email"]),
        name=str(item["name"]),
        role=Role.named(str(item["role"])),
    )


def _person_id(email: str) -> str:
    return f"staff-{hashlib.sha256(email.strip().casefold().encode()).hexdigest()[:32]}"


def _entry_id(kind: str, token: str) -> str:
    return f"{kind}-{hashlib.sha256(token.encode()).hexdigest()}"


def _session_epoch(item: Item) -> int:
    """A person's era ends when they are disabled or get another role. What was opened in an
    earlier one stays shut, even when the role comes back."""
    return int(item.get("era", 0))


def _entry(kind: str, token: str, opener: Item, now: datetime, *, until: datetime) -> Item:
    """`opener`: the person, or the link that a session is opened by."""
    entry_id = _entry_id(kind, token)
    person_id = str(opener.get("person", opener[KEY]))
    return {
        KEY: entry_id,
        "version": 1,
        "person": person_id,
        "era": _session_epoch(opener),
        "lastSeen": format_timestamp(now),
        "until": format_timestamp(until),
        "ttl": int(until.timestamp()),
        GSI2.partition: f"ACCESS#{person_id}",
        GSI2.sort: f"{format_timestamp(until)}#{entry_id}",
    }


def _put_person(store: Store, person: Person) -> Add | Replace:
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
    era = _session_epoch(item) + (item["role"] != values["role"])
    return Replace({**values, "era": era, "version": version + 1}, version)


def _dead_entries(store: Store, person: Person, now: datetime) -> list[Change]:
    """Links and sessions of this person that time has ended, to be swept up at a sign-in."""
    ended = store.query(GSI2, f"ACCESS#{person.id}", between=("0", format_timestamp(now)), limit=20)
    changes: list[Change] = []
    for row in ended.items:
        try:
            entry = store.get(str(row[KEY]))
        except ItemNotFoundError:
            continue
        changes.append(Remove(str(entry[KEY]), int(entry["version"])))
    return changes
