"""The questions: a page of a list, counts, search, a tenant's history. Nothing here changes
anything, and nothing costs more when there are more tenants: each answer is a few index pages.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice

from portal import records
from portal.records import LAST, Event, Note
from portal.stores import (
    GSI1,
    GSI2,
    GSI3,
    GSI4,
    KEY,
    Cursor,
    Index,
    Item,
    ItemNotFoundError,
    Store,
)
from portal.tenants import EXPIRING, MILLISECOND, Status, Tenant
from portal.timestamps import format_timestamp

PAGE = 50
#: Counts stop here and read "99+".
CAP = 100
_HISTORY = 200
_ALIKE = 5


class Tab(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    REJECTED = "rejected"
    ASIDE = "aside"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class IndexRange:
    """A stretch of one partition of an index: a list is one or several, one after another."""

    index: Index
    partition: str
    between: tuple[str, str] | None = None
    newest_first: bool = False


@dataclass(frozen=True, slots=True)
class PageCursor:
    """Where a page ended: the number of the stretch, and the position in it."""

    index_range: int
    position: Cursor | None


@dataclass(frozen=True, slots=True)
class QueuePage:
    """Rows as the index shows them. `after` is `None` exactly when none is left."""

    rows: Sequence[Item]
    after: PageCursor | None


def ranges_of_tab(tab: Tab, now: datetime) -> list[IndexRange]:
    """What a tab shows, in its order: the longest wait first, the nearest end first."""
    active = records.status_partition(Status.ACTIVE)
    soon = now + EXPIRING
    match tab:
        case Tab.PENDING:
            return [_of_status(Status.PENDING)]
        case Tab.ACTIVE:
            return [IndexRange(GSI2, active, (format_timestamp(now), LAST))]
        case Tab.EXPIRING:
            return [IndexRange(GSI2, active, (format_timestamp(now), format_timestamp(soon)))]
        case Tab.EXPIRED:
            return [
                IndexRange(GSI2, active, (" ", format_timestamp(now - MILLISECOND) + LAST), True)
            ]
        case Tab.SUSPENDED:
            return [_of_status(Status.SUSPENDED)]
        case Tab.REJECTED:
            return [_of_status(Status.REJECTED), _of_status(Status.WITHDRAWN)]
        case Tab.ASIDE:
            return [IndexRange(GSI2, records.ASIDE, newest_first=True)]
        case Tab.ALL:
            return [_of_status(status) for status in Status]


def _of_status(status: Status) -> IndexRange:
    newest_first = status not in (Status.PENDING, Status.ACTIVE)
    return IndexRange(GSI2, records.status_partition(status), newest_first=newest_first)


def page(
    store: Store,
    ranges: Sequence[IndexRange],
    *,
    after: PageCursor | None = None,
    limit: int = PAGE,
) -> QueuePage:
    """The next `limit` rows of the stretches, one after another."""
    rows: list[Item] = []
    number, position = (after.index_range, after.position) if after else (0, None)
    while number < len(ranges):
        index_range = ranges[number]
        found = store.query(
            index_range.index,
            index_range.partition,
            between=index_range.between,
            after=position,
            limit=limit - len(rows),
            newest_first=index_range.newest_first,
        )
        rows.extend(found.items)
        if found.after:
            return QueuePage(rows, PageCursor(number, found.after))
        number, position = number + 1, None
        if len(rows) >= limit:
            more = any(_has_rows(store, rest) for rest in ranges[number:])
            return QueuePage(rows, PageCursor(number, None) if more else None)
    return QueuePage(rows, None)


def _has_rows(store: Store, index_range: IndexRange) -> bool:
    counted = store.count(
        index_range.index, index_range.partition, cap=1, between=index_range.between
    )
    return counted > 0


def count(store: Store, tab: Tab, now: datetime) -> int:
    """How many rows the tab has, counted no further than `CAP`."""
    counted = 0
    for index_range in ranges_of_tab(tab, now):
        counted += store.count(
            index_range.index, index_range.partition, cap=CAP - counted, between=index_range.between
        )
        if counted >= CAP:
            break
    return counted


def counts(store: Store, now: datetime) -> dict[Tab, int]:
    """As `count`, for every tab in its order."""
    counted: dict[Tab, int] = {}
    for tab in Tab:
        if tab is not Tab.ALL:
            counted[tab] = count(store, tab, now)
    counted[Tab.ALL] = min(CAP, sum(counted[tab] for tab in _WHOLE))
    return counted


#: Every tenant is in exactly one of these.
_WHOLE = (Tab.PENDING, Tab.ACTIVE, Tab.EXPIRED, Tab.SUSPENDED, Tab.REJECTED)


# ---- Search


def search(
    store: Store, sought: str, tab: Tab, now: datetime, *, after: PageCursor | None = None
) -> QueuePage:
    """Rows that match by id, address, account id or the beginning of the company's name.

    In a tab other than "all" the found rows are sifted, at most four pages at a time, so a
    page of them may be short though more follow.
    """
    by_id = _by_id(store, _id_meant(sought))
    if by_id:
        return QueuePage([row for row in by_id if _belongs(row, tab, now)], None)
    ranges = _stretches_of_search(sought)
    if tab is Tab.ALL:
        return page(store, ranges, after=after)
    rows: list[Item] = []
    place = after
    for _ in range(4):
        found = page(store, ranges, after=place, limit=PAGE - len(rows))
        rows.extend(row for row in found.rows if _belongs(row, tab, now))
        place = found.after
        if place is None or len(rows) >= PAGE:
            break
    return QueuePage(rows, place)


def _id_meant(sought: str) -> str:
    """The id, where the number that a customer has was typed: it is what their id began with."""
    reference = sought.strip().lower()
    is_reference = len(reference) == records.REFERENCE_LENGTH and reference.isalnum()
    return records.pending_id(reference) if is_reference else sought


def _by_id(store: Store, sought: str) -> list[Item]:
    try:
        item = store.get(sought)
        forward = records.forward_of(item)
        item = store.get(forward.to) if forward else item
    except ItemNotFoundError:
        return []
    return [item] if records.is_tenant(item) else []


def _stretches_of_search(sought: str) -> list[IndexRange]:
    if "@" in sought:
        return [IndexRange(GSI4, records.email_partition(sought), newest_first=True)]
    company = records.normalised(sought)
    if not company:
        return []
    by_company = IndexRange(GSI3, records.company_partition(company), (company, company + LAST))
    if sought.isascii() and sought.isalnum():
        return [IndexRange(GSI1, records.account_partition(sought)), by_company]
    return [by_company]


def _belongs(row: Item, tab: Tab, now: datetime) -> bool:
    status = records.status_of(row)
    end = records.validity_of(row).valid_to
    match tab:
        case Tab.ALL:
            return True
        case Tab.EXPIRED:
            return status is Status.ACTIVE and end is not None and end < now
        case Tab.EXPIRING:
            return status is Status.ACTIVE and end is not None and now <= end < now + EXPIRING
        case Tab.ACTIVE:
            return status is Status.ACTIVE and (end is None or end >= now)
        case Tab.REJECTED:
            return status in (Status.REJECTED, Status.WITHDRAWN)
        case Tab.ASIDE:
            return row.get("setAside") is True
        case Tab.PENDING:
            return status is Status.PENDING and row.get("setAside") is not True
        case _:
            return status.value == tab.value


# ---- One tenant


def history(store: Store, tenant: Tenant) -> list[Event]:
    """What happened to the tenant, the newest first, under its pending id too. A sign-up's
    own record is its first event, and is not repeated here."""
    events = [
        records.event_of(row)
        for subject in (tenant.id, tenant.pending_id)
        if subject
        for row in store.query(
            GSI2, records.events_partition(subject), limit=_HISTORY, newest_first=True
        ).items
    ]
    return sorted(
        events, key=lambda event: format_timestamp(event.at) if event.at else "", reverse=True
    )


def notes(store: Store, tenant: Tenant) -> list[Note]:
    """What staff wrote down, the newest first, under the pending id too."""
    return [
        records.note_of(row)
        for subject in (tenant.id, tenant.pending_id)
        if subject
        for row in store.query(
            GSI2, records.notes_partition(subject), limit=_HISTORY, newest_first=True
        ).items
    ]


class DuplicateReason(StrEnum):
    """Why another record may be the same customer."""

    EMAIL = "email"
    COMPANY = "company"
    ACCOUNT = "account"


def possible_duplicates(store: Store, tenant: Tenant) -> list[tuple[DuplicateReason, Item]]:
    """A few rows of other tenants with the same address, company or account."""
    company = records.normalised(tenant.contact.company)
    ranges = []
    if tenant.contact.email:
        ranges.append(
            (
                DuplicateReason.EMAIL,
                IndexRange(GSI4, records.email_partition(tenant.contact.email), newest_first=True),
            )
        )
    if company:
        same = (f"{company}#", f"{company}#{LAST}")
        ranges.append((
            DuplicateReason.COMPANY, IndexRange(GSI3, records.company_partition(company), same)
        ))  # fmt: skip
    if tenant.ids:
        ranges.append(
            (
                DuplicateReason.ACCOUNT,
                IndexRange(GSI1, records.account_partition(tenant.ids.account_id)),
            )
        )
    seen = {tenant.id}
    found: list[tuple[DuplicateReason, Item]] = []
    for why, index_range in ranges:
        rows = page(store, [index_range], limit=_ALIKE + 1).rows
        if why is DuplicateReason.COMPANY:
            # A name may itself go on with the "#" that divides it from the id.
            rows = [row for row in rows if row[GSI3.sort] == f"{company}#{row[KEY]}"]
        for row in islice((row for row in rows if row[KEY] not in seen), _ALIKE):
            seen.add(str(row[KEY]))
            found.append((why, row))
    return found


def next_waiting(store: Store, decided: Collection[str]) -> Item | None:
    """The one to decide next: the longest wait that is not among `decided`, which an index
    that lags may still show."""
    rows = page(store, [_of_status(Status.PENDING)], limit=len(decided) + 1).rows
    return next((row for row in rows if row[KEY] not in decided), None)


def closed_before(store: Store, instant: datetime) -> Iterator[Item]:
    """Rejected and withdrawn rows that were decided before `instant`."""
    for status in (Status.REJECTED, Status.WITHDRAWN):
        index_range = IndexRange(
            GSI2, records.status_partition(status), (" ", format_timestamp(instant))
        )
        place: PageCursor | None = None
        while True:
            found = page(store, [index_range], after=place)
            yield from found.rows
            place = found.after
            if place is None:
                break
