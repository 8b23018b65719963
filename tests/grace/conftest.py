"""Fixtures: both stores, tenants in them, and processes that remember what they saw."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from portal import records
from portal.grace import LastKnown, RememberingStore, Sighting
from portal.grace.known_file import KnownFile
from portal.stores.contract import Item, Store
from portal.tenants import Ids
from tests.conftest import Clock
from tests.examples import IDS, PlainSealer, activate, sign_up
from tests.stores.conftest import OpenAgain, folder, open_again, store
from tests.web.failing_store import TroubledStore

__all__ = ["folder", "open_again", "store"]  # Fixtures of the stores under test.

ID = IDS.tenant_id


class Process:
    """What one process of the portal has: a store, and what it remembers."""

    def __init__(self, data: Path, opened: Store, clock: Clock, hours: int, workers: int) -> None:
        self.store = TroubledStore(opened)
        self.file = KnownFile(data)
        self.known = LastKnown(self.file, self.store, clock.now, hours=hours, workers=workers)
        self.watching = RememberingStore(self.store, self.known, clock.now)
        self._clock = clock

    def ask(self, tenant_id: str = ID) -> Item:
        """As `validate` asks, of a tenant that is valid."""
        began = self._clock.now()
        item = self.watching.get(tenant_id)
        self.known.saw_yes(Sighting.of(item), began)
        return item

    def knows(self, tenant_id: str = ID) -> bool:
        return self.known.last_yes(tenant_id, self._clock.now()) is not None


NewProcess = Callable[..., Process]


@pytest.fixture
def new_process(tmp_path: Path, open_again: OpenAgain, clock: Clock) -> Iterator[NewProcess]:
    """`new_process()`: another one on the same data; `data`: its folder, `hours`, `workers`."""
    opened: list[Store] = []

    def make(*, data: Path = tmp_path / "data", hours: int = 72, workers: int = 1) -> Process:
        opened.append(open_again())
        return Process(data, opened[-1], clock, hours, workers)

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def active(store: Store) -> Item:
    """A tenant that is valid for a year."""
    return make_active(store)


def make_active(store: Store, number: int = 1, ids: Ids = IDS) -> Item:
    pending = sign_up(store, number)
    return store.get(activate(store, PlainSealer(), pending, ids=ids).id)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def item_valid(number: int) -> Item:
    """An item that no store has to hold."""
    return {
        "tenantId": f"1_{number}",
        "version": 1,
        "status": "active",
        "isActive": True,
        "validFrom": "2026-01-01T00:00:00.000Z",
        "validTo": "2027-06-30T23:59:59.999Z",
        "cluster": "eu",
    }


def access_view(item: Item) -> Item:
    return records.access_view(item)
