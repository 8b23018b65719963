"""Remembers large counts of tabs for some seconds: counting 999 rows of an index of DynamoDB is
charged like twenty pages."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain

from portal import records
from portal.queries.tabs import CAP, DISJOINT_TABS, FIXED_RANGES, Tab, count, ranges_of_tab
from portal.stores import GSI2, CountedRange, Store, count_each
from portal.tenants import EXPIRING, Status

_KEPT = timedelta(seconds=20)
#: Smaller ones are counted each time. Then people see every change at once.
_LARGE = 100


class KnownCounts:
    """The counts of the tabs, as one process knows them."""

    def __init__(self) -> None:
        self._known: dict[Tab, tuple[int, datetime]] = {}

    def at(self, store: Store, now: datetime, expiring: timedelta = EXPIRING) -> dict[Tab, int]:
        """How many rows each tab has, at most `CAP`.

        Raises:
            StoreError: The store failed.
        """
        return _of_all(lambda tab: self._count(store, tab, now, expiring))

    def forget(self) -> None:
        """Something was changed: the next page counts again."""
        self._known.clear()

    def _count(self, store: Store, tab: Tab, now: datetime, expiring: timedelta) -> int:
        known = self._known.get(tab)
        if known and now < known[1]:
            return known[0]
        number = count(store, tab, now, expiring)
        if number >= _LARGE:
            self._known[tab] = number, now + _KEPT
        return number


def counts(store: Store, now: datetime, expiring: timedelta = EXPIRING) -> dict[Tab, int]:
    """How many rows each tab has now, at most `CAP`. A store that counts several at once knows the
    size of a whole partition sooner than that of a part of it.

    Raises:
        StoreError: The store failed.
    """
    expired, soon = (ranges_of_tab(tab, now, expiring)[0] for tab in (Tab.EXPIRED, Tab.EXPIRING))
    asked = [*_WHOLE, (expired.partition, expired.between), (soon.partition, soon.between)]
    of_ranges = count_each(store, GSI2, asked, cap=CAP)
    whole = dict(zip(_WHOLE, of_ranges, strict=False))
    numbers = {
        tab: min(CAP, sum([whole[each] for each in ranges])) for tab, ranges in _FIXED.items()
    }
    numbers[Tab.EXPIRED], numbers[Tab.EXPIRING] = of_ranges[-2:]
    active = whole[_ACTIVE]
    # What is active, and has not expired.
    numbers[Tab.ACTIVE] = (
        active - numbers[Tab.EXPIRED] if active < CAP else count(store, Tab.ACTIVE, now, expiring)
    )
    return _of_all(numbers.__getitem__)


def _of_all(number_of: Callable[[Tab], int]) -> dict[Tab, int]:
    numbers: dict[Tab, int] = {tab: number_of(tab) for tab in _COUNTED}
    numbers[Tab.ALL] = min(CAP, sum([numbers[tab] for tab in DISJOINT_TABS]))
    return numbers


#: In the order of the page.
_COUNTED = tuple(tab for tab in Tab if tab is not Tab.ALL)
#: The partitions of the tabs that depend on no time.
_FIXED: Mapping[Tab, Sequence[CountedRange]] = {
    tab: [(each.partition, each.between) for each in ranges]
    for tab, ranges in FIXED_RANGES.items()
    if tab is not Tab.ALL
}
_ACTIVE: CountedRange = (records.status_partition(Status.ACTIVE), None)
_WHOLE = (*chain.from_iterable(_FIXED.values()), _ACTIVE)
