"""What is written down about each request: its id, its line in the access log, and its span."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Flask, Response, request

from portal import logs
from portal.settings import Settings
from portal.tracing import RequestSpan, Tracing
from portal.web.http.access_log import AccessLog
from portal.web.http.context import of_request, person, this_request
from portal.web.http.request_ids import request_id_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_T = TypeVar("_T")

#: Where the environment has the id of the request, for the server.
REQUEST_ID = "portal.request_id"
_SEEN = "portal.seen"
#: Asked so often, and so quickly answered, that a span of each would cost more than the answer.
_UNTRACED = ("/api/validate", "/health", "/metrics")


@dataclass(slots=True)
class _Seen:
    """What Flask has found out about a request. `error`: the type of the exception that ended it;
    empty if none did."""

    route: str = ""
    caller: str = "none"
    error: str = ""


def init_app(app: Flask, settings: Settings, tracing: Tracing, access_log: AccessLog) -> None:
    """Before everything else that may refuse a request in Flask."""
    app.before_request(_note_route)
    app.after_request(_note_caller)
    app.wsgi_app = RequestLog(app.wsgi_app, settings, tracing, access_log)  # type: ignore[method-assign] # as Flask's own documentation wraps it


def note_error(error: BaseException) -> None:
    """The request that is under way ended with this exception. Only its type is kept."""
    seen = request.environ.get(_SEEN)
    if seen:
        seen.error = type(error).__name__


def _note_route() -> None:
    asked = this_request()
    seen, rule = asked.environ.get(_SEEN), asked.url_rule
    if seen and rule:
        seen.route = rule.rule


def _note_caller(response: Response) -> Response:
    seen = this_request().environ.get(_SEEN)
    if seen:
        seen.caller = "staff" if person() else "token" if of_request("token") else "none"
    return response


class RequestLog:
    """WSGI middleware, around everything that may answer a request or refuse it."""

    def __init__(
        self, app: "WSGIApplication", settings: Settings, tracing: Tracing, access_log: AccessLog
    ) -> None:
        self._app = app
        self._tracing = tracing
        self._access_log = access_log
        # Whoever asks may say anything. A proxy in front is trusted.
        self._trusts = settings.proxy_hops > 0

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        given = environ.get if self._trusts else _nothing
        request_id = request_id_of(given("HTTP_X_REQUEST_ID", ""))
        environ[REQUEST_ID] = request_id
        span: RequestSpan | None = None
        if self._tracing.is_on and not environ.get("PATH_INFO", "").startswith(_UNTRACED):
            span = self._tracing.request(
                environ["REQUEST_METHOD"],
                request_id,
                traceparent=given("HTTP_TRACEPARENT", ""),
                tracestate=given("HTTP_TRACESTATE", ""),
            )
        answer = _Answer(environ, start_response, request_id, span, self._access_log)
        return answer.of(self._app)


def _nothing(_name: str, default: str) -> str:
    return default


class _Answer(Iterator[bytes]):
    """An answer under way. It ends with its last piece, or when the server closes it."""

    def __init__(
        self,
        environ: "WSGIEnvironment",
        start_response: "StartResponse",
        request_id: str,
        span: RequestSpan | None,
        access_log: AccessLog,
    ) -> None:
        self._environ = environ
        self._start_response = start_response
        self._request_id = request_id
        self._span = span
        self._access_log = access_log
        self._began = environ.get("portal.arrived", time.monotonic())
        self._seen = environ[_SEEN] = _Seen()
        self._status, self._size, self._has_ended = 500, 0, False
        self._pieces: Iterable[bytes] = ()
        self._iterator: Iterator[bytes] = iter(())

    def of(self, app: "WSGIApplication") -> "_Answer":
        def begin() -> None:
            self._pieces = app(self._environ, self._start)
            self._iterator = iter(self._pieces)

        self._meanwhile(begin)
        return self

    def _start(self, status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        self._status = int(status[:3])
        return self._start_response(status, [*headers, ("X-Request-Id", self._request_id)], *rest)

    def __next__(self) -> bytes:
        piece = self._meanwhile(self._next_piece)
        if piece is None:
            raise StopIteration
        self._size += len(piece)
        return piece

    def _next_piece(self) -> bytes | None:
        piece = next(self._iterator, None)
        if piece is None:
            self._end()
        return piece

    def close(self) -> None:
        """The server calls it, also if it has not asked for all pieces."""
        self._meanwhile(self._close_pieces)

    def _close_pieces(self) -> None:
        try:
            close = getattr(self._pieces, "close", None)
            if close:
                close()
        finally:
            self._end()

    def _meanwhile(self, do: Callable[[], _T]) -> _T:
        """Meanwhile log lines have the id, and the span is the current one: also while a long
        answer is made, piece by piece."""
        previous = logs.request_id.set(self._request_id)
        try:
            if self._span is None:
                return do()
            with self._span.active():
                return do()
        except Exception as error:
            # What was begun is no answer. The server says 500, and writes a line that says so.
            self._seen.error = type(error).__name__
            self._status = 500
            self._end(is_refused=True)
            raise
        finally:
            logs.request_id.reset(previous)

    def _end(self, *, is_refused: bool = False) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        if self._span:
            self._span.end(self._seen.route, self._status, self._seen.error)
        if not is_refused:
            self._access_log.answered(
                route=self._seen.route,
                method=self._environ["REQUEST_METHOD"],
                status=self._status,
                seconds=time.monotonic() - self._began,
                size=self._size,
                caller=self._seen.caller,
            )
