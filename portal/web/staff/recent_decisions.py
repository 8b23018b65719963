"""What this person has just decided. An index lags behind, so for a moment a list would still
show it as waiting; nobody else needs to be spared that."""

from collections.abc import Sequence
from datetime import timedelta

from flask import session

from portal.stores import KEY, Item
from portal.web.http import now

#: Far longer than an index ever lagged.
_REMEMBERED_FOR = timedelta(seconds=60)
_MAX_DECISIONS = 20
_SESSION_KEY = "decided"


def remember_decision(tenant_id: str) -> None:
    """It is decided: it does not wait any more, whatever an index says."""
    until = int((now() + _REMEMBERED_FOR).timestamp())
    other_entries = [entry for entry in _entries() if entry[0] != tenant_id]
    session[_SESSION_KEY] = [*other_entries, [tenant_id, until]][-_MAX_DECISIONS:]


def forget_decision(tenant_id: str) -> None:
    """It waits again."""
    session[_SESSION_KEY] = [entry for entry in _entries() if entry[0] != tenant_id]


def recently_decided() -> frozenset[str]:
    """The ids that do not wait any more."""
    return frozenset(str(entry[0]) for entry in _entries())


def without_decided(rows: Sequence[Item]) -> list[Item]:
    """Rows of the queue without what this person has just decided."""
    decided = recently_decided()
    return [row for row in rows if row[KEY] not in decided] if decided else list(rows)


def _entries() -> list[list[object]]:
    time = now().timestamp()
    return [entry for entry in session.get(_SESSION_KEY, []) if entry[1] > time]
