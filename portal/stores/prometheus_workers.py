"""Metrics for Prometheus: whether they can be had, and how the processes of a server share them.

Each worker of `portal serve` is a process, and any of them may answer `/metrics`. So the library
prometheus-client has each process count in files of a shared folder, and adds them up. The
library is an extra of the package, and is imported only if `PORTAL_METRICS` has `prometheus`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from tempfile import TemporaryDirectory

from portal.settings import Settings, SettingsError
from portal.stores.contract import MeteredStore, Store, StoreMetrics

#: The environment variable by which prometheus-client knows the folder.
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def require_prometheus_client(settings: Settings) -> None:
    """Find out whether the library is there if the settings need it, without importing it.

    Raises:
        SettingsError: It is not installed.
    """
    if "prometheus" in settings.metrics and find_spec("prometheus_client") is None:
        raise SettingsError(
            "PORTAL_METRICS",
            "For prometheus, install the library prometheus-client:"
            " pip install 'fsm-onboarding-portal[prometheus]'",
        )


@contextmanager
def shared_metrics(settings: Settings) -> Iterator[None]:
    """For the process that starts workers: a new folder in which they count, if they count.

    The counts of a worker that has ended stay in the folder, so that no counter decreases. The
    folder is removed in the end.

    Raises:
        SettingsError: No folder for temporary files can be written.
    """
    if "prometheus" not in settings.metrics:
        yield
        return
    try:
        folder = TemporaryDirectory(prefix="portal-metrics-", ignore_cleanup_errors=True)
    except OSError as error:
        raise SettingsError(
            "PORTAL_METRICS",
            "For prometheus, the portal needs a folder for temporary files. Set TMPDIR to one that"
            f" it can write to ({error.strerror}).",
        ) from error
    with folder as path:
        os.environ[SHARED_FOLDER] = path
        try:
            yield
        finally:
            del os.environ[SHARED_FOLDER]


def metrics_for_prometheus(settings: Settings, store: Store) -> StoreMetrics | None:
    """The metrics of the store, which counts its calls from now on.

    `None` if the settings do not ask for them, or if the store is not metered.

    Raises:
        SettingsError: The library is not installed.
    """
    require_prometheus_client(settings)
    if "prometheus" not in settings.metrics or not isinstance(store, MeteredStore):
        return None
    store.metrics.enable_prometheus()
    return store.metrics
