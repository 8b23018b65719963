"""Metrics for Prometheus: whether they can be had, and how the processes of a server share them.

Each worker of `portal serve` is a process, and any of them may answer `/metrics`. So the library
prometheus-client has each process count in files of a shared folder, and adds them up. The
library is an extra of the package, and is imported only if `PORTAL_METRICS` has `prometheus`.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from portal.settings import Settings, SettingsError

#: The environment variable by which prometheus-client knows the folder.
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
#: Its time says when the next process reads the gauges.
_TURN = "next-reading"


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


def forget_process(pid: int) -> None:
    """A process has ended: what it has counted stays, and its gauges go. The next process that may
    read them does so soon."""
    if SHARED_FOLDER not in os.environ:
        return
    from prometheus_client.multiprocess import (  # noqa: PLC0415 - an extra of the package
        mark_process_dead,
    )

    mark_process_dead(pid)  # type: ignore[no-untyped-call] # it has no annotations
    with suppress(OSError):
        (Path(os.environ[SHARED_FOLDER]) / _TURN).unlink()


class Turns:
    """Whose turn it is to read the gauges: one of all processes that share a folder, so that many
    workers ask the store no more often than one."""

    def __init__(self) -> None:
        self._next = 0.0

    def is_due(self) -> bool:
        folder = os.environ.get(SHARED_FOLDER)
        if folder is None:
            return time.time() >= self._next
        try:
            return time.time() >= (Path(folder) / _TURN).stat().st_mtime
        except OSError:
            return True

    def put_off(self, seconds: float) -> None:
        """Nobody's turn for so long."""
        self._next = time.time() + seconds
        folder = os.environ.get(SHARED_FOLDER)
        if folder is not None:
            path = Path(folder) / _TURN
            with suppress(OSError):
                path.touch()
                os.utime(path, (self._next, self._next))
