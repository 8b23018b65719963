"""One background thread does what many threads wait for, each of them for its own time.

Credentials may come from another program, or from an endpoint that never answers. The SDK waits
for them without a limit, in the thread that needs them. Here only a background thread does.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from portal.stores.waiting import remaining_seconds

_T = TypeVar("_T")

#: Seconds after which a flight counts as stuck, so that the next caller starts another one. It
#: doubles each time: what never ends must not collect threads.
PATIENCE_SECONDS = 30.0
_MAX_PATIENCE_SECONDS = 3600.0
#: If nothing has come for this long, callers wait only for a moment: they hold the threads of a
#: server, and requests that need no result wait for a thread.
PROMPT_SECONDS = 8.0
_MOMENT_SECONDS = 0.1


class NotYetError(Exception):
    """The result did not come while the caller could wait. The work goes on."""


class SingleFlight(Generic[_T]):
    """Does `work` in a background thread, at most once at a time.

    A result is not kept, and neither is a failure: whoever asks after its end starts the work anew.
    """

    def __init__(
        self,
        work: Callable[[], _T],
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        prompt_seconds: float = PROMPT_SECONDS,
    ) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._flight: Future[_T] | None = None
        self._stuck_at = 0.0
        self._patience = patience_seconds
        self._prompt_seconds = prompt_seconds
        #: Since when there has been no result, though somebody waits for one.
        self._waiting_since: float | None = None

    def start(self) -> Future[_T]:
        """The flight that is under way; a new one if there is none, or if it is stuck."""
        with self._lock:
            now = time.monotonic()
            flight = self._flight
            if flight is not None and now < self._stuck_at:
                return flight
            if flight is not None:
                self._patience = min(self._patience * 2, _MAX_PATIENCE_SECONDS)
            flight = self._flight = Future()
            self._stuck_at = now + self._patience
            if self._waiting_since is None:
                self._waiting_since = now
        # As a daemon, since the process must be able to end while another program sleeps.
        threading.Thread(target=self._run, args=(flight,), daemon=True).start()
        return flight

    def result(self, at_most: float) -> _T:
        """The result of the work, or its error.

        Raises:
            NotYetError: Neither came within `at_most` seconds, or before the deadline.
        """
        flight = self.start()
        since = self._waiting_since
        if since is not None and time.monotonic() - since >= self._prompt_seconds:
            at_most = min(at_most, _MOMENT_SECONDS)
        try:
            return flight.result(remaining_seconds(at_most))
        except TimeoutError:
            # The work itself may raise a TimeoutError, too.
            if flight.done():
                raise
            raise NotYetError from None

    def _run(self, flight: "Future[_T]") -> None:
        try:
            result = self._work()
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            self._end(flight)
            flight.set_exception(error)
        else:
            self._end(flight)
            flight.set_result(result)

    def _end(self, flight: "Future[_T]") -> None:
        with self._lock:
            self._waiting_since = None
            if self._flight is flight:
                self._flight = None
