"""Answers `/metrics` on an address of its own, in the process that starts the workers.

So whoever may reach the portal's port need not reach its figures. It answers `/health/live` as
well, and nothing else.
"""

import json
import logging
import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn

from portal.metrics_setting import MetricsAddress
from portal.setting_parsers import SettingsError

logger = logging.getLogger(__name__)

TEXT = "text/plain; version=0.0.4; charset=utf-8"
#: Until a client is cut off that sends no request, or does not read its answer.
_CLIENT_SECONDS = 10
#: Connections that wait to be accepted.
_BACKLOG = 128
#: At the same time. One more is cut off.
_MOST_CLIENTS = 8


class MetricsListener:
    """Has the address from the start on, and answers when it is told to.

    Raises:
        SettingsError: Another program has the address, or this machine has no such address.
    """

    def __init__(self, address: MetricsAddress) -> None:
        self._address = address
        try:
            self._socket = _bound(address)
        except OSError as error:
            raise SettingsError(
                "PORTAL_METRICS_LISTEN",
                f"Cannot listen on {address}: {error.strerror}."
                " Stop the program that uses it, or set another address.",
            ) from error

    @contextmanager
    def answering(self, to_text: Callable[[], str]) -> Iterator[None]:
        """Meanwhile it answers, in threads of its own.

        Args:
            to_text: All metrics in Prometheus's text format.
        """
        server = _Server(self._socket, to_text)
        thread = threading.Thread(target=server.serve_forever, name="metrics-port", daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()

    def close(self) -> None:
        self._socket.close()
        if self._address.path:
            with suppress(OSError):
                Path(self._address.path).unlink()


def _bound(address: MetricsAddress) -> socket.socket:
    if address.path:
        return _bound_to_path(Path(address.path))
    ((family, kind, _, _, where), *_others) = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    bound = socket.socket(family, kind)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(where)
        # Otherwise two programs could have the same address until one of them listens.
        bound.listen(_BACKLOG)
    except OSError:
        bound.close()
        raise
    return bound


def _bound_to_path(path: Path) -> socket.socket:
    """The socket that a portal left behind that was killed is replaced; no other file is."""
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with suppress(FileNotFoundError):
            if stat.S_ISSOCK(path.stat().st_mode) and not _is_answered(path):
                path.unlink()
        # Whoever may read what the portal writes may read its figures.
        before = os.umask(0o117)
        try:
            bound.bind(str(path))
        finally:
            os.umask(before)
        bound.listen(_BACKLOG)
    except OSError:
        bound.close()
        raise
    return bound


def _is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(1)
        try:
            line.connect(str(path))
        except ConnectionRefusedError:
            return False
        except OSError:
            return True
    return True


class _Server(ThreadingMixIn, TCPServer):
    daemon_threads = True
    # Whoever stops does not wait for a client that reads slowly.
    block_on_close = False

    def __init__(self, listening: socket.socket, to_text: Callable[[], str]) -> None:
        self.to_text = to_text
        self._clients = threading.Semaphore(_MOST_CLIENTS)
        super().__init__(("", 0), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening

    def process_request(self, request: object, client_address: object) -> None:
        if not self._clients.acquire(blocking=False):
            self.shutdown_request(request)  # type: ignore[arg-type] # a socket, as TCP servers have
            return
        super().process_request(request, client_address)  # type: ignore[arg-type] # as above

    def process_request_thread(self, request: object, client_address: object) -> None:
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type] # as above
        finally:
            self._clients.release()

    def handle_error(self, request: object, client_address: object) -> None:
        del request, client_address
        # Most often the client is gone.
        logger.info("An answer with metrics could not be sent.", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _CLIENT_SECONDS
    server_version = "portal"
    sys_version = ""
    # A unix socket has no Nagle algorithm to turn off.
    disable_nagle_algorithm = False

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            try:
                self._answer(200, TEXT, self.server.to_text())
            except (OSError, ValueError):
                logger.exception("The metrics could not be read.")
                self._answer(500, "text/plain; charset=utf-8", "The metrics cannot be read.\n")
        elif path == "/health/live":
            self._answer(200, "application/json", json.dumps({"status": "ok"}) + "\n")
        else:
            self._answer(404, "text/plain; charset=utf-8", "Here are /metrics and /health/live.\n")

    def do_HEAD(self) -> None:
        self.do_GET()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class refuses; it would answer with a page of HTML."""
        del message, explain
        self.close_connection = True
        # An unknown method: it knows none but those above.
        status = 405 if code == 501 else code
        self._answer(status, "text/plain; charset=utf-8", "Ask with GET.\n")

    def _answer(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        if status == 405:
            self.send_header("Allow", "GET, HEAD")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def address_string(self) -> str:
        # That of a unix socket is an empty text.
        return "client"

    def log_message(self, *_: object) -> None:
        """Nothing: each request would be a line."""
