"""Receives whole requests without a thread, and refuses what is too much.

What can be refused by its head is not read: the application says so, and gets the request without
its body to answer it. All other bodies are read by the event loop, however slowly they come, until
one deadline. Only whole requests wait for threads.

What needs no waiting at all the application may answer at once, in the thread of the server: to
wake another one costs as much as such an answer.
"""

import asyncio
import logging
import os
import time
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from typing import IO, TYPE_CHECKING, Protocol

from portal.serving.limits import Limits
from portal.serving.requests.bodies import Bodies, BodyProtocol, NoRoomError
from portal.serving.requests.environ import Scope, make_environ
from portal.serving.requests.response import CLOSE, REQUEST_ID, ResponseHeaders, refuse, run, send
from portal.serving.requests.threads import ThreadsByPath

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

logger = logging.getLogger(__name__)

#: The most bytes that the body of this request may have; 0 if its head is refused anyway.
BodyLimit = Callable[["WSGIEnvironment"], int]
#: Path and origin of a request -> headers of an answer that the application does not make.
RefusalHeaders = Callable[[str, str], ResponseHeaders]
#: Method, status, seconds since the request came, and the id that the application gave it, or "" ->
#: the id of the request, or "".
NoteRefusal = Callable[[str, int, float, str], str]
#: Status, headers and body for a request, or None if a thread has to answer it: also each that has
#: a body. It must not wait for anything: neither for a lock, nor for a disk or a network.
AtOnce = Callable[[Scope], tuple[int, ResponseHeaders, bytes] | None]

_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS"})
#: Until the server has opened the file of a long answer.
_FILE_SECONDS = 10
#: The log says no more often than this that requests are refused.
_WARNING_SECONDS = 10


class Exchange(Protocol):
    """A request and its answer, as granian hands them over."""

    scope: Scope
    proto: BodyProtocol

    def done(self) -> None: ...


@dataclass(slots=True)
class _Request:
    """A request that waits for a thread, or that a thread answers."""

    exchange: Exchange
    close: bool
    """Whether the connection cannot be used again, because the body was not read."""
    environ: "WSGIEnvironment | None" = None
    """Made by the thread if it is not needed before."""
    body: IO[bytes] | None = None
    answered: asyncio.Event | None = None
    """For a task that goes on when the request is answered."""
    arrived: float = field(default_factory=time.monotonic)


class Reception:
    def __init__(
        self,
        application: "WSGIApplication",
        body_limit: BodyLimit,
        refusal_headers: RefusalHeaders,
        limits: Limits,
        loop: asyncio.AbstractEventLoop,
        *,
        own_path: Callable[[str], str] = str,
        note_refusal: NoteRefusal = lambda *_: "",
        at_once: AtOnce | None = None,
    ) -> None:
        self._application = application
        self._body_limit = body_limit
        self._refusal_headers = refusal_headers
        self._limits = limits
        self._loop = loop
        self._own_path = own_path
        self._note_refusal = note_refusal
        self._at_once = at_once
        self._threads = ThreadsByPath(limits)
        self._bodies = Bodies(limits, loop)
        self._receiving: set[asyncio.Task[None]] = set()
        self._closing = False
        # By number: whoever knows an exchange keeps its connection open.
        self._under_way: set[int] = set()
        self._long_answers: deque[tuple[int, int, int]] = deque(maxlen=256)
        self._refused = 0
        self._warned = -float(_WARNING_SECONDS)

    def take(self, exchange: Exchange) -> None:
        """Called by the server, in a thread of its own, with the head of a request."""
        scope = exchange.scope
        if scope.method in _WITHOUT_BODY:
            # The event loop is left out: that saves a seventh of what `validate` costs.
            if self._answer_at_once(exchange):
                return
            self._under_way.add(id(exchange))
            has_body = "content-length" in scope.headers or "transfer-encoding" in scope.headers
            self._submit(_Request(exchange, close=has_body))
        else:
            self._under_way.add(id(exchange))
            self._loop.call_soon_threadsafe(self._receive, exchange)

    def close_connections(self) -> None:
        """From now on each answer is the last one of its connection."""
        self._closing = True

    def stop_receiving(self, grace_seconds: float) -> None:
        """Refuse the bodies that are not here in so many seconds. Called by the event loop."""
        self._bodies.stop(grace_seconds)

    @property
    def is_answering(self) -> bool:
        """Whether a request is here that is not answered yet."""
        return bool(self._under_way)

    def is_long_answer(self, descriptor: int, status: os.stat_result) -> bool:
        """Whether the server has this file open to send it."""
        return any(
            (status.st_dev, status.st_ino) == (device, inode) and descriptor != ours
            for device, inode, ours in self._long_answers
        )

    def _answer_at_once(self, exchange: Exchange) -> bool:
        """Whether it is answered, in the thread of the server."""
        if self._at_once is None:
            return False
        try:
            answer = self._at_once(exchange.scope)
        except Exception:
            # A thread finds out what it is, and answers.
            logger.exception("A request could not be answered at once.")
            return False
        if answer is None:
            return False
        status, headers, body = answer
        try:
            exchange.proto.response_bytes(
                status, [*headers, CLOSE] if self._closing else headers, body
            )
        except Exception:  # noqa: BLE001 - the client is gone, and granian has its own names for that
            logger.info("A client hung up before it was answered.")
        exchange.done()
        return True

    def _receive(self, exchange: Exchange) -> None:
        task = self._loop.create_task(self._receive_whole(exchange))
        self._receiving.add(task)
        task.add_done_callback(self._receiving.discard)

    async def _receive_whole(self, exchange: Exchange) -> None:
        began = time.monotonic()
        environ = make_environ(exchange.scope, BytesIO())
        length = _length(environ)
        if length is None or length > self._body_limit(environ):
            # Nobody reads this body. Without it, the application answers what is wrong.
            answered = asyncio.Event()
            self._submit(_Request(exchange, length != 0, environ, answered=answered))
            await answered.wait()
            await self._bodies.linger(exchange.proto)
            self._done(exchange)
            return
        status = 0
        try:
            environ["wsgi.input"] = body = await self._bodies.read(exchange.proto, length)
        except TimeoutError:
            status = 503 if self._bodies.is_stopping else 408
        except NoRoomError:
            status = 503
        except OSError:
            logger.exception("A file to import found no room.")
            status = 503
        except Exception:  # noqa: BLE001 - the client is gone, and granian has its own names for that
            logger.info("A client hung up before its request had arrived.")
            self._done(exchange)
            return
        if not status:
            self._submit(_Request(exchange, False, environ, body))
            return
        self._refuse(exchange, status, began, close=True)
        await self._bodies.linger(exchange.proto)
        self._done(exchange)

    def _submit(self, request: _Request) -> None:
        threads = self._threads.of(self._own_path(request.exchange.scope.path))
        if not threads.submit(partial(self._answer, request)):
            self._refuse(request.exchange, 503, request.arrived, close=request.close)
            self._finish(request)

    def _answer(self, request: _Request) -> None:
        """What a thread does.

        An error that the application caught may keep its frames in memory for a while, and these
        lead here. So only `request` knows the exchange, and forgets it in the end: the server
        closes a connection with a body that nobody read when it is the last to know it.
        """
        try:
            if time.monotonic() - request.arrived > self._limits.request_seconds:
                self._refuse(request.exchange, 503, request.arrived, close=request.close)
                return
            environ = request.environ or make_environ(request.exchange.scope, BytesIO())
            environ["portal.arrived"] = request.arrived
            response = copy_context().run(run, self._application, environ)
            if response is None:
                self._refuse(
                    request.exchange,
                    500,
                    request.arrived,
                    close=request.close,
                    request_id=environ.get(REQUEST_ID, ""),
                )
                return
            if not isinstance(response.body, bytes):
                ours = response.body.fileno()
                status = os.fstat(ours)
                self._long_answers.append((status.st_dev, status.st_ino, ours))
            send(request.exchange.proto, response, close=request.close or self._closing)
            if not isinstance(response.body, bytes):
                self._close_later(response.body)
        except Exception:
            # Most often the client is gone. A thread has to live on, whatever happened.
            logger.exception("An answer could not be sent.")
        finally:
            self._finish(request)

    def _finish(self, request: _Request) -> None:
        if request.body is not None:
            self._loop.call_soon_threadsafe(self._bodies.forget, request.body)
        if request.answered is not None:
            self._loop.call_soon_threadsafe(request.answered.set)
        else:
            self._done(request.exchange)
        del request.exchange

    def _done(self, exchange: Exchange) -> None:
        self._under_way.discard(id(exchange))
        exchange.done()

    def _close_later(self, file: IO[bytes]) -> None:
        self._loop.call_soon_threadsafe(self._loop.call_later, _FILE_SECONDS, file.close)

    def _refuse(
        self, exchange: Exchange, status: int, began: float, *, close: bool, request_id: str = ""
    ) -> None:
        try:
            scope = exchange.scope
            seconds = time.monotonic() - began
            request_id = self._note_refusal(scope.method, status, seconds, request_id)
            origin = dict(scope.headers.items()).get("origin", "")
            path = self._own_path(scope.path)
            more = list(self._refusal_headers(path, origin))
            if request_id:
                more.append(("x-request-id", request_id))
            refuse(exchange.proto, path, status, more, close=close or self._closing)
        except Exception:  # noqa: BLE001 - the client is gone, and granian has its own names for that
            logger.info("A client hung up before it was refused.")
        self._refused += 1
        now = time.monotonic()
        if now - self._warned >= _WARNING_SECONDS:
            self._warned = now
            logger.warning(
                "%d requests were refused since the last such line, the last one with %d.",
                self._refused,
                status,
            )
            self._refused = 0


def _length(environ: "WSGIEnvironment") -> int | None:
    """The length of the body; None if the client does not say it."""
    text = environ.get("CONTENT_LENGTH")
    if text is None:
        return None if "HTTP_TRANSFER_ENCODING" in environ else 0
    return int(text) if text.isascii() and text.isdigit() else None
