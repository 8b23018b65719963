"""After a change of a tenant: whether it is expected to be let in. The background process calls
this for each mark that search works off, so it costs a decision nothing."""

from dataclasses import replace
from datetime import datetime

from portal import records
from portal.records import Usage
from portal.stores import (
    Add,
    BusyError,
    Item,
    ItemExistsError,
    Remove,
    Replace,
    Store,
    VersionConflictError,
    find_item,
)
from portal.tenants import AccessStatus, Status, Tenant, Verb, access_status
from portal.usage.note_writer import stored_usage

_ATTEMPTS = 5
#: They say when a tenant became active. Of another latest change, only that it is.
_ACTIVATING = frozenset({Verb.ACTIVATE, Verb.REINSTATE, Verb.IMPORT})
_MAY_USE = frozenset({AccessStatus.VALID, AccessStatus.EXPIRING})


def watch_usage(store: Store, tenant_id: str, now: datetime) -> None:
    """Bring what is noted up to date with a tenant that was changed or removed.

    Raises:
        BusyError: Others kept interfering.
        StoreError: The store failed. The same call again is safe.
    """
    if not records.is_final_id(tenant_id):
        _watch_sign_up(store, tenant_id)
        return
    for _ in range(_ATTEMPTS):
        # The tenant is read last: it is at least as new as whatever somebody else has written.
        before = stored_usage(store, tenant_id)
        item = find_item(store, tenant_id)
        after = _expected(before, item, now) if item and records.is_tenant(item) else None
        if after is before or (after is None and not before.version):
            return
        try:
            store.write([_change(before, after)])
        except (ItemExistsError, VersionConflictError):
            continue
        return
    raise BusyError(reason="Others kept changing what is noted of the same tenant.")


def remove_usage(store: Store, tenant_id: str) -> None:
    """Remove what is noted of a tenant or a sign-up, if anything is.

    Raises:
        BusyError: Others kept interfering.
    """
    for _ in range(_ATTEMPTS):
        before = stored_usage(store, tenant_id)
        if not before.version:
            return
        try:
            store.write([_change(before, None)])
        except VersionConflictError:
            continue
        return
    raise BusyError(reason="Others kept changing what is noted of the same tenant.")


def _watch_sign_up(store: Store, sign_up_id: str) -> None:
    """A sign-up has only the visits of its status page. They go with it; the forward that takes its
    place after an activation keeps them."""
    item = find_item(store, sign_up_id)
    if item is None or item.get("erased") is True:
        remove_usage(store, sign_up_id)


def _expected(usage: Usage, item: Item, now: datetime) -> Usage:
    """The same object if nothing is new."""
    tenant = records.tenant_of(item)
    is_active = tenant.status is Status.ACTIVE
    since = _since(usage, tenant, now) if is_active else None
    changes: dict[str, object] = {}
    if since != usage.expected_since and not usage.first_day:
        changes["expected_since"] = since
    if usage.refused_day and access_status(tenant.status, tenant.validity, now) in _MAY_USE:
        changes |= {"refused_since": None, "refused_day": None}
    return replace(usage, **changes) if changes else usage  # type: ignore[arg-type] # as named


def _since(usage: Usage, tenant: Tenant, now: datetime) -> datetime:
    """Since when it may be let in: not before the licence begins."""
    decision = tenant.decision
    decided_at = decision.at if decision and decision.verb in _ACTIVATING else now
    since = usage.expected_since or decided_at
    return max(since, tenant.validity.valid_from or since)


def _change(before: Usage, after: Usage | None) -> Add | Replace | Remove:
    if after is None:
        return Remove(records.usage_id(before.tenant_id), before.version)
    item = records.usage_item(replace(after, version=before.version + 1))
    return Replace(item, before.version) if before.version else Add(item)
