"""A line of the log that many requests could cause."""

import logging
import threading
import time
from collections.abc import Callable

_HOUR_SECONDS = 3600


class HourlyWarning:
    """Says something at most once an hour in each worker."""

    def __init__(
        self, logger: logging.Logger, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._logger = logger
        self._seconds = seconds
        self._lock = threading.Lock()
        self._next = -float("inf")

    def say(self, text: str, *values: object) -> None:
        now = self._seconds()
        if now < self._next:
            return
        with self._lock:
            if now < self._next:
                return
            self._next = now + _HOUR_SECONDS
        self._logger.warning(text, *values)
