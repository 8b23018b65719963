"""The store that counts read units misses no call that a page makes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal.stores import GSI2, Add, ItemNotFoundError, Store
from portal.stores.file import JsonFileStore
from tests.benchmarks.charged_store import ChargedStore
from tests.benchmarks.tenant_items import tenant

IDS = [str(tenant(n)["tenantId"]) for n in (1, 2)]
ACTIVE = "STATUS#active"


@pytest.fixture
def charged(tmp_path: Path) -> Iterator[ChargedStore]:
    store = JsonFileStore(tmp_path)
    store.write([Add(tenant(n)) for n in (1, 2)])
    yield ChargedStore(store)
    store.close()


@pytest.mark.parametrize(
    ("read", "units"),
    [
        (lambda store: store.get(IDS[0]), 1),
        # DynamoDB reads several together in a transaction, which costs twice as much.
        (lambda store: store.get_many(IDS), 4),
        (lambda store: store.get_many([*IDS, "nobody"]), 6),
        (lambda store: store.get_many(IDS[:1]), 1),
        (lambda store: store.query(GSI2, ACTIVE), 0.5),
        (lambda store: store.count(GSI2, ACTIVE, cap=100), 0.5),
    ],
)
def test_each_read_is_charged(
    charged: ChargedStore, read: Callable[[Store], object], units: float
) -> None:
    read(charged)
    assert (charged.read_units, charged.calls) == (units, 1)


def test_what_is_not_there_is_charged(charged: ChargedStore) -> None:
    with pytest.raises(ItemNotFoundError):
        charged.get("nobody")
    assert charged.read_units == 1
