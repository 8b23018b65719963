"""Traces by OpenTelemetry: what a request, its calls to the store and a delivery took.

It is off unless `PORTAL_TRACES` asks for it, and then nothing of OpenTelemetry is loaded.

contract.py      what is traced; how the rest of the portal says so; tracing that is off
opening.py       opens the one that the settings choose
otel.py          the only module that imports OpenTelemetry
traced_store.py  calls to the store as spans
"""

from portal.tracing.contract import (
    NoTracing,
    Outcome,
    RequestSpan,
    Tracing,
    bounded_method,
    outgoing_headers,
)
from portal.tracing.opening import open_tracing, require_libraries

__all__ = [
    "NoTracing", "Outcome", "RequestSpan", "Tracing", "bounded_method", "open_tracing",
    "outgoing_headers", "require_libraries",
]  # fmt: skip
