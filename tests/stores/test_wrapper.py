"""A wrapper has every call of the contract, and passes it on with all its arguments."""

import inspect

import pytest

from portal.stores.contract import Add, Item, Page, Segment, Store
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.file.store import JsonFileStore
from portal.stores.schema import GSI2
from portal.stores.wrapper import StoreWrapper

CALLS = [name for name in vars(Store) if not name.startswith("_")]
ITEMS: list[Item] = [
    {"tenantId": f"t{n}", "version": 1, "gsi2pk": "P", "gsi2sk": f"{n}", "status": "x"}
    for n in range(9)
]


def query(store: Store) -> Page:
    """With every argument."""
    return store.query(GSI2, "P", between=("1", "7"), after=("6", "t6"), limit=2, newest_first=True)


@pytest.mark.parametrize("kind", [StoreWrapper, JsonFileStore, DynamoDbStore])
@pytest.mark.parametrize("call", CALLS)
def test_each_store_has_the_signatures_of_the_contract(call: str, kind: type) -> None:
    assert inspect.signature(getattr(kind, call)) == inspect.signature(getattr(Store, call))


def test_a_wrapper_passes_every_argument_on(store: Store) -> None:
    wrapper = StoreWrapper(store)
    wrapper.write([Add(item) for item in ITEMS])
    assert wrapper.get("t3") == store.get("t3") == ITEMS[3]
    assert query(wrapper) == query(store)
    assert [row["tenantId"] for row in query(wrapper).items] == ["t5", "t4"]
    assert wrapper.count(GSI2, "P", cap=5, between=("2", "4")) == 3
    for number in (0, 1):
        segment = Segment(number, 2)
        first = store.scan(segment, limit=1)
        assert wrapper.scan(segment, limit=1) == first
        assert first.after is not None
        after = first.after[1]
        assert wrapper.scan(segment, after=after) == store.scan(segment, after=after)
    assert wrapper.describe() == store.describe()
    wrapper.check()
    wrapper.close()
