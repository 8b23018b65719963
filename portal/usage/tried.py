"""Notes the latest try of a tenant's credentials, beside what was noted of its use: so it raises no
version, and goes where that goes."""

from dataclasses import replace

from portal import records
from portal.records import TriedCredentials
from portal.stores import (
    Add,
    BusyError,
    ItemExistsError,
    Replace,
    Store,
    VersionConflictError,
    find_item,
)
from portal.usage.note_writer import stored_usage
from portal.usage.watching import remove_usage

_ATTEMPTS = 5


def note_tried(store: Store, tenant_id: str, tried: TriedCredentials) -> None:
    """Note it of the tenant or the sign-up with this id, unless that was removed or erased: the
    cluster may have taken its time.

    Raises:
        BusyError: Others kept interfering.
        StoreError: The store failed.
    """
    for _ in range(_ATTEMPTS):
        before = stored_usage(store, tenant_id)
        if before.tried and before.tried.at > tried.at:
            return
        if not before.version and _is_gone(store, tenant_id):
            return
        item = records.usage_item(replace(before, version=before.version + 1, tried=tried))
        try:
            store.write([Replace(item, before.version) if before.version else Add(item)])
        except (ItemExistsError, VersionConflictError):
            continue
        # Whoever erased it since has found nothing noted, and does not look again.
        if not before.version and _is_gone(store, tenant_id):
            remove_usage(store, tenant_id)
        return
    raise BusyError(reason="Others kept changing what is noted of the same tenant.")


def _is_gone(store: Store, tenant_id: str) -> bool:
    item = find_item(store, tenant_id)
    return item is None or item.get("erased") is True
