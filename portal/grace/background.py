"""Two threads, so that no request waits: one writes the file, the other one looks once a minute for
what others have ended. Both begin with the first thing to do, and end with their owner.

A look asks the store, which may take long. Meanwhile a "no" still reaches the file at once.
"""

import logging
import threading
import time
import weakref
from typing import Protocol

from portal.stores import set_deadline

logger = logging.getLogger(__name__)

#: Seconds in which what is new is collected for one write.
_COLLECT = 1.0
#: Seconds between two looks, and between two attempts to use a file that could not be used.
LOOK = 60.0
_TRY_AGAIN = 10.0
#: Seconds that a look may wait for the store. What it did not see then, the next one sees.
LOOK_SECONDS = 30.0


class _Owner(Protocol):
    def flush(self) -> bool: ...

    def look(self) -> None: ...


class Background:
    """Runs `owner.flush` after `wake`, and `owner.look` once a minute."""

    def __init__(self, owner: _Owner) -> None:
        self._owner = weakref.ref(owner, lambda _: self._end())
        self._wake = threading.Event()
        self._urgent = threading.Event()
        self._ended = threading.Event()
        self._done = threading.Condition()
        self._asked = self._answered = 0
        self._is_slow = False
        self._runs = False
        self._starting = threading.Lock()

    def wake(self) -> None:
        """There is something to write, within a second."""
        if not self._wake.is_set():
            self._wake.set()
            self.start()

    def wait_until_done(self, seconds: float) -> None:
        """Have everything written at once. Returns when that was tried, or after so many seconds.

        A disk that has just been slower than that is not waited for again until it answers."""
        with self._done:
            self._asked += 1
            number = self._asked
            self._urgent.set()
            self.wake()
            if self._is_slow:
                return
            is_done = self._done.wait_for(lambda: self._answered >= number, seconds)
            self._is_slow = not is_done

    def start(self, *, look_now: bool = False) -> None:
        """Start the threads if they do not run."""
        if self._runs:
            return
        with self._starting:
            if not self._runs:
                self._runs = True
                first = 0.0 if look_now else LOOK
                for name, run in (("write", self._write), ("look", self._look)):
                    threading.Thread(
                        target=run, args=(first,), name=f"last-known-{name}", daemon=True
                    ).start()

    def _write(self, pause: float) -> None:
        next_flush = time.monotonic() + pause
        while True:
            self._wake.wait(max(0.0, next_flush - time.monotonic()))
            if self._wake.is_set():
                self._urgent.wait(_COLLECT)
            owner = self._owner()
            if owner is None:
                return
            with self._done:
                number = self._asked
                self._urgent.clear()
                self._wake.clear()
            try:
                worked = owner.flush()
            except Exception:
                # The thread has to go on. The log gets only the type and the place of the error.
                logger.exception("Something unexpected happened.")
                worked = False
            # Also if nothing is new here: others write, too.
            next_flush = time.monotonic() + (LOOK if worked else _TRY_AGAIN)
            del owner
            with self._done:
                self._answered = number
                self._is_slow = False
                self._done.notify_all()

    def _look(self, pause: float) -> None:
        while not self._ended.wait(pause):
            owner = self._owner()
            if owner is None:
                return
            set_deadline(seconds=LOOK_SECONDS)
            try:
                owner.look()
            except Exception:
                # As above.
                logger.exception("Something unexpected happened.")
            del owner
            pause = LOOK

    def _end(self) -> None:
        self._ended.set()
        self._wake.set()
        self._urgent.set()
