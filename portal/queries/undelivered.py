"""The mails that were given up, for staff to see to."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal import records
from portal.records import OutboxEntry
from portal.stores import GSI4, KEY, Cursor, Item, ItemNotFoundError, Store
from portal.timestamps import format_timestamp

#: Nobody sends an older mail again.
_SHOWN = timedelta(days=30)
#: Pages that are read at most to find them.
_PAGES = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Undelivered:
    """A mail that was given up, and the company that it is for; empty if its tenant is gone."""

    entry: OutboxEntry
    company: str


def undelivered(store: Store, now: datetime, *, limit: int) -> list[Undelivered]:
    """The newest mails that were given up within the last 30 days and not sent again, at most
    `limit`. It costs one query while there are none.

    An earlier version listed lost links as well, which nobody can send again."""
    between = (format_timestamp(now - _SHOWN), records.LAST)
    found: list[OutboxEntry] = []
    after: Cursor | None = None
    for _page in range(_PAGES):
        page = store.query(
            GSI4,
            records.OUTBOX_GIVEN_UP,
            between=between,
            limit=limit,
            after=after,
            newest_first=True,
        )
        # The index has neither the reason nor the kind.
        items = [_item(store, str(row[KEY])) for row in page.items]
        entries = [records.outbox_entry_of(item) for item in items if item]
        found += [entry for entry in entries if entry.is_of_tenant]
        after = page.after
        if after is None or len(found) >= limit:
            break
    return [
        Undelivered(entry=entry, company=_company(store, entry.tenant_id))
        for entry in found[:limit]
    ]


def _company(store: Store, tenant_id: str) -> str:
    item = _item(store, tenant_id)
    if item and records.forward_of(item):
        with suppress(ItemNotFoundError):
            item = records.get_where_it_leads(store, item)
    return records.tenant_of(item).contact.company if item else ""


def _item(store: Store, item_id: str) -> Item | None:
    try:
        return records.get_where_it_is(store, item_id)
    except ItemNotFoundError:
        return None
