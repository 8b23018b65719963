"""The parent: starts workers, starts them again when they die, and stops them.

A worker that dies is nobody else's affair: the others go on, and the socket stays open in the
parent, so that connections wait for the next worker and are not refused.
"""

import logging
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from portal.serving.companion import Companion
from portal.serving.limits import Limits
from portal.serving.worker import LISTENS, NOT_LOADED, Load, run_worker

logger = logging.getLogger(__name__)

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
#: The parent looks at its workers at least so often. If it looks later, it was stopped itself.
_LOOK_SECONDS = 1.0


@dataclass
class _Worker:
    """One of the workers; its process changes."""

    number: int
    process: BaseProcess | None = None
    beats: Connection | None = None
    started: float = 0
    last_beat: float = 0
    has_beaten: bool = False
    start_at: float = 0
    """When it has to be started; only without a process."""
    early_deaths: int = 0
    """In a row: deaths soon after a start."""


@dataclass
class Supervisor:
    """Runs workers on a socket until a signal stops it.

    `load` is called in each worker. It has to be a function of a module, because a worker is a new
    process.
    """

    load: Load
    listener: socket.socket
    workers: int
    limits: Limits = field(default_factory=Limits)
    companion: Companion | None = None
    """What runs beside the workers once one of them listens."""
    interrupted: bool = field(default=False, init=False)
    """Whether Ctrl-C ended it."""

    def run(self) -> bool:
        """Until SIGTERM or Ctrl-C.

        Returns:
            False if no worker could load the application at the start.
        """
        self._slots = [_Worker(number) for number in range(1, self.workers + 1)]
        self._received: list[int] = []
        self._any_listened = False
        with self._signals() as wakeup:
            while not self._received and not self._all_failed_at_the_start():
                self._start_due()
                self._wait(wakeup)
                self._bury_dead()
                self._kill_frozen()
                if self.companion and self._any_listened:
                    self.companion.look_after()
            failed = self._all_failed_at_the_start()
            self._stop(wakeup)
        return not failed

    @contextmanager
    def _signals(self) -> Iterator[socket.socket]:
        """Note signals, and wake up whoever waits on the socket."""
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        before = {
            number: signal.signal(number, lambda which, _frame: self._received.append(which))
            for number in _SIGNALS
        }
        wakeup_before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        try:
            yield reader
        finally:
            signal.set_wakeup_fd(wakeup_before)
            for number, handler in before.items():
                signal.signal(number, handler)
            reader.close()
            writer.close()

    def _start_due(self) -> None:
        for worker in self._slots:
            if worker.process is None and time.monotonic() >= worker.start_at:
                try:
                    self._start(worker)
                except OSError as error:
                    # No memory or too many processes, say. The other workers go on.
                    worker.early_deaths = max(2, worker.early_deaths + 1)
                    pause = _pause(worker.early_deaths, self.limits.longest_pause_seconds)
                    logger.error(  # noqa: TRY400 - where it happened says nothing
                        "Worker %d could not be started: %s. It is tried again in %g seconds.",
                        worker.number,
                        error.strerror,
                        pause,
                    )
                    worker.start_at = time.monotonic() + pause

    def _start(self, worker: _Worker) -> None:
        # A new process each time: a copy of this one would have its locks and threads by half.
        spawn = multiprocessing.get_context("spawn")
        reader, writer = spawn.Pipe(duplex=False)
        process = spawn.Process(
            target=run_worker,
            args=(self.load, self.listener, writer, self.limits),
            name=f"portal-worker-{worker.number}",
        )
        # Blocked in the worker for ever. Otherwise Ctrl-C would end it with a traceback while it
        # still imports.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        except OSError:
            reader.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            writer.close()
        os.set_blocking(reader.fileno(), False)
        worker.process, worker.beats, worker.has_beaten = process, reader, False
        worker.started = worker.last_beat = time.monotonic()

    def _wait(self, wakeup: socket.socket) -> None:
        """For a sign of life or death, a signal, or the next start; read the signs of life."""
        now = time.monotonic()
        pauses = [worker.start_at - now for worker in self._slots if worker.process is None]
        running = [worker for worker in self._slots if worker.process is not None]
        sentinels = [worker.process.sentinel for worker in running if worker.process]
        beats = [worker.beats for worker in running if worker.beats]
        wait([wakeup, *sentinels, *beats], max(0.0, min([_LOOK_SECONDS, *pauses])))
        _drain(wakeup)
        was_stopped = time.monotonic() - now > 3 * _LOOK_SECONDS
        for worker in running:
            signs = _read(worker.beats)
            if signs or was_stopped:
                worker.last_beat = time.monotonic()
            worker.has_beaten |= bool(signs)
            self._any_listened |= LISTENS in signs

    def _bury_dead(self) -> None:
        for worker in self._slots:
            process = worker.process
            if process is None or process.is_alive():
                continue
            lived = time.monotonic() - worker.started
            worker.early_deaths = (
                0 if lived >= self.limits.steady_seconds else (worker.early_deaths + 1)
            )
            # What cannot be loaded has to be repaired first.
            deaths = worker.early_deaths + (process.exitcode == NOT_LOADED)
            pause = _pause(deaths, self.limits.longest_pause_seconds)
            logger.error(
                "Worker %d (process %s) %s. The next one starts in %g seconds.",
                worker.number,
                process.pid,
                _cause(process.exitcode),
                pause,
            )
            worker.start_at = time.monotonic() + pause
            self._forget(worker)

    def _kill_frozen(self) -> None:
        for worker in self._slots:
            limits = self.limits
            allowed = limits.frozen_seconds if worker.has_beaten else limits.start_seconds
            silent = time.monotonic() - worker.last_beat
            if worker.process is not None and silent > allowed:
                logger.error(
                    "Worker %d (process %s) gave no sign of life for %.0f seconds. It is killed.",
                    worker.number,
                    worker.process.pid,
                    silent,
                )
                worker.process.kill()
                worker.last_beat = time.monotonic()

    def _all_failed_at_the_start(self) -> bool:
        return not self._any_listened and all(worker.early_deaths for worker in self._slots)

    def _stop(self, wakeup: socket.socket) -> None:
        self.interrupted = signal.SIGINT in self._received
        limits = self.limits
        seconds = limits.interrupt_seconds if self.interrupted else limits.stop_seconds
        deadline = time.monotonic() + seconds
        processes = [worker.process for worker in self._slots if worker.process is not None]
        for process in processes:
            process.terminate()
        if self.companion:
            self.companion.ask_to_end()
        self._received.clear()
        while alive := [process for process in processes if process.is_alive()]:
            left = deadline - time.monotonic()
            if left <= 0 or self._received:
                # Time is up, or somebody is in a hurry.
                for process in alive:
                    process.kill()
                for process in alive:
                    process.join()
                break
            wait([wakeup, *(process.sentinel for process in alive)], left)
            _drain(wakeup)
        if self.companion:
            self.companion.end(0.0 if self._received else deadline - time.monotonic())
        for worker in self._slots:
            if worker.process is not None:
                self._forget(worker)

    @staticmethod
    def _forget(worker: _Worker) -> None:
        if worker.beats is not None:
            worker.beats.close()
        if worker.process is not None:
            worker.process.close()
        worker.process = worker.beats = None


def _read(beats: Connection | None) -> bytes:
    try:
        return os.read(beats.fileno(), 4096) if beats is not None else b""
    except BlockingIOError:
        return b""


def _drain(wakeup: socket.socket) -> None:
    try:
        wakeup.recv(4096)
    except BlockingIOError:
        return


def _cause(exit_code: int | None) -> str:
    if exit_code == NOT_LOADED:
        return "could not load the portal"
    if exit_code is not None and exit_code < 0:
        return f"was ended by signal {-exit_code}"
    return f"ended with status {exit_code}"


def _pause(early_deaths: int, longest: float) -> float:
    """None after a long life and after the first early death; then 1, 2, 4 … seconds."""
    return float(min(longest, 2.0 ** (early_deaths - 2))) if early_deaths > 1 else 0.0
