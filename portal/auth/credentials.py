"""What sign-in links and sessions have in common: an item that a secret token opens.

The id of the item is a hash of the token, so a copy of the store gives nobody access.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Literal

from portal.auth.people import Person, person_of_item, session_epoch
from portal.stores import GSI2, KEY, Change, Item, ItemNotFoundError, Remove, Store
from portal.timestamps import format_timestamp, parse_timestamp

Kind = Literal["link", "session"]

#: How many expired credentials one sign-in removes at most.
_MAX_REMOVED = 20


class NotSignedInError(Exception):
    """The link or the session does not exist or has ended, or its person lost their access."""


def new_credential(kind: Kind, token: str, opener: Item, now: datetime, *, until: datetime) -> Item:
    """The item of a link or a session.

    Args:
        opener: The item of the person for a link; the item of the link for a session.
        until: The last instant at which the credential works.
    """
    item_id = credential_id(kind, token)
    person_id = str(opener.get("person", opener[KEY]))
    return {
        KEY: item_id,
        "version": 1,
        "person": person_id,
        "era": session_epoch(opener),
        "lastSeen": format_timestamp(now),
        "until": format_timestamp(until),
        "ttl": int(until.timestamp()),
        GSI2.partition: f"ACCESS#{person_id}",
        GSI2.sort: f"{format_timestamp(until)}#{item_id}",
    }


def credential_id(kind: Kind, token: str) -> str:
    return f"{kind}-{hashlib.sha256(token.encode()).hexdigest()}"


def check_credential(store: Store, kind: Kind, token: str, now: datetime) -> tuple[Item, Person]:
    """The item of the link or session with this token, and its person.

    Raises:
        NotSignedInError: There is no such item, it has expired, or the person was disabled or
            has another role since it was created.
    """
    try:
        credential = store.get(credential_id(kind, token))
        person = store.get(str(credential["person"]))
    except ItemNotFoundError as error:
        raise NotSignedInError from error
    _check(credential, person, now)
    return credential, person_of_item(person)


def check_session_item(
    session: Item, person: Item, now: datetime, idle: timedelta
) -> tuple[datetime, datetime]:
    """When a session ends at the latest, and when it was used last.

    Raises:
        NotSignedInError: It is over, was idle for too long, or its person was disabled or has
            another role.
    """
    until = _check(session, person, now)
    last_seen = parse_timestamp(str(session["lastSeen"]))
    if last_seen is None or now - last_seen > idle:
        raise NotSignedInError
    return until, last_seen


def _check(credential: Item, person: Item, now: datetime) -> datetime:
    until = parse_timestamp(str(credential["until"]))
    if (
        until is None
        or now > until
        or person.get("disabled")
        or session_epoch(credential) != session_epoch(person)
    ):
        raise NotSignedInError
    return until


def expired_removals(store: Store, person: Person, now: datetime) -> list[Change]:
    """The changes that remove expired links and sessions of this person. Writes nothing."""
    page = store.query(
        GSI2, f"ACCESS#{person.id}", between=("0", format_timestamp(now)), limit=_MAX_REMOVED
    )
    changes: list[Change] = []
    for row in page.items:
        try:
            item = store.get(str(row[KEY]))
        except ItemNotFoundError:
            # The index may lag behind.
            continue
        changes.append(Remove(str(item[KEY]), int(item["version"])))
    return changes
