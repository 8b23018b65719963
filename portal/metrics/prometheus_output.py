"""Counts for Prometheus, with the library prometheus-client.

Import this module only if Prometheus was asked for: the library is optional, and takes 0.1 s. It
decides when it is imported, by `PROMETHEUS_MULTIPROC_DIR`, whether the processes of a server are
added up: see `portal.metrics.shared_folder`.
"""

import os
import threading
from bisect import bisect_left
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from portal.metrics.names import Kind, Metric
from portal.metrics.shared_folder import SHARED_FOLDER

# Otherwise one process alone also exports when each counter was made.
disable_created_metrics()  # type: ignore[no-untyped-call] # it has no annotations


class PrometheusOutput:
    """Metrics in a registry of their own: the library's default one has more than the portal's."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._lock = threading.Lock()
        self._families: dict[str, Any] = {}
        #: A lookup by the library takes longer than counting.
        self._children: dict[tuple[str, tuple[str, ...]], Any] = {}

    def count(self, metric: Metric, labels: tuple[str, ...], amount: float) -> None:
        self._child(metric, labels).inc(amount)

    def observe(self, metric: Metric, labels: tuple[str, ...], seconds: float, times: int) -> None:
        self._child(metric, labels).observe_often(seconds, times)

    def set(self, metric: Metric, labels: tuple[str, ...], value: float) -> None:
        self._child(metric, labels).set(value)

    def to_text(self) -> str:
        return generate_latest(self._registry).decode() if not is_shared() else shared_text()

    def _child(self, metric: Metric, labels: tuple[str, ...]) -> Any:
        try:
            return self._children[metric.name, labels]
        except KeyError:
            with self._lock:
                family = self._families.get(metric.name) or self._new_family(metric)
                child = family.labels(*labels) if labels else family
                self._children[metric.name, labels] = child
            return child

    def _new_family(self, metric: Metric) -> Any:
        known: dict[str, Any] = {"registry": self._registry}
        match metric.kind:
            case Kind.COUNTER:
                family: Any = Counter(metric.name, metric.text, metric.labels, **known)
            case Kind.HISTOGRAM:
                known["buckets"] = metric.buckets
                family = _Histogram(metric.name, metric.text, metric.labels, **known)
            case Kind.GAUGE:
                # What a process has read last, and nothing of those that have ended.
                known["multiprocess_mode"] = "livemostrecent"
                family = Gauge(metric.name, metric.text, metric.labels, **known)
        self._families[metric.name] = family
        return family


class _Histogram(Histogram):
    """Takes many equal values at once. The library takes one after the other, which would cost
    `validate` a twentieth of its speed. tests/metrics/ compares the two."""

    _upper_bounds: list[float]
    _buckets: list[Any]
    _sum: Any

    def observe_often(self, seconds: float, times: int) -> None:
        self._sum.inc(seconds * times)
        self._buckets[bisect_left(self._upper_bounds, seconds)].inc(times)


def is_shared() -> bool:
    return SHARED_FOLDER in os.environ


def shared_text() -> str:
    """What all processes have counted that share a folder."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # it has no annotations
    return generate_latest(registry).decode()
