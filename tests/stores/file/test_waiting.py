"""Who waits for the file, for how long, and how many at the same time."""

import fcntl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from portal.stores.contract import Add, BusyError, StoreError, UnavailableError
from portal.stores.file.disk import LocalDisk
from portal.stores.file.writer_queue import MAX_WAITING, Commit, WriterQueue
from portal.stores.waiting.deadline import clear_deadline, set_deadline
from tests.stores.file.opening import open_store

#: Seconds. Far more than anything here takes, and less than any wait without a deadline.
SOON = 4.0


def item(tenant_id: str) -> dict[str, str | int | bool]:
    return {"tenantId": tenant_id, "version": 1}


@contextmanager
def lock_held_elsewhere(folder: Path) -> Iterator[None]:
    with (folder / "tenants.lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(autouse=True)
def _no_deadline_is_left() -> Iterator[None]:
    yield
    clear_deadline()


class Threads:
    """Calls in threads of their own, with their errors."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self.errors: list[BaseException] = []

    def start(self, call: Callable[[], object], *, seconds: float | None = None) -> None:
        def run() -> None:
            if seconds is not None:
                set_deadline(seconds=seconds)
            try:
                call()
            except StoreError as error:
                self.errors.append(error)

        self._threads.append(threading.Thread(target=run))
        self._threads[-1].start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0)


def error_of(call: Callable[[], object]) -> StoreError | None:
    try:
        call()
    except StoreError as error:
        return error
    return None


def test_a_write_waits_for_another_process_until_the_deadline_at_most(folder):
    store = open_store(folder)
    store.write([Add(item("a"))])
    with lock_held_elsewhere(folder):
        set_deadline(seconds=0.05)
        start = time.monotonic()
        with pytest.raises(BusyError):
            store.write([Add(item("b"))])
        assert time.monotonic() - start < SOON
        # Reading needs no lock.
        assert store.get("a") == item("a")
    clear_deadline()
    store.write([Add(item("b"))])


def test_all_that_wait_behind_a_lock_that_is_held_leave_at_their_deadline(folder):
    store = open_store(folder)
    store.write([Add(item("a"))])
    threads = Threads()
    with lock_held_elsewhere(folder):
        start = time.monotonic()
        for n in range(16):
            threads.start(partial(store.write, [Add(item(f"b{n}"))]), seconds=0.2)
        assert store.get("a") == item("a")
        threads.join()
        assert time.monotonic() - start < SOON
    assert [type(error) for error in threads.errors] == [BusyError] * 16
    # Nothing of what was refused is saved later.
    store.write([Add(item("c"))])
    assert [each["tenantId"] for each in open_store(folder).scan().items] == ["a", "c"]


def test_few_wait_behind_a_leader_that_gets_no_further():
    queue = WriterQueue(stalled_seconds=0.05)
    assert queue.try_to_lead()
    threads = Threads()
    for n in range(16):
        threads.start(partial(queue.lead_or_wait, Commit([Add(item(f"t{n}"))])))
    until(lambda: len(threads.errors) == 16 - MAX_WAITING)
    assert queue.waiting == queue.pending == MAX_WAITING
    assert {type(error) for error in threads.errors} == {BusyError}
    # Whoever comes now is refused at once.
    with pytest.raises(BusyError, match="Too many"):
        queue.lead_or_wait(Commit([Add(item("late"))]))
    queue.stop_leading(queue.take(), got_through=True)
    threads.join()
    assert len(threads.errors) == 16 - MAX_WAITING
    assert queue.waiting == queue.pending == 0


def test_any_number_waits_behind_a_leader_that_gets_on():
    queue = WriterQueue(stalled_seconds=60)
    assert queue.try_to_lead()
    threads = Threads()
    for n in range(40):
        threads.start(partial(queue.lead_or_wait, Commit([Add(item(f"t{n}"))])))
    until(lambda: queue.waiting == 40)
    queue.stop_leading(queue.take(), got_through=True)
    threads.join()
    assert not threads.errors


class Hanging(LocalDisk):
    """With `hang`, the next syncs last until `go_on`."""

    def __init__(self) -> None:
        self.hang = False
        self.is_syncing, self.go_on = threading.Event(), threading.Event()

    def sync(self, fd: int) -> None:
        if self.hang:
            self.is_syncing.set()
            assert self.go_on.wait(60)
        super().sync(fd)


def test_behind_a_disk_that_hangs_readers_and_health_are_answered_at_once(folder):
    disk, threads = Hanging(), Threads()
    store = open_store(folder, disk=disk)
    store.write([Add(item("a"))])
    disk.hang = True
    threads.start(lambda: store.write([Add(item("b"))]))
    assert disk.is_syncing.wait(60)
    start = time.monotonic()
    store.check()
    assert store.get("a") == item("a")
    assert time.monotonic() - start < SOON
    # Once the leader counts as stalled, the portal is not healthy.
    until(lambda: isinstance(error_of(store.check), BusyError))
    disk.go_on.set()
    threads.join()
    store.check()
    assert store.get("b") == item("b")


def test_a_commit_that_is_being_written_at_its_deadline_has_an_unknown_outcome(folder):
    disk, threads = Hanging(), Threads()
    store = open_store(folder, disk=disk)
    store.write([Add(item("a"))])
    disk.hang = True
    threads.start(lambda: store.write([Add(item("first"))]))
    assert disk.is_syncing.wait(60)
    # These two share the next sync. The one that leads waits for the disk itself.
    for n in range(2):
        threads.start(partial(store.write, [Add(item(f"next{n}"))]), seconds=1.0)
    until(lambda: store._queue.pending == 2)
    disk.is_syncing.clear()
    disk.go_on.set()
    disk.go_on = threading.Event()
    assert disk.is_syncing.wait(60)
    until(lambda: len(threads.errors) == 1)
    error = threads.errors[0]
    assert isinstance(error, UnavailableError)
    assert error.outcome_unknown
    disk.hang = False
    disk.go_on.set()
    threads.join()
    assert len(threads.errors) == 1
    # Here it was saved after all.
    assert len(open_store(folder).scan().items) == 4
