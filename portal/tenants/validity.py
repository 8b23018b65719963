"""The validity of a licence: a window between two instants."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from portal.tenants.life_cycle import RuleError

MILLISECOND = timedelta(milliseconds=1)


class BackwardWindowError(RuleError):
    """The window ends before it starts."""


class PastWindowError(RuleError):
    """The window of a new licence is over already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Validity:
    """The licence: from one instant to another, both included.

    An instant that is missing, or that could not be read, is `None`. `open_ended` is set on
    records of the old application, for which a missing end meant "for ever".
    """

    valid_from: datetime | None = None
    valid_to: datetime | None = None
    open_ended: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it has no start or no end, and is valid for all that."""
        return self.open_ended and (self.valid_from is None or self.valid_to is None)

    @classmethod
    def of_days(cls, first: date, last: date, zone: ZoneInfo) -> Self:
        """From the first millisecond of `first` to the last of `last`, as clocks in `zone` show.

        `BackwardWindowError`.
        """
        if last < first:
            raise BackwardWindowError
        return cls(
            valid_from=first_instant(first, zone),
            valid_to=first_instant(last + timedelta(days=1), zone) - MILLISECOND,
        )


def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """Of a day in `zone`. Not midnight where clocks go forward at that moment."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)
