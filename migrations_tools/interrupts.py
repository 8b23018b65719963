"""Ctrl-C, which ends a long run between two writes and not within one."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from portal.stores.contract import Change
from portal.stores.patient import PatientStore


class UnbrokenStore(PatientStore):
    """As patient; and whoever presses Ctrl-C knows what was written, since no write is left
    half-way."""

    def write_once(self, changes: Sequence[Change]) -> None:
        with _put_off():
            super().write_once(changes)


@contextmanager
def _put_off() -> Iterator[None]:
    """`KeyboardInterrupt` comes behind this; the second time somebody asks for it, at once."""
    is_ours = threading.current_thread() is threading.main_thread()
    if not is_ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    asked = False

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if asked:
            raise KeyboardInterrupt
