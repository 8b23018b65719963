"""Counts whose answers change: one tenant at a time, however many there are."""

from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from portal.answer_diff.answered import Answered, answered_by, is_asked_for
from portal.answer_diff.changes import AnswerChange, ChangeKind, change_between
from portal.stores import KEY, Item
from portal.timestamps import format_timestamp, parse_timestamp

#: Who loses access is listed up to this number, the first to lose it first. All are counted.
MAX_LOSERS = 20
#: Days that are counted by themselves, the first ones. What comes later is counted as later.
_MAX_DAYS = 6


class Loser(NamedTuple):
    """A tenant that loses access: when, and when it has access again, if at all."""

    at: datetime
    tenant_id: str
    again: datetime | None = None


@dataclass
class DayCounts:
    """Numbers by day, of the first days, and how many there are later."""

    days: dict[date, int] = field(default_factory=dict)
    later: int = 0

    @property
    def total(self) -> int:
        return sum(self.days.values()) + self.later

    def add(self, day: date, number: int = 1) -> None:
        self.days[day] = self.days.get(day, 0) + number
        if len(self.days) > _MAX_DAYS:
            # What is left only gets earlier, so a day that went never comes back.
            self.later += self.days.pop(max(self.days))


class TooManyLoseError(Exception):
    """More tenants would lose access than was allowed. Nothing was written."""

    def __init__(self, diff: "AnswerDiff", most: int) -> None:
        super().__init__(f"{diff.losing} would lose access, at most {most} may")
        self.diff = diff
        self.most = most


@dataclass
class AnswerDiff:
    """Whose answers change, as of `now`. Not for two threads at once.

    Each tenant is counted once: who loses access at any time as a loser, also if it is given again
    later.

    Attributes:
        zone: Of the days on which access is lost or gained.
        most_listed: How many losers are listed.
    """

    now: datetime
    zone: ZoneInfo
    most_listed: int = MAX_LOSERS
    same: int = 0
    lose_now: int = 0
    gain_now: int = 0
    otherwise: int = 0
    lose_on: DayCounts = field(default_factory=DayCounts)
    gain_on: DayCounts = field(default_factory=DayCounts)
    losers: list[Loser] = field(default_factory=list)

    @property
    def losing(self) -> int:
        return self.lose_now + self.lose_on.total

    @property
    def gaining(self) -> int:
        return self.gain_now + self.gain_on.total

    @property
    def tenants(self) -> int:
        return self.same + self.losing + self.gaining + self.otherwise

    def add_items(self, before: Item | None, after: Item | None) -> None:
        """One tenant as it is stored, and as the operation would leave it; None for none. What the
        application cannot ask for is not counted."""
        item = before if before is not None else after
        if item is None:
            return
        if before is after:
            self.same += is_asked_for(str(item[KEY]))
            return
        answers = answered_by(before, self.now), answered_by(after, self.now)
        self.add(str(item[KEY]), *answers)

    def add(self, tenant_id: str, before: Answered | None, after: Answered | None) -> None:
        """One tenant by its answers; None: nobody can ask for it, or there is none."""
        if before is not None or after is not None:
            self.count(tenant_id, change_between(before, after, self.now))

    def count(self, tenant_id: str, change: AnswerChange) -> None:
        at = change.at or self.now
        match change.kind:
            case ChangeKind.SAME:
                self.same += 1
            case ChangeKind.OTHERWISE:
                self.otherwise += 1
            case ChangeKind.LOSES:
                insort(self.losers, Loser(at, tenant_id, change.again), key=lambda each: each[:2])
                del self.losers[self.most_listed :]
                if at <= self.now:
                    self.lose_now += 1
                else:
                    self.lose_on.add(self._day(at))
            case ChangeKind.GAINS if at <= self.now:
                self.gain_now += 1
            case ChangeKind.GAINS:
                self.gain_on.add(self._day(at))

    def refuse_more_than(self, most: int | None) -> None:
        """None: any number may lose access.

        Raises:
            TooManyLoseError: More lose access.
        """
        if most is not None and self.losing > most:
            raise TooManyLoseError(self, most)

    def _day(self, instant: datetime) -> date:
        try:
            return instant.astimezone(self.zone).date()
        except OverflowError:
            # East of the last instant of the year 9999, datetime has no more days.
            return instant.astimezone(UTC).date()

    # ---- For reports, and as an import is stored

    def as_json(self) -> dict[str, Any]:
        """For JSON; `from_json` reads it."""
        return {
            "at": format_timestamp(self.now),
            "timeZone": self.zone.key,
            "same": self.same,
            "loseNow": self.lose_now,
            "loseLater": self.lose_on.total,
            "loseOn": _days_as_json(self.lose_on),
            "gainNow": self.gain_now,
            "gainLater": self.gain_on.total,
            "gainOn": _days_as_json(self.gain_on),
            "otherwise": self.otherwise,
            "lose": [
                {
                    "tenant": loser.tenant_id,
                    "at": format_timestamp(loser.at),
                    "again": format_timestamp(loser.again) if loser.again else None,
                }
                for loser in self.losers
            ],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "AnswerDiff":
        return cls(
            now=_instant(values["at"]),
            zone=ZoneInfo(values["timeZone"]),
            same=values["same"],
            lose_now=values["loseNow"],
            lose_on=_days_of_json(values["loseOn"], values["loseLater"]),
            gain_now=values["gainNow"],
            gain_on=_days_of_json(values["gainOn"], values["gainLater"]),
            otherwise=values["otherwise"],
            losers=[
                Loser(
                    _instant(each["at"]),
                    each["tenant"],
                    _instant(each["again"]) if each["again"] else None,
                )
                for each in values["lose"]
            ],
        )


def _days_as_json(counts: DayCounts) -> dict[str, int]:
    return {day.isoformat(): counts.days[day] for day in sorted(counts.days)}


def _days_of_json(days: Mapping[str, int], total: int) -> DayCounts:
    return DayCounts(
        {date.fromisoformat(day): number for day, number in days.items()},
        total - sum(days.values()),
    )


def _instant(text: str) -> datetime:
    instant = parse_timestamp(text)
    if instant is None:
        raise ValueError(text)
    return instant
