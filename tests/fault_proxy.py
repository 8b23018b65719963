"""A proxy between the portal and its DynamoDB: records requests, and injects faults."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Refuse:
    """Answers with an error of AWS instead of forwarding the request."""

    code: str
    status: int = 400
    message: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """Closes the connection; with `done`, after the engine has carried out the request."""

    done: bool = False


@dataclass(frozen=True)
class Hang:
    """Never answers; with `done`, after the engine has carried out the request."""

    done: bool = False


@dataclass(frozen=True)
class Dated:
    """Passes the engine's answer on, with this HTTP date."""

    date: str


Trouble = Refuse | Cut | Hang | Dated

#: The fault for a call: by operation, and the number of the call of that operation from 0.
Plan = Callable[[str, int], Trouble | None]


def cancelled(*codes: str) -> Refuse:
    """A cancelled transaction, with the code of each of its changes (`None`: no failure)."""
    reasons = [{"Code": code, "Message": code} for code in codes]
    return Refuse(
        "TransactionCanceledException",
        message=f"Transaction cancelled [{', '.join(codes)}]",
        more={"CancellationReasons": reasons},
    )


def first(count: int, trouble: Trouble, *operations: str) -> Plan:
    """The first `count` calls fail: of each of these operations, or of every operation."""

    def plan(operation: str, number: int) -> Trouble | None:
        applies = not operations or operation in operations
        return trouble if applies and number < count else None

    return plan


def always(trouble: Trouble, *operations: str) -> Plan:
    return first(1_000_000, trouble, *operations)


class Between:
    """The recorded requests in their order, and the plan of the faults."""

    def __init__(self, url: str, target: str) -> None:
        self.url = url
        self.target = target
        self.plan: Plan = lambda _operation, _number: None
        self.operations: list[str] = []
        self.asked: list[dict[str, Any]] = []
        self.closing = threading.Event()
        self._lock = threading.Lock()

    def trouble_with(self, operation: str, body: bytes) -> Trouble | None:
        with self._lock:
            number = self.operations.count(operation)
            self.operations.append(operation)
            self.asked.append(json.loads(body))
            return self.plan(operation, number)

    @property
    def tokens(self) -> list[str]:
        """The tokens of the transactions."""
        name = "ClientRequestToken"
        return [asked[name] for asked in self.asked if name in asked]


@contextmanager
def between(target: str) -> Iterator[Between]:
    """Run a proxy in front of the engine at the address `target`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Otherwise Nagle's algorithm delays each small answer by 40 ms.
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            operation = self.headers["X-Amz-Target"].partition(".")[2]
            match proxy.trouble_with(operation, body):
                case Refuse() as refuse:
                    self.answer(*_refusal(refuse))
                case Cut(done) | Hang(done) as trouble:
                    if done:
                        _forwarded(proxy.target, self.headers.items(), body)
                    if isinstance(trouble, Hang):
                        proxy.closing.wait(30)
                    self.close_connection = True
                case Dated(date):
                    status, headers, answer_body = _forwarded(
                        proxy.target, self.headers.items(), body
                    )
                    headers = [each for each in headers if each[0].lower() != "date"]
                    self.answer(status, [*headers, ("Date", date)], answer_body)
                case None:
                    self.answer(*_forwarded(proxy.target, self.headers.items(), body))

        def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Tests need no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy = Between(f"http://127.0.0.1:{server.server_address[1]}", target)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield proxy
    finally:
        proxy.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _refusal(refuse: Refuse) -> tuple[int, list[tuple[str, str]], bytes]:
    body = json.dumps({
        "__type": f"com.amazonaws.dynamodb.v20120810#{refuse.code}",
        "message": refuse.message,
        **refuse.more,
    }).encode()  # fmt: skip
    headers = [
        ("Content-Type", "application/x-amz-json-1.0"),
        ("Content-Length", str(len(body))),
        ("x-amzn-RequestId", "REQUEST-OF-TEST"),
    ]
    return refuse.status, headers, body


def _forwarded(
    target: str, headers: list[tuple[str, str]], body: bytes
) -> tuple[int, list[tuple[str, str]], bytes]:
    connection = http.client.HTTPConnection(urlsplit(target).netloc, timeout=10)
    try:
        connection.request("POST", "/", body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    finally:
        connection.close()
