"""Events, notes and mails of one tenant. Those from before its activation have its pending id."""

from collections.abc import Callable

from portal import records
from portal.records import Event, Note, OutboxEntry
from portal.stores import Item, Store
from portal.tenants import Tenant
from portal.timestamps import format_timestamp

#: Events, or notes, that are read for each of a tenant's ids.
_LIMIT = 200


def history(store: Store, tenant: Tenant) -> list[Event]:
    """The changes of the tenant, under all its ids, the newest first. The sign-up itself has no
    event: the tenant's own record holds it."""
    rows = _rows(store, tenant, records.events_partition)
    events = [records.event_of(row) for row in rows]
    # A move has an event under each of the two ids, and only one says what has changed.
    whole = {(event.verb, event.at) for event in events if event.changes}
    return sorted(
        (event for event in events if event.changes or (event.verb, event.at) not in whole),
        key=lambda event: format_timestamp(event.at) if event.at else "",
        reverse=True,
    )


def notes(store: Store, tenant: Tenant) -> list[Note]:
    """The notes of staff, under both ids of the tenant, the newest first."""
    return [records.note_of(row) for row in _rows(store, tenant, records.notes_partition)]


def mails(store: Store, tenant: Tenant) -> list[OutboxEntry]:
    """The mails to the contact, under both ids of the tenant, the newest first: those that were
    sent, and those that are to be."""
    rows = _rows(store, tenant, records.outbox_partition)
    return sorted(map(records.outbox_entry_of, rows), key=lambda entry: entry.at, reverse=True)


def _rows(store: Store, tenant: Tenant, partition_of: Callable[[str], str]) -> list[Item]:
    return list(records.rows_of_stays(store, tenant, partition_of, limit=_LIMIT))
