"""Undoing may be killed, or stopped by Ctrl-C, at any moment: what is in the store is complete, and
run again it undoes the rest once."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from migrations_tools.imports.undoing import NEXT_STEP
from portal import records
from portal.imports import find_job, list_jobs
from portal.imports.jobs.apply import ROWS_PER_COMMIT
from portal.stores import Item
from portal.stores.dynamodb import DynamoDbStore
from portal.stores.file import JsonFileStore
from tests.conftest import LONG
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.examples import all_items
from tests.fault_proxy import Between, Cut, Trouble, between
from tests.imports.files import SECRET
from tests.migrations_tools.imports.killed_import import ROOT, Scene, environ_of, outcome

#: What undoing never puts back: each change sets it anew.
OF_THE_CHANGE = {
    "version", "undo", "decidedVerb", "decidedBy", "decidedAt", "decidedWho", "decidedMark",
}  # fmt: skip


class UndoScene:
    """A store with an import of all rows of the scene, and what was there before it."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        scene.set_up()
        self.before = self.tenants()
        assert sum(scene.run_to_the_end().values()) == scene.rows
        with scene.opened() as store:
            self.import_id = list_jobs(store).jobs[0].id

    def start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "migrations_tools", "undo-import", self.import_id, "--json"],
            env=self.scene.environ,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def tenants(self) -> dict[str, Item]:
        with self.scene.opened() as store:
            return {key: item for key, item in all_items(store).items() if records.is_tenant(item)}

    def rows_undone(self) -> int:
        """How many rows are undone. Checks that each is so completely, and the others not at
        all."""
        with self.scene.opened() as store:
            items = all_items(store)
            progress = find_job(store, self.import_id).undo
        undone = progress.processed if progress else 0
        events = {
            str(item["gsi2pk"]).removeprefix("EVENTS#")
            for key, item in items.items()
            if key.startswith("event-") and item["verb"] == "undo"
        }
        assert len(events) == undone
        for number in range(self.scene.rows):
            key = f"86810_{number}"
            is_undone = key in events
            item, before = items.get(key), self.before.get(key)
            if not is_undone:
                assert item
                assert item["contactFullName"] == "Kim"
            elif before is None:
                assert item is None
            else:
                assert item
                assert _without_change(item) == _without_change(before)
                assert item["version"] == int(before["version"]) + 2
        assert SECRET not in repr(items)
        return undone

    def assert_next_run_undoes_the_rest_once(self) -> None:
        status, output, errors = outcome(self.start())
        assert (status, errors) == (0, "")
        counts = json.loads(output)["counts"]
        existing = self.scene.existing
        assert (counts["back"], counts["removed"]) == (existing, self.scene.rows - existing)
        assert self.rows_undone() == self.scene.rows
        assert self.tenants().keys() == self.before.keys()


def _without_change(item: Item) -> Item:
    return {name: value for name, value in item.items() if name not in OF_THE_CHANGE}


# ---- On the file store


def test_killed_at_any_moment_the_store_is_complete_and_the_next_run_continues(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    undoing = UndoScene(
        Scene(tmp_path, environ_of(tmp_path), lambda: JsonFileStore(data), 200, 800)
    )
    moments = 30 if LONG else 3
    undone = [0]
    for threshold in [1 + 800 * n // moments for n in range(moments)]:
        process = undoing.start()
        with undoing.scene.opened() as store:
            deadline = time.monotonic() + 60
            while process.poll() is None:
                progress = find_job(store, undoing.import_id).undo
                if progress and progress.processed >= threshold:
                    break
                assert time.monotonic() < deadline
                # There is no signal for it, so it is checked again and again.
                time.sleep(0.0005)
        process.kill()
        status, _, _ = outcome(process)
        undone.append(undoing.rows_undone())
        assert undone == sorted(undone)
        if status != -signal.SIGKILL:
            break
    # The process may end before it is killed, but not each time.
    assert any(0 < rows < 800 for rows in undone)
    if undone[-1] < 800:
        undoing.assert_next_run_undoes_the_rest_once()


# ---- On a table


@pytest.fixture
def proxy(engine: Engine) -> Iterator[Between]:
    with between(engine.url) as here:
        yield here


def table_scene(engine: Engine, proxy: Between, folder: Path) -> UndoScene:
    location = engine.new_table()
    environ = environ_of(
        folder,
        **CREDENTIALS,
        USE_DYNAMODB="true",
        TENANT_TABLE_NAME=location.table,
        AWS_REGION=REGION,
        AWS_ENDPOINT_URL_DYNAMODB=proxy.url,
    )
    return UndoScene(Scene(folder, environ, lambda: DynamoDbStore(location), 40, 120))


def stop_before(
    undoing: UndoScene, proxy: Between, number: int, stop_signal: signal.Signals
) -> tuple[int, str, str]:
    """The outcome of an undoing that gets a signal before its write number `number`, counted from
    0, reaches the table."""
    operation = "TransactWriteItems"
    earlier_calls = proxy.operations.count(operation)
    started: Future[subprocess.Popen[bytes]] = Future()

    def stop(current_operation: str, count: int) -> Trouble | None:
        if (current_operation, count) != (operation, earlier_calls + number):
            return None
        started.result().send_signal(stop_signal)
        return Cut()

    proxy.plan = stop
    started.set_result(undoing.start())
    result = outcome(started.result())
    proxy.plan = lambda _operation, _count: None
    return result


def test_on_a_table_it_is_stopped_before_a_call_and_the_next_run_continues(
    engine: Engine, proxy: Between, tmp_path: Path
) -> None:
    undoing = table_scene(engine, proxy, tmp_path)
    assert stop_before(undoing, proxy, 0, signal.SIGKILL) == (-signal.SIGKILL, "", "")
    assert undoing.rows_undone() == 0
    assert stop_before(undoing, proxy, 1, signal.SIGKILL) == (-signal.SIGKILL, "", "")
    assert undoing.rows_undone() == ROWS_PER_COMMIT
    # Ctrl-C waits for the current write.
    status, output, errors = stop_before(undoing, proxy, 0, signal.SIGINT)
    match = re.fullmatch(rf"Error: Stopped\. (\d+) of 120 rows are undone\. {NEXT_STEP}\n", errors)
    assert match, errors
    assert (status, output, int(match[1])) == (1, "", undoing.rows_undone())
    assert ROWS_PER_COMMIT < undoing.rows_undone() < 120
    undoing.assert_next_run_undoes_the_rest_once()
