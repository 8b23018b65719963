"""What somebody asks of a validity: calendar days, or a term; and whether it takes access away."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from portal.tenants.life_cycle import RuleError
from portal.tenants.validity import BackwardWindowError, Validity, first_instant, last_instant

_DAY = timedelta(days=1)
#: No day that staff type is later. Old records say "without end" by an end in the year 9999.
_LAST_YEAR = 2199


class Term(StrEnum):
    """How long a licence lasts, or is prolonged. The texts are those of forms and requests."""

    DAYS_30 = "30d"
    YEAR = "1y"
    TWO_YEARS = "2y"
    END_OF_YEAR = "eoy"

    def last_day(self, first: date) -> date:
        """The last day of a term that begins with the day `first`."""
        match self:
            case Term.DAYS_30:
                return first + timedelta(days=29)
            case Term.YEAR:
                return _years_later(first, 1) - _DAY
            case Term.TWO_YEARS:
                return _years_later(first, 2) - _DAY
            case Term.END_OF_YEAR:
                return date(first.year, 12, 31)


def _years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return date(day.year + years, 3, 1)


#: What a licence is renewed by.
RENEWAL_TERMS = (Term.YEAR, Term.TWO_YEARS)


@dataclass(eq=False)
class TermConflictError(RuleError):
    """A term and a last day were asked for, and they differ. `last` is the term's last day."""

    last: date


@dataclass(eq=False)
class ShorterWindowError(RuleError):
    """The change would take access away, and nobody has agreed to that."""

    old: Validity = field(repr=False)
    new: Validity = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class ValidityChange:
    """The days and the term that somebody asks for, in the time zone in which days begin.

    Attributes:
        first, last: A day that is `None`, or that the present validity has already, stays the
            instant that it is: an imported validity may end at 14:00.
        term: Ends a new licence this long after its first day, and prolongs a present one by this
            long: from its end, or from today if that has passed.
        suggested_last: The last day that the form was shown with. Beside a term it counts as not
            typed.
    """

    zone: ZoneInfo
    first: date | None = None
    last: date | None = None
    term: Term | None = None
    suggested_last: date | None = None

    def applied_to(self, present: Validity, now: datetime) -> Validity:
        """The validity that results.

        Raises:
            TermConflictError: A term and another last day were asked for.
            BackwardWindowError: It would end before it starts.
        """
        zone = self.zone
        start, end = present.valid_from, present.valid_to
        if self.first and self.first != _day_of(start, zone):
            start = first_instant(self.first, zone)
        last = self._last_day(present, start, now)
        if last and last != _day_of(end, zone):
            end = last_instant(last, zone)
        if start and end and end < start:
            raise BackwardWindowError
        return Validity(
            valid_from=start,
            valid_to=end,
            open_ended=present.open_ended and (start is None or end is None),
        )

    def _last_day(self, present: Validity, start: datetime | None, now: datetime) -> date | None:
        if self.term is None:
            return self.last
        present_last = _day_of(present.valid_to, self.zone)
        last = self.term.last_day(self._first_day_of_term(present_last, start, now))
        if self.last not in (None, last, present_last, self.suggested_last):
            raise TermConflictError(last)
        return last

    def _first_day_of_term(
        self, present_last: date | None, start: datetime | None, now: datetime
    ) -> date:
        today = now.astimezone(self.zone).date()
        first = _day_of(start, self.zone) or today
        if present_last is None:
            return first
        if present_last.year > _LAST_YEAR:
            return max(first, today)
        return max(first, today, present_last + _DAY)


def _day_of(instant: datetime | None, zone: ZoneInfo) -> date | None:
    if instant is None:
        return None
    try:
        return instant.astimezone(zone).date()
    except OverflowError:
        # East of UTC, the end of the year 9999 is in the year 10000.
        return instant.date()


def resolved(asked: Validity | ValidityChange, present: Validity, now: datetime) -> Validity:
    """What is asked for, as instants.

    Raises:
        TermConflictError, BackwardWindowError: As `ValidityChange.applied_to`.
    """
    return asked if isinstance(asked, Validity) else asked.applied_to(present, now)


def can_be_renewed(present: Validity) -> bool:
    """Whether the validity has an end to count from. Old records say "without end" by an end in
    the year 9999."""
    end = present.valid_to
    return end is not None and end.year <= _LAST_YEAR


def renewed(present: Validity, term: Term, zone: ZoneInfo, now: datetime) -> Validity:
    """The validity prolonged by the term, which counts from its end, or from today if that has
    passed."""
    return ValidityChange(zone=zone, term=term).applied_to(present, now)


def require_agreement(
    old: Validity, new: Validity, now: datetime, may_shorten: bool | Validity
) -> None:
    """Refuses a change that takes access away, unless that is wanted.

    Args:
        may_shorten: Whether it is wanted; a validity: only if the change leads to just this one,
            which the person was asked about.

    Raises:
        ShorterWindowError: It takes access away, and is not wanted.
    """
    if may_shorten is True or may_shorten == new:
        return
    if takes_access_away(old, new, now):
        raise ShorterWindowError(old, new)


def takes_access_away(old: Validity, new: Validity, now: datetime) -> bool:
    """Whether `new` has ended, or lacks time from `now` on that `old` has."""
    if new.valid_to is not None and new.valid_to < now:
        return new.valid_to != old.valid_to
    is_missing = not old.open_ended and (old.valid_from is None or old.valid_to is None)
    if is_missing or (old.valid_to is not None and old.valid_to < now):
        return False
    ends_earlier = new.valid_to is not None and (
        old.valid_to is None or new.valid_to < old.valid_to
    )
    starts_later = new.valid_from is not None and new.valid_from > max(now, old.valid_from or now)
    return ends_earlier or starts_later
