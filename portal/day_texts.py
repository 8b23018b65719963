"""Days as text, the same in mails and on the pages of customers, so that the two agree."""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date


def day_text(instant: datetime, zone: ZoneInfo, locale: str) -> str:
    """`31 December 2026` as the date is in `zone`."""
    return long_day(_local(instant, zone).date(), locale)


def day_in_zone(instant: datetime, zone: ZoneInfo, locale: str) -> str:
    """`31 December 2026 (Europe/Berlin)`: the day begins and ends at midnight there."""
    return f"{day_text(instant, zone, locale)} ({zone.key})"


@lru_cache(512)
def long_day(day: date, locale: str) -> str:
    """`31 December 2026`."""
    return format_date(day, "d MMMM y" if locale.startswith("en") else "long", locale=locale)


def _local(instant: datetime, zone: ZoneInfo) -> datetime:
    # Old records express "without end" by the last instant of the year 9999 in UTC. East of it
    # that would be the year 10000, which datetime does not have.
    try:
        return instant.astimezone(zone)
    except OverflowError:
        return instant
