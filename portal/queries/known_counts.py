"""Remembers large counts of tabs for some seconds: counting 999 rows of an index of DynamoDB is
charged like twenty pages."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import chain, islice

from portal.queries.tabs import CAP, DISJOINT_TABS, Tab, count, ranges_of_tab
from portal.stores import GSI2, Store, count_each
from portal.tenants import EXPIRING

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
    """How many rows each tab has now, at most `CAP`.

    Raises:
        StoreError: The store failed.
    """
    tabs: list[Tab] = [tab for tab in Tab if tab is not Tab.ALL]
    ranges = [ranges_of_tab(tab, now, expiring) for tab in tabs]
    asked = [(each.partition, each.between) for each in chain.from_iterable(ranges)]
    numbers = iter(count_each(store, GSI2, asked, cap=CAP))
    of_tabs = [min(CAP, sum(islice(numbers, len(own)))) for own in ranges]
    return _of_all(dict(zip(tabs, of_tabs, strict=True)).__getitem__)


def _of_all(number_of: Callable[[Tab], int]) -> dict[Tab, int]:
    numbers: dict[Tab, int] = {tab: number_of(tab) for tab in Tab if tab is not Tab.ALL}
    numbers[Tab.ALL] = min(CAP, sum(numbers[tab] for tab in DISJOINT_TABS))
    return numbers
