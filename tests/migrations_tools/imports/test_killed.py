"""`python -m migrations_tools import` is killed, or stopped by Ctrl-C, at moments of its whole
life: what is in the store is whole, and run again it brings everything in once."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from portal import records
from portal.imports.jobs.apply import ROWS_PER_COMMIT
from portal.imports.jobs.job import JobState, list_jobs
from portal.stores.contract import Item, Store
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.file.store import JsonFileStore
from tests.conftest import LONG, SECRET_KEY
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.examples import all_items
from tests.fault_proxy import Between, Cut, Trouble, between
from tests.imports.importing import SECRET, Importer, lines, tenant

ROOT = Path(__file__).parent.parent.parent.parent
AGAIN = "Run it again: what is in the store shows as same."


@dataclass(frozen=True)
class Scene:
    """A store in which `there` of the tenants are already, and a file with `rows` of them, all
    under a new name."""

    folder: Path
    environ: dict[str, str]
    open: Callable[[], Store]
    there: int
    rows: int

    @property
    def export(self) -> Path:
        return self.folder / "export.jsonl"

    def begin(self) -> None:
        self.export.write_bytes(
            lines(*(tenant(number, contactFullName="Kim") for number in range(self.rows)))
        )
        with self.opened() as store:
            importer = Importer(store, self.folder / "data")
            done = importer.run(lines(*(tenant(number) for number in range(self.there))))
            assert (done.state, done.processed) == (JobState.DONE, self.there)

    @contextmanager
    def opened(self) -> Iterator[Store]:
        store = self.open()
        try:
            yield store
        finally:
            store.close()

    def start(self, *words: str, **streams: Any) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "migrations_tools", "import", *words]
        chosen = ["--policy", "overwrite", "--json"]
        return subprocess.Popen(
            [*command, *chosen],
            env=self.environ,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **streams,
        )

    def finished(self) -> dict[str, int]:
        """The counts of a run that nobody stops."""
        status, out, err = ended(self.start(str(self.export)))
        assert (status, err) == (0, "")
        told = json.loads(out)
        assert told["applied"] is True
        return {kind: number for kind, number in told["counts"].items() if number}

    def rows_in(self) -> int:
        """How many rows of the file are in the store, in which everything is whole and there
        once: a tenant with an event for each of its versions, by an import that knows of it."""
        with self.opened() as store:
            items = all_items(store)
            found = list_jobs(store, limit=1000).runs
        tenants = {key: item for key, item in items.items() if records.is_tenant(item)}
        events = Counter(
            str(item["gsi2pk"]) for key, item in items.items() if key.startswith("event-")
        )
        assert events == {
            records.events_partition(key): item["version"] for key, item in tenants.items()
        }
        assert all(self._is_whole(key, item) for key, item in tenants.items())
        assert {item["importId"] for item in tenants.values()} <= {run.id for run in found}
        done = sum(item["contactFullName"] == "Kim" for item in tenants.values())
        assert sum(run.processed for run in found) == self.there + done
        assert SECRET not in repr(items)
        return done

    def _is_whole(self, key: str, item: Item) -> bool:
        was_there = int(key.partition("_")[2]) < self.there
        renamed = item["contactFullName"] == "Kim"
        return (
            item["version"] == was_there + renamed
            and str(item["clientSecret"]).startswith("v1.loc.")
            and item["contactEmailAddress"] == "joerg.weiss@muster-haustechnik.example"
        )

    def assert_the_rest_comes_in_once(self) -> None:
        """What is in shows as same, and everything is in then."""
        done = self.rows_in()
        new = max(self.rows - self.there - done, 0)
        expected = {"new": new, "same": done, "update": self.rows - done - new}
        assert self.finished() == {kind: number for kind, number in expected.items() if number}
        assert self.rows_in() == self.rows


def environ_of(folder: Path, **more: str) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return inherited | {
        "PORTAL_DATA_DIR": str(folder / "data"),
        "PORTAL_SECRET_KEY": SECRET_KEY,
        **more,
    }


def ended(process: "subprocess.Popen[bytes]") -> tuple[int, str, str]:
    """Its exit status, what it printed, and of its errors all but a note about keys."""
    out, err = process.communicate(timeout=120)
    said = err.decode().splitlines(keepends=True)
    said = [line for line in said if not line.startswith("Client secrets are sealed with ")]
    return process.returncode, out.decode(), "".join(said)


def how_far(said: str) -> tuple[int, int]:
    """How many of the rows it says are written."""
    found = re.fullmatch(
        rf"Error: Stopped\. (\d+) of (\d+) rows are written\. Import import-\w{{26}}\. {AGAIN}\n",
        said,
    )
    assert found, said
    return int(found[1]), int(found[2])


# ---- On the file store


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    data = tmp_path / "data"
    scene = Scene(tmp_path, environ_of(tmp_path), lambda: JsonFileStore(data), 200, 800)
    scene.begin()
    return scene


def reads(scene: Scene, *words: str) -> "subprocess.Popen[bytes]":
    """One that has read some of the file, and waits for the rest."""
    process = scene.start("-", *words, stdin=subprocess.PIPE)
    text = scene.export.read_bytes()
    assert process.stdin
    # A pipe holds 64 kB, so when more has gone into it, some of it was read.
    process.stdin.write(text[: len(text) // 2])
    process.stdin.flush()
    return process


def plans(scene: Scene) -> "subprocess.Popen[bytes]":
    """One that saves its plan."""
    journal = scene.folder / "data" / "tenants.jsonl"
    before = journal.stat().st_size
    process = scene.start(str(scene.export))
    wait_for(process, lambda: journal.stat().st_size > before)
    return process


def applies(scene: Scene, rows: int) -> "subprocess.Popen[bytes]":
    """One that writes rows, when it and those before it have written so many."""
    with scene.opened() as store:
        process = scene.start(str(scene.export))
        wait_for(process, lambda: sum(run.processed for run in list_jobs(store).runs) >= rows)
    return process


def wait_for(process: "subprocess.Popen[bytes]", reached: Callable[[], bool]) -> None:
    """Until it has come so far, or has ended."""
    deadline = time.monotonic() + 60
    while not reached() and process.poll() is None:
        assert time.monotonic() < deadline
        # Nothing tells how far another process has come, so it is looked at.
        time.sleep(0.0005)


def test_killed_at_any_moment_it_leaves_what_is_whole_and_goes_on(scene: Scene) -> None:
    pieces = 30 if LONG else 3
    fingerprints = [scene.there + 1 + scene.rows * number // pieces for number in range(pieces)]
    moments = [reads, plans, *(partial(applies, rows=mark) for mark in fingerprints)]
    done = [0]
    for begun in moments:
        process = begun(scene)
        process.kill()
        status, _, err = ended(process)
        assert (status in (0, -signal.SIGKILL), err) == (True, "")
        done.append(scene.rows_in())
        assert done == sorted(done)
    assert done[1] == 0
    # It may be faster than who kills it, but not each time.
    assert any(0 < rows < scene.rows for rows in done)
    scene.assert_the_rest_comes_in_once()
    assert scene.finished() == {"same": scene.rows}
    assert scene.rows_in() == scene.rows
    assert SECRET.encode() not in b"".join(
        file.read_bytes() for file in (scene.folder / "data").iterdir()
    )


def test_ctrl_c_and_its_like_stop_it_with_a_sentence(scene: Scene) -> None:
    for words, by, told in (
        ((), signal.SIGTERM, "No row is written. Run it again."),
        (("--dry-run",), signal.SIGHUP, "Nothing was changed."),
    ):
        process = reads(scene, *words)
        process.send_signal(by)
        assert ended(process) == (1, "", f"Error: Stopped. {told}\n")
        assert scene.rows_in() == 0
    process = applies(scene, scene.there + 1)
    process.send_signal(signal.SIGINT)
    status, _, err = ended(process)
    rows = scene.rows_in()
    assert rows > 0
    # It may have been faster.
    assert (status, err) == (0, "") or (status, how_far(err)) == (1, (rows, scene.rows))
    scene.assert_the_rest_comes_in_once()


# ---- On a table


@pytest.fixture
def proxy(engine: Engine) -> Iterator[Between]:
    with between(engine.url) as here:
        yield here


@pytest.fixture
def table(engine: Engine, proxy: Between, tmp_path: Path) -> Scene:
    return scene_on(engine, proxy, tmp_path)


def scene_on(engine: Engine, proxy: Between, folder: Path) -> Scene:
    place = engine.new_table()
    environ = environ_of(
        folder,
        **CREDENTIALS,
        USE_DYNAMODB="true",
        TENANT_TABLE_NAME=place.table,
        AWS_REGION=REGION,
        AWS_ENDPOINT_URL_DYNAMODB=proxy.url,
    )
    scene = Scene(folder, environ, lambda: DynamoDbStore(place), 40, 160)
    scene.begin()
    return scene


def stopped_at(
    scene: Scene, proxy: Between, operation: str, number: int, by: signal.Signals = signal.SIGKILL
) -> tuple[int, str, str]:
    """Stopped before its call of this operation, counted from 0, reaches the table."""
    before = proxy.operations.count(operation)
    started: Future[subprocess.Popen[bytes]] = Future()

    def stop(asked: str, count: int) -> Trouble | None:
        if (asked, count) != (operation, before + number):
            return None
        started.result().send_signal(by)
        return Cut()

    proxy.plan = stop
    started.set_result(scene.start(str(scene.export)))
    return ended(started.result())


def test_on_a_table_it_is_stopped_before_a_call_and_goes_on(table: Scene, proxy: Between) -> None:
    new = table.rows - table.there
    for operation, number, rows in (
        ("GetItem", 100, 0),  # in the middle of the plan
        ("PutItem", 2, 0),  # the plan is there, but no import that names it
        ("TransactWriteItems", 2, ROWS_PER_COMMIT),
    ):
        killed = stopped_at(table, proxy, operation, number)
        assert killed == (-signal.SIGKILL, "", "")
        assert table.rows_in() == rows
    # Its plan, and two commits of the new ones that are left; this write is not left half-way.
    status, out, err = stopped_at(table, proxy, "TransactWriteItems", 2, signal.SIGINT)
    assert (status, out, how_far(err)) == (
        1,
        "",
        (new - ROWS_PER_COMMIT, table.rows - ROWS_PER_COMMIT),
    )
    assert table.rows_in() == new
    table.assert_the_rest_comes_in_once()


@pytest.mark.long
@pytest.mark.parametrize("operation", ["PutItem", "TransactWriteItems"])
def test_on_a_table_it_is_killed_before_each_write(
    engine: Engine, proxy: Between, tmp_path: Path, operation: str
) -> None:
    for number in range(20):
        folder = tmp_path / str(number)
        folder.mkdir()
        scene = scene_on(engine, proxy, folder)
        status, _, _ = stopped_at(scene, proxy, operation, number)
        if status == 0:
            break
        scene.assert_the_rest_comes_in_once()
    assert 3 < number < 19
