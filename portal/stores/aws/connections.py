"""Connections whose whole answer has to arrive in time.

The SDK's limits count from byte to byte: a byte every two seconds holds a call for as long as the
sender likes. Here a whole answer has a limit, and so has a new connection with its DNS look-up and
its TLS handshake. A request's deadline ends both sooner.

This module loads botocore: import it only to make a client.
"""

import os
import socket
import threading
from concurrent.futures import Future
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)
from urllib3.exceptions import ConnectTimeoutError

from portal.bounded_answers import SHORTEST_SECONDS, bounded_response
from portal.stores.aws.answer_heads import with_plain_heads
from portal.stores.waiting import remaining_seconds

if TYPE_CHECKING:
    from botocore.client import BaseClient

#: For a whole answer, if the caller has no deadline. The SDK's own limit applies to each read.
ANSWER_SECONDS = 30.0
#: For a new connection: DNS, all addresses, proxy and TLS. The SDK's limit applies to each step.
CONNECTION_SECONDS = 3.0
#: New connections that are being made at a time. The resolver of the operating system may hold
#: each thread for half a minute.
_MAX_CONNECTING = 32
#: TLS sends records of this size, each with the whole limit.
_CHUNK_BYTES = 16_384


class _Gate:
    """Counts the connections that this process is making."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.places = threading.BoundedSemaphore(_MAX_CONNECTING)


_gate = _Gate()
# In a child, nobody gives back the places that threads of the parent took.
os.register_at_fork(after_in_child=_gate.reset)


_Response = with_plain_heads(bounded_response(lambda _: remaining_seconds(ANSWER_SECONDS)))


class _WithDeadline:
    """Mixed into the SDK's connections."""

    response_class = _Response
    sock: socket.socket | None
    timeout: float
    host: str
    #: The headers of a request whose body comes next.
    _held: bytes | None = None

    def connect(self) -> None:
        """Connect in a helper thread, since nothing limits the operating system's DNS look-up."""
        connected: Future[None] = Future()
        seconds = max(remaining_seconds(CONNECTION_SECONDS), SHORTEST_SECONDS)
        places = _gate.places
        begin = super().connect  # type: ignore[misc] # the SDK's connection has it

        def run() -> None:
            try:
                begin()
            except BaseException as error:  # noqa: BLE001 - the caller gets it
                connected.set_exception(error)
            else:
                connected.set_result(None)
            finally:
                places.release()
            if self._abandoned:
                self.close()

        self._abandoned = False
        if not places.acquire(timeout=seconds):
            raise self._too_slow()
        threading.Thread(target=copy_context().run, args=(run,), daemon=True).start()
        try:
            connected.result(seconds)
        except TimeoutError:
            if connected.done():
                raise
            self._abandoned = True
            raise self._too_slow() from None

    def _too_slow(self) -> ConnectTimeoutError:
        return ConnectTimeoutError(self, f"Connection to {self.host} timed out.")

    def request(
        self, method: str, url: str, body: Any = None, *arguments: Any, **named: Any
    ) -> None:
        """Send the headers together with a body that is short, as all of DynamoDB's are: as one
        packet, and one call of the operating system."""
        self._held = b"" if isinstance(body, bytes) and 0 < len(body) <= _CHUNK_BYTES else None
        try:
            super().request(method, url, body, *arguments, **named)  # type: ignore[misc] # the SDK's connection has it
        finally:
            self._held = None

    def send(self, data: Any) -> None:
        if self._held is not None:
            if not self._held:
                self._held = data
                return
            data, self._held = self._held + data, None
        if not isinstance(data, bytes) or len(data) <= _CHUNK_BYTES:
            self._send_chunk(data)
            return
        for start in range(0, len(data), _CHUNK_BYTES):
            self._send_chunk(data[start : start + _CHUNK_BYTES])

    def _send_chunk(self, data: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(max(remaining_seconds(self.timeout), SHORTEST_SECONDS))
        super().send(data)  # type: ignore[misc] # the SDK's connection has it

    def close(self) -> None:
        super().close()  # type: ignore[misc] # the SDK's connection has it


class _PlainConnection(_WithDeadline, AWSHTTPConnection):  # type: ignore[misc] # botocore has no annotations
    pass


class _TlsConnection(_WithDeadline, AWSHTTPSConnection):  # type: ignore[misc] # botocore has no annotations
    pass


class _PlainPool(AWSHTTPConnectionPool):  # type: ignore[misc] # botocore has no annotations
    ConnectionCls = _PlainConnection


class _TlsPool(AWSHTTPSConnectionPool):  # type: ignore[misc] # botocore has no annotations
    ConnectionCls = _TlsConnection


def use_deadlines(client: "BaseClient") -> None:
    """Have the client use connections of this module. It must not have connected before."""
    # The SDK has no setting for it. The dictionary is the one that its pools are made from.
    pools = client._endpoint.http_session._pool_classes_by_scheme
    pools.update(http=_PlainPool, https=_TlsPool)
