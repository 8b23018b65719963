"""What another time zone changes: no answer, since instants are stored, but the days that people
read beside them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from portal import records
from portal.stores import Item
from portal.tenants import MILLISECOND, first_instant


@dataclass
class DayEdges:
    """Counts licences whose first or last day is another one in the zone `after`, or no whole day
    any more: pages and mails then name another day, or a time of day."""

    before: ZoneInfo
    after: ZoneInfo
    licences: int = 0
    moved: int = 0

    def add(self, item: Item) -> None:
        """A tenant as it is stored."""
        validity = records.validity_of(item)
        starts, ends = validity.valid_from, validity.valid_to
        if starts is None and ends is None:
            return
        self.licences += 1
        self.moved += any(
            edge is not None and _day(edge, offset, self.before) != _day(edge, offset, self.after)
            for edge, offset in ((starts, False), (ends, True))
        )


def _day(edge: datetime, is_end: bool, zone: ZoneInfo) -> tuple[date, bool]:
    """The day of an instant, and whether it is the edge of that day, to the millisecond."""
    try:
        day = edge.astimezone(zone).date()
        instant = edge + MILLISECOND if is_end else edge
        local = instant.astimezone(zone)
        return day, first_instant(local.date(), zone) == instant
    except OverflowError:
        # "Without end" is written as the last instant of the year 9999, too.
        return edge.astimezone(UTC).date(), True
