"""Sends requests with wrk, and measures what the server under load spends. Loopback only."""

import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.serving import ROOT, free_port

#: Connections of a run. With more, only queues grow.
CONNECTIONS = 16
_TICKS = os.sysconf("SC_CLK_TCK")
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


class NoWrkError(Exception):
    """wrk is not installed."""


@dataclass(frozen=True)
class Server:
    """A server that is measured. `url` has no slash at the end."""

    url: str
    pid: int


@dataclass(frozen=True)
class Run:
    """What a run of some seconds did."""

    per_second: float
    p99_seconds: float
    cpu_seconds: float
    """Of the server, for each request."""
    refused: int
    """Answers with another status than 2xx."""


@contextmanager
def started(
    command: Sequence[str], settings: Mapping[str, str], *, port: int = 0, path: str = "/"
) -> Iterator[Server]:
    """Start a server, wait until it answers, and stop it in the end.

    Args:
        command: Each `{port}` in it stands for the port.
    """
    port = port or free_port()
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [part.replace("{port}", str(port)) for part in command],
            env={**inherited, **settings},
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
        server = Server(f"http://127.0.0.1:{port}", process.pid)
        try:
            _wait_until_it_answers(server.url + path, process)
            yield server
        finally:
            process.kill()
            process.wait()


def _wait_until_it_answers(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=10).close()  # noqa: S310 - http
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"{process.args!r} did not start")


@dataclass(frozen=True)
class Answers:
    """What wrk counted in a run of some seconds."""

    requests: int
    per_second: float
    p99_seconds: float
    refused: int
    """Answers with another status than 2xx."""


def send(
    server: Server,
    path: str,
    *,
    seconds: float = 2,
    script: str = "",
    connections: int = CONNECTIONS,
) -> Run:
    """Ask for `path` as fast as the server answers, and measure what the server spends.

    Args:
        script: Lua for wrk: other requests, or pauses between them.

    Raises:
        NoWrkError: wrk is not installed.
    """
    before = cpu_seconds(server.pid)
    answers = ask_at_full_speed(
        server.url + path, seconds=seconds, script=script, connections=connections
    )
    spent = cpu_seconds(server.pid) - before
    return Run(
        per_second=answers.per_second,
        p99_seconds=answers.p99_seconds,
        cpu_seconds=spent / max(1, answers.requests),
        refused=answers.refused,
    )


def ask_at_full_speed(url: str, *, seconds: float, script: str, connections: int) -> Answers:
    """Have wrk ask for `url` as fast as it is answered.

    Raises:
        NoWrkError: wrk is not installed.
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        raise NoWrkError("wrk is not installed: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        command = [wrk, "--latency", "-t1", f"-c{connections}", f"-d{seconds:g}s"]
        if script:
            file = Path(folder) / "script.lua"
            file.write_text(script, encoding="utf-8")
            command += ["-s", str(file)]
        done = subprocess.run(
            [*command, url], capture_output=True, text=True, check=True, timeout=seconds + 120
        )
    requests = re.search(r"(\d+) requests in", done.stdout)
    per_second = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    assert requests, done.stdout
    assert per_second, done.stdout
    assert p99, done.stdout
    return Answers(
        requests=int(requests[1]),
        per_second=float(per_second[1]),
        p99_seconds=float(p99[1]) * _UNITS[p99[2]],
        refused=int(refused[1]) if refused else 0,
    )


def at_rate(per_second: float, connections: int = 64) -> str:
    """Lua for wrk: pauses, so that about so many requests are sent in a second."""
    mean = connections / per_second * 1000
    return f"""
function delay()
  return math.floor({mean:.3f} * 2 * math.random() + 0.5)
end
"""


def cpu_seconds(pid: int) -> float:
    """What a process and its children have spent so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    own = (int(fields[11]) + int(fields[12])) / _TICKS
    return own + sum(cpu_seconds(int(child)) for child in children)
