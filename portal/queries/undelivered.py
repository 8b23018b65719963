"""The mails that were given up, for staff to see to."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from portal import records
from portal.records import OutboxEntry
from portal.stores import GSI4, KEY, Item, ItemNotFoundError, Store
from portal.timestamps import format_timestamp

#: Nobody sends an older mail again.
_SHOWN = timedelta(days=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Undelivered:
    """A mail that was given up, and the company that it is for; empty if its tenant is gone."""

    entry: OutboxEntry
    company: str


def undelivered(store: Store, now: datetime, *, limit: int) -> list[Undelivered]:
    """The newest mails that were given up within the last 30 days and not sent again, at most
    `limit`. It costs one query while there are none."""
    between = (format_timestamp(now - _SHOWN), records.LAST)
    rows = store.query(
        GSI4, records.OUTBOX_GIVEN_UP, between=between, limit=limit, newest_first=True
    ).items
    found = []
    for row in rows:
        # The index has neither the reason nor the company.
        item = _item(store, str(row[KEY]))
        if item is not None:
            entry = records.outbox_entry_of(item)
            found.append(Undelivered(entry=entry, company=_company(store, entry.tenant_id)))
    return found


def _company(store: Store, tenant_id: str) -> str:
    item = _item(store, tenant_id)
    forward = records.forward_of(item) if item else None
    if forward:
        item = _item(store, forward.to)
    return records.tenant_of(item).contact.company if item else ""


def _item(store: Store, item_id: str) -> Item | None:
    try:
        return store.get(item_id)
    except ItemNotFoundError:
        return None
