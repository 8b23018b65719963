"""Instants as text: UTC, milliseconds and `Z`, exactly as JavaScript's `toISOString` writes
them, so that they sort as text."""

import re
from datetime import UTC, datetime

#: A date and time with an offset: nothing else of ISO 8601 names an instant.
_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d(?::?\d\d)?)", re.ASCII
)
_CANONICAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_MAX_LENGTH = 40


def format_timestamp(instant: datetime) -> str:
    """`2026-11-22T10:00:00.000Z`; anything finer than a millisecond is cut off."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def parse_timestamp(text: str) -> datetime | None:
    """The instant that an ISO 8601 text with a time and an offset names, else `None`."""
    try:
        instant = datetime.fromisoformat(text)
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):
        return None


def read_timestamp(text: str) -> tuple[datetime | None, str]:
    """The instant that a text of a file names, and its canonical text; `None` and an empty text
    if it names none. Stricter than `parse_timestamp`, and fast for the canonical form."""
    if _CANONICAL.fullmatch(text):
        try:
            return datetime.fromisoformat(text), text
        except ValueError:
            return None, ""
    is_timestamp = len(text) <= _MAX_LENGTH and _TIMESTAMP.fullmatch(text)
    instant = parse_timestamp(text) if is_timestamp else None
    return instant, format_timestamp(instant) if instant else ""


def utc_now() -> datetime:
    """Now, cut to the millisecond: the downstream application compares no finer."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
