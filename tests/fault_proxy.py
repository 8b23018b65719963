"""A proxy between the portal and its DynamoDB: records requests, and injects faults.

It also answers KMS's one operation that the portal uses.
"""

import base64
import http.client
import json
import re
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

#: AWS's header with the CRC-32 of the body.
_CHECKSUM = "x-amz-crc32"


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
    """Passes the engine's answer on, with this HTTP date, or with two of them."""

    date: str
    twice: bool = False


@dataclass(frozen=True)
class Late:
    """Passes the engine's answer on after this many seconds."""

    seconds: float


#: Status, headers and body.
Response = tuple[int, list[tuple[str, str]], bytes]


@dataclass(frozen=True)
class Rewritten:
    """Passes on what `rewrite` makes of the engine's answer, then closes the connection: the body
    may be shorter than its headers say."""

    rewrite: Callable[[int, list[tuple[str, str]], bytes], Response]


@dataclass(frozen=True)
class Spoil:
    """Sends something else in place of the engine's answer, after the engine has carried out the
    request: what a bad line, a proxy or a captive portal does.

    `change` gets the body and returns what arrives. Before, the proxy has added the checksum of
    the whole body, which AWS sends with every answer and this engine does not.
    """

    change: Callable[[bytes], bytes]
    #: The header Content-Length fits what arrives, so only the checksum or the content tells.
    fitting_length: bool = True
    checksum: bool = True
    status: int | None = None


def _other_digit(body: bytes) -> bytes:
    """The body with its last digit changed, which is still JSON."""
    return re.sub(rb"(\d)(?=\D*$)", lambda match: b"7" if match[1] != b"7" else b"8", body)


_WEB_PAGE = b"<!DOCTYPE html><title>Welcome to our network</title><p>Please sign in."

#: What may arrive in place of an answer.
SPOILED: Mapping[str, Spoil] = {
    "cut": Spoil(lambda body: body[: len(body) // 2], fitting_length=False, checksum=False),
    "shortened": Spoil(lambda body: body[: len(body) // 2]),
    "another digit": Spoil(_other_digit),
    "a web page": Spoil(lambda _body: _WEB_PAGE, checksum=False),
    "nothing": Spoil(lambda _body: b"", checksum=False),
    "an empty object": Spoil(lambda _body: b"{}", checksum=False),
}

Trouble = Refuse | Cut | Hang | Dated | Late | Rewritten | Spoil

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
        #: Who signed each request.
        self.access_keys: list[str] = []
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
            proxy.access_keys.append(_access_key(self.headers["Authorization"]))
            match proxy.trouble_with(operation, body):
                case Refuse() as refuse:
                    self.answer(*_refusal(refuse))
                case Cut(done) | Hang(done) as trouble:
                    if done:
                        _forwarded(proxy.target, self.headers.items(), body)
                    if isinstance(trouble, Hang):
                        proxy.closing.wait(30)
                    self.close_connection = True
                case Spoil() as spoil:
                    self.answer(*_spoiled(spoil, proxy.target, self.headers.items(), body))
                    # Otherwise the client waits for the rest of an answer that was cut.
                    self.close_connection = not spoil.fitting_length
                case Dated(date, twice):
                    status, headers, answer_body = _forwarded(
                        proxy.target, self.headers.items(), body
                    )
                    headers = [each for each in headers if each[0].lower() != "date"]
                    self.answer(status, [*headers, *[("Date", date)] * (1 + twice)], answer_body)
                case Late(seconds):
                    proxy.closing.wait(seconds)
                    self.forward(body)
                case Rewritten(rewrite):
                    self.answer(*rewrite(*_forwarded(proxy.target, self.headers.items(), body)))
                    self.close_connection = True
                case None:
                    self.forward(body)

        def forward(self, body: bytes) -> None:
            try:
                answer = _forwarded(proxy.target, self.headers.items(), body)
            except (OSError, http.client.HTTPException):
                # The engine was killed, so whoever asked it is cut off too.
                self.close_connection = True
            else:
                self.answer(*answer)

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


def _access_key(authorization: str) -> str:
    return authorization.partition("Credential=")[2].partition("/")[0]


def _refusal(refuse: Refuse) -> Response:
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


def _encrypted(body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    """KMS's answer to Encrypt; the engine knows only DynamoDB."""
    request = json.loads(body)
    answer = json.dumps({
        "CiphertextBlob": base64.b64encode(b"sealed " * 30).decode(),
        "KeyId": request["KeyId"],
        "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }).encode()  # fmt: skip
    headers = [
        ("Content-Type", "application/x-amz-json-1.1"),
        ("Content-Length", str(len(answer))),
    ]
    return 200, headers, answer


def _spoiled(
    spoil: Spoil, target: str, headers: list[tuple[str, str]], body: bytes
) -> tuple[int, list[tuple[str, str]], bytes]:
    status, answer_headers, whole = _forwarded(target, headers, body)
    arrives = spoil.change(whole)
    length = len(arrives) if spoil.fitting_length else max(len(whole), len(arrives) + 1)
    kept = [each for each in answer_headers if each[0].lower() not in ("content-length", _CHECKSUM)]
    kept.append(("Content-Length", str(length)))
    if not spoil.fitting_length:
        kept.append(("Connection", "close"))
    if spoil.checksum:
        kept.append((_CHECKSUM, str(zlib.crc32(whole))))
    return spoil.status or status, kept, arrives


def _forwarded(target: str, headers: list[tuple[str, str]], body: bytes) -> Response:
    if dict(headers).get("X-Amz-Target") == "TrentService.Encrypt":
        return _encrypted(body)
    connection = http.client.HTTPConnection(urlsplit(target).netloc, timeout=10)
    try:
        connection.request("POST", "/", body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    finally:
        connection.close()
