"""Sessions of staff: started by a sign-in link or at a provider, ended by sign-out, time or another
role."""

import secrets
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from portal.auth.credentials import (
    NotSignedInError,
    check_credential,
    credential_id,
    expired_removals,
    new_credential,
)
from portal.auth.people import Person, person_of_item
from portal.auth.sealed_tokens import open_token, seal_token
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
    Change,
    Item,
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
#: How often a provider is asked whether somebody still has their role.
_CHECK_INTERVAL = timedelta(minutes=1)
#: How long events of the security log are kept, unless a setting says otherwise.
EVENTS_KEPT = timedelta(days=90)


def start_session(
    store: Store,
    token: str,
    now: datetime,
    source: Source = OPERATOR,
    *,
    events_kept: timedelta = EVENTS_KEPT,
    device: str = "",
) -> str:
    """Use the sign-in link up and return the token of a new session (192 bits).

    Args:
        device: With what, for people to read.
        source: From where. Who it is, the link says.
        events_kept: Some events of the security log that are older are removed.

    Raises:
        NotSignedInError: The link does not work (any more).
    """
    link, person = check_credential(store, "link", token, now)
    use_link = Remove(str(link[KEY]), int(link["version"]))
    started = new_session(store, person, link, now, source, events_kept=events_kept, device=device)
    clean_up = [change for change in started.clean_up if change != use_link]
    try:
        try:
            store.write([use_link, *started.changes, *clean_up])
        except VersionConflictError as error:
            if error.item_id == use_link.item_id:
                raise
            # Another sign-in removed the same expired items just now.
            store.write([use_link, *started.changes])
    except VersionConflictError as error:
        raise NotSignedInError from error
    log_act(SecurityAct.SIGNED_IN, started.source)
    return started.token


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessToken:
    """With which the provider says once more who somebody is, and in which role."""

    text: str = field(repr=False)
    subject: str
    until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class NewSession:
    """A session that is to be written.

    Attributes:
        source: From where, and who.
        changes: The session, and its event.
        clean_up: What has expired, and is removed in the same write if nobody else does just now.
    """

    token: str
    source: Source
    changes: list[Change]
    clean_up: list[Change]


def new_session(
    store: Store,
    person: Person,
    opener: Item,
    now: datetime,
    source: Source,
    *,
    events_kept: timedelta,
    id_token: str = "",
    access: AccessToken | None = None,
    device: str = "",
) -> NewSession:
    """A new session of this person. Writes nothing.

    Args:
        opener: The item of the link or of the person, whose epoch the session gets.
        id_token: Of the provider, for the sign-out there.
        access: With which the provider is asked again; None: it is not.
    """
    token = secrets.token_urlsafe(24)
    session = {
        **new_credential("session", token, opener, now, until=now + SESSION_LIFE),
        **({"device": device} if device else {}),
        **(_access_attributes(access, token, now) if access else {}),
        **({"idToken": seal_token(id_token, token)} if id_token else {}),
    }
    source = _of_person(source, person)
    return NewSession(
        token=token,
        source=source,
        changes=[Add(session), security_event(SecurityAct.SIGNED_IN, source, now)],
        clean_up=[
            *expired_removals(store, person, now),
            *expired_event_removals(store, now, events_kept),
        ],
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A session that works.

    Attributes:
        ends_at: The last instant of it if nothing more is done.
        ends_at_latest: The last instant of it whatever is done.
        is_to_be_checked: The provider may be asked whether the person still has the role.
    """

    person: Person
    ends_at: datetime
    ends_at_latest: datetime
    is_to_be_checked: bool


def use_session(
    store: Store, session_token: str, now: datetime, *, is_automatic: bool = False
) -> Session:
    """The session with this token.

    Args:
        is_automatic: A page asks by itself. So nobody has used the session.

    Raises:
        NotSignedInError: The session is over or was idle for too long, or its person was
            disabled or has another role.
    """
    session, person = check_credential(store, "session", session_token, now)
    last_seen = parse_timestamp(str(session["lastSeen"]))
    until = parse_timestamp(str(session["until"]))
    if last_seen is None or until is None or now - last_seen > SESSION_IDLE:
        raise NotSignedInError
    if now - last_seen > _SAVE_INTERVAL and not is_automatic:
        version = int(session["version"])
        used = {**session, "lastSeen": format_timestamp(now), "version": version + 1}
        # Another request of the same person may have saved it just now. And while the store
        # takes no writes, people can still read.
        with suppress(VersionConflictError, BusyError, UnavailableError):
            store.write([Replace(used, version)])
        last_seen = now
    checked_at = parse_timestamp(str(session.get("checkedAt", "")))
    return Session(
        person=person,
        ends_at=min(until, last_seen + SESSION_IDLE),
        ends_at_latest=until,
        is_to_be_checked=checked_at is not None and now - checked_at >= _CHECK_INTERVAL,
    )


def person_of_session(store: Store, session_token: str, now: datetime) -> Person:
    """The person who uses this session.

    Raises:
        NotSignedInError: As `use_session`.
    """
    return use_session(store, session_token, now).person


def end_session(
    store: Store, session_token: str, now: datetime | None = None, source: Source = OPERATOR
) -> str | None:
    """End the session. Ending it twice is no error.

    Returns:
        The ID token with which it was started, empty if that cannot be read any more; `None`: it
        was not started at a provider, or there is no such session.

    Args:
        now: The time of the event; by default the current time.
        source: From where. Who it is, the session says.

    Raises:
        BusyError: The store stayed busy, so the session may still be there.
    """
    try:
        session, done_by = until_done(lambda: _end(store, session_token, now or utc_now(), source))
    except ItemNotFoundError:
        return None
    log_act(SecurityAct.SIGNED_OUT, done_by)
    sealed = session.get("idToken")
    return None if sealed is None else open_token(str(sealed), session_token)


def _end(store: Store, session_token: str, now: datetime, source: Source) -> tuple[Item, Source]:
    session = store.get(credential_id("session", session_token))
    person = person_of_item(store.get(str(session["person"])))
    source = _of_person(source, person)
    end = Remove(str(session[KEY]), int(session["version"]))
    store.write([end, security_event(SecurityAct.SIGNED_OUT, source, now)])
    return session, source


def _access_attributes(access: AccessToken, session_token: str, now: datetime) -> Item:
    return {
        "accessToken": seal_token(f"{access.subject}\0{access.text}", session_token),
        "accessUntil": format_timestamp(access.until),
        "checkedAt": format_timestamp(now),
    }


def claim_check(store: Store, session_token: str, now: datetime) -> AccessToken | None:
    """With what the provider is to be asked now, once a minute for each session; `None`: it was
    asked within the last minute, somebody else asks now, or it cannot be asked.

    Raises:
        ItemNotFoundError: There is no such session.
    """
    session = store.get(credential_id("session", session_token))
    checked_at = parse_timestamp(str(session.get("checkedAt", "")))
    until = parse_timestamp(str(session.get("accessUntil", "")))
    if checked_at is None or until is None or now > until or now - checked_at < _CHECK_INTERVAL:
        return None
    subject, _, text = open_token(str(session["accessToken"]), session_token).partition("\0")
    if not text:
        return None
    version = int(session["version"])
    claimed = {**session, "checkedAt": format_timestamp(now), "version": version + 1}
    try:
        store.write([Replace(claimed, version)])
    except (VersionConflictError, BusyError, UnavailableError):
        return None
    return AccessToken(text=text, subject=subject, until=until)


def _of_person(source: Source, person: Person) -> Source:
    return replace(source, by=person.name, who=person.id)
