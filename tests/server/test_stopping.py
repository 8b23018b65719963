"""SIGTERM and Ctrl-C: what is being answered is finished, all else ends at once and is told so."""

import os
import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.server.raw_client import Answer, ask, connect, head, is_closed, post, read
from tests.serving import Portal, serving

SOON = 30


def eventually_refused(portal: Portal) -> None:
    deadline = time.monotonic() + SOON
    while time.monotonic() < deadline:
        try:
            connect(portal.url, 5).close()
        except ConnectionRefusedError:
            return
    raise AssertionError("it still takes connections")


@pytest.fixture
def hold(tmp_path: Path) -> Path:
    path = tmp_path / "hold"
    os.mkfifo(path)
    return path


def test_whoever_comes_while_it_stops_is_refused_and_does_not_wait_for_nothing(
    tmp_path: Path, hold: Path
) -> None:
    """The socket is closed while a request is still being answered: a proxy goes elsewhere."""
    with (
        serving(tmp_path, "2", "small", settings={"HOLD": str(hold)}, limits={}) as portal,
        connect(portal.url) as line,
    ):
        line.sendall(head("GET", "/hold"))
        with hold.open("wb"):
            portal.process.terminate()
            eventually_refused(portal)
            assert portal.process.poll() is None
        answer = read(line)
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert portal.process.wait(SOON) == 0


def test_a_connection_in_use_ends_with_an_answer_that_says_so(tmp_path: Path) -> None:
    with (
        serving(tmp_path, "1", "small", limits={"drain_seconds": 30}) as portal,
        connect(portal.url) as line,
    ):
        line.sendall(head("GET", "/"))
        assert "connection" not in read(line).headers
        portal.process.terminate()
        answers: list[Answer] = []
        while not answers or "connection" not in answers[-1].headers:
            line.sendall(head("GET", "/"))
            answers.append(read(line))
        assert {each.status for each in answers} == {200}
        assert is_closed(line)
        # A second signal waits for nothing.
        portal.process.terminate()
        assert portal.process.wait(SOON) == 0


def test_half_a_header_holds_nothing_up(tmp_path: Path) -> None:
    with (
        serving(tmp_path, "1", "small", limits={"stop_seconds": 60}) as portal,
        connect(portal.url) as line,
    ):
        line.sendall(head("GET", "/")[:-2])
        asked = time.monotonic()
        portal.process.terminate()
        assert portal.process.wait(SOON) == 0
        assert time.monotonic() - asked < 15
        assert is_closed(line)


def test_a_download_that_is_under_way_is_finished(tmp_path: Path) -> None:
    """The application has answered; the client has not got it yet."""
    with serving(tmp_path, "1", "small", limits={}) as portal, connect(portal.url) as line:
        line.sendall(head("GET", "/long"))
        start = line.recv(1000)
        portal.process.terminate()
        eventually_refused(portal)
        size = len(start)
        while more := line.recv(1 << 20):
            size += len(more)
        assert size > 60 * 1024 * 1024
        assert portal.process.wait(SOON) == 0


def test_what_is_not_finished_in_time_is_ended_and_said(tmp_path: Path, hold: Path) -> None:
    settings = {"HOLD": str(hold)}
    # Long enough for the worker that answers nothing, on a busy machine too.
    limits = {"drain_seconds": 0.1, "stop_seconds": 3.0}
    with (
        serving(tmp_path, "2", "small", settings=settings, limits=limits) as portal,
        connect(portal.url) as line,
    ):
        line.sendall(head("GET", "/hold"))
        with hold.open("wb"):
            portal.process.terminate()
            assert portal.process.wait(SOON) == 0
        log = portal.log.read_text()
        assert "1 of 2 workers were ended while they still answered requests." in log
        assert "Requests that are being answered get up to 3 seconds." in log


@pytest.mark.parametrize("workers", [1, 4])
def test_ctrl_c_waits_a_second_for_requests_and_not_at_all_for_a_second_ctrl_c(
    tmp_path: Path, hold: Path, workers: int
) -> None:
    settings, limits = {"HOLD": str(hold)}, {"interrupt_seconds": 60}
    with (
        serving(tmp_path, str(workers), "small", settings=settings, limits=limits) as portal,
        ExitStack() as stack,
    ):
        line, idle = (stack.enter_context(connect(portal.url)) for _ in range(2))
        idle.sendall(head("GET", "/"))
        assert read(idle).status == 200
        line.sendall(head("GET", "/hold"))
        with hold.open("wb"):
            os.killpg(portal.process.pid, signal.SIGINT)
            eventually_refused(portal)
            assert portal.process.poll() is None
            asked = time.monotonic()
            os.killpg(portal.process.pid, signal.SIGINT)
            assert portal.process.wait(SOON) == 0
            assert time.monotonic() - asked < 10


def test_none_is_lost_who_sends_while_it_stops(tmp_path: Path) -> None:
    """Each connection is either refused or answered, however close to the end it comes."""
    outcomes: list[str] = []
    with serving(tmp_path, "2", "small", limits={}) as portal:

        def send() -> None:
            while True:
                try:
                    answer = ask(portal.url, post("/", b"x", "Connection: close"), 20)
                except ConnectionRefusedError:
                    return
                except (OSError, AssertionError) as error:
                    outcomes.append(type(error).__name__)
                else:
                    outcomes.append(str(answer.status))

        clients = [threading.Thread(target=send) for _ in range(4)]
        for client in clients:
            client.start()
        while len(outcomes) < 200:
            threading.Event().wait(0.01)
        portal.process.terminate()
        for client in clients:
            client.join(SOON)
        assert portal.process.wait(SOON) == 0
    assert set(outcomes) == {"200"}
