"""Receives the bodies of requests: by one deadline each, and no more of them than there is room."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from typing import IO, Protocol

from portal.serving.limits import Limits
from portal.serving.requests.response import HttpProtocol


class BodyProtocol(HttpProtocol, Protocol):
    def __aiter__(self) -> AsyncIterator[bytes]: ...


class NoRoomError(Exception):
    """There is no room for another body."""


class Bodies:
    """The bodies of one worker. For the event loop alone, so that it counts without a lock."""

    def __init__(self, limits: Limits, loop: asyncio.AbstractEventLoop) -> None:
        self._limits = limits
        self._loop = loop
        self._deadlines: set[asyncio.Timeout] = set()
        self.is_stopping = False
        self._grace_seconds = 0.0
        self._memory = 0
        self._uploads = 0

    def stop(self, grace_seconds: float) -> None:
        """From now on, what is not here in so many seconds does not come in time. A head that has
        just been read may have its whole body behind it."""
        self.is_stopping = True
        self._grace_seconds = grace_seconds
        end = self._loop.time() + grace_seconds
        for deadline in self._deadlines:
            deadline.reschedule(min(deadline.when() or end, end))

    async def read(self, protocol: BodyProtocol, length: int) -> IO[bytes]:
        """The body; shorter than `length` if the client stopped, which the application refuses.

        Raises:
            TimeoutError: It did not come in time, or the worker stops.
            NoRoomError: Others fill the memory, or too many files are under way.
            OSError: There is no room for the file.
        """
        limits = self._limits
        body = self._new(length)
        seconds = limits.body_seconds + length / limits.body_bytes_per_second
        try:
            async with self._deadline(seconds):
                async for piece in protocol:
                    body.write(piece)
                    self._account(body, len(piece))
        except BaseException:
            self.forget(body)
            raise
        body.seek(0)
        return body

    async def linger(self, protocol: BodyProtocol) -> None:
        """Read on for a moment: a client that is cut off while it sends never reads the answer."""
        try:
            async with self._deadline(self._limits.linger_seconds):
                async for _piece in protocol:
                    pass
        except Exception:  # noqa: BLE001, S110 - gone or silent: either way it was answered
            pass

    def forget(self, body: IO[bytes]) -> None:
        """It was answered, so there is room for another one."""
        if isinstance(body, BytesIO):
            self._memory -= len(body.getbuffer())
        else:
            self._uploads -= 1
        body.close()

    @asynccontextmanager
    async def _deadline(self, seconds: float) -> AsyncIterator[None]:
        """A time limit, which ends soon when the worker stops.

        Raises:
            TimeoutError: The time is over.
        """
        if self.is_stopping:
            seconds = min(seconds, self._grace_seconds)
        async with asyncio.timeout(seconds) as deadline:
            self._deadlines.add(deadline)
            try:
                yield
            finally:
                self._deadlines.discard(deadline)

    def _new(self, length: int) -> IO[bytes]:
        if length <= self._limits.spooled_from:
            return BytesIO()
        if self._uploads >= self._limits.uploads:
            raise NoRoomError
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it was answered
        self._uploads += 1
        return file

    def _account(self, body: IO[bytes], more: int) -> None:
        if isinstance(body, BytesIO):
            self._memory += more
            if self._memory > self._limits.body_memory:
                raise NoRoomError
