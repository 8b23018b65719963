"""Ctrl-C and its like, which end a long run between two writes and not within one."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType

from portal.stores import Change, RetryingStore

#: By whoever sits there; by whoever ends programs, as a machine does that goes down; and by a
#: terminal that is closed.
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class InterruptSafeStore(RetryingStore):
    """As patient; and whoever presses Ctrl-C knows what was written, since no write is left
    half-way."""

    def write_once(self, changes: Sequence[Change]) -> None:
        with _put_off():
            super().write_once(changes)


@contextmanager
def stoppable() -> Iterator[None]:
    """Each of `ENDING` is a `KeyboardInterrupt` here, so that everything is left in order; but
    not one that whoever started this has it ignore, as `nohup` does."""
    with ExitStack() as stack:
        for number in ENDING:
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, signal.default_int_handler)
                stack.callback(signal.signal, number, signal.SIG_DFL)
        yield


@contextmanager
def _put_off() -> Iterator[None]:
    """`KeyboardInterrupt` comes behind this; the second time somebody asks for it, at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours = [n for n in ENDING if signal.getsignal(n) is signal.default_int_handler]
    asked = False

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    for number in ours:
        signal.signal(number, note)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.default_int_handler)
        if asked:
            raise KeyboardInterrupt
