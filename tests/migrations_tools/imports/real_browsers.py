"""Browsers that are installed: a page in a frame of another site fills its storage, and the browser
is closed."""

import json
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FIREFOX = shutil.which("firefox-esr")
#: Seconds. A browser starts slowly beside other tests.
PATIENCE = 120

_MARIONETTE = "Listening on port "


class Sites:
    """The shell, and in a frame of it the old application under another address: for a browser
    `127.0.0.1` and `localhost` are two sites.

    script: fills the storage of the old application.
    """

    def __init__(self, script: str) -> None:
        self.filled = threading.Event()
        sites = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(200, sites.page(self.path))

            def do_POST(self) -> None:
                self._answer(200, "")
                sites.filled.set()

            def log_message(self, *_: object) -> None:
                pass

            def _answer(self, status: int, text: str) -> None:
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._script = script
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.shell = f"http://127.0.0.1:{self._server.server_port}"
        self.app = f"http://localhost:{self._server.server_port}"

    def page(self, path: str) -> str:
        if path == "/shell":
            return f'<title>Shell</title><iframe src="{self.app}/app"></iframe>'
        if path == "/app":
            return f'<script>{self._script}; fetch("/filled", {{method: "POST"}})</script>'
        return ""

    def __enter__(self) -> "Sites":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self) -> None:
        assert self.filled.wait(PATIENCE), "the page in the frame was not run"


@contextmanager
def chromium(profile: Path, address: str) -> Iterator[None]:
    """Runs until the end of the block, and then writes what it has in memory.

    Playwright is not used: it turns off that storages are partitioned.
    """
    assert CHROMIUM
    process = subprocess.Popen(
        [
            CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={profile}", address,
        ],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with process, _closed(process, lambda: process.send_signal(signal.SIGTERM)):
        yield


@contextmanager
def firefox(profile: Path, address: str) -> Iterator[None]:
    """Runs until the end of the block, and then writes what it has in memory. A signal would end
    it at once, so it is asked by Marionette."""
    assert FIREFOX
    profile.mkdir()
    preferences = {"marionette.port": 0, "datareporting.policy.dataSubmissionEnabled": False}
    (profile / "user.js").write_text(
        "".join(f'user_pref("{name}", {json.dumps(value)});\n'
                for name, value in preferences.items())
    )  # fmt: skip
    with subprocess.Popen(
        [FIREFOX, "--headless", "--no-remote", "-marionette", "--profile", profile, address],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        line = next(line for line in process.stdout if _MARIONETTE in line)
        # Nobody reads the rest, and it must not fill the pipe.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        with _closed(process, lambda: _quit(int(line.rpartition(_MARIONETTE)[2]))):
            yield


@contextmanager
def _closed(process: "subprocess.Popen[Any]", close: Callable[[], object]) -> Iterator[None]:
    try:
        yield
        close()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()


def _quit(port: int) -> None:
    """Messages of Marionette are JSON behind their length."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        file = connection.makefile("rwb")

        def read() -> Any:
            length = b""
            while (byte := file.read(1)) not in (b":", b""):
                length += byte
            return json.loads(file.read(int(length)))

        def call(number: int, command: str, arguments: dict[str, Any]) -> None:
            message = json.dumps([0, number, command, arguments])
            file.write(f"{len(message)}:{message}".encode())
            file.flush()
            answer = read()
            assert answer[2] is None, answer

        read()
        call(1, "WebDriver:NewSession", {})
        call(2, "Marionette:Quit", {"flags": ["eAttemptQuit"]})
