"""Answers `/metrics` on an address of its own, in the process that starts the workers.

So whoever may reach the portal's port need not reach its figures. It answers `/health/live` as
well, and nothing else.
"""

import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn

from portal.bounded_answers import bounded_reader
from portal.metrics_setting import MetricsAddress
from portal.setting_parsers import SettingsError
from portal.unix_sockets import UnixSocket

logger = logging.getLogger(__name__)

TEXT = "text/plain; version=0.0.4; charset=utf-8"
#: Until a client is cut off whose whole request is not there, and then one that does not read its
#: answer.
_CLIENT_SECONDS = 10
#: Of a request with its headers. Real ones have some hundreds.
_MAX_REQUEST_BYTES = 64 * 1024
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
        self._unix_socket: UnixSocket | None = None
        try:
            if address.path:
                # Whoever may read what the portal writes may read its figures.
                self._unix_socket = UnixSocket(Path(address.path), 0o660, _BACKLOG)
                self._socket = self._unix_socket.socket
            else:
                self._socket = _bound(address)
        except OSError as error:
            raise SettingsError(
                "PORTAL_METRICS_LISTEN",
                f"Cannot listen on {address}: {error.strerror}."
                " Stop the program that uses it, or set another address.",
            ) from error

    @contextmanager
    def answering(
        self, to_text: Callable[[], str], *, client_seconds: float = _CLIENT_SECONDS
    ) -> Iterator[None]:
        """Meanwhile it answers, in threads of its own.

        Args:
            to_text: All metrics in Prometheus's text format.
            client_seconds: A client is cut off whose whole request is not there after so long.
        """
        server = _Server(self._socket, to_text, client_seconds)
        thread = threading.Thread(target=server.serve_forever, name="metrics-port", daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()

    def close(self) -> None:
        self._socket.close()
        if self._unix_socket is not None:
            with suppress(OSError):
                self._unix_socket.close()


def _bound(address: MetricsAddress) -> socket.socket:
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


class _Server(ThreadingMixIn, TCPServer):
    daemon_threads = True
    # Whoever stops does not wait for a client that reads slowly.
    block_on_close = False

    def __init__(
        self, listening: socket.socket, to_text: Callable[[], str], client_seconds: float
    ) -> None:
        self.to_text, self.client_seconds = to_text, client_seconds
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
    server_version = "portal"
    sys_version = ""
    # A unix socket has no Nagle algorithm to turn off.
    disable_nagle_algorithm = False

    def setup(self) -> None:
        super().setup()
        # Otherwise a byte now and then would hold one of the few threads for ever.
        self.rfile.close()
        seconds = self.server.client_seconds
        self.rfile = bounded_reader(self.connection, seconds, _MAX_REQUEST_BYTES)

    def do_GET(self) -> None:
        # Reading may have left it less.
        self.connection.settimeout(self.server.client_seconds)
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
