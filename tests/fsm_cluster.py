"""A cluster of Field Service Management on 127.0.0.1: its token endpoint, over TLS. And a proxy
that leads to it."""

import base64
import json
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from portal.fsm import FsmSetting
from portal.settings import Settings
from tests.mail_server import certificate

CLIENT_ID, CLIENT_SECRET = "0001-client", "s3cret-of-the-client"
TOKEN = "token-that-nobody-keeps"
#: As version 1 answers. Ids are numbers here.
V1 = {
    "access_token": TOKEN,
    "token_type": "bearer",
    "expires_in": 43_199,
    "scope": "global",
    "cluster_url": "https://eu.fsm.cloud.sap",
    "account": "Meyer Group",
    "account_id": 86810,
    "authorities": ["ADMIN"],
    "permission_group_id": 7,
    "companies": [
        {"id": 104347, "name": "Another", "description": "x"},
        {"id": 104348, "name": "Meyer Field Service", "description": "y"},
    ],
}
#: As version 2 answers a client: without ids.
V2 = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3_600}


@dataclass(frozen=True)
class Reply:
    """What the cluster answers. `raw`: instead of all that, these bytes; then it is silent until
    the client goes. `drips`: or sends a byte now and then."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    raw: bytes | None = None
    drips: bool = False


def json_reply(body: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(body).encode())


@dataclass(frozen=True)
class Asked:
    """A request that the cluster got."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def credentials(self) -> tuple[str, str]:
        kind, _, text = self.headers["Authorization"].partition(" ")
        assert kind == "Basic"
        client_id, _, secret = base64.b64decode(text).decode().partition(":")
        return client_id, secret


@dataclass
class Cluster:
    """`reply`: what it answers to whoever shows the right credentials, or to all if it is set
    with `to_all`."""

    port: int
    ca_file: Path
    reply: Reply = field(default_factory=lambda: json_reply(V1))
    to_all: bool = False
    asked: list[Asked] = field(default_factory=list)

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if self.to_all:
            return self.reply
        if (asked.method, asked.path) != ("POST", "/api/oauth2/v1/token"):
            return json_reply({"error": "not_found"}, 404)
        if asked.body != b"grant_type=client_credentials":
            return json_reply({"error": "unsupported_grant_type"}, 400)
        if asked.credentials != (CLIENT_ID, CLIENT_SECRET):
            return json_reply({"error": "invalid_client"}, 401)
        return self.reply

    def environ(self, **more: str) -> dict[str, str]:
        """Settings of a portal whose cluster `eu` is this one."""
        return {
            "PORTAL_FSM_CLUSTERS": f"eu=localhost:{self.port} us",
            "PORTAL_FSM_PRIVATE_ADDRESSES": "true",
            "PORTAL_FSM_CA_FILE": str(self.ca_file),
            **more,
        }

    def setting(self, **more: str) -> FsmSetting:
        return Settings.from_environment(self.environ(**more)).fsm


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    context, ca_file = certificate(folder)

    class Handler(BaseHTTPRequestHandler):
        def setup(self) -> None:
            # In the thread of this connection: a client that does not like the certificate ends it.
            self.request = context.wrap_socket(self.request, server_side=True)
            super().setup()

        def finish(self) -> None:
            super().finish()
            self.request.close()

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            reply = cluster.answer(Asked(self.command, self.path, dict(self.headers), body))
            if reply.raw is not None:
                self.wfile.write(reply.raw)
                # Readable: the client has gone.
                while reply.drips and not select.select([self.connection], [], [], 0.02)[0]:
                    self.wfile.write(b"x")
                self.rfile.read(1)
                return
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST  # noqa: N815 - the name that the library looks for

        def log_message(self, *_args: Any) -> None:
            pass

    with _serving(Handler) as server:
        cluster = Cluster(server.server_port, ca_file)
        yield cluster


@contextmanager
def running_proxy(port: int) -> Iterator[tuple[int, list[str]]]:
    """A proxy on the port that it yields first, through which every name leads to `port` of this
    machine. It also yields what it is asked for: the target, and the account of the client."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            account = self.headers.get("Proxy-Authorization", "").removeprefix("Basic ")
            asked.append(f"{self.path} {base64.b64decode(account).decode()}".strip())
            with socket.create_connection(("127.0.0.1", port)) as onward:
                self.send_response(200)
                self.end_headers()
                back = threading.Thread(target=_copied, args=(onward, self.connection))
                back.start()
                _copied(self.connection, onward)
                back.join()

        def log_message(self, *_args: Any) -> None:
            pass

    with _serving(Handler) as server:
        yield server.server_port, asked


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_args: Any) -> None:
        """A client that goes is no news."""


@contextmanager
def _serving(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[ThreadingHTTPServer]:
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _copied(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except (OSError, ssl.SSLError):
        # One of the two has gone, and the other notices it.
        for each in (source, target):
            each.close()
