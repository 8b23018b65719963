"""Counts the ids that are asked for and that no tenant has. Anybody can ask for any id, as often as
they like, so what is kept has a fixed size: the most frequent ids stay, whatever else is asked for.

This is the algorithm of Misra and Gries. When all places are taken, an id that is new takes one off
each count, and who has none left goes. So an id that is asked for more often than one in 500 times
stays, and a count is too low by at most that much. Each step of taking off was paid by an earlier
count, so a flood costs as much per question as usual.
"""

import threading
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from portal.records import UnknownId

#: Ids that are kept.
MAX_UNKNOWN = 500
#: So long an id is kept after it was asked for last.
UNKNOWN_KEPT = timedelta(days=30)


class UnknownIds:
    """What one process has counted since `taken`. Any number of threads may count."""

    def __init__(self, most: int = MAX_UNKNOWN) -> None:
        self._most = most
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()

    def count(self, tenant_id: str) -> None:
        """Count a question. This waits for nobody: one of two at the same moment may be lost."""
        counts = self._counts
        before = counts.get(tenant_id)
        if before is not None:
            counts[tenant_id] = before + 1
        elif self._lock.acquire(False):
            try:
                self._add(tenant_id)
            finally:
                self._lock.release()

    def _add(self, tenant_id: str) -> None:
        if len(self._counts) < self._most:
            self._counts[tenant_id] = 1
        else:
            # A copy, since others may count meanwhile.
            counted = list(self._counts.items())
            self._counts = {each: n - 1 for each, n in counted if n > 1}

    def taken(self) -> dict[str, int]:
        """What was counted; counting begins anew."""
        with self._lock:
            counts, self._counts = self._counts, {}
        return counts

    def give_back(self, counts: Mapping[str, int]) -> None:
        """It could not be written. What was counted meanwhile is added."""
        with self._lock:
            merged = dict(counts)
            for tenant_id, count in self._counts.items():
                merged[tenant_id] = merged.get(tenant_id, 0) + count
            self._counts = dict(_most_frequent(merged, self._most))


def merged(stored: Iterable[UnknownId], counts: Mapping[str, int], today: date) -> list[UnknownId]:
    """What is stored, with what one process has counted: the most frequent of both, without those
    that nobody asked for lately."""
    known = {each.tenant_id: each for each in stored if each.last_day >= today - UNKNOWN_KEPT}
    for tenant_id, count in counts.items():
        before = known.get(tenant_id)
        known[tenant_id] = UnknownId(
            tenant_id=tenant_id,
            count=count + (before.count if before else 0),
            first_day=before.first_day if before else today,
            last_day=today,
        )
    frequent = sorted(known.values(), key=lambda each: (each.count, each.last_day), reverse=True)
    return frequent[:MAX_UNKNOWN]


def _most_frequent(counts: Mapping[str, int], most: int) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda each: each[1], reverse=True)[:most]
