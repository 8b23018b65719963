"""The validity of a licence: from one instant to another."""

from dataclasses import dataclass
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

    An instant is `None` if it is missing or could not be read. `open_ended` is set for
    records from the old application, in which a missing instant means "no limit".
    """

    valid_from: datetime | None = None
    valid_to: datetime | None = None
    open_ended: bool = False

    @property
    def is_open(self) -> bool:
        """Whether a start or an end is missing and means "no limit"."""
        return self.open_ended and (self.valid_from is None or self.valid_to is None)

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
            valid_to=first_instant(last + timedelta(days=1), zone) - MILLISECOND,
        )


def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day in `zone`. If clocks go forward at midnight, it is later."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)
