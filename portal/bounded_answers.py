"""HTTP messages that arrive as a whole in time, and are no larger than somebody reads.

The limit of time of urllib3, requests, botocore and the server of the standard library counts from
byte to byte: a byte every few seconds would hold a thread for as long as the other side likes. None
of them limits the size.
"""

import io
import socket
import time
from collections.abc import Callable
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool

#: A limit of 0 would mean that the socket does not wait at all.
SHORTEST_SECONDS = 0.001


class AnswerTooLargeError(OSError):
    """More bytes than anybody reads."""


class BoundedPools(NamedTuple):
    """By the scheme of an address, as `pool_classes_by_scheme` of urllib3 wants them."""

    http: type["HTTPConnectionPool"]
    https: type["HTTPSConnectionPool"]

    def by_scheme(self) -> dict[str, type["HTTPConnectionPool"]]:
        return self._asdict()


def bounded_response(
    seconds: Callable[[socket.socket], float], max_bytes: int | None = None
) -> type[HTTPResponse]:
    """A class for `response_class` of a connection.

    Reading it raises `TimeoutError` if the whole answer did not arrive in time, and
    `AnswerTooLargeError`.

    Args:
        seconds: From the request until the whole answer is there; asked once for each answer.
        max_bytes: Of an answer with its headers; any number if omitted.
    """

    class Answering:
        """What `HTTPResponse` needs of a socket."""

        def __init__(self, sock: socket.socket) -> None:
            self._sock = sock

        def makefile(self, _mode: str) -> io.BufferedReader:
            return bounded_reader(self._sock, seconds(self._sock), max_bytes)

    class BoundedResponse(HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
            super().__init__(Answering(sock), *args, **kwargs)  # type: ignore[arg-type] # as much of a socket as it needs

    return BoundedResponse


def bounded_reader(
    sock: socket.socket, seconds: float, max_bytes: int | None = None
) -> io.BufferedReader:
    """Reads one message, as `bounded_response` does. Afterwards the socket may have a shorter
    timeout than before."""
    return io.BufferedReader(_MessageReader(sock, seconds, max_bytes))


def bounded_pools(
    seconds: Callable[[socket.socket], float], max_bytes: int | None = None
) -> BoundedPools:
    """Classes for the connections of urllib3, whose answers are those of `bounded_response`.

    It loads urllib3, which takes a while: call it only where connections are made.
    """
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool  # noqa: PLC0415 - see above
    from urllib3.connection import HTTPConnection, HTTPSConnection  # noqa: PLC0415 - see above

    bounded = bounded_response(seconds, max_bytes)

    class PlainConnection(HTTPConnection):
        response_class = bounded

    class TlsConnection(HTTPSConnection):
        response_class = bounded

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = PlainConnection

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = TlsConnection

    return BoundedPools(http=PlainPool, https=TlsPool)


class _MessageReader(io.RawIOBase):
    """Reads one message from a socket, as long as its time and its size last."""

    def __init__(self, sock: socket.socket, seconds: float, max_bytes: int | None) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        #: Between two bytes, as the library has set it.
        self._between = sock.gettimeout() or seconds
        self._ends = time.monotonic() + seconds
        self._bytes_left = max_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the whole message did not arrive in time")
        if left < self._between:
            self._sock.settimeout(max(left, SHORTEST_SECONDS))
        count = self._raw.readinto(buffer)
        if self._bytes_left is not None:
            self._bytes_left -= count or 0
            if self._bytes_left < 0:
                raise AnswerTooLargeError("the message is too large")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
