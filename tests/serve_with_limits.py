"""Runs a supervisor with other limits than `portal serve` has, and perhaps a small application.

`python -m tests.serve_with_limits PORT LIMITS [WORKERS [APPLICATION]]`: the limits are JSON. In
place of a port it takes the path of a Unix socket.
"""

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from portal import logs
from portal.cli.serving import listen, load_app
from portal.serving import Application, Limits, Supervisor, listen_unix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MEGABYTE = 1024 * 1024


def small(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
    """Answers what a test wants to see of the server."""
    match environ["PATH_INFO"]:
        case "/hold":
            # Until the test writes into this pipe.
            Path(os.environ["HOLD"]).read_bytes()
        case "/freeze":
            # One call of C, which lets no other thread of the process run.
            sum(range(10**15))
        case "/process":
            start("200 OK", [("Content-Type", "text/plain")])
            return [str(os.getpid()).encode()]
        case "/long":
            start("200 OK", [("Content-Type", "text/plain")])
            return (b"x" * MEGABYTE for _ in range(60))
        case "/broken":
            start("200 OK", [("Content-Type", "text/plain")])
            return (b"x" * (MEGABYTE // (3 - number)) for number in range(4))
        case "/log":
            logging.getLogger(__name__).warning("x" * 10_000)
        case "/environ":
            text = json.dumps({name: str(value) for name, value in environ.items()})
            start("200 OK", [("Content-Type", "application/json")])
            return [text.encode()]
    body = environ["wsgi.input"].read()
    waited = time.monotonic() - environ["portal.arrived"]
    start("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"length": len(body), "waited": waited}).encode()]


def _body_limit(environ: "WSGIEnvironment") -> int:
    """Called in the event loop, if the request may have a body."""
    if environ["PATH_INFO"] == "/deadlock":
        lock = threading.Lock()
        with lock, lock:
            pass
    return 0 if environ["PATH_INFO"] == "/no" else MEGABYTE


def load_small() -> Application:
    return Application(small, _body_limit)


def load_if_allowed() -> Application:
    """As `small`, unless the file BROKEN is there: an update that cannot be loaded."""
    if Path(os.environ["BROKEN"]).exists():
        raise RuntimeError("a secret text")
    return load_small()


def load_nothing() -> Application:
    raise RuntimeError("a secret text")


def load_slowly() -> Application:
    """As `small`, but only once the file HOLD is gone. One file beside it for each that loads."""
    hold = Path(os.environ["HOLD"])
    hold.with_name(f"loads-{os.getpid()}").touch()
    while hold.exists():
        time.sleep(0.02)
    return load_small()


LOADS = {
    "portal": load_app, "small": load_small, "update": load_if_allowed, "nothing": load_nothing,
    "slow": load_slowly,
}  # fmt: skip


def main() -> None:
    port, limits, workers, name = [*sys.argv[1:], *["1", "portal"][len(sys.argv) - 3 :]]
    logs.configure()
    opened = listen("127.0.0.1", int(port)) if port.isdigit() else listen_unix(Path(port), 0o600)
    with opened as listener, logs.written_in_background():
        supervisor = Supervisor(LOADS[name], listener, int(workers), Limits(**json.loads(limits)))
        loaded = supervisor.run()
    sys.exit(0 if loaded else 1)


if __name__ == "__main__":
    main()
