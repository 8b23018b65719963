"""The parent of the workers: whatever happens to a worker, the portal goes on."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from portal.stores.file.store import JsonFileStore
from tests.conftest import SECRET_KEY
from tests.server.raw_client import ask, connect, head, is_closed, post, read
from tests.serving import ROOT, Portal, free_port, serving

SOON = 30
SIGN_UP = head("GET", "/sign-up")
#: Pauses and signs of life as everywhere, but shorter.
QUICK = {"beat_seconds": 0.1, "frozen_seconds": 5.0, "longest_pause_seconds": 0.5}

STUCK = {"beat_seconds": 0.1, "frozen_seconds": 2.0}


def eventually(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        # Other processes change what is asked for, and there is no event to wait for.
        time.sleep(0.02)


def kill_one(portal: Portal) -> int:
    worker = min(portal.workers())
    os.kill(worker, signal.SIGKILL)
    eventually(lambda: worker not in portal.workers())
    return worker


def loaded(portal: Portal) -> int:
    """How many workers have said by now that they loaded the store."""
    return portal.log.read_text().count("Store: ")


def test_a_worker_that_dies_again_and_again_is_always_started_again(tmp_path: Path) -> None:
    with serving(tmp_path, "1", limits=QUICK) as portal:
        for _ in range(4):
            kill_one(portal)
            # The socket stays open: this request waits for the next worker.
            assert ask(portal.url, SIGN_UP, SOON).status == 200
        assert portal.log.read_text().count("was ended by signal 9") == 4


def test_t39_two_deaths_within_seconds_end_neither_the_portal_nor_the_other_worker(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, "--workers", "2") as portal:
        eventually(lambda: len(portal.workers()) == 2)
        first, second = sorted(portal.workers())
        deaths: set[int] = set()
        for _ in range(2):
            (victim,) = portal.workers() - {second}
            os.kill(victim, signal.SIGKILL)
            assert ask(portal.url, SIGN_UP, SOON).status == 200
            deaths.add(victim)
            eventually(lambda: len(portal.workers() - deaths) == 2)
        assert second in portal.workers()
        assert first not in portal.workers()


def test_t39_a_worker_that_cannot_be_started_is_tried_again(tmp_path: Path) -> None:
    """The parent has no descriptor left, as it has no memory or no process left elsewhere."""
    with serving(tmp_path, "--workers", "2", "--no-outbox") as portal:
        eventually(lambda: len(portal.workers()) == 2)
        parent = portal.process.pid
        limits = resource.prlimit(parent, resource.RLIMIT_NOFILE)
        used = {int(each.name) for each in Path(f"/proc/{parent}/fd").iterdir()}
        lowest_free = next(number for number in range(len(used) + 1) if number not in used)
        resource.prlimit(parent, resource.RLIMIT_NOFILE, (lowest_free, limits[1]))
        kill_one(portal)
        eventually(lambda: "could not be started: Too many open files" in portal.log.read_text())
        assert ask(portal.url, head("GET", "/health")).status == 200
        resource.prlimit(parent, resource.RLIMIT_NOFILE, limits)
        eventually(lambda: len(portal.workers()) == 2)


def test_t39_a_frozen_worker_is_replaced(tmp_path: Path) -> None:
    with serving(tmp_path, "1", limits=QUICK) as portal:
        (frozen,) = portal.workers()
        os.kill(frozen, signal.SIGSTOP)
        eventually(lambda: ") T" in Path(f"/proc/{frozen}/stat").read_text())
        assert ask(portal.url, SIGN_UP, SOON).status == 200
        assert frozen not in portal.workers()
        assert "gave no sign of life" in portal.log.read_text()


def test_t39_a_worker_that_lets_no_thread_run_is_found_and_replaced(tmp_path: Path) -> None:
    with serving(tmp_path, "1", "small", limits=STUCK) as portal, connect(portal.url) as line:
        frozen = portal.workers()
        line.sendall(head("GET", "/freeze"))
        assert is_closed(line)
        assert ask(portal.url, head("GET", "/"), SOON).status == 200
        assert not frozen & portal.workers()
        assert "gave no sign of life" in portal.log.read_text()


def test_t39_a_deadlocked_event_loop_is_found_though_threads_go_on(tmp_path: Path) -> None:
    with serving(tmp_path, "1", "small", limits=STUCK) as portal, connect(portal.url) as line:
        deadlocked = portal.workers()
        line.sendall(post("/deadlock", b"x"))
        # Without a body, a request needs no event loop. This one tells whom it was answered by.
        answer = ask(portal.url, head("GET", "/process"), SOON)
        assert answer.body == str(min(deadlocked)).encode()
        assert is_closed(line)
        assert ask(portal.url, post("/", b"x"), SOON).status == 200
        assert not deadlocked & portal.workers()
        assert "gave no sign of life" in portal.log.read_text()


def test_t39_a_damaged_journal_ends_no_worker_that_serves(tmp_path: Path) -> None:
    JsonFileStore(tmp_path / "data").close()
    with serving(tmp_path, "2", limits=QUICK) as portal:
        eventually(lambda: loaded(portal) == 2)
        journal = tmp_path / "data" / "tenants.jsonl"
        whole = journal.read_bytes()
        survivor = max(portal.workers())
        journal.write_bytes(b"{damaged\n" + whole)
        kill_one(portal)
        eventually(lambda: portal.log.read_text().count("could not load the portal") >= 3)
        assert survivor in portal.workers()
        assert ask(portal.url, SIGN_UP, SOON).status == 200
        journal.write_bytes(whole)
        eventually(lambda: loaded(portal) == 3)
        assert survivor in portal.workers()


def test_without_any_worker_at_the_start_it_ends(tmp_path: Path) -> None:
    done = run_script(tmp_path, "2", "nothing")
    assert done.returncode == 1
    assert "could not load the portal" in done.stderr
    assert "a secret text" not in done.stderr


def run_script(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    port = str(free_port())
    return subprocess.run(
        [sys.executable, "-m", "tests.serve_with_limits", port, "{}", *arguments],
        cwd=ROOT,
        env={"PORTAL_DATA_DIR": str(folder), "PORTAL_SECRET_KEY": SECRET_KEY},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "2") as portal:
        eventually(lambda: len(portal.workers()) == 2)
        workers = portal.workers()
        portal.process.kill()
        portal.process.wait(30)
        eventually(lambda: not any(_is_alive(each) for each in workers))


def _is_alive(process: int) -> bool:
    try:
        return ") Z" not in Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False


# ---- Stopping


def test_sigterm_finishes_what_is_being_answered_and_waits_for_nobody_else(
    tmp_path: Path,
) -> None:
    hold = tmp_path / "hold"
    os.mkfifo(hold)
    with (
        serving(tmp_path, "2", "small", settings={"HOLD": str(hold)}, limits={}) as portal,
        ExitStack() as stack,
    ):
        line, half, idle, _silent = (stack.enter_context(connect(portal.url)) for _ in range(4))
        half.sendall(post("/", b"x" * 1000)[:-1])
        idle.sendall(head("GET", "/"))
        assert read(idle).status == 200
        line.sendall(head("GET", "/hold"))
        with hold.open("wb"):
            portal.process.terminate()
            assert read(half).status == 503
            assert idle.recv(1) == b""
            assert portal.process.poll() is None
        assert read(line).status == 200
        line.close()
        asked = time.monotonic()
        assert portal.process.wait(SOON) == 0
        # Not the eight seconds that slow requests get.
        assert time.monotonic() - asked < 6


def test_ctrl_c_ends_several_workers_at_once_and_says_so_in_a_line(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "3") as portal, connect(portal.url) as idle:
        eventually(lambda: loaded(portal) == 3)
        idle.sendall(SIGN_UP)
        assert read(idle).status == 200
        before = portal.log.read_text()
        # A terminal sends it to the whole group.
        asked = time.monotonic()
        os.killpg(portal.process.pid, signal.SIGINT)
        assert portal.process.wait(SOON) == 0
        assert time.monotonic() - asked < 6
        assert portal.log.read_text().removeprefix(before) == "Stopped.\n"


def test_ctrl_c_while_the_workers_start_leaves_no_traceback(tmp_path: Path) -> None:
    with serving(tmp_path, "4", limits={}) as portal:
        os.killpg(portal.process.pid, signal.SIGINT)
        assert portal.process.wait(SOON) == 0
        assert "Traceback" not in portal.log.read_text()


# ---- The log


def test_standard_error_that_nobody_reads_stops_nobody(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    port = str(free_port())
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.serve_with_limits", port, "{}", "1", "small"],
        cwd=ROOT,
        env={"PORTAL_DATA_DIR": str(tmp_path)},
        stderr=writer,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: _answers(url))
        # The pipe is full after seven of these.
        for _ in range(50):
            assert ask(url, head("GET", "/log"), SOON).status == 200
        process.terminate()
        assert process.wait(SOON) == 0
    finally:
        process.kill()
        process.wait(SOON)
        os.close(reader)
        os.close(writer)


def _answers(url: str) -> bool:
    try:
        return ask(url, head("GET", "/")).status == 200
    except ConnectionRefusedError:
        return False


def test_another_start_on_the_same_port_changes_nothing(tmp_path: Path) -> None:
    with serving(tmp_path) as portal:
        port = portal.url.rpartition(":")[2]
        done = subprocess.run(
            [sys.executable, "-m", "portal.cli", "serve", "--port", port],
            cwd=ROOT,
            env=portal.environ | {"PORTAL_DATA_DIR": str(tmp_path / "other")},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 1
        assert "make run PORT=" in done.stderr
        assert not (tmp_path / "other").exists()


def test_while_the_data_folder_is_away_nobody_makes_another_one(tmp_path: Path) -> None:
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    with serving(tmp_path) as portal:
        eventually(lambda: bool(portal.mail_processes()))
        before = portal.mail_processes()
        data.rename(elsewhere)
        os.kill(min(before), signal.SIGKILL)
        kill_one(portal)
        # A new worker knows nothing, and says so.
        assert ask(portal.url, head("GET", "/health"), SOON).status == 503
        eventually(lambda: bool(portal.mail_processes() - before))
        assert not data.exists()
        elsewhere.rename(data)
        eventually(lambda: ask(portal.url, head("GET", "/health"), SOON).status == 200)
