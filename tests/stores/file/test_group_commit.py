"""Group commit: threads that wait during a commit share the next sync and its result."""

import errno
import threading
import time

from portal.stores.contract import Add, ItemExistsError, StoreError, UnavailableError
from portal.stores.file.disk import LocalDisk
from portal.stores.file.store import JsonFileStore
from tests.stores.file.opening import open_store

WRITERS = 6


class Gathering(LocalDisk):
    """With `gather`, the next sync lasts until all writers wait for the one after it."""

    def __init__(self) -> None:
        self.store: JsonFileStore | None = None
        self.syncs = 0
        self.gather = self.fail = False
        self.is_gathering = threading.Event()

    def sync(self, fd: int) -> None:
        self.syncs += 1
        if self.gather:
            self.gather = False
            self.is_gathering.set()
            assert self.store is not None
            while self.store._queue.pending < WRITERS:
                time.sleep(0)
        elif self.fail:
            self.fail = False
            raise OSError(errno.EIO, "simulated")
        super().sync(fd)


def gathered(folder, *, fail: bool) -> tuple[JsonFileStore, list[object], int]:
    """The answers to six writers in one batch; three add the same id, three an id of their own."""
    disk = Gathering()
    store = disk.store = open_store(folder, disk=disk)
    store.write([Add({"tenantId": "first"})])
    answers: list[object] = [None] * WRITERS

    def write(n: int) -> None:
        try:
            store.write([Add({"tenantId": "same" if n % 2 else f"own{n}", "by": n})])
        except StoreError as error:
            answers[n] = error

    disk.gather, disk.fail, disk.syncs = True, fail, 0
    leader = threading.Thread(target=lambda: store.write([Add({"tenantId": "leader"})]))
    leader.start()
    # Whoever comes before that is in the batch of the leader.
    assert disk.is_gathering.wait(60)
    writers = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
    for thread in writers:
        thread.start()
    for thread in (leader, *writers):
        thread.join()
    return store, answers, disk.syncs


def test_waiting_writers_share_one_sync_and_one_of_them_wins(folder):
    store, answers, syncs = gathered(folder, fail=False)
    assert syncs == 2
    assert [answers[n] for n in (0, 2, 4)] == [None] * 3
    winner = store.get("same")["by"]
    assert isinstance(winner, int)
    for n in (1, 3, 5):
        if n != winner:
            loser = answers[n]
            assert isinstance(loser, ItemExistsError)
            assert loser.item["by"] == winner
    assert answers[winner] is None
    again = open_store(folder)
    assert len(again.scan().items) == 2 + 3 + 1
    assert again.get("same")["by"] == winner


def test_if_the_shared_sync_fails_all_writers_fail(folder):
    store, answers, _ = gathered(folder, fail=True)
    assert {type(answer) for answer in answers} == {UnavailableError}
    for each in (store, open_store(folder)):
        assert {item["tenantId"] for item in each.scan().items} == {"first", "leader"}
    store.write([Add({"tenantId": "same", "by": 9})])
    assert open_store(folder).get("same")["by"] == 9
