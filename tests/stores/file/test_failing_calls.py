"""The k-th system call fails, for every k: that one alone, or together with later ones."""

import errno
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from portal.stores.contract import Add, CorruptStoreError, UnavailableError
from portal.stores.file.store import JsonFileStore
from tests.stores.file.histories import History, state_of
from tests.stores.file.simulated_disk import PowerCutError, SimulatedDisk

FOLDER = Path("/simulated")


@pytest.fixture(autouse=True, params=["in memory"])
def table() -> None:
    """An index file cannot be on a simulated disk."""


NEW = Add({"tenantId": "new", "version": 1})


def work(disk: SimulatedDisk, history: History) -> None:
    """Commits of two processes, one of them during a compaction of the other."""
    first, second = (JsonFileStore(FOLDER, disk=disk) for _ in range(2))
    for number in range(8):
        history.write(first if number % 3 else second)
        try:
            if number == 4:
                # The other process writes while this one copies.
                disk.when_emptied = lambda: history.write(second)
                first.compact()
            history.look(second)
            history.look(first)
        except CorruptStoreError:
            raise
        except UnavailableError:
            # Calls may fail here. `History.look` has checked what the others show.
            continue


def calls_in_all() -> int:
    disk = SimulatedDisk()
    work(disk, History(Random(1)))
    return disk.calls


CALLS = calls_in_all()

KINDS: dict[str, Callable[[SimulatedDisk, int], None]] = {
    "EIO": lambda disk, k: disk.fail.update({k: errno.EIO}),
    "ENOSPC": lambda disk, k: disk.fail.update({k: errno.ENOSPC}),
    "done, and EIO": lambda disk, k: disk.fail_after.update({k: errno.EIO}),
    "and the next": lambda disk, k: disk.fail.update({k: errno.EIO, k + 1: errno.EIO}),
    "and the next but one": lambda disk, k: disk.fail.update({k: errno.EIO, k + 2: errno.EIO}),
    "and all later": lambda disk, k: setattr(disk, "fail_always_from", k),
}


@pytest.mark.parametrize("kind", KINDS)
def test_acknowledged_commits_survive_and_refused_ones_stay_away_whichever_call_fails(kind):
    for k in range(1, CALLS + 1):
        disk, history = SimulatedDisk(), History(Random(1))
        KINDS[kind](disk, k)
        work(disk, history)
        disk.fail, disk.fail_after, disk.fail_always_from = {}, {}, 0
        again = JsonFileStore(FOLDER, disk=disk)
        history.look(again)
        # The disk works again, and so does the store.
        assert history.write(again), (kind, k)
        history.look(JsonFileStore(FOLDER, disk=disk))
        # No refused commit comes back after a power cut.
        history.look(JsonFileStore(FOLDER, disk=disk.after_power_cut(Random(k))))


@pytest.mark.parametrize("kind", ["EIO", "done, and EIO"])
def test_a_refused_commit_does_not_come_back_after_a_power_cut(kind):
    for k in range(1, CALLS + 1):
        disk, history = SimulatedDisk(), History(Random(1))
        KINDS[kind](disk, k)
        store = JsonFileStore(FOLDER, disk=disk)
        while disk.calls < k and history.write(store):
            continue
        for seed in range(6):
            after = JsonFileStore(FOLDER, disk=disk.after_power_cut(Random(seed)))
            assert state_of(after) in (history.state, history.outcome_unknown), (k, seed)


def test_a_commit_of_a_killed_writer_is_shown_only_once_it_is_durable():
    shown = 0
    for k in range(1, 40):
        disk, history = SimulatedDisk(), History(Random(3))
        killed, survivor = (JsonFileStore(FOLDER, disk=disk) for _ in range(2))
        assert history.write(killed)
        before = history.state
        disk.cut_at = disk.calls + k
        with suppress(PowerCutError):
            history.write(killed)
        # Only the process ended; the machine has its power.
        disk.cut_at = 0
        survivor.check()
        history.look(survivor)
        shown += history.state != before
        history.outcome_unknown = None
        for seed in range(6):
            history.look(JsonFileStore(FOLDER, disk=disk.after_power_cut(Random(seed))))
    assert 0 < shown < 39


def fresh() -> tuple[SimulatedDisk, JsonFileStore, History]:
    disk, history = SimulatedDisk(), History(Random(2))
    store = JsonFileStore(FOLDER, disk=disk)
    assert history.write(store)
    return disk, store, history


def test_a_failed_sync_is_never_retried_on_the_same_file():
    disk, store, history = fresh()
    before = len(disk.trace)
    assert history.write(store)
    sync = disk.trace[before:].index("sync") + 1
    inode = disk.status(FOLDER / "tenants.jsonl").inode
    disk.fail[disk.calls + sync] = errno.EIO
    assert not history.write(store)
    # Reading still works, also in another process.
    history.look(store)
    history.look(JsonFileStore(FOLDER, disk=disk))
    assert disk.status(FOLDER / "tenants.jsonl").inode == inode
    other = JsonFileStore(FOLDER, disk=disk)
    assert history.write(other)
    assert disk.status(FOLDER / "tenants.jsonl").inode != inode
    history.look(store)


def test_a_failed_write_says_why_and_that_nothing_was_saved():
    disk, store, history = fresh()
    before = len(disk.trace)
    assert history.write(store)
    disk.fail[disk.calls + disk.trace[before:].index("write") + 1] = errno.ENOSPC
    with pytest.raises(UnavailableError) as caught:
        store.write([NEW])
    assert "full" in caught.value.reason
    assert "Nothing was saved" in caught.value.reason
    assert caught.value.remedy
    assert state_of(store) == history.state
    store.write([NEW])
