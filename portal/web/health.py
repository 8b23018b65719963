"""What platforms ask: whether the process answers, and whether the store would take a write.

/health/live   the process answers. It touches nothing: no store, no session.
/health/ready  the store would take a write. Bounded by the clock, and kept for some seconds.
/health        as /health/ready, but asked anew each time.

They answer any `Host`, since load balancers ask by address, set no cookie and build no link.
"""

import logging
import threading
import time
from collections.abc import Callable

from flask import Flask, Response, current_app, jsonify

from portal.stores import (
    PUBLIC_ATTEMPTS,
    BusyError,
    StoreError,
    UnavailableError,
    retry_attempts,
    set_deadline,
)
from portal.web.http import context

logger = logging.getLogger(__name__)

#: So long a request waits for the store, whatever the store does.
LONGEST_SECONDS = 2.0
#: So long an answer is kept. A bad one is asked again sooner, so that traffic comes back soon.
GOOD_SECONDS, BAD_SECONDS = 10.0, 2.0


class _Check:
    """A check under way, for which any number of requests wait."""

    def __init__(self, began: float) -> None:
        self.began = began
        self.ended = threading.Event()
        self.is_good = False


class Readiness:
    """Whether the store would take a write, as one process knows it.

    The store is asked in a thread of its own, one at a time. So a store that hangs holds up that
    thread alone, and no request for longer than two seconds.

    Args:
        check: Raises an error if the store would not take a write.
    """

    def __init__(
        self, check: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._check = check
        self._clock = clock
        self._lock = threading.Lock()
        self._current: _Check | None = None
        self._answer, self._kept_until = False, clock()
        self._is_stopping = False

    def is_ready(self) -> bool:
        if self._is_stopping:
            return False
        with self._lock:
            now = self._clock()
            if now < self._kept_until:
                return self._answer
            current = self._current or self._start(now)
        left = current.began + LONGEST_SECONDS - now
        return current.ended.wait(max(0.0, left)) and current.is_good

    def stop(self) -> None:
        """From now on it is not ready, so that load balancers send nothing more here."""
        self._is_stopping = True

    def _start(self, now: float) -> _Check:
        current = self._current = _Check(now)
        thread = threading.Thread(target=self._run, args=(current,), name="ready", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # No more threads: the process is in no state to take requests.
            logger.warning("The store was not checked: no thread could be started.")
            self._current = None
            current.ended.set()
        return current

    def _run(self, current: _Check) -> None:
        set_deadline(seconds=LONGEST_SECONDS)
        retry_attempts.set(PUBLIC_ATTEMPTS)
        is_good = False
        try:
            self._check()
            is_good = True
        except StoreError as error:
            logger.warning("The store would refuse a write: %s", _sentence(error))
        except Exception:
            logger.exception("The check of the store failed.")
        with self._lock:
            now = self._clock()
            # What comes too late tells nothing about the next write.
            current.is_good = is_good and now - current.began <= LONGEST_SECONDS
            self._answer = current.is_good
            self._kept_until = now + (GOOD_SECONDS if current.is_good else BAD_SECONDS)
            self._current = None
        current.ended.set()


def init_app(app: Flask, services: context.Services) -> None:
    app.extensions["portal.readiness"] = Readiness(services.store.check)
    app.add_url_rule("/health", view_func=health)
    app.add_url_rule("/health/live", endpoint="health_live", view_func=live)
    app.add_url_rule("/health/ready", endpoint="health_ready", view_func=ready)


def health() -> Response:
    """503 while the store would refuse a write; only the log says why."""
    try:
        context.store().check()
    except StoreError as error:
        logger.warning("The store would refuse a write: %s", _sentence(error))
        return _unavailable()
    return jsonify(status="ok")


def live() -> Response:
    return jsonify(status="ok")


def ready() -> Response:
    readiness: Readiness = current_app.extensions["portal.readiness"]
    return jsonify(status="ok") if readiness.is_ready() else _unavailable()


def _sentence(error: StoreError) -> str:
    if isinstance(error, UnavailableError):
        return f"{error.reason} {error.remedy}"
    return error.reason if isinstance(error, BusyError) else type(error).__name__


def _unavailable() -> Response:
    response = jsonify(status="unavailable")
    response.status_code = 503
    return response
