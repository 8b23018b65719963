"""The process of a worker, as its parent sees it: it starts, gives signs of life, and ends."""

import multiprocessing
import os
import signal
import socket
import time
from contextlib import suppress
from multiprocessing.connection import Connection

from portal.serving.limits import Limits
from portal.serving.worker import HURRY, LISTENS, NOT_LOADED, Load, run_worker


class WorkerProcess:
    """Starts it.

    Raises:
        OSError: It cannot be started: no memory or too many processes, say.
    """

    def __init__(self, number: int, load: Load, listener: socket.socket, limits: Limits) -> None:
        # A new interpreter each time. A copy of this one would have its locks and threads by half,
        # and the code that was on the disk when this one started.
        spawn = multiprocessing.get_context("spawn")
        self.number = number
        self._limits = limits
        self._beats, writer = spawn.Pipe(duplex=False)
        self._process = spawn.Process(
            target=run_worker,
            args=(load, listener, writer, limits),
            name=f"portal-worker-{number}",
        )
        # Blocked in the worker for ever. Otherwise Ctrl-C would end it with a traceback while it
        # still imports.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process.start()
        except OSError:
            self._beats.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            writer.close()
        os.set_blocking(self._beats.fileno(), False)
        self.pid = self._process.pid or 0
        self.started = self._last_beat = time.monotonic()
        self._has_beaten = False
        self.listens = False

    @property
    def wakes(self) -> tuple[int, Connection]:
        """What to wait for: its end, and its signs of life."""
        return self._process.sentinel, self._beats

    @property
    def sentinel(self) -> int:
        return self._process.sentinel

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    @property
    def could_not_load(self) -> bool:
        return self._process.exitcode == NOT_LOADED

    @property
    def was_killed(self) -> bool:
        """Whether a signal ended it: ours, because it seemed frozen, or one of the system, because
        memory ran out, say."""
        return (self._process.exitcode or 0) < 0

    @property
    def end(self) -> str:
        """How it ended, as the rest of a sentence."""
        code = self._process.exitcode
        if code == NOT_LOADED:
            return "could not load the portal"
        if code is not None and code < 0:
            return f"was ended by signal {-code}"
        return f"ended with status {code}"

    def read_signs(self, *, was_stopped: bool) -> None:
        """
        Args:
            was_stopped: Whether this process did not run for a while, and so could see none.
        """
        try:
            signs = os.read(self._beats.fileno(), 4096)
        except BlockingIOError:
            signs = b""
        if signs or was_stopped:
            self._last_beat = time.monotonic()
        self._has_beaten |= bool(signs)
        self.listens |= LISTENS in signs

    def frozen_seconds(self) -> float | None:
        """How long it has given no sign of life, if that is too long."""
        limits = self._limits
        allowed = limits.frozen_seconds if self._has_beaten else limits.start_seconds
        silent = time.monotonic() - self._last_beat
        return silent if silent > allowed else None

    def ask_to_end(self, *, in_a_hurry: bool = False) -> None:
        """It answers what it has received, and ends."""
        if in_a_hurry:
            # It may have ended a moment ago.
            with suppress(ProcessLookupError):
                os.kill(self.pid, HURRY)
        else:
            self._process.terminate()

    def kill(self) -> None:
        self._process.kill()
        self._last_beat = time.monotonic()

    def forget(self) -> None:
        """Once it has ended; waits for that."""
        self._process.join()
        self._beats.close()
        self._process.close()
