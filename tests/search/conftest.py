"""A store of each kind; a test with `store` or `open_again` runs once for each."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from portal.search import Keeper, MarkingStore
from portal.stores.contract import Store
from tests.conftest import Clock
from tests.outbox.conftest import open_again
from tests.queries.conftest import companies
from tests.search.checks import worked_off

__all__ = ["companies", "open_again"]

WorkOff = Callable[[], None]


@pytest.fixture
def raw_store(open_again) -> Iterator[Store]:
    opened = open_again()
    yield opened
    opened.close()


@pytest.fixture
def store(raw_store: Store, clock: Clock) -> Store:
    """As the verbs write to it."""
    return MarkingStore(raw_store, clock.now)


@pytest.fixture
def work_off(raw_store: Store, clock: Clock) -> WorkOff:
    """The background process comes by, and afterwards everything is as it should be."""

    def run() -> None:
        clock.advance(seconds=2)
        assert not Keeper(store=raw_store, clock=clock.now, lease=timedelta(0)).work_off()
        worked_off(raw_store)

    return run
