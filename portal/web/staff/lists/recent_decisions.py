"""The tenants that this person has just decided on, kept in the session.

An index lags behind the items, so for a moment a list still shows such a tenant as waiting. The
person who decided must not see it there; colleagues may, and get a conflict if they decide too.
"""

from collections.abc import Sequence
from datetime import timedelta

from flask import session

from portal.stores import KEY, Item
from portal.tenants import Status, Tenant
from portal.web.http import note_saved, now

#: Much longer than an index has ever lagged.
_REMEMBERED_FOR = timedelta(seconds=60)
_MAX_DECISIONS = 20
_SESSION_KEY = "decided"


def note_decision(tenant_id: str, tenant: Tenant) -> None:
    """After a decision on the tenant that had this id: pages show what was saved, and this person's
    queue has the tenant only if it is pending now."""
    note_saved()
    if tenant.status is Status.PENDING:
        _forget(tenant_id)
    else:
        _remember(tenant_id)


def _remember(tenant_id: str) -> None:
    """Leaves the tenant out of this person's queue, even if an index still has it there."""
    until = int((now() + _REMEMBERED_FOR).timestamp())
    other_entries = [entry for entry in _entries() if entry[0] != tenant_id]
    session[_SESSION_KEY] = [*other_entries, [tenant_id, until]][-_MAX_DECISIONS:]


def _forget(tenant_id: str) -> None:
    """Shows the tenant in this person's queue again: it is pending once more."""
    session[_SESSION_KEY] = [entry for entry in _entries() if entry[0] != tenant_id]


def recently_decided() -> frozenset[str]:
    """Ids of the tenants that this person has just decided on."""
    return frozenset(str(entry[0]) for entry in _entries())


def without_decided(rows: Sequence[Item]) -> list[Item]:
    """The rows of the queue without those that this person has just decided on."""
    decided = recently_decided()
    return [row for row in rows if row[KEY] not in decided] if decided else list(rows)


def _entries() -> list[list[object]]:
    time = now().timestamp()
    return [entry for entry in session.get(_SESSION_KEY, []) if entry[1] > time]
