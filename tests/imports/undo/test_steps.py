"""Undoing an import can be interrupted at any moment and continued by anybody: each row goes back
once."""

import multiprocessing
import signal
import threading
import time
from pathlib import Path

import pytest

from portal.imports.jobs.apply import apply_step
from portal.imports.jobs.job import ImportJob, JobState, end_job, find_job
from portal.imports.undo.refusals import UndoRefusedError
from portal.imports.undo.steps import undo_step
from portal.sealing.sealing_store import SealingStore
from portal.stores.contract import (
    BusyError,
    Replace,
    UnavailableError,
)
from portal.stores.file.store import JsonFileStore
from tests.conftest import LONG
from tests.examples import Failing, Interrupted
from tests.imports.files import lines, tenant
from tests.imports.harness import ADMIN, ImportHarness, on_both_stores
from tests.imports.undo.undo_harness import (
    BOB,
    EXISTING,
    ROWS,
    import_over,
    outcomes,
    renamed,
    undo,
)

FORK = multiprocessing.get_context("fork")


@on_both_stores
def test_the_part_that_a_stopped_import_wrote_is_undone(harness):
    harness.run(lines(*(tenant(n) for n in range(4))))
    before = harness.tenants()
    plan = harness.plan(lines(*(renamed(n) for n in range(8))), policy="overwrite")
    apply_step(harness.store, plan.id, ADMIN, rows=6)
    stopped = end_job(harness.store, plan.id, ADMIN)
    assert (stopped.state, stopped.written) == (JobState.STOPPED, 6)
    assert outcomes(undo(harness, stopped)) == {"removed": 4, "back": 2}
    now = harness.tenants()
    assert now.keys() == before.keys()
    assert {now[key]["contactFullName"] for key in now} == {tenant()["contactFullName"]}


@pytest.mark.parametrize("too_late", [False, True])
def test_undoing_continues_after_any_failed_call(tmp_path, too_late):
    failing_call, is_done = 0, False
    while not is_done:
        folder = tmp_path / f"{too_late}-{failing_call}"
        store = JsonFileStore(folder / "data")
        harness = ImportHarness(store, folder)
        job = import_over(harness, existing=2, rows=4)
        failing = Failing(harness.store, failing_call, too_late=too_late)
        try:
            for _ in range(10):
                if job.undo and job.undo.is_over:
                    break
                job = undo_step(failing, job.id, BOB, rows=2)
        except UnavailableError:
            assert_each_row_is_there_or_undone(harness, find_job(store, job.id))
        is_done = not failing.failed
        job = undo(harness, find_job(store, job.id))
        assert outcomes(job) == {"back": 2, "removed": 2}
        assert_undone_once(harness, 2)
        store.close()
        failing_call += 1
    assert failing_call > 8


def assert_each_row_is_there_or_undone(harness: ImportHarness, job: ImportJob) -> None:
    processed = job.undo.processed if job.undo else 0
    events = [item for item in harness.events() if item["verb"] == "undo"]
    assert len(events) == processed


def assert_undone_once(harness: ImportHarness, existing: int) -> None:
    tenants = {key: item for key, item in harness.tenants().items() if key.startswith("86810_")}
    assert len(tenants) == existing
    assert {item["version"] for item in tenants.values()} <= {3}


def test_after_a_process_is_killed_another_continues(tmp_path):
    store = JsonFileStore(tmp_path / "data")
    harness = ImportHarness(store, tmp_path)
    job = import_over(harness)
    killed = 0
    for delay in [0.001 * n for n in range(1, 200 if LONG else 12)]:
        victim = FORK.Process(target=undo_slowly, args=(tmp_path / "data", harness.sealer, job.id))
        victim.start()
        time.sleep(0.02 + delay)
        victim.kill()
        victim.join()
        killed += victim.exitcode == -signal.SIGKILL
        assert_each_row_is_there_or_undone(harness, find_job(store, job.id))
    assert killed
    job = undo(harness, find_job(store, job.id))
    assert outcomes(job) == {"back": EXISTING, "removed": ROWS - EXISTING}
    assert_undone_once(harness, EXISTING)
    store.close()


def undo_slowly(folder: Path, sealer, import_id: str) -> None:
    store = SealingStore(JsonFileStore(folder), sealer)
    while not ((job := find_job(store, import_id)).undo and job.undo.is_over):
        undo_step(store, import_id, BOB, rows=1)


@on_both_stores
def test_two_who_undo_at_once_undo_each_row_once(harness):
    job = import_over(harness)
    barrier = threading.Barrier(2)
    problems: list[Exception] = []

    def operator() -> None:
        barrier.wait()
        while True:
            try:
                now = undo_step(harness.store, job.id, BOB, rows=5)
            except BusyError:
                continue
            except UndoRefusedError:
                return
            except Exception as error:  # noqa: BLE001 - a thread must say it
                problems.append(error)
                return
            if now.undo and now.undo.is_over:
                return

    operators = [threading.Thread(target=operator) for _ in range(2)]
    for thread in operators:
        thread.start()
    for thread in operators:
        thread.join()
    assert problems == []
    done = find_job(harness.store, job.id)
    assert outcomes(done) == {"back": EXISTING, "removed": ROWS - EXISTING}
    assert_undone_once(harness, EXISTING)
    assert len([item for item in harness.events() if item["verb"] == "undo"]) == ROWS


def test_a_decision_between_the_read_and_the_write_keeps_the_tenant(harness):
    job = import_over(harness, existing=1, rows=2)
    item = harness.raw_store.get("86810_1")
    decided = [Replace({**item, "contactFullName": "Lou", "version": 2}, 1)]
    # The first write begins the undoing.
    interrupted = Interrupted(harness.store, lambda: None, lambda: harness.raw_store.write(decided))
    undone = undo(harness, job, interrupted)
    assert outcomes(undone) == {"back": 1, "changed": 1}
    assert harness.raw_store.get("86810_1")["contactFullName"] == "Lou"
