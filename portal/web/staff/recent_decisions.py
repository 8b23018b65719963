"""What this person has just decided. An index lags behind, so for a moment a list would still
show it as waiting; nobody else needs to be spared that."""

from collections.abc import Sequence
from datetime import timedelta

from flask import session

from portal.stores import KEY, Item
from portal.web.http import now

#: Far longer than an index ever lagged.
_LAG = timedelta(seconds=60)
_MOST = 20
_KEY = "decided"


def remember_decision(tenant_id: str) -> None:
    """It is decided: it does not wait any more, whatever an index says."""
    until = int((now() + _LAG).timestamp())
    others = [entry for entry in _entries() if entry[0] != tenant_id]
    session[_KEY] = [*others, [tenant_id, until]][-_MOST:]


def forget_decision(tenant_id: str) -> None:
    """It waits again."""
    session[_KEY] = [entry for entry in _entries() if entry[0] != tenant_id]


def recently_decided() -> frozenset[str]:
    """The ids that do not wait any more."""
    return frozenset(str(entry[0]) for entry in _entries())


def without_decided(rows: Sequence[Item]) -> list[Item]:
    """Rows of the queue without what this person has just decided."""
    gone = recently_decided()
    return [row for row in rows if row[KEY] not in gone] if gone else list(rows)


def _entries() -> list[list[object]]:
    moment = now().timestamp()
    return [entry for entry in session.get(_KEY, []) if entry[1] > moment]
