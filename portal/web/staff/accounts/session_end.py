"""When the session ends: each page says it, and each answer, so that a page that is open can warn.

The page itself asks in between whether another tab has used the session. Those requests have the
header of requests that a page makes by itself; one without it uses the session.
"""

from dataclasses import dataclass
from math import floor
from typing import cast

from flask import Response, g

from portal.auth import Session
from portal.web.http import now, settings
from portal.web.i18n import dates

#: Whole seconds until the session ends if nothing more is done; and whether it can go on then.
HEADER = "Portal-Session-Ends-In"
#: How long before the end an open page warns: long enough to finish a sentence.
WARNING_SECONDS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionEnd:
    """What a page says of the end of the session, and what its script needs."""

    at: str
    at_latest: str
    seconds: int
    seconds_at_latest: int
    warning: int = WARNING_SECONDS


def session_state() -> Response:
    """Nothing but the header. Who asks without the header of automatic requests stays signed in."""
    return Response(status=204, mimetype="text/plain")


def session_end_view() -> SessionEnd | None:
    """`None`: nobody is signed in."""
    session = _session()
    if session is None:
        return None
    zone = settings().time_zone
    return SessionEnd(
        at=dates.moment(session.ends_at, zone),
        at_latest=dates.moment(session.ends_at_latest, zone),
        seconds=floor((session.ends_at - now()).total_seconds()),
        seconds_at_latest=floor((session.ends_at_latest - now()).total_seconds()),
    )


def add_session_end(response: Response) -> Response:
    session = _session()
    if session is not None:
        ends_in = floor((session.ends_at - now()).total_seconds())
        latest_in = floor((session.ends_at_latest - now()).total_seconds())
        response.headers[HEADER] = f"{ends_in} {latest_in}"
    return response


def _session() -> Session | None:
    return cast(Session | None, g.get("session"))
