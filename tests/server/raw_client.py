"""Sends any bytes to a server, and reads what it answers."""

import json
import socket
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def connect(url: str, seconds: float = 30) -> socket.socket:
    host, _, port = url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=seconds)


def head(method: str, path: str, *lines: str) -> bytes:
    """Of a request to this machine."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def post(path: str, body: bytes, *lines: str, kind: str = "text/plain") -> bytes:
    length = f"Content-Length: {len(body)}"
    return head("POST", path, length, f"Content-Type: {kind}", *lines) + body


def ask(url: str, request: bytes, seconds: float = 30) -> Answer:
    with connect(url, seconds) as line:
        line.sendall(request)
        return read(line)


def read(line: socket.socket) -> Answer:
    """One answer; the connection may stay open. The answer must have a length."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = line.recv(65536)
        assert more, f"The connection was closed after {received!r}"
        received += more
    start, _, body = received.partition(b"\r\n\r\n")
    first, *lines = start.decode().split("\r\n")
    headers = {}
    for each in lines:
        name, _, value = each.partition(":")
        headers[name.lower()] = value.strip()
    length = int(headers.get("content-length", "0"))
    while len(body) < length:
        more = line.recv(65536)
        assert more, f"The connection was closed after {len(body)} of {length} bytes"
        body += more
    return Answer(int(first.split()[1]), headers, body)


def is_closed(line: socket.socket) -> bool:
    """Waits until the server closes the connection, as long as the socket's time limit."""
    try:
        return line.recv(1) == b""
    except ConnectionResetError:
        return True
