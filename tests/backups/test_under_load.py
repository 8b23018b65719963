"""Backups while several processes write and compact: each holds all that was acknowledged."""

import shutil
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path

from portal.backups import make_backup, restore_backup
from portal.stores import Add, Item
from portal.stores.file import JsonFileStore
from tests.backups.backed_up import state_of
from tests.conftest import START
from tests.processes import CLEAN

WRITERS, BACKUPS = 3, 8


def sign_up(by: int, number: int) -> list[Add]:
    """A sign-up and its event, in one write."""
    return [
        Add({"tenantId": f"{kind}-{by}-{number}", "version": 1, "gsi2pk": f"P{by}",
             "gsi2sk": f"{number:07}#{kind}", "text": "x" * 300})
        for kind in ("pending", "event")
    ]  # fmt: skip


def write(folder: Path, by: int, acknowledged: "Synchronized[int]", stop: Event) -> None:
    store = JsonFileStore(folder)
    number = 0
    while not stop.is_set():
        number += 1
        store.write([*sign_up(by, number)])
        acknowledged.value = number
        if number % 25 == 0:
            store.compact()
    store.close()


def holds(items: dict[str, Item], by: int) -> int:
    """How many sign-ups of this writer are there. Fails if one is half there, or one is missing."""
    numbers = {
        kind: sorted(
            int(key.rpartition("-")[2]) for key in items if key.startswith(f"{kind}-{by}-")
        )
        for kind in ("pending", "event")
    }
    assert numbers["pending"] == numbers["event"] == list(range(1, len(numbers["event"]) + 1))
    return len(numbers["event"])


def test_each_backup_holds_what_was_acknowledged_before_it_began(tmp_path: Path) -> None:
    data = tmp_path / "data"
    JsonFileStore(data).check()
    stop = CLEAN.Event()
    counts = [CLEAN.Value("q", 0) for _ in range(WRITERS)]
    writers = [
        CLEAN.Process(target=write, args=(data, by, count, stop)) for by, count in enumerate(counts)
    ]
    for each in writers:
        each.start()
    seqs = []
    try:
        for number in range(BACKUPS):
            wanted = sum(count.value for count in counts) + 20
            while sum(count.value for count in counts) < wanted:
                assert all(each.is_alive() for each in writers)
            before = [count.value for count in counts]
            backup = make_backup(data, tmp_path / f"{number}", with_keys=True, now=START)
            after = [count.value for count in counts]
            restore_backup(tmp_path / f"{number}", tmp_path / "restored")
            items = state_of(tmp_path / "restored")
            for by in range(WRITERS):
                # One more may be durable and not acknowledged yet.
                assert before[by] <= holds(items, by) <= after[by] + 1
            shutil.rmtree(tmp_path / "restored")
            seqs.append(backup.manifest.seq)
    finally:
        stop.set()
        for each in writers:
            each.join(60)
    assert [each.exitcode for each in writers] == [0] * WRITERS
    assert seqs == sorted(set(seqs))
    # They did compact meanwhile.
    assert b'"generation":1,' not in (data / "tenants.jsonl").read_bytes()[:200]
    assert state_of(data).keys() >= items.keys()
