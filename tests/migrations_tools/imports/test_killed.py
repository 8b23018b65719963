"""An import may be killed, or stopped by Ctrl-C, at any moment: what is in the store is complete,
and run again it writes the rest once."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import pytest

from portal.imports import list_jobs
from portal.imports.jobs.apply import ROWS_PER_COMMIT
from portal.stores.dynamodb import DynamoDbStore
from portal.stores.file import JsonFileStore
from tests.conftest import LONG
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.fault_proxy import Between, Cut, Trouble, between
from tests.imports.files import SECRET
from tests.migrations_tools.imports.killed_import import (
    Scene,
    environ_of,
    outcome,
    rows_written_of,
)

# ---- On the file store


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    data = tmp_path / "data"
    scene = Scene(tmp_path, environ_of(tmp_path), lambda: JsonFileStore(data), 200, 800)
    scene.set_up()
    return scene


def reading(scene: Scene, *arguments: str) -> "subprocess.Popen[bytes]":
    """A process that has read a part of the file and waits for the rest."""
    process = scene.start("-", *arguments, stdin=subprocess.PIPE)
    text = scene.export.read_bytes()
    assert process.stdin
    # A pipe holds 64 kB. So when more was written to it, the process has read some of it.
    process.stdin.write(text[: len(text) // 2])
    process.stdin.flush()
    return process


def planning(scene: Scene) -> "subprocess.Popen[bytes]":
    """A process that is saving its plan."""
    journal = scene.folder / "data" / "tenants.jsonl"
    size = journal.stat().st_size
    process = scene.start(str(scene.export))
    wait_for(process, lambda: journal.stat().st_size > size)
    return process


def applying(scene: Scene, rows: int) -> "subprocess.Popen[bytes]":
    """A process that is writing rows, when all processes together have written `rows`."""
    with scene.opened() as store:
        process = scene.start(str(scene.export))
        wait_for(process, lambda: sum(job.processed for job in list_jobs(store).jobs) >= rows)
    return process


def wait_for(process: "subprocess.Popen[bytes]", condition: Callable[[], bool]) -> None:
    """Waits until the condition holds or the process has ended."""
    deadline = time.monotonic() + 60
    while not condition() and process.poll() is None:
        assert time.monotonic() < deadline
        # There is no signal for it, so it is checked again and again.
        time.sleep(0.0005)


def test_killed_at_any_moment_the_store_is_complete_and_the_next_run_continues(
    scene: Scene,
) -> None:
    moments = 30 if LONG else 3
    thresholds = [scene.existing + 1 + scene.rows * n // moments for n in range(moments)]
    starts: list[Callable[[Scene], subprocess.Popen[bytes]]] = [
        reading, planning, *(partial(applying, rows=rows) for rows in thresholds),
    ]  # fmt: skip
    written = [0]
    for start in starts:
        process = start(scene)
        process.kill()
        status, _, errors = outcome(process)
        assert (status in (0, -signal.SIGKILL), errors) == (True, "")
        written.append(scene.rows_written())
        assert written == sorted(written)
    assert written[1] == 0
    # The process may end before it is killed, but not each time.
    assert any(0 < rows < scene.rows for rows in written)
    scene.assert_next_run_writes_the_rest_once()
    assert scene.run_to_the_end() == {"same": scene.rows}
    assert scene.rows_written() == scene.rows
    assert SECRET.encode() not in b"".join(
        file.read_bytes() for file in (scene.folder / "data").iterdir()
    )


def test_stop_signals_end_it_with_a_sentence(scene: Scene) -> None:
    for arguments, number, sentence in (
        ((), signal.SIGTERM, "No row is written. Run the command again."),
        (("--dry-run",), signal.SIGHUP, "Nothing was changed."),
    ):
        process = reading(scene, *arguments)
        process.send_signal(number)
        assert outcome(process) == (1, "", f"Error: Stopped. {sentence}\n")
        assert scene.rows_written() == 0
    process = applying(scene, scene.existing + 1)
    process.send_signal(signal.SIGINT)
    status, _, errors = outcome(process)
    rows = scene.rows_written()
    assert rows > 0
    # The process may have ended before the signal.
    assert (status, errors) == (0, "") or (
        (status, rows_written_of(errors)) == (1, (rows, scene.rows))
    )
    scene.assert_next_run_writes_the_rest_once()


# ---- On a table


@pytest.fixture
def proxy(engine: Engine) -> Iterator[Between]:
    with between(engine.url) as here:
        yield here


@pytest.fixture
def table_scene(engine: Engine, proxy: Between, tmp_path: Path) -> Scene:
    return scene_on_table(engine, proxy, tmp_path)


def scene_on_table(engine: Engine, proxy: Between, folder: Path) -> Scene:
    location = engine.new_table()
    environ = environ_of(
        folder,
        **CREDENTIALS,
        USE_DYNAMODB="true",
        TENANT_TABLE_NAME=location.table,
        AWS_REGION=REGION,
        AWS_ENDPOINT_URL_DYNAMODB=proxy.url,
    )
    scene = Scene(folder, environ, lambda: DynamoDbStore(location), 40, 160)
    scene.set_up()
    return scene


def stop_before(
    scene: Scene,
    proxy: Between,
    operation: str,
    number: int,
    stop_signal: signal.Signals = signal.SIGKILL,
) -> tuple[int, str, str]:
    """The outcome of an import that gets a signal before its call number `number` of `operation`,
    counted from 0, reaches the table."""
    earlier_calls = proxy.operations.count(operation)
    started: Future[subprocess.Popen[bytes]] = Future()

    def stop(current_operation: str, count: int) -> Trouble | None:
        if (current_operation, count) != (operation, earlier_calls + number):
            return None
        started.result().send_signal(stop_signal)
        return Cut()

    proxy.plan = stop
    started.set_result(scene.start(str(scene.export)))
    return outcome(started.result())


def test_on_a_table_it_is_stopped_before_a_call_and_the_next_run_continues(
    table_scene: Scene, proxy: Between
) -> None:
    new = table_scene.rows - table_scene.existing
    for operation, number, rows in (
        ("GetItem", 100, 0),  # in the middle of planning
        ("PutItem", 2, 0),  # the rows of the plan are stored, but no import with them yet
        ("TransactWriteItems", 2, ROWS_PER_COMMIT),
    ):
        killed = stop_before(table_scene, proxy, operation, number)
        assert killed == (-signal.SIGKILL, "", "")
        assert table_scene.rows_written() == rows
    # The plan, and two commits of the remaining new rows: Ctrl-C waits for the current write.
    status, output, errors = stop_before(table_scene, proxy, "TransactWriteItems", 2, signal.SIGINT)
    assert (status, output, rows_written_of(errors)) == (
        1,
        "",
        (new - ROWS_PER_COMMIT, table_scene.rows - ROWS_PER_COMMIT),
    )
    assert table_scene.rows_written() == new
    table_scene.assert_next_run_writes_the_rest_once()


@pytest.mark.long
@pytest.mark.parametrize("operation", ["PutItem", "TransactWriteItems"])
def test_on_a_table_it_is_killed_before_each_write(
    engine: Engine, proxy: Between, tmp_path: Path, operation: str
) -> None:
    for number in range(20):
        folder = tmp_path / str(number)
        folder.mkdir()
        scene = scene_on_table(engine, proxy, folder)
        status, _, _ = stop_before(scene, proxy, operation, number)
        if status == 0:
            break
        scene.assert_next_run_writes_the_rest_once()
    assert 3 < number < 19
