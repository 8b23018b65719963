"""The metrics of a whole portal: `portal serve` with its workers, killed in the middle."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.prometheus_text import total
from tests.server.raw_client import Answer, ask, head, read
from tests.serving import PORTAL, ROOT, Portal, free_port, serving

VALIDATE = "/api/validate?accountId=1&companyId=2"


@pytest.fixture
def own_port() -> int:
    return free_port()


@pytest.fixture
def portal(tmp_path: Path, own_port: int) -> Iterator[Portal]:
    settings = {
        "PORTAL_METRICS": "log,prometheus",
        "PORTAL_METRICS_LISTEN": f"127.0.0.1:{own_port}",
        "PORTAL_NOT_FOUND_PER_MINUTE": "0",
    }
    with serving(tmp_path, "--workers", "2", settings=settings) as started:
        eventually(lambda: len(started.workers()) == 2)
        eventually(lambda: bool(started.mail_processes()))
        yield started


def test_an_own_port_shows_what_all_processes_count(portal: Portal, own_port: int) -> None:
    def shown() -> str:
        answer = ask(f"http://127.0.0.1:{own_port}", head("GET", "/metrics"))
        assert answer.status == 200
        return answer.body.decode()

    def shows(name: str, value: float, **labels: str) -> Callable[[], bool]:
        return lambda: total(shown(), name, **labels) == value

    # Only there.
    assert ask(portal.url, head("GET", "/metrics")).status == 404
    for _ in range(40):
        assert ask(portal.url, head("GET", VALIDATE)).status == 200
        assert ask(portal.url, head("GET", "/sign-up")).status == 200
    eventually(shows("portal_requests_total", 40, route="/api/validate", status="200"))
    eventually(shows("portal_requests_total", 40, route="/sign-up"))
    eventually(lambda: "portal_queue_oldest_wait_seconds 0" in shown())
    assert total(shown(), "portal_process_deaths_total") == 0

    # Both workers die: what they had counted stays, and what they had read goes.
    before = portal.workers()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    eventually(shows("portal_process_deaths_total", 2, process="worker"))
    text = shown()
    assert total(text, "portal_requests_total", route="/api/validate") == 40
    folder = Path(environ_of(min(portal.mail_processes()))["PROMETHEUS_MULTIPROC_DIR"])
    assert not [pid for pid in before if list(folder.glob(f"gauge_*_{pid}.db"))]
    # Soon the next one reads again.
    eventually(lambda: len(portal.workers() - before) == 2)
    eventually(lambda: "portal_queue_oldest_wait_seconds 0" in shown())

    os.kill(min(portal.mail_processes()), signal.SIGKILL)
    eventually(shows("portal_process_deaths_total", 1, process="mail"))
    eventually(lambda: ask(portal.url, head("GET", "/sign-up")).status == 200)
    # A worker that ends in order has logged its figures for CloudWatch.
    portal.process.terminate()
    portal.process.wait(30)
    assert '"portal_requests_total"' in portal.log.read_text()
    assert not folder.exists()


def test_a_port_that_is_taken_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        done = subprocess.run(
            [*PORTAL, "serve", "--port", str(free_port())],
            env={
                "PATH": os.environ["PATH"],
                "PORTAL_DATA_DIR": str(tmp_path / "data"),
                "PORTAL_METRICS": "prometheus",
                "PORTAL_METRICS_LISTEN": address,
            },
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == (
        f"Error: PORTAL_METRICS_LISTEN: Cannot listen on {address}: Address already in use."
        " Stop the program that uses it, or set another address.\n"
    )
    assert not (tmp_path / "data").exists()


def test_a_unix_socket_goes_with_the_portal(tmp_path: Path) -> None:
    path = tmp_path / "metrics.sock"
    settings = {"PORTAL_METRICS": "prometheus", "PORTAL_METRICS_LISTEN": f"unix:{path}"}
    with serving(tmp_path, "--no-outbox", settings=settings):
        assert over(path, head("GET", "/health/live")).json() == {"status": "ok"}
        assert b"portal_process_deaths_total" in over(path, head("GET", "/metrics")).body
    assert not path.exists()


def over(path: Path, request: bytes) -> Answer:
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(30)
        line.connect(str(path))
        line.sendall(request)
        return read(line)


def environ_of(pid: int) -> dict[str, str]:
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


def eventually(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
