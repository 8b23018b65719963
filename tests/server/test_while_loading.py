"""What happens to a server whose workers still load the application."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import SECRET_KEY
from tests.server.eventually import eventually
from tests.server.raw_client import ask, head
from tests.serving import ROOT, free_port

SOON = 60
#: Whoever is asked to end waits so long for answers, and there are none.
LIMITS = {"stop_seconds": 300, "interrupt_seconds": 300}


class Server:
    def __init__(self, folder: Path) -> None:
        self.folder, self.hold, self.log = folder, folder / "hold", folder / "log"
        self.hold.touch()
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        environ = {
            "PORTAL_DATA_DIR": str(folder), "PORTAL_SECRET_KEY": SECRET_KEY, "HOLD": str(self.hold),
        }  # fmt: skip
        script = [sys.executable, "-m", "tests.serve_with_limits", str(port), json.dumps(LIMITS)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*script, "2", "slow"], env=environ, cwd=ROOT, stderr=log
            )

    def loading(self) -> set[int]:
        """The workers that began to load the application."""
        return {int(each.name.removeprefix("loads-")) for each in self.folder.glob("loads-*")}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path)
    try:
        eventually(lambda: len(started.loading()) == 2)
        yield started
    finally:
        started.hold.unlink(missing_ok=True)
        started.process.terminate()
        started.process.wait(SOON)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_nobody_waits_until_they_have_loaded_it(server: Server, number: signal.Signals) -> None:
    server.process.send_signal(number)
    assert server.process.wait(SOON) == 0
    assert "still answered requests" not in server.log.read_text()


def test_workers_that_are_killed_before_they_listen_are_started_again(server: Server) -> None:
    """Memory ran out, say. Only if none can load the application does the server end."""
    first = server.loading()
    for worker in first:
        os.kill(worker, signal.SIGKILL)
    eventually(lambda: len(server.loading() - first) == 2)
    server.hold.unlink()
    eventually(lambda: server.process.poll() is not None or _answers(server))
    assert server.process.poll() is None, server.log.read_text()


def _answers(server: Server) -> bool:
    try:
        return ask(server.url, head("GET", "/")).status == 200
    except OSError:
        return False
