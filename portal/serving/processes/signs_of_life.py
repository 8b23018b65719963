"""How a companion says to the process that started it that it lives and gets on with its work."""

import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from portal.serving.limits import Limits

_STANDARD_INPUT = 0


@contextmanager
def signs_of_life(limits: Limits) -> Iterator[Callable[[], None]]:
    """Meanwhile this process gives signs of life to whoever has the other end of its standard
    input, if that is a socket.

    A process that is frozen gives none. Neither does one with a thread that waits for something
    that never comes: each thread that works says that it goes on, and if one has not for a long
    time, the signs end.

    Yields:
        What a thread calls each time it goes on.
    """
    went_on: dict[int, float] = {}
    stop = threading.Event()

    def note() -> None:
        went_on[threading.get_ident()] = time.monotonic()

    def beat(line: socket.socket) -> None:
        with line:
            while not stop.wait(limits.beat_seconds):
                longest = time.monotonic() - min(list(went_on.values()), default=time.monotonic())
                if longest < limits.stuck_seconds:
                    # Nobody reads them while the parent is stopped.
                    with suppress(OSError):
                        line.send(b".", socket.MSG_DONTWAIT)

    if stat.S_ISSOCK(os.fstat(_STANDARD_INPUT).st_mode):
        line = socket.socket(fileno=os.dup(_STANDARD_INPUT))
        threading.Thread(target=beat, args=(line,), name="signs-of-life", daemon=True).start()
    try:
        yield note
    finally:
        stop.set()
