"""Writing in the background: nobody waits for whoever reads the log."""

import io
import logging
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from portal.logs.json_lines import JsonLines

logger = logging.getLogger(__name__)

#: Seconds that the end of a process waits for what is not written yet.
_LAST_SECONDS = 1.0


class BackgroundStream(io.TextIOBase):
    """Writes to another stream in a thread, so that nobody waits for whoever reads it.

    If that reader stops, the newest texts are dropped, and their number is written in the end.
    """

    #: What is kept for a reader that is late: texts, and their characters.
    MOST_WAITING = 2_000
    MOST_CHARACTERS = 4_000_000

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._texts: deque[str] = deque()
        self._characters = 0
        #: Dropped, and not said yet.
        self._unsaid = 0
        #: The lock lets a thread in twice, since a signal may come between and log as well.
        self._changed = threading.Condition()
        self._is_stuck = False
        self.dropped = 0
        threading.Thread(target=self._write_all, name="log", daemon=True).start()

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def write(self, text: str, /) -> int:
        if not isinstance(text, str):
            raise TypeError("A text stream takes text.")
        with self._changed:
            is_full = (
                len(self._texts) >= self.MOST_WAITING
                or self._characters + len(text) > self.MOST_CHARACTERS
            )
            if is_full:
                self._drop()
            elif text:
                self._texts.append(text)
                self._characters += len(text)
                self._changed.notify_all()
        return len(text)

    def _drop(self) -> None:
        self.dropped += 1
        self._unsaid += 1

    def wait_until_written(self, seconds: float) -> bool:
        """Before the process ends. A reader that has stopped does not stop this.

        Returns:
            Whether everything was written. Once it was not, nobody waits again until something is.
        """
        with self._changed:
            if self._is_stuck:
                return False
            is_written = self._changed.wait_for(lambda: not self._texts, seconds)
            self._is_stuck = not is_written
        return is_written

    def _write_all(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._texts))
                # It stays in the queue while it is written: so it counts as waiting.
                text = self._texts[0]
            try:
                self._write(text.encode(errors="backslashreplace"))
                is_written = True
            except OSError:
                # Standard error is closed: there is no way to report anything.
                is_written = False
            with self._changed:
                self._texts.popleft()
                self._characters -= len(text)
                self._is_stuck = False
                if not is_written:
                    self._drop()
                unsaid = self._unsaid if is_written else 0
                self._unsaid -= unsaid
                self._changed.notify_all()
            if unsaid:
                self._say(unsaid)

    def _say(self, dropped: int) -> None:
        # Past the queue, which may be full again.
        record = logger.makeRecord(
            __name__, logging.ERROR, __file__, 0,
            "%d log lines were lost because nobody read standard error.", (dropped,), None,
        )  # fmt: skip
        try:
            self._write(JsonLines().format(record).encode() + b"\n")
        except OSError:
            with self._changed:
                self._unsaid += dropped

    def _write(self, text: bytes) -> None:
        # Not with Python's own stream: the end of the process would wait for the lock that this
        # thread holds while nobody reads.
        while text:
            try:
                text = text[os.write(self._descriptor, text) :]
            except BlockingIOError:
                # Whoever shares this pipe has set it so. It is full.
                waiting = select.poll()
                waiting.register(self._descriptor, select.POLLOUT)
                waiting.poll()


#: All streams of this process. There is seldom more than one.
_streams: list[BackgroundStream] = []


def dropped_lines() -> int:
    """How many log lines this process has dropped so far, because nobody read them."""
    return sum(stream.dropped for stream in _streams)


def write_in_background() -> BackgroundStream:
    """From now on nothing that writes to standard error waits for whoever reads it.

    Returns:
        The stream that standard error is now. To call this again changes nothing.

    Raises:
        OSError: Standard error is no file, but a text in memory.
    """
    return _write_in_background("stderr")


def _write_in_background(name: str) -> BackgroundStream:
    current = getattr(sys, name)
    if isinstance(current, BackgroundStream):
        return current
    background = BackgroundStream(current.fileno())
    _streams.append(background)
    # It has of a text stream what this program and its libraries use.
    setattr(sys, name, background)
    return background


@contextmanager
def written_in_background() -> Iterator[None]:
    """Meanwhile nothing that writes to standard error or standard output waits for whoever reads
    it. For servers."""
    direct = {name: getattr(sys, name) for name in ("stdout", "stderr")}
    background: dict[str, BackgroundStream] = {}
    for name in direct:
        # Nobody waits for a text in memory.
        with suppress(OSError):
            background[name] = _write_in_background(name)
    try:
        yield
    finally:
        for name, stream in direct.items():
            # If nobody reads, what comes after this must not wait either.
            if name not in background or background[name].wait_until_written(_LAST_SECONDS):
                setattr(sys, name, stream)
