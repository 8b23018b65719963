"""Counts for CloudWatch: lines of the log in its embedded metric format.

The figures of a process are added up, and logged once a minute, one line for each set of labels.
On AWS Lambda a process stands still between two requests, so there they are logged after each.
Names are those of Prometheus. A histogram has its sum and its number, and no buckets: each would be
one more metric to pay for.
"""

import logging
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from portal.metrics.names import Metric

logger = logging.getLogger(__name__)

NAMESPACE = "FSMAppointmentManager/Portal"
#: CloudWatch's own resolution.
LOG_SECONDS = 60.0
#: CloudWatch reads no line with more.
_MOST_METRICS = 100

#: Names of labels, and their values.
_LabelSet = tuple[tuple[str, ...], tuple[str, ...]]


class EmbeddedOutput:
    """Adds figures up until they are logged.

    Args:
        seconds: Between two times that figures are logged.
    """

    def __init__(
        self, *, seconds: float | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        if seconds is None:
            seconds = 0 if "AWS_LAMBDA_FUNCTION_NAME" in os.environ else LOG_SECONDS
        self._seconds = seconds
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        self._lock = threading.Lock()
        self._figures = self._new_figures()
        self._logged_at = self._clock()

    @staticmethod
    def _new_figures() -> dict[_LabelSet, dict[str, tuple[str, float]]]:
        return defaultdict(dict)

    def count(self, metric: Metric, labels: tuple[str, ...], amount: float) -> None:
        if amount:
            with self._lock:
                self._add(metric, labels, metric.name, "Count", amount)

    def observe(self, metric: Metric, labels: tuple[str, ...], seconds: float, times: int) -> None:
        with self._lock:
            self._add(metric, labels, f"{metric.name}_sum", "Seconds", seconds * times)
            self._add(metric, labels, f"{metric.name}_count", "Count", times)

    def set(self, metric: Metric, labels: tuple[str, ...], value: float) -> None:
        unit = "Seconds" if metric.name.endswith("_seconds") else "Count"
        with self._lock:
            figures = self._figures[metric.labels, labels]
            if value == value:  # noqa: PLR0124 - not a number: nobody knows it
                figures[metric.name] = unit, value
            else:
                figures.pop(metric.name, None)

    def _add(
        self, metric: Metric, labels: tuple[str, ...], name: str, unit: str, amount: float
    ) -> None:
        figures = self._figures[metric.labels, labels]
        figures[name] = unit, figures.get(name, (unit, 0.0))[1] + amount

    def log_if_due(self) -> None:
        if self._clock() - self._logged_at >= self._seconds:
            self.log()

    def log(self) -> None:
        """Log what was counted since the last time, and count from zero."""
        with self._lock:
            figures, self._figures = self._figures, self._new_figures()
            now = self._logged_at = self._clock()
        for (names, values), numbers in figures.items():
            items = list(numbers.items())
            for first in range(0, len(items), _MOST_METRICS):
                some = dict(items[first : first + _MOST_METRICS])
                fields = _fields(dict(zip(names, values, strict=True)), some, now)
                logger.info("Metrics", extra={"fields": fields})


def _fields(
    labels: dict[str, str], figures: dict[str, tuple[str, float]], now: float
) -> dict[str, Any]:
    return {
        "_aws": {
            "Timestamp": int(now * 1000),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [list(labels)],
                "Metrics": [{"Name": name, "Unit": unit} for name, (unit, _) in figures.items()],
            }],
        },
        **labels,
        **{name: round(value, 6) for name, (_, value) in figures.items()},
    }  # fmt: skip
