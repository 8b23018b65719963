"""What a note changes, and whether it is worth a write: at most one a day and tenant, whoever has
seen the same."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from portal.records import Usage


@dataclass(frozen=True, slots=True)
class LetIn:
    """The application of a tenant was let in on this day."""

    tenant_id: str
    day: date

    def applied(self, usage: Usage) -> Usage:
        """The same object if nothing is new."""
        # It may have been refused in between, and this note is older.
        is_again = usage.refused_day is not None and self.day >= usage.refused_day
        if usage.last_day and usage.last_day >= self.day and not is_again:
            return usage
        return replace(
            usage,
            first_day=min(usage.first_day or self.day, self.day),
            last_day=max(usage.last_day or self.day, self.day),
            refused_since=None if is_again else usage.refused_since,
            refused_day=None if is_again else usage.refused_day,
        )


@dataclass(frozen=True, slots=True)
class Refused:
    """The application of a tenant asked on this day, after its licence or while suspended."""

    tenant_id: str
    day: date

    def applied(self, usage: Usage) -> Usage:
        """The same object if nothing is new."""
        latest = max(usage.refused_day or date.min, usage.last_day or date.min)
        if self.day < latest or self.day == usage.refused_day:
            return usage
        return replace(usage, refused_since=usage.refused_since or self.day, refused_day=self.day)


@dataclass(frozen=True, slots=True)
class Opened:
    """Somebody opened the status page of a sign-up.

    Attributes:
        decided_at: When the tenant was changed last: to have been opened after that is new.
        day_begins: The beginning of the day of `at`.
    """

    tenant_id: str
    at: datetime
    decided_at: datetime | None
    day_begins: datetime

    def applied(self, usage: Usage) -> Usage:
        """The same object if nothing is new."""
        last = usage.opened_last
        is_known = last is not None and last >= self.day_begins
        if last and (last >= self.at or (is_known and not self._is_first_since(last))):
            return usage
        return replace(usage, opened_first=usage.opened_first or self.at, opened_last=self.at)

    def _is_first_since(self, last: datetime) -> bool:
        return self.decided_at is not None and last < self.decided_at <= self.at


Note = LetIn | Refused | Opened
