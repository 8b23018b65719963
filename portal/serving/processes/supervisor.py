"""The parent: starts workers, starts them again when they die, renews them, and stops them.

A worker that dies is nobody else's affair: the others go on, and the socket stays open in the
parent, so that connections wait for the next worker and are not refused.
"""

import logging
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import wait

from portal.serving.limits import Limits
from portal.serving.listening import Listener
from portal.serving.processes import systemd
from portal.serving.processes.companion import Companion
from portal.serving.processes.renewal import Renewal, Slot
from portal.serving.processes.worker_process import WorkerProcess
from portal.serving.worker import Load

logger = logging.getLogger(__name__)

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: The parent looks at its workers at least so often. If it looks later, it was stopped itself.
_LOOK_SECONDS = 1.0


@dataclass
class Supervisor:
    """Runs workers on a socket until a signal stops it.

    `load` is called in each worker. It has to be a function of a module, because a worker is a new
    process.
    """

    load: Load
    listener: Listener
    workers: int
    limits: Limits = field(default_factory=Limits)
    companion: Companion | None = None
    """What runs beside the workers once one of them listens."""
    on_death: Callable[[int], None] = lambda _pid: None
    """Learns the process id of each worker that ended without being asked to …"""
    on_end: Callable[[int], None] = lambda _pid: None
    """… and of each that ended, for whatever reason."""
    interrupted: bool = field(default=False, init=False)
    """Whether Ctrl-C ended it."""

    def run(self) -> bool:
        """Until SIGTERM or Ctrl-C. SIGHUP renews the workers, one after the other.

        Returns:
            False if no worker could load the application at the start.
        """
        self._slots = [Slot(number) for number in range(1, self.workers + 1)]
        self._renewal = Renewal(
            self._slots,
            self.limits,
            start=self._new_process,
            forget=self._forget,
            done=self._renew_companion,
        )
        self._received: list[int] = []
        self._any_listened = False
        with self._signals() as wakeup:
            while not self._received and not self._all_failed_at_the_start():
                self._start_due()
                self._wait(wakeup)
                self._bury_dead()
                self._kill_frozen()
                self._renewal.go_on()
                systemd.notify_alive()
                if self.companion and self._any_listened:
                    self.companion.look_after()
            failed = self._all_failed_at_the_start()
            self._stop(wakeup)
        return not failed

    # ---- Signals

    @contextmanager
    def _signals(self) -> Iterator[socket.socket]:
        """Note signals, and wake up whoever waits on the socket."""
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        wakeup_before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        try:
            yield reader
        finally:
            signal.set_wakeup_fd(wakeup_before)
            for number, handler in before.items():
                signal.signal(number, handler)
            reader.close()
            writer.close()

    def _note(self, number: int, _frame: object) -> None:
        if number == signal.SIGHUP:
            self._renewal.ask()
        else:
            self._received.append(number)

    # ---- Starting, and starting again

    def _start_due(self) -> None:
        for slot in self._slots:
            if slot.process is None and time.monotonic() >= slot.start_at:
                try:
                    slot.process = self._new_process(slot)
                except OSError as error:
                    # No memory or too many processes, say. The other workers go on.
                    slot.early_deaths = max(2, slot.early_deaths + 1)
                    pause = _pause(slot.early_deaths, self.limits.longest_pause_seconds)
                    logger.error(  # noqa: TRY400 - where it happened says nothing
                        "Worker %d could not be started: %s. It is tried again in %g seconds.",
                        slot.number,
                        error.strerror,
                        pause,
                    )
                    slot.start_at = time.monotonic() + pause

    def _new_process(self, slot: Slot) -> WorkerProcess:
        return WorkerProcess(slot.number, self.load, self.listener.socket, self.limits)

    def _wait(self, wakeup: socket.socket) -> None:
        """For a sign of life or death, a signal, or the next start; read the signs of life."""
        now = time.monotonic()
        times = [slot.start_at for slot in self._slots if slot.process is None]
        times += self._renewal.deadlines
        processes = list(self._processes())
        wakes = [each for process in processes for each in process.wakes]
        pauses = [each - now for each in times]
        wait([wakeup, *wakes], max(0.0, min([_LOOK_SECONDS, *pauses])))
        _drain(wakeup)
        was_stopped = time.monotonic() - now > 3 * _LOOK_SECONDS
        for process in processes:
            process.read_signs(was_stopped=was_stopped)
            if process.listens and not self._any_listened:
                self._any_listened = True
                systemd.notify("READY=1")

    def _bury_dead(self) -> None:
        for slot in self._slots:
            process = slot.process
            if process is None or process.is_alive:
                continue
            lived = time.monotonic() - process.started
            slot.early_deaths = (
                0 if lived >= self.limits.steady_seconds else (slot.early_deaths + 1)
            )
            # What cannot be loaded has to be repaired first.
            deaths = slot.early_deaths + process.could_not_load
            pause = _pause(deaths, self.limits.longest_pause_seconds)
            logger.error(
                "Worker %d (process %s) %s. The next one starts in %g seconds.",
                slot.number,
                process.pid,
                process.end,
                pause,
            )
            slot.start_at = time.monotonic() + pause
            slot.process = None
            slot.has_failed |= not process.was_killed
            self.on_death(process.pid)
            self._forget(process)

    def _kill_frozen(self) -> None:
        for slot in self._slots:
            for process in (slot.process, slot.successor):
                silent = process.frozen_seconds() if process else None
                if process is not None and silent is not None:
                    logger.error(
                        "Worker %d (process %s) gave no sign of life for %.0f seconds."
                        " It is killed.",
                        slot.number,
                        process.pid,
                        silent,
                    )
                    process.kill()

    def _all_failed_at_the_start(self) -> bool:
        return not self._any_listened and all(slot.has_failed for slot in self._slots)

    def _renew_companion(self) -> None:
        if self.companion:
            self.companion.renew()

    # ---- Stopping

    def _stop(self, wakeup: socket.socket) -> None:
        self.interrupted = signal.SIGINT in self._received
        limits = self.limits
        seconds = limits.interrupt_seconds if self.interrupted else limits.stop_seconds
        now = time.monotonic()
        systemd.notify("STOPPING=1")
        if not self.interrupted and self._any_listened:
            logger.info(
                "Stopping. Requests that are being answered get up to %g seconds. A second signal"
                " ends them at once.",
                seconds,
            )
        self.listener.keep_new_out()
        processes = list(self._processes())
        for process in processes:
            process.ask_to_end(in_a_hurry=self.interrupted)
        if self.companion:
            self.companion.ask_to_end()
        self._received.clear()
        if not self.interrupted:
            # Who was in the queue by now is accepted meanwhile.
            self._wait_for_ends(processes, wakeup, now + limits.drain_seconds)
        self.listener.close()
        alive = self._wait_for_ends(processes, wakeup, now + seconds)
        for process in alive:
            process.kill()
        if alive:
            logger.warning(
                "%d of %d workers were ended while they still answered requests.",
                len(alive),
                len(processes),
            )
        if self.companion:
            most = limits.interrupt_seconds if self.interrupted else limits.companion_stop_seconds
            deadline = 0.0 if self._received else min(now + seconds, now + most)
            self.companion.end(deadline - time.monotonic())
        for process in processes:
            self._forget(process)

    def _wait_for_ends(
        self, processes: list[WorkerProcess], wakeup: socket.socket, deadline: float
    ) -> list[WorkerProcess]:
        """Until all have ended, time is up, or somebody is in a hurry. Returns those that live."""
        while alive := [process for process in processes if process.is_alive]:
            left = deadline - time.monotonic()
            if left <= 0 or self._received:
                break
            wait([wakeup, *(process.sentinel for process in alive)], left)
            _drain(wakeup)
        return alive

    # ---- All of them

    def _processes(self) -> Iterator[WorkerProcess]:
        for slot in self._slots:
            yield from (each for each in (slot.process, slot.successor) if each is not None)
        yield from self._renewal.leaving

    def _forget(self, process: WorkerProcess) -> None:
        process.forget()
        self.on_end(process.pid)


def _drain(wakeup: socket.socket) -> None:
    try:
        wakeup.recv(4096)
    except BlockingIOError:
        return


def _pause(early_deaths: int, longest: float) -> float:
    """None after a long life and after the first early death; then 1, 2, 4 … seconds."""
    return float(min(longest, 2.0 ** (early_deaths - 2))) if early_deaths > 1 else 0.0
