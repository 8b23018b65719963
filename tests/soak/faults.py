"""What goes wrong during a soak, in turn: processes die or freeze, the store fails. And how all
workers are renewed meanwhile."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import cycle

from tests.attack.portal_processes import worker_ids
from tests.serving import Portal
from tests.soak.faulty_store import TROUBLE, FaultyStore

#: Until no worker is left that was there before SIGHUP. The busiest machine takes a while.
RENEWED_SECONDS = 120.0
#: Begins the fault.
Begin = Callable[[], None]


def in_turn(portal: Portal, store: FaultyStore | None) -> Iterator[Begin]:
    """The faults, again and again."""
    faults = _of_processes(portal)
    if store is not None:
        faults += [partial(store.trouble, number) for number in range(len(TROUBLE))]
    return cycle(faults)


def _of_processes(portal: Portal) -> list[Begin]:
    """The oldest worker is spared: its memory is watched from the beginning to the end."""

    def youngest(number: signal.Signals) -> Begin:
        return lambda: _send(number, worker_ids(portal.process.pid)[-1:])

    return [
        youngest(signal.SIGKILL),
        lambda: _send(signal.SIGKILL, portal.mail_processes()),
        # The parent misses its signs of life, and replaces it.
        youngest(signal.SIGSTOP),
    ]


def renew(portal: Portal) -> None:
    """Has the parent replace all workers, one after the other, and waits until it has.

    Raises:
        TimeoutError: Some of the earlier ones are still there.
    """
    earlier = portal.workers()
    os.kill(portal.process.pid, signal.SIGHUP)
    end = time.monotonic() + RENEWED_SECONDS
    while left := earlier & portal.workers():
        if time.monotonic() > end:
            raise TimeoutError(
                f"{len(left)} of {len(earlier)} workers were not renewed in {RENEWED_SECONDS:g} s"
            )
        time.sleep(0.1)


def _send(number: signal.Signals, processes: "set[int] | list[int]") -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, number)
