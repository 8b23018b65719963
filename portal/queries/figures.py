"""The figures of the overview: sign-ups and decisions by week, and the licences that end by month.

What the store has of past weeks and of ends is kept in memory for some minutes. So a page reads
three items more, and now and then about thirty, and twelve ranges of an index.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from portal import records
from portal.records import LAST
from portal.stores import GSI2, Item, ItemNotFoundError, Store
from portal.tenants import MILLISECOND, Status, first_instant
from portal.timestamps import format_timestamp

#: Weeks and months of the overview.
WEEKS = 12
MONTHS = 12
#: Ends of a month are counted up to this, which stands for "999+".
MAX_ENDS = 1000
#: How long this process takes what it has read for the truth.
_KEPT = timedelta(minutes=10)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Week:
    """What was counted in a week.

    Attributes:
        monday: It begins on this day, at 0:00 UTC.
        decided: Verb and key of a person (`portal.records.person_key`) -> number of decisions.
    """

    monday: date
    sign_ups: int
    decided: Mapping[tuple[str, str], int]

    @property
    def decisions(self) -> int:
        return sum(self.decided.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class EndingMonth:
    """The licences that end in a month, at most `MAX_ENDS`. `start`: its first instant; of the
    present month, the instant from which on they were counted."""

    first: date
    start: datetime
    count: int


def weeks(store: Store, now: datetime, number: int = WEEKS) -> list[Week]:
    """The last weeks, the oldest first; the last one is that of `now`. It reads two items for each
    week, and the corrections."""
    corrections = _corrections(store)
    return [_week(store, week, corrections) for week in records.weeks_until(now, number)]


def endings(store: Store, now: datetime, zone: ZoneInfo) -> list[EndingMonth]:
    """The licences that end in this month, from now on, and in each of those that follow."""
    partition = records.status_partition(Status.ACTIVE)
    months = _first_days(now.astimezone(zone).date(), MONTHS + 1)
    starts = [max(now, first_instant(first, zone)) for first in months]
    return [
        EndingMonth(
            first=first,
            start=start,
            count=store.count(
                GSI2,
                partition,
                cap=MAX_ENDS,
                between=(format_timestamp(start), format_timestamp(end - MILLISECOND) + LAST),
            ),
        )
        for first, start, end in zip(months, starts, starts[1:], strict=False)
    ]


class KnownFigures:
    """Remembers what seldom changes, so that a page costs little."""

    def __init__(self) -> None:
        self._past: Sequence[Week] = ()
        self._past_until = _LONG_AGO
        self._endings: Sequence[EndingMonth] = ()
        self._endings_until = _LONG_AGO
        self._zone: ZoneInfo | None = None

    def weeks(self, store: Store, now: datetime) -> list[Week]:
        """As the function `weeks`. This week is read each time: who has decided looks for it."""
        monday = records.monday_of(records.week_of(now))
        is_known = self._past and self._past[-1].monday == monday - timedelta(weeks=1)
        if now >= self._past_until or not is_known:
            self._past = weeks(store, now - timedelta(weeks=1), WEEKS - 1)
            self._past_until = now + _KEPT
        return [*self._past, *weeks(store, now, 1)]

    def endings(self, store: Store, now: datetime, zone: ZoneInfo) -> Sequence[EndingMonth]:
        """As the function `endings`."""
        if now >= self._endings_until or zone != self._zone:
            self._endings = endings(store, now, zone)
            self._endings_until, self._zone = now + _KEPT, zone
        return self._endings


def _week(store: Store, week: str, corrections: Mapping[str, Counter[str]]) -> Week:
    numbers = records.decision_counts(_item(store, records.decisions_item_id(week)))
    numbers.update(records.sign_up_count(_item(store, records.sign_ups_item_id(week))))
    numbers.update(corrections.get(week, {}))
    decided = {}
    for name, number in numbers.items():
        decision = records.decision_of_name(name)
        if decision and number > 0:
            decided[decision] = number
    return Week(
        monday=records.monday_of(week),
        sign_ups=max(0, numbers[records.SIGN_UPS]),
        decided=decided,
    )


def _corrections(store: Store) -> dict[str, Counter[str]]:
    return records.corrections_of(_item(store, records.CORRECTIONS))


def _item(store: Store, item_id: str) -> Item:
    """Empty if nothing was counted."""
    try:
        return store.get(item_id)
    except ItemNotFoundError:
        return {}


def _first_days(today: date, number: int) -> list[date]:
    """The first day of this month and of those that follow."""
    months = (today.month - 1 + ahead for ahead in range(number))
    return [date(today.year + month // 12, month % 12 + 1, 1) for month in months]
