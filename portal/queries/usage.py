"""What was noted of a tenant's use, and the lists of those that lack a proof. A list reads one page
of an index, and the tenants of its rows."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from portal import records
from portal.queries.pages import IndexRange, PageCursor, page
from portal.records import LAST, OutboxEntry, UnknownId, Usage
from portal.stores import GSI2, GSI3, GSI4, KEY, Item, ItemNotFoundError, Store, find_item
from portal.tenants import Tenant
from portal.timestamps import format_timestamp

#: Rows of a page. Each of them is read once more, and its tenant as well.
PROOFS_PAGE = 25
#: Counts stop here, since the overview asks for all of them. Pages show such a count as "99+".
PROOFS_CAP = 100
#: A tenant is given so long until staff are told that it was never let in.
LATE_AFTER = timedelta(days=7)
#: Whoever asked last before so many days has given up.
ASKED_LATELY = timedelta(days=7)
#: Nobody sends an older mail again.
MAIL_SHOWN = timedelta(days=30)
_FIRST = " "


class ProofList(StrEnum):
    """Tenants of which a proof is missing. The names stand in addresses."""

    NEVER_LET_IN = "never-let-in"
    MAIL = "mail-not-delivered"
    AFTER_END = "asking-after-end"
    UNKNOWN_IDS = "unknown-ids"


@dataclass(frozen=True, kw_only=True, slots=True)
class NotedUse:
    """`application`: of the tenant. `visits`: of its status page."""

    application: Usage | None
    visits: Usage | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ProofRow:
    """One row of a list.

    Attributes:
        tenant: `None` if it is gone.
        row: The row of the index.
        entry: The mail, in the list of mails.
    """

    tenant_id: str
    tenant: Tenant | None
    row: Item
    entry: OutboxEntry | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ProofPage:
    rows: list[ProofRow]
    after: PageCursor | None


def noted_use(store: Store, tenant: Tenant) -> NotedUse:
    """What was noted of a tenant, under both its ids. It reads one or two items."""
    return use_in(store.get_many(use_ids(tenant)), tenant)


def use_ids(tenant: Tenant) -> list[str]:
    """The ids of the items that `use_in` looks at: one or two."""
    ids = [records.usage_id(tenant.id)]
    return [*ids, records.usage_id(tenant.pending_id)] if tenant.pending_id else ids


def use_in(items: Mapping[str, Item], tenant: Tenant) -> NotedUse:
    """As `noted_use`, of the items that were read.

    Args:
        items: By their ids.
    """
    sign_up_id = tenant.pending_id or ("" if tenant.is_final else tenant.id)
    return NotedUse(
        application=_usage(items, tenant.id) if tenant.is_final else None,
        visits=_usage(items, sign_up_id) if sign_up_id else None,
    )


def proof_counts(store: Store, now: datetime, zone: ZoneInfo) -> Mapping[ProofList, int]:
    """How many rows each list has, at most `PROOFS_CAP`; of those that were never let in, only
    those that are late."""
    never = IndexRange(
        GSI4, records.USAGE_NEVER, (_FIRST, format_timestamp(now - LATE_AFTER) + LAST)
    )
    ranges = {
        ProofList.NEVER_LET_IN: never,
        ProofList.MAIL: _range(ProofList.MAIL, now, zone),
        ProofList.AFTER_END: _range(ProofList.AFTER_END, now, zone),
    }
    counts = {
        each: store.count(found.index, found.partition, cap=PROOFS_CAP, between=found.between)
        for each, found in ranges.items()
    }
    rows = store.query(GSI2, records.USAGE_UNKNOWN, limit=1).items
    counts[ProofList.UNKNOWN_IDS] = (
        min(PROOFS_CAP, records.unknown_ids_count(rows[0])) if rows else 0
    )
    return counts


def proof_page(
    store: Store, which: ProofList, now: datetime, zone: ZoneInfo, *, after: PageCursor | None
) -> ProofPage:
    """A page of a list, but for that of unknown ids. Rows that are settled are left out, since an
    index may lag behind, so it may have fewer rows than `PROOFS_PAGE` and another one behind it."""
    found = page(store, [_range(which, now, zone)], after=after, limit=PROOFS_PAGE)
    make = _mail_row if which is ProofList.MAIL else _usage_row
    rows = (make(store, row) for row in found.rows)
    return ProofPage(rows=[row for row in rows if row is not None], after=found.after)


def unknown_ids(store: Store, now: datetime, zone: ZoneInfo, kept: timedelta) -> list[UnknownId]:
    """The ids that `validate` was asked for lately and no tenant had, the most frequent first. It
    reads one item.

    Args:
        kept: Ids that were asked for last before that are left out.
    """
    item = find_item(store, records.UNKNOWN_IDS)
    oldest = (now - kept).astimezone(zone).date()
    found = records.unknown_ids_of(item) if item else []
    return sorted((each for each in found if each.last_day >= oldest), key=lambda each: -each.count)


def has_tenant(store: Store, tenant_id: str) -> bool:
    """Whether there is a tenant by now."""
    item = find_item(store, tenant_id)
    return item is not None and records.is_tenant(item)


def _range(which: ProofList, now: datetime, zone: ZoneInfo) -> IndexRange:
    match which:
        case ProofList.NEVER_LET_IN:
            between = (_FIRST, format_timestamp(now) + LAST)
            return IndexRange(GSI4, records.USAGE_NEVER, between)
        case ProofList.AFTER_END:
            since = (now - ASKED_LATELY).astimezone(zone).date().isoformat()
            return IndexRange(GSI3, records.USAGE_REFUSED, (since, LAST), newest_first=True)
        case _:
            since = format_timestamp(now - MAIL_SHOWN)
            return IndexRange(GSI4, records.OUTBOX_GIVEN_UP, (since, LAST), newest_first=True)


def _usage_row(store: Store, row: Item) -> ProofRow | None:
    tenant_id = records.usage_tenant_id(row)
    item = find_item(store, tenant_id)
    if item is None or not records.is_tenant(item):
        return None
    return ProofRow(tenant_id=tenant_id, tenant=records.tenant_of(item), row=row)


def _mail_row(store: Store, row: Item) -> ProofRow | None:
    """The index has neither the reason nor the kind of a mail."""
    item = find_item(store, str(row[KEY]))
    entry = records.outbox_entry_of(item) if item else None
    if entry is None or not entry.is_of_tenant:
        return None
    found: Item | None = None
    with suppress(ItemNotFoundError):
        found = records.get_where_it_is(store, entry.tenant_id)
        if records.forward_of(found):
            found = records.get_where_it_leads(store, found)
    tenant = records.tenant_of(found) if found else None
    return ProofRow(tenant_id=entry.tenant_id, tenant=tenant, row=row, entry=entry)


def _usage(items: Mapping[str, Item], tenant_id: str) -> Usage | None:
    item = items.get(records.usage_id(tenant_id))
    return records.usage_of(item) if item else None
