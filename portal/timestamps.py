"""Instants as text, exactly as JavaScript's `toISOString` writes them: UTC, milliseconds and `Z`.
They sort as text."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from math import ceil
from time import time_ns

import orjson

#: Date, time and offset. ISO 8601 has other forms, but none of them names an instant.
_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d(?::?\d\d)?)", re.ASCII
)
_CANONICAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_MAX_LENGTH = 40


@lru_cache(1024)
def format_timestamp(instant: datetime) -> str:
    """`2026-11-22T10:00:00.000Z`; finer digits are cut off."""
    # The items of one write have the same few times.
    # As `isoformat(timespec="milliseconds")`, in a third of the time.
    text = orjson.dumps(instant.astimezone(UTC))
    # `"2026-11-22T10:00:00.000001+00:00"`, without the fraction if that is zero.
    return f"{text[1:24].decode()}Z" if instant.microsecond else f"{text[1:20].decode()}.000Z"


def parse_timestamp(text: str) -> datetime | None:
    """The instant of an ISO 8601 text that has a time and an offset; `None` for other texts."""
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is UTC:
            return instant
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):
        return None


def read_timestamp(text: str) -> tuple[datetime | None, str]:
    """The instant of a text from a file, and its canonical text; `None` and `""` if it has none.

    Stricter than `parse_timestamp`, and fast for texts that are canonical already.
    """
    if _CANONICAL.fullmatch(text):
        try:
            return datetime.fromisoformat(text), text
        except ValueError:
            return None, ""
    is_timestamp = len(text) <= _MAX_LENGTH and _TIMESTAMP.fullmatch(text)
    instant = parse_timestamp(text) if is_timestamp else None
    return instant, format_timestamp(instant) if instant else ""


def seconds_until(instant: datetime, now: datetime) -> int:
    """Whole seconds, as the header `Retry-After` has them. At least 1: whoever is refused cannot
    try again at once, also if the instant comes while the answer is made."""
    return max(1, ceil((instant - now).total_seconds()))


def utc_now() -> datetime:
    """Now, cut to milliseconds, since the downstream application compares no finer."""
    global _latest  # noqa: PLW0603 - see there
    milliseconds = time_ns() // 1_000_000
    latest = _latest
    if latest[0] != milliseconds:
        latest = _latest = milliseconds, datetime.fromtimestamp(milliseconds / 1000, UTC)
    return latest[1]


#: The millisecond that was asked for last, and its instant. Many questions of `validate` come
#: within one, and to make the instant takes a twelfth of an answer.
_latest = (0, datetime.fromtimestamp(0, UTC))
