"""Notes about a tenant: staff write them, and they go with the tenant."""

from collections.abc import Sequence
from contextlib import suppress

from portal import records
from portal.desk import follow_changes
from portal.onboarding.decisions import MAX_ATTEMPTS, find, too_busy
from portal.stores import (
    GSI2,
    KEY,
    Add,
    Change,
    Cursor,
    ItemExistsError,
    Remove,
    Store,
    VersionConflictError,
)
from portal.tenants import AuditInfo, Tenant

#: Notes that one write removes, perhaps together with their tenant.
_PER_WRITE = 90


def add_note(store: Store, tenant_id: str, *, audit: AuditInfo, text: str, after: str = "") -> None:
    """Adds a note. It does not change the tenant, so it needs no version. Who writes it hears when
    the tenant is decided.

    Args:
        after: When the newest note was written that the page showed. So a form that is sent
            twice adds one note, and the same text later adds another.

    Raises:
        UnknownTenantError: No tenant has this id.
        BusyError: Other changes kept interfering.
    """
    tenant = find(store, tenant_id)
    note = records.note_item(tenant.id, audit, text, after)
    for _ in range(MAX_ATTEMPTS):
        try:
            store.write([Add(note), *follow_changes(store, tenant, audit)])
        except VersionConflictError:
            continue
        except ItemExistsError as error:
            if error.item_id != note[KEY]:
                continue
        return
    raise too_busy()


def note_removals(store: Store, tenant_id: str) -> list[Change]:
    """What to write to remove the first notes about a tenant, at most 90."""
    return _removals(store, tenant_id)[0]


def remove_notes_of(store: Store, tenant: Tenant) -> None:
    """Removes all notes about a tenant, those under its former ids, too. As `remove_notes`."""
    for stay in tenant.stays:
        remove_notes(store, stay.id, between=records.range_of_stay(stay))


def remove_notes(store: Store, tenant_id: str, *, between: tuple[str, str] | None = None) -> None:
    """Removes all notes about a tenant. It may be stopped at any point and run again.

    Args:
        between: Only these, see `records.range_of_stay`.

    Raises:
        StoreError: The store failed. What was removed before that stays removed.
    """
    after: Cursor | None = None
    while True:
        changes, after = _removals(store, tenant_id, after, between)
        _remove(store, changes)
        if after is None:
            return


def _removals(
    store: Store,
    tenant_id: str,
    after: Cursor | None = None,
    between: tuple[str, str] | None = None,
) -> tuple[list[Change], Cursor | None]:
    partition = records.notes_partition(tenant_id)
    page = store.query(GSI2, partition, between=between, after=after, limit=_PER_WRITE)
    return [Remove(str(note[KEY]), 1) for note in page.items], page.after


def _remove(store: Store, changes: Sequence[Change]) -> None:
    if not changes:
        return
    try:
        store.write(changes)
    except VersionConflictError:
        # Nobody changes a note, so this one is gone, and the index lags behind.
        for change in changes:
            with suppress(VersionConflictError):
                store.write([change])
