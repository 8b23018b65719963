"""Sessions of staff: started by a sign-in link, ended by sign-out, time or a change of role."""

import secrets
from contextlib import suppress
from datetime import datetime, timedelta

from portal.auth.credentials import (
    NotSignedInError,
    check_credential,
    credential_id,
    expired_removals,
    new_credential,
)
from portal.auth.people import Person
from portal.stores import (
    KEY,
    Add,
    BusyError,
    ItemNotFoundError,
    Remove,
    Replace,
    Store,
    UnavailableError,
    VersionConflictError,
)
from portal.timestamps import format_timestamp, parse_timestamp

SESSION_LIFE = timedelta(hours=12)
SESSION_IDLE = timedelta(minutes=30)
#: The last use of a session is saved at most once in this time, since each save is a write.
_SAVE_INTERVAL = timedelta(minutes=1)


def start_session(store: Store, token: str, now: datetime) -> str:
    """Use the sign-in link up and return the token of a new session (192 bits).

    Raises:
        NotSignedInError: The link does not work (any more).
    """
    link, person = check_credential(store, "link", token, now)
    session_token = secrets.token_urlsafe(24)
    session = new_credential("session", session_token, link, now, until=now + SESSION_LIFE)
    use_link = Remove(str(link[KEY]), int(link["version"]))
    clean_up = [change for change in expired_removals(store, person, now) if change != use_link]
    try:
        try:
            store.write([use_link, Add(session), *clean_up])
        except VersionConflictError as error:
            if error.item_id == use_link.item_id:
                raise
            # Another sign-in of the same person removed the same expired items just now.
            store.write([use_link, Add(session)])
    except VersionConflictError as error:
        raise NotSignedInError from error
    return session_token


def person_of_session(store: Store, session_token: str, now: datetime) -> Person:
    """The person who uses this session.

    Raises:
        NotSignedInError: The session is over or was idle for too long, or its person was
            disabled or has another role.
    """
    session, person = check_credential(store, "session", session_token, now)
    last_seen = parse_timestamp(str(session["lastSeen"]))
    if last_seen is None or now - last_seen > SESSION_IDLE:
        raise NotSignedInError
    if now - last_seen > _SAVE_INTERVAL:
        version = int(session["version"])
        used = {**session, "lastSeen": format_timestamp(now), "version": version + 1}
        # Another request of the same person may have saved it just now. And while the store
        # takes no writes, people can still read.
        with suppress(VersionConflictError, BusyError, UnavailableError):
            store.write([Replace(used, version)])
    return person


def end_session(store: Store, session_token: str) -> None:
    """End the session. Ending it twice is no error."""
    with suppress(ItemNotFoundError, VersionConflictError):
        session = store.get(credential_id("session", session_token))
        store.write([Remove(str(session[KEY]), int(session["version"]))])
