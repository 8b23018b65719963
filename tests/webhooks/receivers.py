"""Receivers of webhooks on this machine: real servers, with TLS. And what tests do with
subscriptions."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

from portal.auth import Source
from portal.settings import Settings
from portal.stores import Store
from portal.timestamps import utc_now
from portal.webhooks import (
    TYPES,
    Seen,
    Subscription,
    WebhookSecrets,
    WebhookSender,
    add_subscription,
    new_subscription_id,
    read_book,
)
from tests.conftest import SECRET_KEY, START, Clock

ADMIN = Source(by="Ada Admin", who="staff-ada", address="127.0.0.1")
SECRETS = WebhookSecrets([SECRET_KEY])


@dataclass(frozen=True)
class Got:
    """A request that a receiver got."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def type(self) -> str:
        return str(self.json["type"])


@dataclass
class Receiver:
    """`status`, `headers`, `body`: what it answers. `until`: it waits for this before."""

    port: int
    ca_file: Path
    scheme: str = "https"
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    until: threading.Event | None = None
    got: list[Got] = field(default_factory=list)
    on_got: Callable[[Got], None] = lambda _got: None

    @property
    def address(self) -> str:
        return f"{self.scheme}://localhost:{self.port}/hooks?key=s3cret"

    def types(self) -> list[str]:
        return [each.type for each in self.got]


@contextmanager
def receiving(folder: Path, *, tls: bool = True) -> Iterator[Receiver]:
    authority = trustme.CA()
    ca_file = folder / "receivers.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)

    class Handler(BaseHTTPRequestHandler):
        def setup(self) -> None:
            if tls:
                self.request = context.wrap_socket(self.request, server_side=True)
            super().setup()

        def finish(self) -> None:
            with suppress(OSError):
                super().finish()
            self.request.close()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got = Got(self.path, {name.lower(): text for name, text in self.headers.items()}, body)
            receiver.got.append(got)
            receiver.on_got(got)
            if receiver.until:
                receiver.until.wait(30)
            self.send_response(receiver.status)
            for name, text in receiver.headers.items():
                self.send_header(name, text)
            if receiver.status != 204:
                self.send_header("Content-Length", str(len(receiver.body)))
            self.end_headers()
            self.wfile.write(receiver.body)

        def log_message(self, *_args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_args: Any) -> None:
            """A client that goes is no news."""

    server = Server(("127.0.0.1", 0), Handler)
    receiver = Receiver(server.server_port, ca_file, "https" if tls else "http")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        if receiver.until:
            receiver.until.set()
        server.shutdown()
        server.server_close()
        thread.join()


def settings_for(folder: Path, ca_file: Path | None, **more: str) -> Settings:
    """Settings with which this machine may be reached."""
    return Settings.from_environment(
        {
            "PORTAL_DATA_DIR": str(folder / "data"),
            "PORTAL_SECRET_KEY": SECRET_KEY,
            "PORTAL_WEBHOOK_PRIVATE_ADDRESSES": "127.0.0.0/8 ::1",
            "PORTAL_WEBHOOK_CA_FILE": str(ca_file) if ca_file else "",
            **more,
        }
    )


def subscribe(
    store: Store,
    address: str,
    *,
    types: tuple[str, ...] = TYPES,
    personal: bool = False,
    clock: Clock | None = None,
) -> Subscription:
    return add_subscription(
        store,
        SECRETS,
        subscription_id=new_subscription_id(),
        address=address,
        types=types,
        personal=personal,
        source=ADMIN,
        now=clock.now() if clock else START,
    )


def sender(
    store: Store, settings: Settings, clock: Clock | None = None, **more: Any
) -> WebhookSender:
    return WebhookSender(store, settings, SECRETS, clock.now if clock else utc_now, **more)


def seen(subscription: Subscription) -> Seen:
    return Seen(id=subscription.id, version=subscription.version)


def now_of(store: Store, subscription: Subscription) -> Subscription:
    """The subscription as it is now."""
    return read_book(store).find(subscription.id)
