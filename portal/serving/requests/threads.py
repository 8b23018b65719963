"""Threads that answer whole requests.

Each kind of request has threads and a queue of its own, so that the question of the application
and the health check are answered while everything else waits. A queue is bounded: who would wait
too long is told so at once.
"""

import threading
from collections.abc import Callable
from queue import SimpleQueue

from portal.serving.limits import Limits

Job = Callable[[], None]


class Threads:
    """Threads that share a queue. A job must not raise."""

    def __init__(self, name: str, count: int, waiting: int) -> None:
        self._waiting = waiting
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        for number in range(count):
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True).start()

    def submit(self, job: Job) -> bool:
        """False if too many jobs wait already."""
        if self._jobs.qsize() >= self._waiting:
            return False
        self._jobs.put(job)
        return True

    def _work(self) -> None:
        while True:
            self._jobs.get()()


class ThreadsByPath:
    def __init__(self, limits: Limits) -> None:
        self._validate = Threads("validate", limits.validate_threads, limits.waiting)
        self._health = Threads("health", limits.health_threads, limits.waiting)
        # Behind a store that hangs, /health waits as long as a request may, /health/ready for two
        # seconds, and /health/live not at all.
        self._ready = Threads("ready", limits.health_threads, limits.waiting)
        self._live = Threads("live", 1, limits.waiting)
        self._others = Threads("others", limits.threads, limits.waiting)

    def of(self, path: str) -> Threads:
        if path == "/api/validate":
            return self._validate
        if path == "/health/live":
            return self._live
        if path == "/health/ready":
            return self._ready
        if path == "/health":
            return self._health
        return self._others
