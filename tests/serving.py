"""Starts a portal in a separate process, as an operator does."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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

    def command(self, *arguments: str) -> str:
        """The output of `portal <arguments>` with the same settings."""
        result = subprocess.run(
            [*PORTAL, *arguments],
            env=self.environ,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return result.stdout

    def staff_link(self, email: str, role: str, name: str) -> str:
        """The URL of a link that signs this person in once."""
        output = self.command("staff-link", email, "--role", role, "--name", name)
        return output.splitlines()[-1]

    def kill(self) -> None:
        """Kills all its processes at once, so that none can clean up: like a power failure."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=30)


@contextmanager
def serving(
    folder: Path, *arguments: str, port: int = 0, settings: Mapping[str, str] | None = None
) -> Iterator[Portal]:
    """Runs `portal serve` with its data in `folder`. Without `port`, it uses a free port."""
    if not port:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    # The rest of the environment is left out: it may have settings of the developer.
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environ = {
        **inherited,
        "PORTAL_BASE_URL": url,
        "PORTAL_DATA_DIR": str(folder / "data"),
        "PORTAL_SECRET_KEY": SECRET_KEY,
        "PORTAL_SIGN_UP_MIN_SECONDS": "0",
        **(settings or {}),
    }
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*PORTAL, "serve", "--port", str(port), *arguments],
            env=environ,
            cwd=ROOT,
            stdout=output,
            stderr=output,
            start_new_session=True,  # so that a test can kill it with its workers
        )
    try:
        _wait_for_answer(url, process, log)
        yield Portal(url, environ, log, process)
    finally:
        # Only a test may have ended the process before this, with `kill`.
        expected = 0 if process.poll() is None else -signal.SIGKILL
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert process.returncode == expected, log.read_text()


def _wait_for_answer(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    # A parent gets no signal when the first worker listens, so it sends requests until one works.
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/health", timeout=10).close()  # noqa: S310 - http
        except urllib.error.HTTPError as error:
            raise AssertionError(f"/health answered {error.code}:\n{log.read_text()}") from error
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"The portal did not start:\n{log.read_text()}")
