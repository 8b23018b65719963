"""The tabs of the queue: which tenants each shows, and how many. Two lists by status as well: the
next sign-up to decide, and the closed sign-ups that retention erases."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from portal import records
from portal.queries.pages import IndexRange, PageCursor, page
from portal.records import LAST
from portal.stores import GSI2, KEY, Item, Store
from portal.tenants import CLOSED, EXPIRING, MILLISECOND, Status
from portal.timestamps import format_timestamp

#: Counts stop here. Pages show such a count as "999+".
CAP = 1000
#: Sorts before every timestamp.
_FIRST = " "


class Tab(StrEnum):
    # A member is equal to its value, so it has the same hash. That of `Enum` takes two calls, and a
    # page asks for it thirty times.
    __hash__ = str.__hash__

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    REJECTED = "rejected"
    ASIDE = "aside"
    ALL = "all"


#: Every tenant of the tab "all" is in exactly one of these.
DISJOINT_TABS = (
    Tab.PENDING, Tab.ACTIVE, Tab.EXPIRED, Tab.SUSPENDED, Tab.REJECTED, Tab.ASIDE,
)  # fmt: skip


def ranges_of_tab(tab: Tab, now: datetime, expiring: timedelta = EXPIRING) -> list[IndexRange]:
    """What a tab shows, in its order: the longest wait first, the nearest end first."""
    known = FIXED_RANGES.get(tab)
    if known is not None:
        return list(known)
    match tab:
        case Tab.EXPIRING:
            until = format_timestamp(now + expiring)
            return [IndexRange(GSI2, _ACTIVE, (format_timestamp(now), until))]
        case Tab.EXPIRED:
            end = format_timestamp(now - MILLISECOND) + LAST
            return [IndexRange(GSI2, _ACTIVE, (_FIRST, end), newest_first=True)]
        case _:
            return [IndexRange(GSI2, _ACTIVE, (format_timestamp(now), LAST))]


def late_ranges(tab: Tab, since: datetime) -> list[IndexRange]:
    """The sign-ups of the tab that have waited since before `since`. Nothing waits in other tabs
    than that of pending ones, and in that of all."""
    if tab not in (Tab.PENDING, Tab.ALL):
        return []
    between = (_FIRST, format_timestamp(since))
    return [IndexRange(GSI2, records.status_partition(Status.PENDING), between)]


def _aside_ranges() -> list[IndexRange]:
    """Sign-ups that are not in the queue: first those that wait for the proof of their address."""
    partitions = (records.WAITING, records.ASIDE)
    return [IndexRange(GSI2, partition, newest_first=True) for partition in partitions]


def _status_range(status: Status) -> IndexRange:
    newest_first = status not in (Status.PENDING, Status.ACTIVE)
    return IndexRange(GSI2, records.status_partition(status), newest_first=newest_first)


_ACTIVE = records.status_partition(Status.ACTIVE)
#: What the tabs show that depend on no time.
FIXED_RANGES: Mapping[Tab, Sequence[IndexRange]] = {
    Tab.PENDING: [_status_range(Status.PENDING)],
    Tab.SUSPENDED: [_status_range(Status.SUSPENDED)],
    Tab.REJECTED: [_status_range(Status.REJECTED), _status_range(Status.WITHDRAWN)],
    Tab.ASIDE: _aside_ranges(),
    Tab.ALL: [*(_status_range(status) for status in Status), *_aside_ranges()],
}


def is_in_tab(row: Item, tab: Tab, now: datetime, expiring: timedelta = EXPIRING) -> bool:
    """Whether the tab shows this row. For rows that a search found in another index."""
    status = records.status_of(row)
    end = records.validity_of(row).valid_to
    match tab:
        case Tab.ALL:
            return True
        case Tab.EXPIRED:
            return status is Status.ACTIVE and end is not None and end < now
        case Tab.EXPIRING:
            return status is Status.ACTIVE and end is not None and now <= end < now + expiring
        case Tab.ACTIVE:
            return status is Status.ACTIVE and (end is None or end >= now)
        case Tab.REJECTED:
            return status in CLOSED
        case Tab.ASIDE:
            return records.is_set_aside(row)
        case Tab.PENDING:
            return status is Status.PENDING and not records.is_set_aside(row)
        case _:
            return status.value == tab.value


def count(store: Store, tab: Tab, now: datetime, expiring: timedelta = EXPIRING) -> int:
    """The number of rows of the tab, at most `CAP`."""
    row_count = 0
    for index_range in ranges_of_tab(tab, now, expiring):
        row_count += store.count(
            index_range.index,
            index_range.partition,
            cap=CAP - row_count,
            between=index_range.between,
        )
        if row_count >= CAP:
            break
    return row_count


def waiting_for_address(store: Store) -> int:
    """How many sign-ups wait for the proof of their address because a setting says so, at most
    `CAP`. They are in the tab of doubtful ones, and are none."""
    return store.count(GSI2, records.WAITING, cap=CAP)


def doubtful_count(store: Store) -> int:
    """How many of that tab a robot may have sent, at most `CAP`."""
    return store.count(GSI2, records.ASIDE, cap=CAP)


def next_waiting(store: Store, decided: Collection[str]) -> Item | None:
    """The next sign-up to decide: the longest wait whose id is not among `decided`. An index
    that lags behind may still show sign-ups that were just decided."""
    rows = page(store, [_status_range(Status.PENDING)], limit=len(decided) + 1).rows
    return next((row for row in rows if row[KEY] not in decided), None)


def next_waiting_after(store: Store, row: Item, decided: Collection[str]) -> Item | None:
    """The next sign-up of the queue behind this one, or behind the last one the first. `None` if no
    other waits, or if this one is not in the queue."""
    partition = records.status_partition(Status.PENDING)
    if row.get(GSI2.partition) != partition:
        return None
    after = (str(row[GSI2.sort]), str(row[KEY]))
    rows = store.query(GSI2, partition, after=after, limit=len(decided) + 1).items
    behind = next((each for each in rows if each[KEY] not in decided), None)
    return behind or next_waiting(store, {*decided, str(row[KEY])})


def closed_towards_before(store: Store, instant: datetime) -> Iterator[Item]:
    """Rows of sign-ups that were closed towards an existing tenant before `instant`."""
    until = (_FIRST, format_timestamp(instant))
    yield from _all_rows(store, IndexRange(GSI2, records.CLOSED_TOWARDS, until))


def closed_before(store: Store, instant: datetime) -> Iterator[Item]:
    """Rejected and withdrawn rows that were decided before `instant`."""
    for status in CLOSED:
        partition = records.status_partition(status)
        until = (_FIRST, format_timestamp(instant))
        yield from _all_rows(store, IndexRange(GSI2, partition, until))


def ended_before(store: Store, instant: datetime) -> Iterator[Item]:
    """Rows of tenants, active or suspended, whose licence ended before `instant`."""
    ended = (_FIRST, format_timestamp(instant - MILLISECOND) + LAST)
    active = records.status_partition(Status.ACTIVE)
    yield from _all_rows(store, IndexRange(GSI2, active, ended))
    # These are sorted by when they were suspended.
    for row in _all_rows(store, _status_range(Status.SUSPENDED)):
        end = records.validity_of(row).valid_to
        if end is not None and end < instant:
            yield row


def _all_rows(store: Store, index_range: IndexRange) -> Iterator[Item]:
    cursor: PageCursor | None = None
    while True:
        result = page(store, [index_range], after=cursor)
        yield from result.rows
        cursor = result.after
        if cursor is None:
            break
