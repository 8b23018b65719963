"""Reads for what is made of an item: never older than promised, and shared by who waits."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from portal.stores import (
    Add,
    BusyError,
    Item,
    ItemNotFoundError,
    KeptReads,
    Remove,
    Replace,
    Store,
    StoreError,
    StoreWrapper,
    UnavailableError,
    WatchedStore,
    clear_deadline,
    kept_reads,
    set_deadline,
)
from portal.stores.file import JsonFileStore
from portal.stores.kept import SharedReads
from tests.stores.conftest import OpenAgain
from tests.stores.items import tenant, version_of

#: Longer than what stays in memory if it is in no index.
LONG = "x" * 5_000


def versions_in(store: Store, seconds: float = 0) -> KeptReads[int]:
    """Reads of versions; 0 stands for no item."""
    return kept_reads(store, version_of, absent=0, seconds=seconds)


# ---- On every store


def test_the_first_item_that_is_there_counts(store: Store) -> None:
    store.write([Add(tenant("b", version=2)), Add(tenant("c", version=3))])
    reads = versions_in(store)
    assert reads.first(["a", "b", "c"]) == 2
    assert reads.first(["c", "b"]) == 3
    assert reads.first(["a", "d"]) == 0


@pytest.mark.parametrize("text", ["short", LONG])
def test_every_write_of_every_process_is_seen_by_the_next_read(
    store: Store, open_again: OpenAgain, text: str
) -> None:
    other, reads = open_again(), versions_in(store)
    assert reads.first(["a"]) == 0
    for version in range(1, 8):
        item = tenant("a", version=version, text=text)
        other.write([Add(item) if version == 1 else Replace(item, version - 1)])
        assert reads.first(["a"]) == version
        assert reads.first(["a"]) == version
    other.write([Remove("a", 7)])
    assert reads.first(["a"]) == 0
    other.close()


def test_many_threads_ask_while_others_write(store: Store) -> None:
    """No thread sees an older version than one that was acknowledged before it asked."""
    reads, acknowledged = versions_in(store), [1]
    store.write([Add(tenant("a"))])

    def write() -> None:
        for version in range(2, 40):
            store.write([Replace(tenant("a", version=version), version - 1)])
            acknowledged.append(version)

    def ask() -> list[tuple[int, int]]:
        return [(acknowledged[-1], reads.first(["a"])) for _ in range(60)]

    with ThreadPoolExecutor(6) as threads:
        asking = [threads.submit(ask) for _ in range(5)]
        threads.submit(write).result()
        seen = [pair for each in asking for pair in each.result()]
    assert all(found >= known for known, found in seen)


def test_a_wrapper_that_reads_in_its_own_way_is_asked(store: Store) -> None:
    class Older(StoreWrapper):
        def get(self, item_id: str) -> Item:
            return {**super().get(item_id), "version": 7}

    store.write([Add(tenant("a"))])
    assert versions_in(WatchedStore(Older(store))).first(["a"]) == 7
    assert versions_in(WatchedStore(StoreWrapper(store))).first(["a"]) == 1


# ---- On the file store, where what was made is kept beside the row


class Making:
    """Makes versions, and counts how often."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, item: Item) -> int:
        self.made += 1
        return version_of(item)


@pytest.fixture
def rows(folder: Path) -> Iterator[JsonFileStore]:
    store = JsonFileStore(folder)
    yield store
    store.close()


def test_what_was_made_is_kept_while_the_item_is_the_same(rows: JsonFileStore) -> None:
    making = Making()
    reads = kept_reads(rows, making, absent=0)
    rows.write([Add(tenant("a")), Add(tenant("b"))])
    assert [reads.first(["a"]) for _ in range(5)] == [1] * 5
    assert making.made == 1
    rows.write([Replace(tenant("b", version=2), 1)])
    assert reads.first(["a"]) == 1
    assert making.made == 1
    rows.write([Replace(tenant("a", version=2), 1)])
    assert [reads.first(["a"]) for _ in range(5)] == [2] * 5
    assert making.made == 2
    # A new generation of the file changes no item.
    rows.compact()
    assert reads.first(["a"]) == 2
    assert making.made == 2


def test_at_once_answers_what_is_in_memory_and_nothing_else(
    rows: JsonFileStore, folder: Path
) -> None:
    reads, other = versions_in(rows), JsonFileStore(folder)
    assert reads.first_at_once(["a"]) is None, "nothing was read yet"
    rows.write([Add(tenant("a")), Add({**tenant("long"), "text": LONG})])
    assert reads.first_at_once(["a"]) == 1
    assert reads.first_at_once(["b", "a"]) == 1
    assert reads.first_at_once(["b", "c"]) == 0
    assert reads.first_at_once(["long"]) is None, "it stays in the file"
    other.write([Replace(tenant("a", version=2), 1)])
    assert reads.first_at_once(["a"]) is None, "a commit has to be read"
    assert reads.first(["a"]) == 2
    assert reads.first_at_once(["a"]) == 2
    with rows.refreshed_reader().guard:
        assert reads.first_at_once(["a"]) is None, "another thread reads"
    other.close()


# ---- Reads that are shared


class Gate:
    """A store of which each read waits until the test lets it go on."""

    def __init__(self) -> None:
        self.version = 1
        self.error: Exception | None = None
        self.reads = 0
        self.waiting = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)

    def read(self, item_id: str) -> Item:
        found = tenant(item_id, version=self.version)
        self.reads += 1
        self.waiting.release()
        assert self.go_on.acquire(timeout=10)
        if self.error is not None:
            raise self.error
        return found


@pytest.fixture
def gate() -> Gate:
    return Gate()


def shared(
    gate: Gate, seconds: float = 0, clock: Callable[[], float] = lambda: 0
) -> SharedReads[int]:
    return SharedReads(gate.read, version_of, 0, seconds=seconds, clock=clock)


def arrived(reads: SharedReads[int], count: int) -> None:
    """Wait until so many threads wait for a read that has not begun."""
    while reads.waiting("a") < count:
        threading.Event().wait(0.001)


def test_who_comes_during_a_read_shares_the_next_one(gate: Gate) -> None:
    reads = shared(gate)
    with ThreadPoolExecutor(20) as threads:
        first = threads.submit(reads.first, ["a"])
        assert gate.waiting.acquire(timeout=10)
        # This write is acknowledged before the others ask: the read under way has missed it.
        gate.version = 2
        others = [threads.submit(reads.first, ["a"]) for _ in range(19)]
        arrived(reads, 19)
        gate.go_on.release(2)
        assert first.result() == 1
        assert [each.result() for each in others] == [2] * 19
    assert gate.reads == 2


def test_reads_of_other_items_do_not_wait(gate: Gate) -> None:
    reads = shared(gate)
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(reads.first, [item_id]) for item_id in ("a", "b")]
        assert gate.waiting.acquire(timeout=10)
        assert gate.waiting.acquire(timeout=10)
        gate.go_on.release(2)
        assert [each.result() for each in both] == [1, 1]


@pytest.mark.parametrize(
    "error", [UnavailableError(reason="Away.", remedy="Wait."), ItemNotFoundError(item_id="a")]
)
def test_an_error_is_kept_for_nobody(gate: Gate, error: StoreError) -> None:
    reads = shared(gate, seconds=60)
    gate.error = error
    gate.go_on.release()
    if isinstance(error, ItemNotFoundError):
        assert reads.first(["a"]) == 0
    else:
        with pytest.raises(UnavailableError):
            reads.first(["a"])
    gate.error = None
    gate.go_on.release()
    assert reads.first(["a"]) == 1


def test_where_the_shared_read_fails_each_tries_for_itself(gate: Gate) -> None:
    reads = shared(gate)
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(reads.first, ["a"])
        assert gate.waiting.acquire(timeout=10)
        others = [threads.submit(reads.first, ["a"]) for _ in range(3)]
        arrived(reads, 3)
        gate.error = UnavailableError(reason="Away.", remedy="Wait.")
        gate.go_on.release(1)
        with pytest.raises(UnavailableError):
            first.result()
        assert gate.waiting.acquire(timeout=10)
        gate.go_on.release(1)
        # The second read, which one of them made for all three, has failed as well.
        for _ in range(2):
            assert gate.waiting.acquire(timeout=10)
        gate.error = None
        gate.go_on.release(2)
        results = [_result(each) for each in others]
    assert sorted(map(str, results)) == ["1", "1", "UnavailableError"]


def _result(future: "Future[int]") -> int | str:
    try:
        return future.result()
    except UnavailableError:
        return "UnavailableError"


def test_nobody_waits_past_the_deadline(gate: Gate) -> None:
    reads = shared(gate)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(reads.first, ["a"])
        assert gate.waiting.acquire(timeout=10)
        set_deadline(seconds=0.05)
        try:
            with pytest.raises(BusyError):
                reads.first(["a"])
        finally:
            clear_deadline()
        gate.go_on.release()
        assert first.result() == 1
    gate.go_on.release()
    assert reads.first(["a"]) == 1


# ---- Reads that count for some seconds


class Seconds:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_was_read_counts_for_the_seconds_that_were_asked_for(gate: Gate) -> None:
    clock = Seconds()
    reads = shared(gate, 5, clock)
    gate.go_on.release(3)
    assert reads.first_at_once(["a"]) is None
    assert reads.first(["a"]) == 1
    gate.version = 2
    clock.now += 4.999
    assert reads.first(["a"]) == reads.first_at_once(["a"]) == 1
    clock.now += 0.001
    assert reads.first_at_once(["a"]) is None
    assert reads.first(["a"]) == 2
    assert gate.reads == 2


def test_the_seconds_count_from_the_beginning_of_the_read(gate: Gate) -> None:
    clock = Seconds()
    reads = shared(gate, 5, clock)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(reads.first, ["a"])
        assert gate.waiting.acquire(timeout=10)
        clock.now += 5
        gate.go_on.release()
        assert first.result() == 1
    assert reads.first_at_once(["a"]) is None


@pytest.mark.parametrize("open_again", ["dynamodb"], indirect=True)
def test_what_this_process_writes_counts_at_once(store: Store) -> None:
    watched = WatchedStore(store)
    reads = versions_in(StoreWrapper(watched), seconds=1_000)
    watched.write([Add(tenant("a"))])
    assert reads.first(["a"]) == 1
    # Behind the back of this process.
    store.write([Replace(tenant("a", version=2), 1)])
    assert reads.first(["a"]) == 1
    watched.write([Replace(tenant("a", version=3), 2)])
    assert reads.first(["a"]) == 3
    watched.write([Remove("a", 3)])
    assert reads.first(["a"]) == 0


def test_what_was_read_before_a_write_ended_is_not_kept(gate: Gate) -> None:
    reads = shared(gate, 1_000)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(reads.first, ["a"])
        assert gate.waiting.acquire(timeout=10)
        gate.version = 2
        reads.forget(["a"])
        gate.go_on.release()
        assert first.result() == 1
    assert reads.first_at_once(["a"]) is None
    gate.go_on.release()
    assert reads.first(["a"]) == 2
