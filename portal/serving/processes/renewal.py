"""Renews the workers one after the other: the next one listens before the earlier one stops."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from portal.serving.limits import Limits
from portal.serving.processes import systemd
from portal.serving.processes.worker_process import WorkerProcess

logger = logging.getLogger(__name__)


@dataclass
class Slot:
    """The place of a worker; its process changes."""

    number: int
    process: WorkerProcess | None = None
    successor: WorkerProcess | None = None
    """Started to take its place, while the workers are renewed."""
    start_at: float = 0
    """When it has to be started; only without a process."""
    early_deaths: int = 0
    """In a row: deaths soon after a start."""
    has_failed: bool = False
    """Whether a process of it has ended by itself. One that was killed may have been fine."""


class Renewal:
    """
    Args:
        start: A new process for a slot; it may raise `OSError`.
        forget: Called with each process that has ended.
        done: Called when all are renewed.
    """

    def __init__(
        self,
        slots: Sequence[Slot],
        limits: Limits,
        *,
        start: Callable[[Slot], WorkerProcess],
        forget: Callable[[WorkerProcess], None],
        done: Callable[[], None],
    ) -> None:
        self._slots = slots
        self._limits = limits
        self._start, self._forget, self._done = start, forget, done
        self._asked = False
        self._to_renew: list[Slot] = []
        self._leaving: list[tuple[WorkerProcess, float]] = []

    def ask(self) -> None:
        """Also called by the handler of a signal, so it only notes it."""
        self._asked = True

    @property
    def leaving(self) -> Iterator[WorkerProcess]:
        """Earlier workers that finish what they answer."""
        return (process for process, _ in self._leaving)

    @property
    def deadlines(self) -> list[float]:
        """When they have to have ended."""
        return [deadline for _, deadline in self._leaving]

    def go_on(self) -> None:
        """Do what can be done now without waiting."""
        self._end_leaving()
        if self._asked and not self._to_renew:
            self._asked = False
            self._to_renew = list(self._slots)
            logger.info("The workers are renewed, one after the other.")
            systemd.notify("RELOADING=1")
        if not self._to_renew:
            return
        slot = self._to_renew[0]
        successor = slot.successor
        if successor is None:
            try:
                slot.successor = self._start(slot)
            except OSError as error:
                self._give_up(slot, f"could not be started: {error.strerror}")
        elif not successor.is_alive:
            slot.successor = None
            self._give_up(slot, f"(process {successor.pid}) {successor.end}")
            self._forget(successor)
        elif successor.listens:
            self._replace(slot, successor)

    def _replace(self, slot: Slot, successor: WorkerProcess) -> None:
        if slot.process is not None:
            slot.process.ask_to_end()
            deadline = time.monotonic() + self._limits.stop_seconds
            self._leaving.append((slot.process, deadline))
        slot.process, slot.successor = successor, None
        slot.early_deaths = 0
        self._to_renew.remove(slot)
        if not self._to_renew:
            logger.info("The workers are renewed. The earlier ones finish what they answer.")
            self._done()
            systemd.notify("READY=1")

    def _give_up(self, slot: Slot, problem: str) -> None:
        logger.error(
            "A new worker %d %s. So the workers are not renewed: %d of %d go on as they are."
            " Repair that, and send SIGHUP again.",
            slot.number,
            problem,
            len(self._to_renew),
            len(self._slots),
        )
        self._to_renew.clear()
        systemd.notify("READY=1")

    def _end_leaving(self) -> None:
        for process, deadline in list(self._leaving):
            if process.is_alive and time.monotonic() < deadline:
                continue
            if process.is_alive:
                logger.warning(
                    "An earlier worker %d (process %s) still answered requests after %g seconds."
                    " It is killed.",
                    process.number,
                    process.pid,
                    self._limits.stop_seconds,
                )
                process.kill()
            self._leaving.remove((process, deadline))
            self._forget(process)
