"""SIGHUP: new workers with the code that is on the disk now, and no request is lost."""

import os
import shutil
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from portal.serving import Limits
from tests.server.raw_client import ask, connect, head, is_closed, post, read
from tests.serving import ROOT, Portal, serving

SOON = 30


def eventually(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        # Other processes change what is asked for, and there is no event to wait for.
        time.sleep(0.02)


@contextmanager
def load(portal: Portal) -> Iterator[list[str]]:
    """Sends requests on connections that are kept and on new ones: what became of each."""
    outcomes: list[str] = []
    stop = threading.Event()

    def keep_asking() -> None:
        while not stop.is_set():
            with connect(portal.url) as line:
                closes = False
                while not closes and not stop.is_set():
                    try:
                        line.sendall(head("GET", "/"))
                        answer = read(line)
                    except (OSError, AssertionError) as error:
                        outcomes.append(repr(error))
                        break
                    outcomes.append(str(answer.status))
                    closes = answer.headers.get("connection") == "close"

    def post_anew() -> None:
        while not stop.is_set():
            try:
                answer = ask(portal.url, post("/", b"x", "Connection: close"))
            except (OSError, AssertionError) as error:
                outcomes.append(repr(error))
            else:
                outcomes.append(str(answer.status))

    clients = [threading.Thread(target=each) for each in (keep_asking, post_anew)]
    for client in clients:
        client.start()
    try:
        yield outcomes
    finally:
        stop.set()
        for client in clients:
            client.join(SOON)


def test_sighup_renews_all_workers_and_loses_no_request(tmp_path: Path) -> None:
    # A client that gets no turn on a busy machine may pause for longer than the usual half second,
    # and then ask on a connection that has just been closed.
    limits = {"drain_seconds": 3.0}
    with serving(tmp_path, "2", "small", limits=limits) as portal:
        eventually(lambda: len(portal.workers()) == 2)
        before = portal.workers()
        with load(portal) as outcomes:
            eventually(lambda: len(outcomes) > 50)
            portal.process.send_signal(signal.SIGHUP)
            eventually(lambda: "The workers are renewed. The" in portal.log.read_text())
            eventually(lambda: not before & portal.workers())
            count = len(outcomes)
            eventually(lambda: len(outcomes) > count + 50)
        assert len(portal.workers()) == 2
        assert set(outcomes) == {"200"}


def test_whoever_is_accepted_last_by_a_leaving_worker_is_answered(tmp_path: Path) -> None:
    """Its request comes a little later, as one does whose client gets no turn."""
    limits = {"last_accepted_seconds": 5.0}
    with serving(tmp_path, "1", "small", limits=limits) as portal, ExitStack() as lines:
        before = portal.workers()
        portal.process.send_signal(signal.SIGHUP)
        waiting: deque[tuple[float, socket.socket]] = deque()
        statuses: list[int] = []
        while waiting or before & portal.workers():
            now = time.monotonic()
            if before & portal.workers() and len(waiting) < 100:
                waiting.append((now, lines.enter_context(connect(portal.url))))
            else:
                time.sleep(0.01)
            if waiting and now - waiting[0][0] > 0.5:
                _, line = waiting.popleft()
                line.sendall(head("GET", "/process"))
                statuses.append(read(line).status)
        assert len(statuses) > 50
        assert set(statuses) == {200}


def test_an_earlier_worker_finishes_what_it_answers(tmp_path: Path) -> None:
    hold = tmp_path / "hold"
    os.mkfifo(hold)
    with (
        serving(tmp_path, "1", "small", settings={"HOLD": str(hold)}, limits={}) as portal,
        connect(portal.url) as line,
    ):
        (before,) = portal.workers()
        line.sendall(head("GET", "/hold"))
        with hold.open("wb"):
            portal.process.send_signal(signal.SIGHUP)
            eventually(lambda: "The workers are renewed. The" in portal.log.read_text())
            eventually(lambda: ask(portal.url, head("GET", "/process")).body != b"%d" % before)
            assert before in portal.workers()
        assert read(line).status == 200
        eventually(lambda: before not in portal.workers())


def test_if_the_new_code_cannot_be_loaded_the_workers_go_on(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    settings = {"BROKEN": str(broken)}
    with serving(tmp_path, "2", "update", settings=settings, limits={}) as portal:
        answered: set[bytes] = set()

        def both_answer() -> bool:
            # A worker that still loads would meet what is broken, too.
            answered.add(ask(portal.url, head("GET", "/process")).body)
            return len(answered) == 2

        eventually(both_answer)
        before = portal.workers()
        broken.touch()
        portal.process.send_signal(signal.SIGHUP)
        eventually(lambda: "So the workers are not renewed: 2 of 2" in portal.log.read_text())
        assert "could not load the portal" in portal.log.read_text()
        assert "a secret text" not in portal.log.read_text()
        assert portal.workers() == before
        assert ask(portal.url, head("GET", "/")).status == 200
        broken.unlink()
        portal.process.send_signal(signal.SIGHUP)
        eventually(lambda: not before & portal.workers() and len(portal.workers()) == 2)


def test_the_code_that_is_on_the_disk_now_is_loaded(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for folder in ("portal", "templates", "static"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    module = root / "portal" / "__init__.py"
    with serving(tmp_path, "--no-outbox", root=root) as portal:
        before = portal.workers()
        code = module.read_text()
        module.write_text(code.replace('"Store: %s"', '"The store after the update: %s"'))
        portal.process.send_signal(signal.SIGHUP)
        eventually(lambda: "The store after the update: JSON" in portal.log.read_text())
        eventually(lambda: not before & portal.workers())
        # A worker of this code does not even come as far as its first sign of life.
        module.write_text(f"this is no code\n{code}")
        after = portal.workers()
        portal.process.send_signal(signal.SIGHUP)
        eventually(lambda: "So the workers are not renewed: 1 of 1" in portal.log.read_text())
        assert portal.workers() == after
        assert ask(portal.url, head("GET", "/sign-up")).status == 200


def test_a_parent_of_another_version_may_know_other_limits() -> None:
    make, (numbers,) = Limits(threads=3).__reduce__()
    assert make({**numbers, "of_a_newer_version": 1}) == Limits(threads=3)
    del numbers["stop_seconds"]
    assert make(numbers) == Limits(threads=3)


def test_the_process_that_sends_mail_is_renewed_as_well(tmp_path: Path) -> None:
    with serving(tmp_path) as portal:
        eventually(lambda: bool(portal.mail_processes()))
        first, worker = portal.mail_processes(), portal.workers()
        portal.process.send_signal(signal.SIGHUP)
        eventually(lambda: not worker & portal.workers())
        eventually(lambda: bool(portal.mail_processes() - first))
        eventually(lambda: not first & portal.mail_processes())
        assert "The process for mail" not in portal.log.read_text()
        assert "Traceback" not in portal.log.read_text()


def test_a_service_manager_is_told(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(SOON)
        settings = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "3000000"}

        def told(wanted: bytes) -> bool:
            while (text := manager.recv(100)) != wanted:
                assert text == b"WATCHDOG=1"
            return True

        with serving(tmp_path, "1", "small", settings=settings, limits={}) as portal:
            assert told(b"READY=1")
            assert manager.recv(100) == b"WATCHDOG=1"
            portal.process.send_signal(signal.SIGHUP)
            assert told(b"RELOADING=1")
            assert told(b"READY=1")
            portal.process.terminate()
            assert told(b"STOPPING=1")
            assert portal.process.wait(SOON) == 0


def test_an_idle_connection_of_an_earlier_worker_is_closed(tmp_path: Path) -> None:
    with serving(tmp_path, "1", "small", limits={}) as portal, connect(portal.url) as idle:
        idle.sendall(head("GET", "/"))
        assert read(idle).status == 200
        portal.process.send_signal(signal.SIGHUP)
        assert is_closed(idle)
