"""The validity of a licence: from one instant to another."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from portal.tenants.life_cycle import RuleError

MILLISECOND = timedelta(milliseconds=1)


class BackwardWindowError(RuleError):
    """The validity ends before it starts."""


class PastWindowError(RuleError):
    """The validity of a new licence has no end, or has ended."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Validity:
    """From one instant to another, both included.

    An instant is `None` if it is missing or could not be read. `open_ended` is set if a missing
    instant means "no limit": an import, or an operator, has said so. In a record of the old
    application it is set as well if only the start is missing.
    """

    valid_from: datetime | None = None
    valid_to: datetime | None = None
    open_ended: bool = False

    @property
    def is_open(self) -> bool:
        """Whether a start or an end is missing and means "no limit"."""
        return self.open_ended and (self.valid_from is None or self.valid_to is None)

    def with_instants(self, valid_from: datetime | None, valid_to: datetime | None) -> Self:
        """This validity with another start, another end or both. `None`: that one stays.

        Raises:
            BackwardWindowError: It would end before it starts.
        """
        start, end = valid_from or self.valid_from, valid_to or self.valid_to
        if start and end and end < start:
            raise BackwardWindowError
        is_open = self.open_ended and (start is None or end is None)
        return replace(self, valid_from=start, valid_to=end, open_ended=is_open)

    @classmethod
    def of_days(cls, first: date, last: date, zone: ZoneInfo) -> Self:
        """From the first millisecond of the day `first` to the last of the day `last` in `zone`.

        Raises:
            BackwardWindowError: `last` is before `first`.
        """
        if last < first:
            raise BackwardWindowError
        return cls(
            valid_from=first_instant(first, zone),
            valid_to=last_instant(last, zone),
        )


def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day in `zone`. If clocks go forward at midnight, it is later."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def last_instant(day: date, zone: ZoneInfo) -> datetime:
    """The last millisecond of a day in `zone`."""
    return first_instant(day + timedelta(days=1), zone) - MILLISECOND
