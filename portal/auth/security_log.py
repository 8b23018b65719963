"""The security log: who signed in or out, for whom links and tokens were made, who lost their
access, and what was refused.

What known people do is an event, written together with the act, which admins can read. What
strangers try is only a line of the log, and a few lines a minute: it fills neither the store nor
the log. No line and no event holds a link, a token or a secret. A line names a person by the id
alone.
"""

import hashlib
import json
import logging
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from portal.stores import (
    GSI2,
    KEY,
    Add,
    BusyError,
    Change,
    Item,
    ItemExistsError,
    ItemNotFoundError,
    Remove,
    Store,
    UnavailableError,
    VersionConflictError,
    iter_query,
)
from portal.timestamps import format_timestamp, parse_timestamp

logger = logging.getLogger("portal.security")

#: The partition of the events in the index GSI2.
SECURITY_EVENTS = "EVENTS#security"
#: Lines a minute about refusals of one kind, in each worker.
_LINES_PER_MINUTE = 20
#: How many expired events one sign-in removes at most. It adds fewer.
_MAX_REMOVED = 20


class SecurityAct(StrEnum):
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    LINK_MADE = "link_made"
    ROLE_CHANGED = "role_changed"
    INVITED = "invited"
    ACCESS_ENDED = "access_ended"
    ACCESS_GIVEN = "access_given"
    SESSION_ENDED = "session_ended"
    TOKEN_CREATED = "token_created"  # noqa: S105 - the name of an act
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - the name of an act
    WEBHOOK_ADDED = "webhook_added"
    WEBHOOK_ON = "webhook_on"
    WEBHOOK_OFF = "webhook_off"
    WEBHOOK_REMOVED = "webhook_removed"
    WEBHOOK_ROTATED = "webhook_rotated"
    WEBHOOK_SECRET_ENDED = "webhook_secret_ended"  # noqa: S105 - the name of an act
    WEBHOOK_SECRET_SEEN = "webhook_secret_seen"  # noqa: S105 - the name of an act
    WEBHOOK_TESTED = "webhook_tested"
    WEBHOOK_REPLAYED = "webhook_replayed"
    WEBHOOK_GONE = "webhook_gone"
    DOUBTFUL_CLEARED = "doubtful_cleared"
    LIST_EXPORTED = "list_exported"
    REPORT_EXPORTED = "report_exported"
    ROLE_REFUSED = "role_refused"
    SCOPE_REFUSED = "scope_refused"
    LINK_REFUSED = "link_refused"
    PROVIDER_REFUSED = "provider_refused"
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - the name of an act


_LINES = {
    SecurityAct.SIGNED_IN: "A person signed in.",
    SecurityAct.SIGNED_OUT: "A person signed out.",
    SecurityAct.LINK_MADE: "A sign-in link was made.",
    SecurityAct.ROLE_CHANGED: "A person got another role.",
    SecurityAct.INVITED: "A person was invited.",
    SecurityAct.ACCESS_ENDED: "A person was disabled.",
    SecurityAct.ACCESS_GIVEN: "A person may sign in again.",
    SecurityAct.SESSION_ENDED: "A session of a person was ended.",
    SecurityAct.TOKEN_CREATED: "An API token was created.",
    SecurityAct.TOKEN_REVOKED: "An API token was revoked.",
    SecurityAct.WEBHOOK_ADDED: "A receiver of webhooks was added.",
    SecurityAct.WEBHOOK_ON: "A receiver of webhooks was switched on.",
    SecurityAct.WEBHOOK_OFF: "A receiver of webhooks was switched off.",
    SecurityAct.WEBHOOK_REMOVED: "A receiver of webhooks was removed.",
    SecurityAct.WEBHOOK_ROTATED: "A receiver of webhooks got a new secret.",
    SecurityAct.WEBHOOK_SECRET_ENDED: "An earlier secret of a receiver of webhooks was ended.",
    SecurityAct.WEBHOOK_SECRET_SEEN: "The secret of a receiver of webhooks was shown.",
    SecurityAct.WEBHOOK_TESTED: "A test was sent to a receiver of webhooks.",
    SecurityAct.WEBHOOK_REPLAYED: "Webhooks were sent once more.",
    SecurityAct.WEBHOOK_GONE: "A receiver of webhooks is gone.",
    SecurityAct.DOUBTFUL_CLEARED: "Doubtful sign-ups were cleared.",
    SecurityAct.LIST_EXPORTED: "A list of tenants was exported.",
    SecurityAct.REPORT_EXPORTED: "A report for auditors was exported.",
    SecurityAct.ROLE_REFUSED: "A role was too low.",
    SecurityAct.SCOPE_REFUSED: "An API token was used for something else.",
    SecurityAct.LINK_REFUSED: "A sign-in link was refused.",
    SecurityAct.PROVIDER_REFUSED: "A sign-in at the provider failed.",
    SecurityAct.TOKEN_REFUSED: "An API token was refused.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Who does something, and from where. Without values: an operator, by a command.

    Attributes:
        by: The name, for people to read.
        who: The id of a person or a token.
        address: The network address.
    """

    by: str = "operator"
    who: str = ""
    address: str = ""
    request_id: str = ""


OPERATOR = Source()


@dataclass(frozen=True, kw_only=True, slots=True)
class SecurityEvent:
    """An event as admins read it.

    Attributes:
        act: None if a later version of the portal wrote it.
        about: The person or the token that was acted on; empty if it is the one who acted.
        role: The role that a link gives.
        earlier_role: The role before.
        route: What was refused, or exported.
        count: How many it was done to.
    """

    at: datetime | None
    act: SecurityAct | None
    source: Source
    about: str = ""
    role: str = ""
    earlier_role: str = ""
    route: str = ""
    count: str = ""


# ---- Events


def security_event(
    act: SecurityAct,
    source: Source,
    now: datetime,
    *,
    about: str = "",
    details: dict[str, str] | None = None,
    suffix: str = "",
) -> Add:
    """The change that adds an event. Writes nothing.

    Args:
        details: `role`, `earlierRole`, `route` or `count`.
        suffix: The end of the item's id; of two events with the same suffix only one is stored.
    """
    at = format_timestamp(now)
    event_id = f"event-security-{suffix or secrets.token_hex(8)}"
    # The index shows no other attributes, see EVENT_COLUMNS.
    changes = {"who": source.who, "address": source.address, **(details or {})}
    item: Item = {
        KEY: event_id,
        "version": 1,
        "at": at,
        "verb": act.value,
        "by": source.by,
        "text": about,
        "changes": json.dumps({name: value for name, value in changes.items() if value}),
        "requestId": source.request_id,
        GSI2.partition: SECURITY_EVENTS,
        GSI2.sort: f"{at}#{event_id}",
    }
    return Add(item)


def security_event_of(item: Item) -> SecurityEvent:
    values = {name: str(value) for name, value in item.items()}
    try:
        details = json.loads(values.get("changes", "{}"))
    except ValueError:
        details = {}
    try:
        act = SecurityAct(values.get("verb", ""))
    except ValueError:
        act = None
    return SecurityEvent(
        at=parse_timestamp(values.get("at", "")),
        act=act,
        source=Source(
            by=values.get("by", ""),
            who=details.get("who", ""),
            address=details.get("address", ""),
            request_id=values.get("requestId", ""),
        ),
        about=values.get("text", ""),
        role=details.get("role", ""),
        earlier_role=details.get("earlierRole", ""),
        route=details.get("route", ""),
        count=details.get("count", ""),
    )


def expired_event_removals(store: Store, now: datetime, kept: timedelta) -> list[Change]:
    """The changes that remove some events older than `kept`. Writes nothing."""
    until = format_timestamp(now - kept)
    page = store.query(GSI2, SECURITY_EVENTS, between=("0", until), limit=_MAX_REMOVED)
    changes: list[Change] = []
    for row in page.items:
        # The index may lag behind.
        with suppress(ItemNotFoundError):
            changes.append(Remove(str(store.get(str(row[KEY]))[KEY]), 1))
    return changes


def remove_expired_events(store: Store, now: datetime, kept: timedelta) -> int:
    """Remove all events older than `kept`. Returns how many. May be stopped and run again."""
    removed = 0
    older = ("0", format_timestamp(now - kept))
    for row in list(iter_query(store, GSI2, SECURITY_EVENTS, between=older)):
        # On a conflict a sign-in has removed it just now.
        with suppress(VersionConflictError):
            store.write([Remove(str(row[KEY]), 1)])
            removed += 1
    return removed


# ---- Lines


def log_act(act: SecurityAct, source: Source, *, about: str = "", **details: str) -> None:
    """One line about an act that was done. `about`: the id of a person or a token."""
    logger.info("%s", _LINES[act], extra=_fields(act, source, "done", about=about, **details))


def _fields(act: SecurityAct, source: Source, outcome: str, **more: str) -> dict[str, object]:
    fields = {"event": act.value, "outcome": outcome, "who": source.who or "operator"}
    if not source.who and outcome == "refused":
        fields["who"] = "stranger"
    fields |= {"address": source.address, **more}
    return {"fields": {name: value for name, value in fields.items() if value}}


class Refusals:
    """What was refused in this process. Counts, and writes a few lines a minute.

    Args:
        told: Learns of each of them.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        told: Callable[[SecurityAct], None] = lambda _act: None,
    ) -> None:
        self._clock = clock
        self._told = told
        self._lock = threading.Lock()
        #: Of each kind: when its minute began, and how many there were in it.
        self._minutes: dict[SecurityAct, tuple[float, int]] = {}

    def of_stranger(self, act: SecurityAct, source: Source, **details: str) -> None:
        """Logs it, unless there were many of the same kind within a minute."""
        self._log(act, source, **details)

    def of_known(
        self, store: Store, act: SecurityAct, source: Source, now: datetime, route: str
    ) -> None:
        """Logs it, and stores an event: one an hour for the same person or token and route."""
        self._log(act, source, route=route)
        hour = format_timestamp(now)[:13]
        suffix = hashlib.sha256(f"{act} {source.who} {route} {hour}".encode()).hexdigest()[:32]
        event = security_event(act, source, now, details={"route": route}, suffix=suffix)
        # The refusal stands, whether or not the store takes a write now.
        with suppress(ItemExistsError, BusyError, UnavailableError):
            store.write([event])

    def _log(self, act: SecurityAct, source: Source, **details: str) -> None:
        self._told(act)
        with self._lock:
            now = self._clock()
            began, count = self._minutes.get(act, (now, 0))
            left_out = 0
            if now - began >= 60:
                left_out = max(0, count - _LINES_PER_MINUTE)
                began, count = now, 0
            count += 1
            self._minutes[act] = began, count
        if left_out:
            logger.warning("%s %d more times before.", _LINES[act], left_out)
        if count <= _LINES_PER_MINUTE:
            logger.warning("%s", _LINES[act], extra=_fields(act, source, "refused", **details))
