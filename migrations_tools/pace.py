"""How fast a long run goes, and what it shows of itself on a terminal."""

import sys
import threading
import time
from collections.abc import Callable
from typing import TextIO, TypeVar

from portal.stores import retry_while_busy

_T = TypeVar("_T")


class RateLimiter:
    """At most `rate` rows a second, over all threads together; 0 is without a limit."""

    def __init__(
        self,
        rate: float = 0,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._pause = pause
        self._lock = threading.Lock()
        self._free = clock()

    def take(self, rows: int) -> None:
        """Waits until so many rows may be read or written."""
        if not self._rate or not rows:
            return
        with self._lock:
            now = self._clock()
            # What was not used a while ago is not saved up: no bursts.
            begin = max(self._free, now)
            self._free = begin + rows / self._rate
        if begin > now:
            self._pause(begin - now)

    def retry_while_busy(self, call: Callable[[], _T]) -> _T:
        """What `call` answers, tried again while the store is too busy: nobody waits for a page
        here. `BusyError` in the end."""
        return retry_while_busy(call, self._pause)


class ProgressLine:
    """One line that is written over, on a terminal; elsewhere nothing."""

    def __init__(
        self, stream: TextIO | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream if stream is not None else sys.stderr
        # There is no stream where it was closed before the program began.
        self._shown = self._stream is not None and self._stream.isatty()
        self._clock = clock
        self._next = 0.0
        self._length = 0
        self._lock = threading.Lock()

    def at(self, text: str) -> None:
        with self._lock:
            if self._shown and self._clock() >= self._next:
                self._next = self._clock() + 0.2
                self._write(text)

    def end(self) -> None:
        """Clears the line for what comes next."""
        with self._lock:
            if self._length:
                self._write("")
                self._stream.write("\r")
                self._length = 0

    def _write(self, text: str) -> None:
        self._stream.write("\r" + text.ljust(self._length))
        self._stream.flush()
        self._length = len(text)
