"""What is traced, without OpenTelemetry.

A span names the route, the operation and the outcome. It never holds an address, a query, a key of
an item, a value, or the text of an exception: whoever reads traces is not whoever may read these.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Protocol

from portal.stores import Store

#: Everybody may send any word as a method.
_METHODS = frozenset({
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
})  # fmt: skip
_OTHER = "_OTHER"


class Outcome(Protocol):
    """What became of an operation, for its span."""

    def is_(self, outcome: str) -> None:
        """`outcome`: a word of a fixed set."""


class RequestSpan(Protocol):
    """The span of one request."""

    def active(self) -> AbstractContextManager[None]:
        """Meanwhile it is the parent of what happens. It may be entered again and again, for an
        answer that is made piece by piece."""

    def end(self, route: str, status: int, error: str) -> None:
        """
        Args:
            route: The rule of the route, with the names of its parts in place of their values;
                empty if there is none.
            error: The type of the exception that ended the request; empty if none did.
        """


class Tracing(Protocol):
    """One for each process."""

    @property
    def is_on(self) -> bool: ...

    def request(
        self, method: str, request_id: str, *, traceparent: str, tracestate: str
    ) -> RequestSpan:
        """Begin the span of a request.

        Args:
            traceparent: As whoever asked has sent it, if they are trusted; else empty. One that
                cannot be read begins a new trace.
        """

    def operation(self, name: str, **attributes: str) -> AbstractContextManager[Outcome]:
        """A span around something that no request waits for."""

    def traced(self, store: Store) -> Store:
        """The store, whose calls are spans while a request or an operation is one."""

    def flush(self, seconds: float) -> None:
        """Send what is left within this time, in a process that may be frozen afterwards."""

    def close(self) -> None:
        """Send what is left, within a few seconds."""


class Carrier(Protocol):
    """What says which span is the current one, to other services."""

    def outgoing_headers(self) -> dict[str, str]: ...


#: The tracing whose request or operation is under way here.
current_tracing: ContextVar[Carrier | None] = ContextVar("tracing", default=None)


def outgoing_headers() -> dict[str, str]:
    """The headers that a request to another service carries, so that its spans are in the same
    trace: `traceparent`, and `tracestate` if there was one. Empty while nothing is traced."""
    tracing = current_tracing.get()
    return tracing.outgoing_headers() if tracing else {}


def bounded_method(method: str) -> str:
    """The method of a request, or `_OTHER` if it is none that HTTP has."""
    return method if method in _METHODS else _OTHER


class _Nothing:
    def is_(self, outcome: str) -> None:
        pass

    @contextmanager
    def active(self) -> Iterator[None]:
        yield

    def end(self, route: str, status: int, error: str) -> None:
        pass


_NOTHING = _Nothing()


class NoTracing:
    """Tracing that is off."""

    is_on = False

    def request(
        self, method: str, request_id: str, *, traceparent: str, tracestate: str
    ) -> RequestSpan:
        del method, request_id, traceparent, tracestate
        return _NOTHING

    @contextmanager
    def operation(self, name: str, **attributes: str) -> Iterator[Outcome]:
        del name, attributes
        yield _NOTHING

    def traced(self, store: Store) -> Store:
        return store

    def flush(self, seconds: float) -> None:
        pass

    def close(self) -> None:
        pass
