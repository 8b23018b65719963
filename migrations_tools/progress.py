"""The progress of a long run, on a terminal."""

import sys
import threading
import time
from collections.abc import Callable
from typing import TextIO

_SECONDS_BETWEEN_UPDATES = 0.2


class ProgressLine:
    """One line that is overwritten again and again. Prints nothing if there is no terminal."""

    def __init__(
        self, stream: TextIO | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream if stream is not None else sys.stderr
        # `sys.stderr` is None if it was closed before the program started.
        self._is_terminal = self._stream is not None and self._stream.isatty()
        self._clock = clock
        self._next_update = 0.0
        self._length = 0
        self._lock = threading.Lock()

    def update(self, text: str) -> None:
        with self._lock:
            if self._is_terminal and self._clock() >= self._next_update:
                self._next_update = self._clock() + _SECONDS_BETWEEN_UPDATES
                self._write(text)

    def clear(self) -> None:
        """Empty the line for the text that follows."""
        with self._lock:
            if self._length:
                self._write("")
                self._stream.write("\r")
                self._length = 0

    def _write(self, text: str) -> None:
        self._stream.write("\r" + text.ljust(self._length))
        self._stream.flush()
        self._length = len(text)
