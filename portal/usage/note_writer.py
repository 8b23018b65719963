"""Writes notes of the use of tenants into the store, beside others that write them as well."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from portal import records
from portal.records import Usage
from portal.stores import (
    Add,
    Change,
    ItemExistsError,
    Replace,
    Store,
    StoreError,
    VersionConflictError,
    find_item,
)
from portal.usage.notes import Note
from portal.usage.unknown_ids import merged

logger = logging.getLogger(__name__)

#: Attempts of a write while other processes write the same item.
_ATTEMPTS = 5


class NoteWriter:
    """`zone`: whose days are noted.

    Every method raises:
        StoreError: The store cannot be read or written now.
    """

    def __init__(self, store: Store, zone: ZoneInfo) -> None:
        self._store = store
        self._zone = zone

    def write(self, batch: Sequence[Note]) -> bool:
        """Write these notes. Whether anything was written, rather than noted already."""
        try:
            for _ in range(_ATTEMPTS):
                changes = self._changes(batch)
                # Another process may note the same tenant at this moment.
                with suppress(ItemExistsError, VersionConflictError):
                    if changes:
                        self._store.write(changes)
                    return bool(changes)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - what cannot be read must not stop others
            if len(batch) == 1:
                # The text of the error may hold an id.
                logger.error("A note was left out: %s", type(error).__name__)  # noqa: TRY400
        # One of them is in the way of the others. Alone, it comes again tomorrow at the latest.
        alone = [self.write([note]) for note in batch] if len(batch) > 1 else []
        return any(alone)

    def _changes(self, batch: Sequence[Note]) -> list[Change]:
        before: dict[str, Usage] = {}
        after: dict[str, Usage] = {}
        for note in batch:
            tenant_id = note.tenant_id
            if tenant_id not in before:
                before[tenant_id] = after[tenant_id] = stored_usage(self._store, tenant_id)
            after[tenant_id] = note.applied(after[tenant_id])
        return [
            change
            for tenant_id, usage in after.items()
            if usage is not before[tenant_id] and (change := self._change(usage)) is not None
        ]

    def _change(self, usage: Usage) -> Change | None:
        item = records.usage_item(replace(usage, version=usage.version + 1))
        if usage.version:
            return Replace(item, usage.version)
        # If it was removed meanwhile: what is noted goes with its tenant.
        return Add(item) if find_item(self._store, usage.tenant_id) else None

    def add_unknown(self, counts: Mapping[str, int], now: datetime) -> bool:
        """Add how often ids without a tenant were asked for. Whether that was written."""
        today = now.astimezone(self._zone).date()
        for _ in range(_ATTEMPTS):
            item = find_item(self._store, records.UNKNOWN_IDS)
            before = records.unknown_ids_of(item) if item else []
            after = merged(before, counts, today)
            if after == before:
                return True
            version = int(item["version"]) if item else 0
            changed = records.unknown_ids_item(after, version + 1)
            try:
                self._store.write([Replace(changed, version) if item else Add(changed)])
            except (ItemExistsError, VersionConflictError):
                continue
            return True
        return False


def stored_usage(store: Store, tenant_id: str) -> Usage:
    """What is noted of a tenant; version 0 if nothing is."""
    item = find_item(store, records.usage_id(tenant_id))
    return records.usage_of(item) if item else Usage(tenant_id=tenant_id)
