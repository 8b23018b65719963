"""Tracing by OpenTelemetry. This module loads it: import it only when traces are asked for.

OpenTelemetry reads its own settings, `OTEL_…`: where spans go, how many are kept, and which traces
are recorded. If somebody has set up a provider in this process before, as its auto-instrumentation
does, spans go there and nowhere else.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from portal import logs
from portal.settings import SettingsError
from portal.stores import BusyError, Store, StoreError, UnavailableError
from portal.tracing.contract import Outcome, RequestSpan, bounded_method, current_tracing
from portal.tracing.traced_store import TracedStore

logger = logging.getLogger(__name__)

_NAME = "fsm-onboarding-portal"
#: What is left is sent within this time when the process ends.
CLOSE_SECONDS = 2.0
#: The log says no more often than this that spans are lost.
_WARNING_SECONDS = 60
#: It carries the ids of a trace and nothing else, such as the baggage of whoever asked.
_PROPAGATOR = TraceContextTextMapPropagator()


class _QuietExporter(SpanExporter):
    """Says in our words, and seldom, that spans are lost. OpenTelemetry's own lines come with
    every attempt and hold addresses."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._lost = 0
        self._warned = -float(_WARNING_SECONDS)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self._lost += len(spans)
            now = time.monotonic()
            if now - self._warned >= _WARNING_SECONDS:
                self._warned = now
                logger.warning("%d spans were lost: the collector did not take them.", self._lost)
                self._lost = 0
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


class OtelTracing:
    """
    Args:
        provider: Where spans go.
        is_own: Whether it ends with this tracing.
    """

    is_on = True

    def __init__(self, provider: trace.TracerProvider, *, is_own: bool = False) -> None:
        self._provider = provider
        self._is_own = is_own
        self._tracer = provider.get_tracer(_NAME)
        self._flushing: threading.Thread | None = None

    def request(
        self, method: str, request_id: str, *, traceparent: str, tracestate: str
    ) -> RequestSpan:
        parent = otel_context.get_current()
        if not trace.get_current_span(parent).get_span_context().is_valid:
            carrier = {"traceparent": traceparent, "tracestate": tracestate}
            parent = _PROPAGATOR.extract({name: text for name, text in carrier.items() if text})
        method = bounded_method(method)
        span = self._tracer.start_span(
            method,
            parent,
            SpanKind.SERVER,
            attributes={"http.request.method": method, "portal.request_id": request_id},
            record_exception=False,
            set_status_on_exception=False,
        )
        return _OtelRequestSpan(self, span, method)

    @contextmanager
    def operation(self, name: str, **attributes: str) -> Iterator[Outcome]:
        span = self._tracer.start_span(name, otel_context.Context(), attributes=attributes)
        try:
            with self.current(span):
                yield _OtelOutcome(span)
        except BaseException as error:
            _note_error(span, error)
            raise
        finally:
            span.end()

    def traced(self, store: Store) -> Store:
        return TracedStore(store, self._store_call)

    def flush(self, seconds: float) -> None:
        """A collector that did not answer the last time is not waited for again meanwhile."""
        if not isinstance(self._provider, TracerProvider):
            return
        if self._flushing is None or not self._flushing.is_alive():
            # The limit of time that it takes is not kept while it sends.
            self._flushing = threading.Thread(target=self._provider.force_flush, daemon=True)
            self._flushing.start()
            self._flushing.join(seconds)

    def close(self) -> None:
        """A collector that does not answer is not waited for."""
        if self._is_own and isinstance(self._provider, TracerProvider):
            # Its own limit of time is half a minute.
            closing = threading.Thread(target=self._provider.shutdown, daemon=True)
            closing.start()
            closing.join(CLOSE_SECONDS)

    def outgoing_headers(self) -> dict[str, str]:
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier)
        return carrier

    @contextmanager
    def current(self, span: Span) -> Iterator[None]:
        """Meanwhile the span is the parent of others, and log lines have the id of its trace."""
        ours = current_tracing.set(self)
        trace_id = logs.trace_id.set(trace.format_trace_id(span.get_span_context().trace_id))
        try:
            with trace.use_span(span, record_exception=False, set_status_on_exception=False):
                yield
        finally:
            logs.trace_id.reset(trace_id)
            current_tracing.reset(ours)

    @contextmanager
    def _store_call(self, operation: str) -> Iterator[None]:
        if current_tracing.get() is not self:
            # Nobody's request: background work, or a question that is not traced.
            yield
            return
        span = self._tracer.start_span(
            f"store {operation}",
            kind=SpanKind.CLIENT,
            attributes={"db.operation.name": operation},
            record_exception=False,
            set_status_on_exception=False,
        )
        try:
            yield
            span.set_attribute("portal.outcome", "done")
        except StoreError as error:
            # That an item is not there, or that somebody else was first, is an answer.
            span.set_attribute("portal.outcome", type(error).__name__)
            if isinstance(error, BusyError | UnavailableError):
                _note_error(span, error)
            raise
        except BaseException as error:
            _note_error(span, error)
            raise
        finally:
            span.end()


class _OtelOutcome:
    def __init__(self, span: Span) -> None:
        self._span = span

    def is_(self, outcome: str) -> None:
        self._span.set_attribute("portal.outcome", outcome)


class _OtelRequestSpan:
    def __init__(self, tracing: OtelTracing, span: Span, method: str) -> None:
        self._tracing, self._span, self._method = tracing, span, method

    @contextmanager
    def active(self) -> Iterator[None]:
        with self._tracing.current(self._span):
            yield

    def end(self, route: str, status: int, error: str) -> None:
        if route:
            self._span.update_name(f"{self._method} {route}")
            self._span.set_attribute("http.route", route)
        self._span.set_attribute("http.response.status_code", status)
        if error:
            self._span.set_attribute("error.type", error)
        if error or status >= 500:
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


def _note_error(span: Span, error: BaseException) -> None:
    """Its type. Its text may hold anything."""
    span.set_attribute("error.type", type(error).__name__)
    span.set_status(StatusCode.ERROR)


def open_opentelemetry() -> OtelTracing:
    """Tracing with the provider that this process has, or with one of its own.

    Raises:
        SettingsError: One of OpenTelemetry's own settings cannot be used.
    """
    provider = trace.get_tracer_provider()
    if not isinstance(provider, trace.ProxyTracerProvider):
        return OtelTracing(provider)
    # Its lines about each attempt hold addresses, and its waits are nobody's concern.
    logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)
    try:
        exporter = OTLPSpanExporter()
        processor = BatchSpanProcessor(_QuietExporter(exporter))
    except ValueError as error:
        raise SettingsError(
            "PORTAL_TRACES",
            "OpenTelemetry does not take one of its own settings. Look at those that begin with"
            " OTEL_EXPORTER_OTLP_ or OTEL_BSP_.",
        ) from error
    is_named = "OTEL_SERVICE_NAME" in os.environ or "service.name=" in os.environ.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    )
    resource = Resource.create({} if is_named else {"service.name": _NAME})
    # Whoever ends the process closes it, with a limit of time.
    own = TracerProvider(resource=resource, shutdown_on_exit=False)
    own.add_span_processor(processor)
    return OtelTracing(own, is_own=True)
