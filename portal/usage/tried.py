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
)
from portal.usage.note_writer import stored_usage

_ATTEMPTS = 5


def note_tried(store: Store, tenant_id: str, tried: TriedCredentials) -> None:
    """Note it of the tenant or the sign-up with this id.

    Raises:
        BusyError: Others kept interfering.
        StoreError: The store failed.
    """
    for _ in range(_ATTEMPTS):
        before = stored_usage(store, tenant_id)
        if before.tried and before.tried.at > tried.at:
            return
        item = records.usage_item(replace(before, version=before.version + 1, tried=tried))
        try:
            store.write([Replace(item, before.version) if before.version else Add(item)])
        except (ItemExistsError, VersionConflictError):
            continue
        return
    raise BusyError(reason="Others kept changing what is noted of the same tenant.")
