"""Runs the old client (`client.mjs`) on Node and in Chromium, as pages of another origin."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Browser

FOLDER = Path(__file__).parent

#: What people see after a start or after sending the form: `page`, and the fields on it.
Seen = dict[str, Any]
#: What the shell of Field Service Management tells: accountId, account, companyId, company.
Shell = Mapping[str, str]


class Runner(Protocol):
    """Runs the client against one portal. `sent` has the method of each request of the last run."""

    sent: list[str]

    def start(self, shell: Shell) -> Seen:
        """Start the application."""

    def set_up(self, shell: Shell, typed: Mapping[str, object]) -> Seen:
        """Send the set-up form."""


class _Quiet(SimpleHTTPRequestHandler):
    """Serves the files of the client."""

    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}  # noqa: RUF012 - as the base class has it

    def log_message(self, *_arguments: object) -> None:
        """Nobody reads it."""


@contextmanager
def other_origin() -> Iterator[str]:
    """The origin of a server that has the client, and nothing of the portal."""
    handler = partial(_Quiet, directory=str(FOLDER))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@dataclass
class OnNode:
    """Each run is a process of its own."""

    base: str
    origin: str
    sent: list[str] = field(default_factory=list)

    def start(self, shell: Shell) -> Seen:
        return self._run(shell=dict(shell))

    def set_up(self, shell: Shell, typed: Mapping[str, object]) -> Seen:
        return self._run(shell=dict(shell), typed=dict(typed))

    def _run(self, **instruction: object) -> Seen:
        done = subprocess.run(
            ["node", "--no-warnings", str(FOLDER / "node.mjs")],
            input=json.dumps({"base": self.base, "origin": self.origin, **instruction}),
            env={"PATH": os.environ["PATH"]},
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        self.sent = told["sent"]
        seen: Seen = told["seen"]
        return seen


class InChromium:
    """A page of the other origin. Chromium keeps the permissions that the portal gave it."""

    def __init__(self, chromium: Browser, base: str, origin: str) -> None:
        self.base = base
        self.sent: list[str] = []
        self._context = chromium.new_context()
        self._page = self._context.new_page()
        # Playwright itself hides the requests for permission.
        network = self._context.new_cdp_session(self._page)
        network.on("Network.requestWillBeSent", self._note)
        network.send("Network.enable")
        self._page.goto(f"{origin}/page.html")
        self._page.wait_for_function("document.title === 'ready'")

    def start(self, shell: Shell) -> Seen:
        return self._run(shell=dict(shell))

    def set_up(self, shell: Shell, typed: Mapping[str, object]) -> Seen:
        return self._run(shell=dict(shell), typed=dict(typed))

    def _run(self, **instruction: object) -> Seen:
        self.sent = []
        seen: Seen = self._page.evaluate("given => run(given)", {"base": self.base, **instruction})
        return seen

    def _note(self, event: dict[str, Any]) -> None:
        self.sent.append(event["request"]["method"])

    def close(self) -> None:
        self._context.close()
