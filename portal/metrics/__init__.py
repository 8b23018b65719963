"""What is counted and measured while the portal runs, for Prometheus and for CloudWatch.

names              every metric: its name, its labels, what it counts
recorder           takes what is counted, and passes it on to the outputs that are turned on
prometheus_output  Prometheus, with the optional library: imported only if it was asked for
embedded_output    lines of the log with the same figures, for CloudWatch
shared_folder      how the processes of a server count together, and what becomes of dead ones
parent             what the process counts that starts workers
listener           answers `/metrics` on an address of its own
sources/           what is counted at the store, and read from it

A label never holds an id, an address or a name, and its values are few.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from portal.metrics import names
from portal.metrics.embedded_output import NAMESPACE
from portal.metrics.parent import ParentMetrics, parent_metrics
from portal.metrics.recorder import (
    Recorder,
    Regularly,
    prometheus_recorder,
    recorder_of,
)
from portal.metrics.shared_folder import (
    SHARED_FOLDER,
    require_prometheus_client,
    shared_metrics,
)

if TYPE_CHECKING:
    from portal.metrics.listener import MetricsListener
    from portal.metrics_setting import MetricsAddress

__all__ = [
    "NAMESPACE", "SHARED_FOLDER", "ParentMetrics", "Recorder", "Regularly", "names",
    "open_listener", "parent_metrics", "prometheus_recorder", "recorder_of",
    "require_prometheus_client", "shared_metrics",
]  # fmt: skip


@contextmanager
def open_listener(address: "MetricsAddress | None") -> "Iterator[MetricsListener | None]":
    """What has the address for `/metrics` meanwhile; `None` without one.

    Raises:
        SettingsError: Another program has the address, or this machine has no such address.
    """
    if address is None:
        yield None
        return
    from portal.metrics.listener import MetricsListener  # noqa: PLC0415 - the workers need none

    listener = MetricsListener(address)
    try:
        yield listener
    finally:
        listener.close()
