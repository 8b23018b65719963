"""The access log: a line for each answer, without an address, a query or a person.

The application asks `GET /api/validate` far more often than people open pages, and its answer costs
little more than a line would. So those that are answered ahead of Flask are counted, and a line a
minute has their number.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable

from portal.settings import Settings
from portal.tracing import bounded_method
from portal.web.http.request_ids import new_request_id

logger = logging.getLogger("portal.access")

#: Answers are counted for so long before their number is written.
COUNTED_SECONDS = 60.0


class AccessLog:
    """
    Args:
        seconds: A clock that only goes forward.
    """

    def __init__(
        self, settings: Settings, *, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self.is_on = settings.access_log
        self._seconds = seconds
        self._lock = threading.Lock()
        self._counts: Counter[int] = Counter()
        self._since = seconds()

    def answered(
        self, *, route: str, method: str, status: int, seconds: float, size: int, caller: str
    ) -> None:
        """
        Args:
            route: Its rule, with the names of its parts in place of their values; empty if there
                is none.
            caller: `staff`, `token` or `none`.
        """
        if not self.is_on:
            return
        fields = {
            "route": route,
            "method": bounded_method(method),
            "status": status,
            "durationMs": round(seconds * 1000, 1),
            "bytes": size,
            "caller": caller,
        }
        logger.info("A request was answered.", extra={"fields": fields})

    def refused(self, method: str, status: int, seconds: float, request_id: str = "") -> str:
        """The server has refused a request without the application, or in place of its answer.

        Args:
            request_id: The one that the application gave it before, if it did.

        Returns:
            The id of the request, for its answer.
        """
        request_id = request_id or new_request_id()
        if self.is_on:
            fields = {
                "requestId": request_id,
                "route": "",
                "method": bounded_method(method),
                "status": status,
                "durationMs": round(seconds * 1000, 1),
                "caller": "none",
            }
            logger.info("A request was refused by the server.", extra={"fields": fields})
        return request_id

    def count(self, route: str, status: int) -> None:
        """One of the many answers of this route, if this is on."""
        with self._lock:
            self._counts[status] += 1
            is_due = self._seconds() - self._since >= COUNTED_SECONDS
        if is_due:
            self.write_counts(route)

    def write_counts(self, route: str) -> None:
        """Write the number of those that were counted since the line before."""
        with self._lock:
            counts, since = self._counts, self._since
            self._counts, self._since = Counter(), self._seconds()
        if counts:
            fields = {
                "route": route,
                "count": counts.total(),
                "statuses": {str(status): counts[status] for status in sorted(counts)},
                "seconds": round(self._since - since, 1),
            }
            logger.info("Requests were answered.", extra={"fields": fields})
