"""Dates, times and time spans in the reader's language. Babel is slow, so results are cached."""

import math
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton, format_timedelta

from portal import day_texts
from portal.tenants import MILLISECOND, first_instant
from portal.timestamps import parse_timestamp
from portal.web.i18n.translation import _, locale_name

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def day(instant: datetime | None, zone: ZoneInfo, locale: str = "") -> str:
    """`3 May 2026` as the date is in `zone`; empty for None. A list passes `locale`, so that it is
    looked up once and not for every row."""
    return _day(_local(instant, zone).date(), locale or locale_name()) if instant else ""


def day_in_zone(instant: datetime | None, zone: ZoneInfo) -> str:
    """`3 May 2026 (Europe/Berlin)`, as mails say it; empty for None."""
    return day_texts.day_in_zone(instant, zone, locale_name()) if instant else ""


def moment(instant: datetime | None, zone: ZoneInfo) -> str:
    """`3 May 2026, 14:05 Europe/Berlin`; empty for None."""
    if instant is None:
        return ""
    # Without its zone: the same instant in two zones is equal, and would share a cache entry.
    text = _moment(_local(instant, zone).replace(tzinfo=None), locale_name())
    return _("%(time)s %(zone)s", time=text, zone=zone.key)


def second(instant: datetime, zone: ZoneInfo) -> str:
    """`3 May 2026, 14:05:09 Europe/Berlin`, where one minute may have several."""
    text = _second(_local(instant, zone).replace(tzinfo=None), locale_name())
    return _("%(time)s %(zone)s", time=text, zone=zone.key)


def long_day(day_: date) -> str:
    """`31 December 2026`."""
    return day_texts.long_day(day_, locale_name())


def short_day(day_: date) -> str:
    """`7 Sep`, where the year is plain."""
    return _short_day(day_, locale_name())


def month(day_: date) -> str:
    """`December 2026`."""
    return _month(day_.replace(day=1), locale_name())


def ago(span: timedelta) -> str:
    """`2 minutes ago`."""
    return _span(_rounded(span), locale_name(), True)


def span(span_: timedelta) -> str:
    """`2 days`."""
    return _span(_rounded(span_), locale_name(), False)


def rounded_up(span_: timedelta) -> timedelta:
    """In whole hours, from a day on in whole days: figures of waiting times are no more exact than
    that."""
    unit = _HOUR if span_ <= 23 * _HOUR else _DAY
    return max(1, -(-span_ // unit)) * unit


def age(span_: timedelta, locale: str, *, late: bool) -> str:
    """As `span`. `late`: longer than customers were promised."""
    return _age(_rounded(span_), locale, late)


def age_ends(span_: timedelta) -> timedelta:
    """From how long a span on `age` has other words than for this one."""
    shown = _rounded(span_)
    return shown + {"day": _DAY, "hour": _HOUR, "minute": _MINUTE, "second": _SECOND}[_unit(shown)]


@lru_cache(1024)
def _age(span_: timedelta, locale: str, late: bool) -> str:
    text = _span(span_, locale, False)
    return _("%(span)s, late", span=text) if late else text


def _rounded(span_: timedelta) -> timedelta:
    """In whole days, hours, minutes or seconds, so that the cache holds few different spans."""
    if span_.days > 0:
        return timedelta(days=span_.days)
    seconds = max(1, int(span_.total_seconds()))
    unit = 3600 if seconds >= 3600 else 60 if seconds >= 60 else 1
    return timedelta(seconds=seconds // unit * unit)


@lru_cache(4096)
def _day(day_: date, locale: str) -> str:
    return format_date(day_, "d MMM y" if locale.startswith("en") else "medium", locale=locale)


@lru_cache(512)
def _short_day(day_: date, locale: str) -> str:
    if locale.startswith("en"):
        return format_date(day_, "d MMM", locale=locale)
    return str(format_skeleton("MMMd", day_, locale=locale))


@lru_cache(512)
def _month(day_: date, locale: str) -> str:
    return format_date(day_, "LLLL y", locale=locale)


@lru_cache(512)
def _moment(local: datetime, locale: str) -> str:
    return f"{_day(local.date(), locale)}, {local:%H:%M}"


@lru_cache(512)
def _second(local: datetime, locale: str) -> str:
    return f"{_moment(local, locale)}:{local:%S}"


@lru_cache(512)
def _span(span_: timedelta, locale: str, is_past: bool) -> str:
    # Below 60 days, weeks and months are too coarse: Babel would call 13 days "2 weeks".
    exact = span_ < timedelta(days=60)
    return format_timedelta(
        -span_ if is_past else span_,
        add_direction=is_past,
        granularity=_unit(span_) if exact else "second",
        threshold=math.inf if exact else 1.2,
        locale=locale,
    )


def _unit(span_: timedelta) -> Literal["day", "hour", "minute", "second"]:
    seconds = span_.total_seconds()
    if seconds >= 3600:
        return "day" if span_.days else "hour"
    return "minute" if seconds >= 60 else "second"


def days_of(
    valid_from: datetime | None, valid_to: datetime | None, zone: ZoneInfo
) -> tuple[str, str]:
    """The first and last day of a validity for date inputs: `YYYY-MM-DD`, empty for None."""
    return _iso_day(valid_from, zone), _iso_day(valid_to, zone)


def _iso_day(instant: datetime | None, zone: ZoneInfo) -> str:
    return _local(instant, zone).date().isoformat() if instant else ""


def ends_with_a_day(instant: datetime, zone: ZoneInfo) -> bool:
    """Whether it is the last millisecond of a day in `zone`. The portal itself sets such ends."""
    try:
        return starts_with_a_day(instant + MILLISECOND, zone)
    except OverflowError:
        return False


def starts_with_a_day(instant: datetime, zone: ZoneInfo) -> bool:
    """Whether it is the first millisecond of a day in `zone`."""
    try:
        return instant == first_instant(instant.astimezone(zone).date(), zone)
    except OverflowError:
        return False


def _local(instant: datetime, zone: ZoneInfo) -> datetime:
    # Old records express "without end" by the last instant of the year 9999 in UTC. East of it
    # that would be the year 10000, which datetime does not have.
    try:
        return instant.astimezone(zone)
    except OverflowError:
        return instant


def edge_of_text(text: str, zone: ZoneInfo) -> str:
    """As `edge`, of a stored text. A text that is no timestamp is returned as it is."""
    instant = parse_timestamp(text)
    return edge(instant, zone) if instant else text


def edge(instant: datetime | None, zone: ZoneInfo) -> str:
    """The start or end of a validity, like `31 Dec 2026, 24:00 UTC`; empty for None."""
    if instant and ends_with_a_day(instant, zone):
        return _("%(day)s, 24:00 %(zone)s", day=day(instant, zone), zone=zone.key)
    return moment(instant, zone)


def today(now: datetime, zone: ZoneInfo) -> date:
    return now.astimezone(zone).date()
