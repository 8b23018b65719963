"""When the session ends: each page says it, and each answer, so that a page that is open can warn.

The page itself asks in between whether another tab has used the session. Those requests have the
header of requests that a page makes by itself; one without it uses the session.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import floor
from typing import cast
from zoneinfo import ZoneInfo

from flask import Response

from portal.auth import Session
from portal.web.http import now, of_request, settings
from portal.web.i18n import dates, locale_name

#: Whole seconds until the session ends if nothing more is done; and whether it can go on then.
HEADER = "Portal-Session-Ends-In"
#: How long before the end an open page warns: long enough to finish a sentence.
WARNING_SECONDS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionEnd:
    """What a page says of the end of the session, and what its script needs.

    Attributes:
        seconds: As `HEADER` says it.
    """

    at: str
    at_latest: str
    seconds: str
    warning: str = str(WARNING_SECONDS)


def session_state() -> Response:
    """Nothing but the header. Who asks without the header of automatic requests stays signed in."""
    return Response(status=204, mimetype="text/plain")


def session_end_view() -> SessionEnd | None:
    """`None`: nobody is signed in."""
    session = _session()
    if session is None:
        return None
    zone, locale = settings().time_zone, locale_name()
    return SessionEnd(
        at=_moment(session.ends_at, zone, locale),
        at_latest=_moment(session.ends_at_latest, zone, locale),
        seconds=_seconds(session.ends_at, session.ends_at_latest, now()),
    )


@lru_cache(1024)
def _moment(instant: datetime, zone: ZoneInfo, _locale: str) -> str:
    """In the reader's language, which is `_locale`. A session ends at another time once a minute,
    and is shown on each page."""
    return dates.moment(instant, zone)


def add_session_end(response: Response) -> Response:
    session = _session()
    if session is not None:
        response.headers.add(HEADER, _seconds(session.ends_at, session.ends_at_latest, now()))
    return response


@lru_cache(64)
def _seconds(ends_at: datetime, ends_at_latest: datetime, now: datetime) -> str:
    """A page says it, and then the answer with that page."""
    ends_in = floor((ends_at - now).total_seconds())
    latest_in = floor((ends_at_latest - now).total_seconds())
    return f"{ends_in} {latest_in}"


def _session() -> Session | None:
    return cast(Session | None, of_request("session"))
