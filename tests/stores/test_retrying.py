"""Calls are retried while the store is busy, and only then."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from portal.stores.contract import (
    Add,
    BusyError,
    Change,
    Count,
    Item,
    ItemExistsError,
    ItemNotFoundError,
    Replace,
    Store,
    UnavailableError,
    VersionConflictError,
)
from portal.stores.file.store import JsonFileStore
from portal.stores.schema import GSI2
from portal.stores.waiting.retrying import TRIES, RetryingStore
from tests.examples import Behind, Failing

ITEM: Item = {"tenantId": "1_1", "version": 1, "gsi2pk": "LIST", "gsi2sk": "a"}


class Busy(Behind):
    """Busy for the next `times` calls. With `done`, a write succeeds in spite of the error."""

    def __init__(self, store: Store, times: int, *, done: bool = False) -> None:
        super().__init__(store)
        self.times = times
        self.done = done

    def before(self, call: str) -> None:
        if self.times and not (call == "write" and self.done):
            self.times -= 1
            raise BusyError(reason="Throttled.")

    def write(self, changes: Sequence[Change]) -> None:
        super().write(changes)
        if self.times:
            self.times -= 1
            raise BusyError(reason="Throttled.")

    def check(self) -> None:
        self.before("check")
        super().check()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = JsonFileStore(tmp_path)
    store.write([Add(ITEM)])
    yield store
    store.close()


CALLS: dict[str, Callable[[Store], object]] = {
    "get": lambda store: store.get("1_1"),
    "write": lambda store: store.write([Replace({**ITEM, "version": 2}, 1), Count("c", {"n": 1})]),
    "query": lambda store: store.query(GSI2, "LIST", newest_first=True).items,
    "count": lambda store: store.count(GSI2, "LIST", cap=9),
    "scan": lambda store: store.scan(limit=5).items,
    "check": lambda store: store.check(),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_busy_store_is_retried(store: Store, call: str) -> None:
    pauses: list[float] = []
    expected = None if call == "write" else CALLS[call](store)
    retrying = RetryingStore(Busy(store, TRIES - 1), pause=pauses.append)
    assert CALLS[call](retrying) == expected
    assert pauses == sorted(pauses)
    assert (len(pauses), round(sum(pauses))) == (TRIES - 1, 13)
    assert store.get("1_1")["version"] == (2 if call == "write" else 1)


@pytest.mark.parametrize("call", CALLS)
def test_retries_end(store: Store, call: str) -> None:
    with pytest.raises(BusyError):
        CALLS[call](RetryingStore(Busy(store, TRIES), pause=lambda _: None))


def test_an_earlier_attempt_that_succeeded_is_recognised(store: Store) -> None:
    new: Item = {"tenantId": "1_2", "version": 1}
    retrying = RetryingStore(Busy(store, 1, done=True), pause=lambda _: None)
    retrying.write([Add(new)])
    assert store.get("1_2") == new


def test_another_item_with_the_id_is_still_an_error(store: Store) -> None:
    for times, add in ((0, ITEM), (1, {**ITEM, "version": 7})):
        with pytest.raises(ItemExistsError):
            RetryingStore(Busy(store, times), pause=lambda _: None).write([Add(add)])


def test_an_unknown_outcome_is_not_retried(store: Store) -> None:
    failing = Failing(store, 0, too_late=True)
    with pytest.raises(UnavailableError):
        RetryingStore(failing, pause=lambda _: None).write([Replace({**ITEM, "version": 2}, 1)])
    assert failing.calls == 1


def test_other_errors_pass_unchanged(store: Store) -> None:
    retrying = RetryingStore(store)
    with pytest.raises(VersionConflictError):
        retrying.write([Replace(ITEM, 9)])
    with pytest.raises(ItemNotFoundError):
        retrying.get("1_9")
    assert retrying.describe() == store.describe()
