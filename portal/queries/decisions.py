"""Who decided what, over a time: for the report to auditors."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from portal import records
from portal.records import LAST, DecidedEvent
from portal.stores import GSI1, ItemNotFoundError, Store, iter_query
from portal.timestamps import format_timestamp


def decided_between(store: Store, start: datetime, end: datetime) -> Iterator[DecidedEvent]:
    """What others than customers did from `start` on and before `end`, the oldest first. Each
    month is a partition of the index, and is read page by page.

    Raises:
        StoreError: The store failed, perhaps after some were read.
    """
    between = (format_timestamp(start), format_timestamp(end - timedelta(milliseconds=1)) + LAST)
    month = start.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while month < end:
        partition = records.decided_partition(month)
        for row in iter_query(store, GSI1, partition, between=between):
            yield records.decided_event_of(row)
        month = (month + timedelta(days=32)).replace(day=1)


def report_is_whole(store: Store) -> bool:
    """Whether the decisions of earlier versions are found by their time, too."""
    try:
        store.get(records.REPORT_INDEX)
    except ItemNotFoundError:
        return False
    return True


def company_of(store: Store, tenant_id: str) -> str:
    """The company of a tenant as it is now; empty if it was erased, or is gone."""
    try:
        item = records.get_where_it_is(store, tenant_id)
        if records.forward_of(item):
            item = records.get_where_it_leads(store, item)
    except ItemNotFoundError:
        return ""
    return records.tenant_of(item).contact.company if records.is_tenant(item) else ""
