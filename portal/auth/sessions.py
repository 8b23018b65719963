"""Sessions of staff: started by a sign-in link, ended by sign-out, time or a change of role."""

import secrets
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from portal.auth.credentials import (
    NotSignedInError,
    check_credential,
    credential_id,
    expired_removals,
    new_credential,
)
from portal.auth.people import Person, person_of_item
from portal.auth.security_log import (
    OPERATOR,
    SecurityAct,
    Source,
    expired_event_removals,
    log_act,
    security_event,
)
from portal.auth.until_done import until_done
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
from portal.timestamps import format_timestamp, parse_timestamp, utc_now

SESSION_LIFE = timedelta(hours=12)
SESSION_IDLE = timedelta(minutes=30)
#: The last use of a session is saved at most once in this time, since each save is a write.
_SAVE_INTERVAL = timedelta(minutes=1)
#: How long events of the security log are kept, unless a setting says otherwise.
EVENTS_KEPT = timedelta(days=90)


def start_session(
    store: Store,
    token: str,
    now: datetime,
    source: Source = OPERATOR,
    *,
    events_kept: timedelta = EVENTS_KEPT,
) -> str:
    """Use the sign-in link up and return the token of a new session (192 bits).

    Args:
        source: From where. Who it is, the link says.
        events_kept: Some events of the security log that are older are removed.

    Raises:
        NotSignedInError: The link does not work (any more).
    """
    link, person = check_credential(store, "link", token, now)
    session_token = secrets.token_urlsafe(24)
    session = new_credential("session", session_token, link, now, until=now + SESSION_LIFE)
    use_link = Remove(str(link[KEY]), int(link["version"]))
    source = _of_person(source, person)
    event = security_event(SecurityAct.SIGNED_IN, source, now)
    clean_up = [change for change in expired_removals(store, person, now) if change != use_link]
    clean_up += expired_event_removals(store, now, events_kept)
    try:
        try:
            store.write([use_link, Add(session), event, *clean_up])
        except VersionConflictError as error:
            if error.item_id == use_link.item_id:
                raise
            # Another sign-in removed the same expired items just now.
            store.write([use_link, Add(session), event])
    except VersionConflictError as error:
        raise NotSignedInError from error
    log_act(SecurityAct.SIGNED_IN, source)
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


def end_session(
    store: Store, session_token: str, now: datetime | None = None, source: Source = OPERATOR
) -> None:
    """End the session. Ending it twice is no error.

    Args:
        now: The time of the event; by default the current time.
        source: From where. Who it is, the session says.

    Raises:
        BusyError: The store stayed busy, so the session may still be there.
    """
    with suppress(ItemNotFoundError):
        done_by = until_done(lambda: _end(store, session_token, now or utc_now(), source))
        log_act(SecurityAct.SIGNED_OUT, done_by)


def _end(store: Store, session_token: str, now: datetime, source: Source) -> Source:
    session = store.get(credential_id("session", session_token))
    person = person_of_item(store.get(str(session["person"])))
    source = _of_person(source, person)
    end = Remove(str(session[KEY]), int(session["version"]))
    store.write([end, security_event(SecurityAct.SIGNED_OUT, source, now)])
    return source


def _of_person(source: Source, person: Person) -> Source:
    return replace(source, by=person.name, who=person.id)
