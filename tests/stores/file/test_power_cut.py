"""The power fails during any call. Acknowledged commits are there afterwards."""

import os
from pathlib import Path
from random import Random

import pytest

from portal.stores.contract import CorruptStoreError, StoreError
from portal.stores.file.store import JsonFileStore
from tests.stores.file.histories import History
from tests.stores.file.simulated_disk import PowerCutError, SimulatedDisk

FOLDER = Path("/simulated")


@pytest.fixture(autouse=True, params=["in memory"])
def table() -> None:
    """An index file cannot be on a simulated disk."""


CUTS = 20_000 if os.environ.get("CRASH_LONG") else 500


def run(seed: float, disk: SimulatedDisk, history: History) -> None:
    """Two processes write, sometimes compact, and read, until the power fails."""
    stores = [JsonFileStore(FOLDER, disk=disk) for _ in range(2)]
    rng = Random(seed)
    while True:
        history.write(rng.choice(stores))
        if rng.random() < 0.1:
            if rng.random() < 0.5:
                # Somebody writes while it copies.
                disk.when_emptied = lambda: history.write(rng.choice(stores))
            rng.choice(stores).compact()
        if rng.random() < 0.3:
            history.look(rng.choice(stores))


def survive(seed: int, *, fails: bool = False, **without: bool) -> None:
    """Three power cuts in a row. `AssertionError` if a commit is lost or a refused one appears."""
    rng = Random(seed)
    disk = SimulatedDisk(**without)
    history = History(rng)
    for _ in range(3):
        disk.cut_at = disk.calls + rng.randint(1, rng.choice([40, 400]))
        disk.short_writes = rng.random() < 0.2
        if fails and rng.random() < 0.5:
            disk.fail = {disk.calls + rng.randint(20, 200): rng.choice([5, 28]) for _ in range(3)}
        try:
            while True:
                try:
                    run(rng.random(), disk, history)
                except CorruptStoreError:
                    raise
                except StoreError:
                    # A read met a failing call; the machine keeps running.
                    continue
        except PowerCutError:
            pass
        disk = disk.after_power_cut(rng)
        history.look(JsonFileStore(FOLDER, disk=disk))
        history.outcome_unknown = None


def test_acknowledged_commits_survive_power_cuts():
    for seed in range(CUTS // 3):
        survive(seed)


def test_acknowledged_commits_survive_power_cuts_among_failing_calls():
    for seed in range(CUTS // 6):
        survive(seed, fails=True)


@pytest.mark.parametrize("without", ["syncs", "folder_syncs"])
def test_the_simulation_notices_a_store_that_does_not_sync(without):
    lost = 0
    for seed in range(60):
        try:
            survive(seed, **{without: False})
        except (AssertionError, CorruptStoreError):
            lost += 1
    assert lost > 5
