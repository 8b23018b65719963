"""A wrapper has every call of the contract, and passes it on with all its arguments."""

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from portal.stores.contract import Add, Change, Item, ItemNotFoundError, Page, Segment, Store
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.file.store import JsonFileStore
from portal.stores.schema import GSI2
from portal.stores.wrapper import ObservedStore, StoreWrapper

CALLS = [name for name in vars(Store) if not name.startswith("_")]
ITEMS: list[Item] = [
    {"tenantId": f"t{n}", "version": 1, "gsi2pk": "P", "gsi2sk": f"{n}", "status": "x"}
    for n in range(9)
]


def query(store: Store) -> Page:
    """With every argument."""
    return store.query(GSI2, "P", between=("1", "7"), after=("6", "t6"), limit=2, newest_first=True)


@pytest.mark.parametrize("kind", [StoreWrapper, ObservedStore, JsonFileStore, DynamoDbStore])
@pytest.mark.parametrize("call", CALLS)
def test_each_store_has_the_signatures_of_the_contract(call: str, kind: type) -> None:
    assert inspect.signature(getattr(kind, call)) == inspect.signature(getattr(Store, call))


def test_a_wrapper_passes_every_argument_on(store: Store) -> None:
    wrapper = StoreWrapper(store)
    wrapper.write([Add(item) for item in ITEMS])
    assert wrapper.get("t3") == store.get("t3") == ITEMS[3]
    assert wrapper.get_many(["t3", "t", "t8"]) == {"t3": ITEMS[3], "t8": ITEMS[8]}
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


class CountsWrites(StoreWrapper):
    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.writes = 0

    def write(self, changes: Sequence[Change]) -> None:
        self.writes += 1
        super().write(changes)


def test_only_calls_that_a_wrapper_changes_pass_through_it(store: Store) -> None:
    inner = CountsWrites(store)
    outer = CountsWrites(StoreWrapper(inner))
    for name in set(CALLS) - {"write"}:
        assert getattr(outer, name) == getattr(store, name)
    outer.write([Add(ITEMS[3])])
    assert (outer.writes, inner.writes) == (1, 1)
    assert outer.get("t3") == ITEMS[3]


class Watched(ObservedStore):
    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.seen: list[str] = []

    @contextmanager
    def around(self, operation: str) -> Iterator[None]:
        self.seen.append(f"{operation} begins")
        yield
        self.seen.append(f"{operation} ends")


def test_each_call_is_made_inside_of_what_surrounds_it(store: Store) -> None:
    watched = Watched(store)
    watched.write([Add(item) for item in ITEMS])
    assert watched.get("t3") == ITEMS[3]
    assert query(watched) == query(store)
    assert watched.count(GSI2, "P", cap=5, between=("2", "4")) == 3
    assert watched.scan(limit=1, after=None) == store.scan(limit=1)
    watched.check()
    operations = ("write", "get", "query", "count", "scan", "check")
    assert watched.seen == [f"{name} {what}" for name in operations for what in ("begins", "ends")]
    with pytest.raises(ItemNotFoundError):
        watched.get("t9")
    assert watched.seen[-1] == "get begins"
