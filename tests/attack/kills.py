"""Processes are killed under load, the whole group or one worker: nothing acknowledged is lost."""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.attack.clients import StaffMember, customers, programs, working
from tests.attack.http_client import ask
from tests.attack.portal_processes import fill, opened, port_of, worker_ids
from tests.attack.scenario import Attack, Row, Size
from tests.attack.tally import Tally
from tests.serving import Portal

NAME = "kills"
#: Seconds until the portal answers again after the kill of one worker.
BACK_SECONDS = 15


def run(folder: Path, workers: int, size: Size) -> Row:
    tally = Tally(timeout=10, later_is_answer=True, cuts_expected=True)
    attack = Attack(NAME, folder, workers, tally, limit=None)
    with opened(folder, attack.settings) as store:
        fill(store)
    with _Lives(attack) as lives:
        port = port_of(lives.portal)
        link = lives.portal.staff_link("anna@example.com", "approver", "Anna")
        steps = [
            *programs(port, tally, 2),
            *customers(port, tally, 3),
            StaffMember(port, tally, link).step,
        ]
        with working(*steps):
            for number, pause in enumerate(_pauses(size.rounds)):
                time.sleep(pause)
                if number % 2 == 0:
                    lives.kill_group()
                else:
                    lives.kill_worker(twice=number % 3 == 0)
            time.sleep(1)
    if lives.ended:
        attack.broken.append(f"{lives.ended} kills of one worker ended the whole portal")
    if lives.silent:
        attack.broken.append(f"{lives.silent} times no answer {BACK_SECONDS} s after a kill")
    return attack.row()


def _pauses(rounds: int) -> Iterator[float]:
    """Seconds of load before each kill, so that kills meet every phase of a write."""
    numbers = random.Random(9)
    return (numbers.uniform(0.2, 1.2) for _ in range(rounds))


class _Lives:
    """One portal after the other at the same port, as a supervisor starts them."""

    def __init__(self, attack: Attack) -> None:
        self.attack = attack
        self.ended = 0
        self.silent = 0
        self._stack = ExitStack()
        self.portal: Portal = self._stack.enter_context(attack.serving())

    def __enter__(self) -> "_Lives":
        return self

    def __exit__(self, *_error: object) -> None:
        self._end()

    def kill_group(self) -> None:
        self.portal.kill()
        self._start_again()

    def kill_worker(self, *, twice: bool) -> None:
        self._kill_one()
        if twice and self._is_back():
            self._kill_one()
        if self._is_back():
            return
        if self.portal.process.poll() is None:
            self.silent += 1
            self.portal.kill()
        else:
            self.ended += 1
        self._start_again()

    def _kill_one(self) -> None:
        for process in worker_ids(self.portal.process.pid)[:1]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def _is_back(self) -> bool:
        """Waits until there are as many workers as before, and one answers."""
        end = time.monotonic() + BACK_SECONDS
        while time.monotonic() < end and self.portal.process.poll() is None:
            count = len(worker_ids(self.portal.process.pid))
            if count == self.attack.workers and (
                ask(port_of(self.portal), "GET", "/health", timeout=5).status == 200
            ):
                return True
            time.sleep(0.05)
        return False

    def _start_again(self) -> None:
        port = port_of(self.portal)
        self._end()
        self.portal = self._stack.enter_context(self.attack.serving(port))

    def _end(self) -> None:
        # `serving` asserts how the portal ended; here, that is counted.
        with suppress(AssertionError):
            self._stack.close()
