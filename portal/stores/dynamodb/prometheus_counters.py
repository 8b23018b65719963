"""Counts calls for Prometheus, with the library prometheus-client.

Import this module only if Prometheus was asked for: the library is optional, and takes 0.1 s. It
decides when it is imported, by `PROMETHEUS_MULTIPROC_DIR`, whether the processes of a server are
added up: see `portal.stores.prometheus_workers`.
"""

import os
from functools import cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from portal.stores.dynamodb.metrics import Call
from portal.stores.prometheus_workers import SHARED_FOLDER

#: Upper bounds in seconds. An attempt ends after about three seconds at the latest.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0)

# Otherwise one process alone also exports when each counter was made.
disable_created_metrics()  # type: ignore[no-untyped-call] # it has no annotations


class PrometheusMetrics:
    """Counters in a registry of their own: the library's default one has more than the store's."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        # A lookup by labels takes longer than counting, hence the caches.
        self._calls = cache(
            Counter(
                "portal_store_calls_total",
                "Calls to DynamoDB by operation and outcome.",
                ("operation", "outcome"),
                registry=self._registry,
            ).labels
        )
        self._units = cache(
            Counter(
                "portal_store_capacity_units_total",
                "Capacity units that DynamoDB says it charged.",
                ("operation", "kind", "place"),
                registry=self._registry,
            ).labels
        )
        self._seconds = cache(
            Histogram(
                "portal_store_call_seconds",
                "How long calls to DynamoDB took.",
                ("operation",),
                buckets=BUCKETS,
                registry=self._registry,
            ).labels
        )

    def record(self, call: Call) -> None:
        """Count a call."""
        self._calls(call.operation, call.outcome).inc()
        for kind, units in (("read", call.read_units), ("write", call.write_units)):
            for resource, count in units.items():
                self._units(call.operation, kind, resource).inc(count)
        self._seconds(call.operation).observe(call.seconds)

    def to_text(self) -> str:
        """All counts in Prometheus's text format: of all processes if they share a folder."""
        registry = self._registry
        if SHARED_FOLDER in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # it has no annotations
        return generate_latest(registry).decode()
