"""How many rows a second a long run handles, and how it waits for a busy store."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from portal.stores import retry_while_busy

_T = TypeVar("_T")


class RateLimiter:
    """At most `rate` rows a second in all threads together; 0 means no limit."""

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
        self._next_free = clock()

    def take(self, rows: int) -> None:
        """Wait until this number of rows may be read or written."""
        if not self._rate or not rows:
            return
        with self._lock:
            now = self._clock()
            # Unused capacity of the past is lost, so there are no bursts.
            start = max(self._next_free, now)
            self._next_free = start + rows / self._rate
        if start > now:
            self._pause(start - now)

    def retry_while_busy(self, call: Callable[[], _T]) -> _T:
        """The result of `call`, retried with longer and longer pauses while the store is busy.

        Raises:
            BusyError: The store was still busy at the last attempt.
        """
        return retry_while_busy(call, self._pause)
