"""The sessions of one person, as admins see and end them."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from portal.auth.credentials import NotSignedInError, check_session_item, credential_id
from portal.auth.people import person_of_item
from portal.auth.security_log import SecurityAct, Source, log_act, security_event
from portal.auth.sessions import SESSION_IDLE, SESSION_LIFE
from portal.auth.until_done import until_done
from portal.stores import GSI2, KEY, Item, ItemNotFoundError, Remove, Store
from portal.timestamps import format_timestamp

SESSION_ID = r"session-[0-9a-f]{64}"
#: Sessions of one person that are shown; the newest.
_MAX_SESSIONS = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedSession:
    """A session that works. `device`: empty if nobody knows."""

    id: str
    began_at: datetime
    last_seen: datetime
    ends_at: datetime
    device: str


def sessions_of(store: Store, person_id: str, now: datetime) -> list[ListedSession]:
    """The sessions of a person that work, the one used last in front."""
    person = store.get(person_id)
    rows = store.query(
        GSI2,
        f"ACCESS#{person_id}",
        between=(format_timestamp(now), "~"),
        limit=_MAX_SESSIONS,
        newest_first=True,
    ).items
    found = []
    for row in rows:
        if not re.fullmatch(SESSION_ID, str(row[KEY])):
            continue
        with suppress(ItemNotFoundError, NotSignedInError):
            found.append(_listed_session(store.get(str(row[KEY])), person, now))
    return sorted(found, key=lambda session: session.last_seen, reverse=True)


def _listed_session(item: Item, person: Item, now: datetime) -> ListedSession:
    until, last_seen = check_session_item(item, person, now, SESSION_IDLE)
    return ListedSession(
        id=str(item[KEY]),
        began_at=until - SESSION_LIFE,
        last_seen=last_seen,
        ends_at=min(until, last_seen + SESSION_IDLE),
        device=str(item.get("device", "")),
    )


def is_session_of_token(session_id: str, token: str) -> bool:
    """Whether the token opens this session."""
    return session_id == credential_id("session", token)


def end_session_of(
    store: Store, person_id: str, session_id: str, now: datetime, source: Source
) -> None:
    """End one session of a person. If it has ended, nothing changes.

    Raises:
        BusyError: The store stayed busy, so the session may still be there.
    """

    def write() -> bool:
        try:
            item, person = store.get(session_id), store.get(person_id)
        except ItemNotFoundError:
            return False
        if item.get("person") != person_id:
            return False
        about = person_of_item(person).label
        event = security_event(SecurityAct.SESSION_ENDED, source, now, about=about)
        store.write([Remove(session_id, int(item["version"])), event])
        return True

    if until_done(write):
        log_act(SecurityAct.SESSION_ENDED, source, about=person_id)
