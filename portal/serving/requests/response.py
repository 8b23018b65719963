"""Runs the application for one request, and sends what it answers."""

import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Protocol

from portal import logs

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

logger = logging.getLogger(__name__)

#: Where the application has put the id of a request into its environment.
REQUEST_ID = "portal.request_id"

#: A longer answer waits for its client in a temporary file, neither in memory nor in a thread.
LONGEST_IN_MEMORY = 256 * 1024
_RETRY_AFTER = ("retry-after", "5")
CLOSE = ("connection", "close")
#: Status -> the code for programs, as in docs/api.md, and the sentence.
_REFUSALS = {
    408: ("timeout", "The request took too long to arrive. Please send it again."),
    500: ("error", "Something went wrong in the portal."),
    503: (
        "unavailable",
        "The portal is too busy. Nothing was saved. Please try again in a few seconds.",
    ),
}

ResponseHeaders = list[tuple[str, str]]


class HttpProtocol(Protocol):
    """How granian sends an answer."""

    def response_empty(self, status: int, headers: ResponseHeaders) -> None: ...
    def response_bytes(self, status: int, headers: ResponseHeaders, body: bytes) -> None: ...
    def response_file(self, status: int, headers: ResponseHeaders, file: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: ResponseHeaders
    body: bytes | IO[bytes]
    """A file if it is long. Whoever sends it closes it."""


def run(application: "WSGIApplication", environ: "WSGIEnvironment") -> Response | None:
    """What the application answers; None if it failed."""
    started: list[Any] = []
    written: list[bytes] = []

    def start_response(
        status: str, headers: ResponseHeaders, _error: object = None, /
    ) -> Callable[[bytes], object]:
        started[:] = [int(status[:3]), list(headers)]
        return written.append

    try:
        pieces = application(environ, start_response)
        try:
            body = _collect(written, iter(pieces))
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
    except Exception:
        logs.request_id.set(environ.get(REQUEST_ID, ""))
        # Nothing was sent yet. So an answer that breaks off is never taken for a whole one.
        logger.exception("The application did not answer a request.")
        return None
    status, headers = started
    return Response(status, headers, body)


def send(protocol: HttpProtocol, response: Response, *, close: bool) -> None:
    """
    Args:
        close: Whether the connection cannot be used again, because the body was not read.
    """
    if close:
        response.headers.append(CLOSE)
    body = response.body
    if not isinstance(body, bytes):
        # By its number, because it has no name that anybody else could find.
        path = f"/dev/fd/{body.fileno()}"
        protocol.response_file(response.status, response.headers, path)
    elif body:
        protocol.response_bytes(response.status, response.headers, body)
    else:
        protocol.response_empty(response.status, response.headers)


def refuse(
    protocol: HttpProtocol, path: str, status: int, more: ResponseHeaders, *, close: bool
) -> None:
    """Answer without the application: in JSON to programs, else as text.

    Args:
        more: Further headers.
    """
    code, sentence = _REFUSALS[status]
    if path.startswith("/api/"):
        kind = "application/json"
        text = json.dumps({"error": code, "message": sentence}) + "\n"
    else:
        kind = "text/plain; charset=utf-8"
        text = f"{sentence}\n"
    headers = [
        ("content-type", kind),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        *((name.lower(), value) for name, value in more),
    ]
    if status == 503:
        headers.append(_RETRY_AFTER)
    if close:
        headers.append(CLOSE)
    protocol.response_bytes(status, headers, text.encode())


def _collect(written: list[bytes], pieces: Iterator[bytes]) -> bytes | IO[bytes]:
    size = 0
    for piece in pieces:
        written.append(piece)
        size += len(piece)
        if size > LONGEST_IN_MEMORY:
            return _spool(written, pieces)
    return b"".join(written)


def _spool(first: Iterable[bytes], rest: Iterator[bytes]) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed once the server has opened it
    try:
        file.writelines(first)
        file.writelines(rest)
        file.flush()
        os.lseek(file.fileno(), 0, os.SEEK_SET)
    except BaseException:
        file.close()
        raise
    return file
