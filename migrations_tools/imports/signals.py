"""Ctrl-C and other signals, which stop a long run between two writes and not within one."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType

from portal.stores import Change, RetryingStore

#: Sent by Ctrl-C; by a supervisor or a machine that shuts down; by a terminal that is closed.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class InterruptSafeStore(RetryingStore):
    """A retrying store that delays a stop until the current write is done, so that it is certain
    what was written."""

    def write_once(self, changes: Sequence[Change]) -> None:
        with _delayed_interrupt():
            super().write_once(changes)


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn each of `STOP_SIGNALS` into `KeyboardInterrupt`, so that the program cleans up.

    Signals that the parent ignored (`nohup`) stay ignored.
    """
    with ExitStack() as stack:
        for number in STOP_SIGNALS:
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, signal.default_int_handler)
                stack.callback(signal.signal, number, signal.SIG_DFL)
        yield


@contextmanager
def _delayed_interrupt() -> Iterator[None]:
    """Raise `KeyboardInterrupt` at the end instead of now; for a second signal, at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [n for n in STOP_SIGNALS if signal.getsignal(n) is signal.default_int_handler]
    received = False

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal received
        if received:
            raise KeyboardInterrupt
        received = True

    for number in numbers:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.default_int_handler)
        if received:
            raise KeyboardInterrupt
