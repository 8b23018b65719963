"""Lambda's Runtime API on this machine: hands events to the real awslambdaric, takes answers.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import http.server
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
SECONDS = 60
ANSWERS = "/2018-06-01/runtime/invocation/"


class _Api(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        #: (id, deadline in milliseconds since 1970, event)
        self.events: queue.Queue[tuple[str, int, Any]] = queue.Queue()
        #: (path, body)
        self.answers: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.was_asked = threading.Event()


class _Requests(http.server.BaseHTTPRequestHandler):
    server: _Api

    def do_GET(self) -> None:
        self.server.was_asked.set()
        call, deadline, event = self.server.events.get()
        body = json.dumps(event).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Lambda-Runtime-Aws-Request-Id", call)
        self.send_header("Lambda-Runtime-Deadline-Ms", str(deadline))
        self.send_header(
            "Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:a:b:function:portal"
        )
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.answers.put((self.path, json.loads(body)))

    def log_message(self, *_: object) -> None:
        """Nothing: the output is that of the function."""


@dataclass
class Function:
    """A function that runs. `log` is all of its standard output and standard error."""

    log: Path
    process: "subprocess.Popen[bytes]"
    _api: _Api
    _calls: int = field(default=0)

    def call(self, event: Any, seconds: float = 30) -> Any:
        """The answer to an event.

        Args:
            event: As AWS sends it.
            seconds: Until Lambda would end the call.
        """
        self._calls += 1
        call = self.id_of_call(self._calls)
        self._api.events.put((call, int((time.time() + seconds) * 1000), event))
        path, answer = self._answer()
        assert path == f"{ANSWERS}{call}/response", (path, answer, self.log.read_text())
        return answer

    def wait_until_started(self) -> None:
        """Until it asks for its first event."""
        assert self._api.was_asked.wait(SECONDS), self.log.read_text()

    def failure(self, event: Any) -> Any:
        """What the runtime reports of an event that the function fails at."""
        self._calls += 1
        call = self.id_of_call(self._calls)
        self._api.events.put((call, int((time.time() + 30) * 1000), event))
        path, answer = self._answer()
        assert path == f"{ANSWERS}{call}/error"
        return answer

    def start_error(self) -> Any:
        """What the runtime reports of a function that does not start."""
        path, answer = self._answer()
        assert path == "/2018-06-01/runtime/init/error"
        return answer

    def _answer(self) -> tuple[str, Any]:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            try:
                return self._api.answers.get(timeout=0.2)
            except queue.Empty:
                assert self.process.poll() is None, self.log.read_text()
        raise AssertionError(f"No answer came:\n{self.log.read_text()}")

    @staticmethod
    def id_of_call(number: int) -> str:
        """What Lambda calls the call of this number."""
        return f"8476a536-e9f4-11e8-9739-{number:012d}"

    def log_lines(self) -> list[dict[str, Any]]:
        """The lines of the log. Each of them has to be an object."""
        lines = [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]
        assert all(isinstance(line, dict) for line in lines)
        return lines


@contextmanager
def running(
    handler: str, folder: Path, environ: Mapping[str, str], *, output: int | None = None
) -> Iterator[Function]:
    """Run a handler under awslambdaric, with these variables alone.

    Args:
        output: Where it writes, instead of into `log`.
    """
    api = _Api()
    threading.Thread(target=api.serve_forever, daemon=True).start()
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", handler],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
                "AWS_LAMBDA_FUNCTION_NAME": "portal",
                "_HANDLER": handler,
                **environ,
            },
            stdout=file if output is None else output,
            stderr=file if output is None else output,
        )
    try:
        yield Function(log, process, api)
    finally:
        process.kill()
        process.wait()
        api.shutdown()
        api.server_close()
