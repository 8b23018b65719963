"""Takes what is counted, and passes it on to the outputs that are turned on."""

import logging
import os
import threading
import time
import weakref
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Iterable
from contextvars import copy_context
from math import fsum, inf
from typing import Protocol

from portal import logs
from portal.metrics.embedded_output import EmbeddedOutput
from portal.metrics.names import LOST_LOG_LINES, REQUEST_SECONDS, REQUESTS, Metric
from portal.metrics.shared_folder import require_prometheus_client
from portal.settings import Settings

logger = logging.getLogger(__name__)

#: Values of the labels of a metric, in their order.
Labels = tuple[str, ...]
#: What of `validate` is written down later: status, and seconds.
Sample = tuple[int, float]

#: Whoever floods `validate` while nobody writes its samples down loses the oldest, not memory.
_MOST_SAMPLES = 200_000
#: Seconds that the end of a process waits for what is being collected.
_LAST_SECONDS = 1.0


class Output(Protocol):
    """Where numbers go. Any number of threads may use one."""

    def count(self, metric: Metric, labels: Labels, amount: float) -> None: ...
    def observe(self, metric: Metric, labels: Labels, seconds: float, times: int) -> None: ...
    def set(self, metric: Metric, labels: Labels, value: float) -> None: ...


class PrometheusText(Output, Protocol):
    def to_text(self) -> str: ...


class Recorder:
    """Counts for one process. Without outputs it does nothing, and costs a comparison.

    Args:
        prometheus: Makes the output for Prometheus, anew in a process that was forked.
        embedded: The output for CloudWatch.
    """

    def __init__(
        self,
        *,
        prometheus: Callable[[], PrometheusText] | None = None,
        embedded: EmbeddedOutput | None = None,
    ) -> None:
        self._make = prometheus
        self._embedded = embedded
        self._samples: deque[Sample] = deque(maxlen=_MOST_SAMPLES)
        #: Appends a sample of `validate`. Nothing is cheaper, and no thread waits for another.
        self.note_validate: Callable[[Sample], None] = self._samples.append
        self._sources: list[Callable[[], None]] = []
        self.reset()
        _recorders.add(self)

    @property
    def is_on(self) -> bool:
        return bool(self._outputs)

    def reset(self) -> None:
        """Count from zero in a process that was just forked: threads that do not exist in it may
        hold locks of the outputs."""
        self._prometheus = self._make() if self._make else None
        if self._embedded is not None:
            self._embedded.reset()
        self._outputs: list[Output] = [
            each for each in (self._prometheus, self._embedded) if each is not None
        ]
        self._writing = threading.Lock()
        self._lost = logs.dropped_lines()
        self._samples.clear()

    def count(self, metric: Metric, *labels: str, amount: float = 1) -> None:
        for output in self._outputs:
            output.count(metric, labels, amount)

    def observe(self, metric: Metric, seconds: float, *labels: str) -> None:
        for output in self._outputs:
            output.observe(metric, labels, seconds, 1)

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        for output in self._outputs:
            output.set(metric, labels, value)

    def start_at_zero(self, metric: Metric, values: Iterable[Labels]) -> None:
        """Show these counters before the first one counts. Otherwise nobody sees the step from
        nothing to one."""
        if self._prometheus is not None:
            for labels in values:
                self._prometheus.count(metric, labels, 0)

    def add_source(self, read: Callable[[], None]) -> None:
        """`read` is called before numbers are shown, and regularly. It counts what it finds."""
        self._sources.append(read)

    def collect(self) -> None:
        """Write down what waits, and log what is due for CloudWatch."""
        for read in self._sources:
            read()
        self._write_down()
        self.log_if_due()

    def log_if_due(self) -> None:
        if self._embedded is not None:
            self._embedded.log_if_due()

    def close(self) -> None:
        """Before the process ends: write down and log everything."""
        self._write_down()
        if self._embedded is not None:
            self._embedded.log()

    def to_prometheus(self) -> str:
        """All metrics in Prometheus's text format: of all processes that share a folder. Empty if
        Prometheus was not asked for."""
        return self._prometheus.to_text() if self._prometheus is not None else ""

    def _write_down(self) -> None:
        """The log lines that were lost, and the samples of `validate`, many at once."""
        if not self.is_on:
            return
        with self._writing:
            total = logs.dropped_lines()
            lost, self._lost = total - self._lost, total
            samples = [self._samples.popleft() for _ in range(len(self._samples))]
        self.count(LOST_LOG_LINES, amount=lost)
        route = "/api/validate"
        for status, times in Counter(status for status, _ in samples).items():
            self.count(REQUESTS, route, "GET", str(status), amount=times)
        # Those of one bucket are one observation, of their mean.
        seconds = sorted(seconds for _, seconds in samples)
        begin = 0
        for bound in (*REQUEST_SECONDS.buckets, inf):
            end = bisect_right(seconds, bound)
            if end > begin:
                mean = fsum(seconds[begin:end]) / (end - begin)
                for output in self._outputs:
                    output.observe(REQUEST_SECONDS, (route,), mean, end - begin)
            begin = end


class Regularly:
    """A thread that collects each second, for a process that runs for long. Its lines of the log
    have the ids of whoever starts it: that of a call of AWS Lambda, which may take seconds."""

    def __init__(self, recorder: Recorder, seconds: float = 1.0) -> None:
        self._recorder = recorder
        self._seconds = seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._run,), name="metrics", daemon=True
        )
        if recorder.is_on:
            self._thread.start()

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            try:
                self._recorder.collect()
            except Exception:
                # The next second may work, and nothing else depends on it.
                logger.exception("The metrics could not be collected.")

    def stop(self) -> None:
        """What was counted is logged before this returns, by this thread or by the other one."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(_LAST_SECONDS)
        self._recorder.close()


def recorder_of(settings: Settings, *, clock: Callable[[], float] = time.time) -> Recorder:
    """What counts in this process, as the settings say.

    Raises:
        SettingsError: Prometheus was asked for, and its library is not installed.
    """
    require_prometheus_client(settings)
    return Recorder(
        prometheus=_prometheus if "prometheus" in settings.metrics else None,
        embedded=EmbeddedOutput(clock=clock) if "log" in settings.metrics else None,
    )


def _prometheus() -> PrometheusText:
    from portal.metrics.prometheus_output import (  # noqa: PLC0415 - an extra of the package
        PrometheusOutput,
    )

    return PrometheusOutput()


def prometheus_recorder() -> Recorder:
    """Counts for Prometheus alone, starting at zero. Needs prometheus-client."""
    return Recorder(prometheus=_prometheus)


_recorders: "weakref.WeakSet[Recorder]" = weakref.WeakSet()


def _reset_after_fork() -> None:
    for recorder in list(_recorders):
        recorder.reset()


os.register_at_fork(after_in_child=_reset_after_fork)
