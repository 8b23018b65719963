"""Remembers large counts of tabs for some seconds: counting 999 rows of an index of DynamoDB is
charged like twenty pages."""

from collections.abc import Callable
from datetime import datetime, timedelta

from portal.queries.tabs import CAP, DISJOINT_TABS, Tab, count
from portal.stores import Store
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
    return _of_all(lambda tab: count(store, tab, now, expiring))


def _of_all(number_of: Callable[[Tab], int]) -> dict[Tab, int]:
    numbers: dict[Tab, int] = {tab: number_of(tab) for tab in Tab if tab is not Tab.ALL}
    numbers[Tab.ALL] = min(CAP, sum(numbers[tab] for tab in DISJOINT_TABS))
    return numbers
