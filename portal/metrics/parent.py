"""What the process counts that starts workers: those of its children that died."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from portal.metrics.names import PROCESS_DEATHS
from portal.metrics.recorder import Recorder, Regularly, recorder_of
from portal.metrics.shared_folder import forget_process
from portal.settings import Settings

if TYPE_CHECKING:
    from portal.metrics.listener import MetricsListener


class ParentMetrics:
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        recorder.start_at_zero(PROCESS_DEATHS, [("worker",), ("mail",)])

    def worker_died(self, pid: int) -> None:
        self._died("worker", pid)

    def mail_process_died(self, pid: int) -> None:
        self._died("mail", pid)

    def process_ended(self, pid: int) -> None:
        """One that was asked to end: its gauges go."""
        if self._recorder.is_on:
            forget_process(pid)

    def _died(self, process: str, pid: int) -> None:
        if self._recorder.is_on:
            self._recorder.count(PROCESS_DEATHS, process)
            forget_process(pid)


@contextmanager
def parent_metrics(
    settings: Settings, listener: "MetricsListener | None" = None
) -> Iterator[ParentMetrics]:
    """Inside of `shared_metrics`. Meanwhile the listener answers, if there is one.

    Raises:
        SettingsError: Prometheus was asked for, and its library is not installed.
    """
    recorder = recorder_of(settings)
    with ExitStack() as stack:
        regularly = Regularly(recorder)
        stack.callback(regularly.stop)
        if listener is not None:
            stack.enter_context(listener.answering(recorder.to_prometheus))
        yield ParentMetrics(recorder)
