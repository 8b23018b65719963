"""Starts a portal in a separate process, as an operator does."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import SECRET_KEY

ROOT = Path(__file__).parent.parent
PORTAL = [sys.executable, "-m", "portal.cli"]


@dataclass(frozen=True)
class Portal:
    """A portal that answers requests. `url` has no slash at the end; `log` is its whole output."""

    url: str
    environ: dict[str, str]
    log: Path
    process: "subprocess.Popen[bytes]"

    def command(self, *arguments: str, seconds: float = 60) -> str:
        """The output of `portal <arguments>` with the same settings."""
        result = subprocess.run(
            [*PORTAL, *arguments],
            env=self.environ,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            timeout=seconds,
        )
        return result.stdout

    def staff_link(self, email: str, role: str, name: str) -> str:
        """The URL of a link that signs this person in once."""
        output = self.command("staff-link", email, "--role", role, "--name", name)
        return output.splitlines()[-1]

    def workers(self) -> set[int]:
        """The process ids of the workers that run now."""
        return self._children("spawn_main")

    def mail_processes(self) -> set[int]:
        """The process id of the process that sends mail, if it runs now."""
        return self._children("--until-stdin-ends")

    def _children(self, word: str) -> set[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return {int(child) for child in children.read_text().split() if word in _command(child)}

    def kill(self) -> None:
        """Kills all its processes at once, so that none can clean up: like a power failure."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=30)


def _command(process: str) -> str:
    """Its command line; empty if it has ended."""
    # One that ends while it is read cannot be read any more.
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process}/cmdline").read_text()
    return ""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serving(
    folder: Path,
    *arguments: str,
    port: int = 0,
    settings: Mapping[str, str] | None = None,
    limits: Mapping[str, float] | None = None,
    root: Path = ROOT,
    start_seconds: float = 60,
) -> Iterator[Portal]:
    """Runs `portal serve` with its data in `folder`. Without `port`, it uses a free port.

    Args:
        root: The folder with the package; another one for a copy that a test has changed.
        start_seconds: Until it has to answer.
        limits: Other limits of the server than `portal serve` has, see portal/serving/limits.py.
    """
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    # The rest of the environment is left out: it may have settings of the developer.
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environ = {
        **inherited,
        "PORTAL_BASE_URL": url,
        "PORTAL_DATA_DIR": str(folder / "data"),
        "PORTAL_SECRET_KEY": SECRET_KEY,
        "PORTAL_SIGN_UP_MIN_SECONDS": "0",
        "PORTAL_SIGN_UPS_PER_HOUR": "0",
        **(settings or {}),
    }
    command = [*PORTAL, "serve", "--port", str(port), *arguments]
    if limits is not None:
        script = ["-m", "tests.serve_with_limits"]
        command = [sys.executable, *script, str(port), json.dumps(limits), *arguments]
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environ,
            cwd=root,
            stdout=output,
            stderr=output,
            start_new_session=True,  # so that a test can kill it with its workers
        )
    try:
        path = arguments[arguments.index("--unix") + 1] if "--unix" in arguments else ""
        _wait_for_answer(url, path, process, log, start_seconds)
        yield Portal(url, environ, log, process)
    finally:
        # Only a test may have ended the process before this.
        expected = {0} if process.poll() is None else {0, -signal.SIGKILL}
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode in expected, log.read_text()


class _OverPath(http.client.HTTPConnection):
    """To a server that listens on a path."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


def ask_path(path: str, address: str) -> tuple[int, bytes]:
    """Status and body of a request over a Unix socket."""
    with closing(_OverPath(path)) as connection:
        connection.request("GET", address)
        answer = connection.getresponse()
        return answer.status, answer.read()


def _wait_for_answer(
    url: str, path: str, process: "subprocess.Popen[bytes]", log: Path, seconds: float
) -> None:
    # A parent gets no signal when the first worker listens, so it sends requests until one works.
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if path:
                status, _ = ask_path(path, "/health")
                assert status == 200, f"/health answered {status}:\n{log.read_text()}"
            else:
                urllib.request.urlopen(f"{url}/health", timeout=10).close()  # noqa: S310 - http
        except urllib.error.HTTPError as error:
            raise AssertionError(f"/health answered {error.code}:\n{log.read_text()}") from error
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"The portal did not start:\n{log.read_text()}")
