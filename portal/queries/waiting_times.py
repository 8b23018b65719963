"""How long sign-ups usually wait for a decision, by the last decisions of this store."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from portal import records
from portal.stores import ItemNotFoundError, Store, StoreError

#: With fewer decisions, nothing is usual yet.
MIN_DECISIONS = 10
#: The weeks of which decisions count.
_WEEKS = 8
#: How long this process takes what it has read for the truth.
_KEPT = timedelta(minutes=5)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class WaitingTimes:
    """Within `median`, half of the sign-ups were decided; within `nearly_all`, nine of ten."""

    median: timedelta
    nearly_all: timedelta


def waiting_times(store: Store, now: datetime) -> WaitingTimes | None:
    """The waiting times of the decisions of this week and the seven before it; `None` if there are
    fewer than `MIN_DECISIONS`. It reads ten items, however many tenants there are."""
    last_month = now.astimezone(UTC).replace(day=1) - timedelta(days=1)
    weeks = records.weeks_until(now, _WEEKS)
    item_ids = [records.decisions_item_id(week) for week in weeks]
    # An earlier version counted by month.
    item_ids += [records.old_waiting_item_id(month) for month in (now, last_month)]
    counts: Counter[timedelta] = Counter()
    for item_id in item_ids:
        try:
            counts.update(records.waiting_counts(store.get(item_id)))
        except ItemNotFoundError:
            continue
    if counts.total() < MIN_DECISIONS:
        return None
    return WaitingTimes(_quantile(counts, 50), _quantile(counts, 90))


def _quantile(counts: Counter[timedelta], percent: int) -> timedelta:
    """The shortest time within which so many percent were decided."""
    decided = 0
    for within in sorted(counts):
        decided += counts[within]
        if decided * 100 >= counts.total() * percent:
            return within
    raise AssertionError("there is no decision")


class KnownWaitingTimes:
    """Remembers the waiting times for some minutes, so that a page costs no read more."""

    def __init__(self) -> None:
        self._known: WaitingTimes | None = None
        self._until = _LONG_AGO

    def at(self, store: Store, now: datetime) -> WaitingTimes | None:
        """As `waiting_times`. If the store cannot say, what was known before: no page depends on
        this."""
        if now >= self._until:
            try:
                self._known = waiting_times(store, now)
            except StoreError:
                return self._known
            self._until = now + _KEPT
        return self._known
