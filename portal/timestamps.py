"""Instants as text: UTC, milliseconds and `Z`, exactly as JavaScript's `toISOString` writes
them, so that they sort as text."""

from datetime import UTC, datetime


def to_text(instant: datetime) -> str:
    """`2026-11-22T10:00:00.000Z`; anything finer than a millisecond is cut off."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def to_instant(text: str) -> datetime | None:
    """The instant that an ISO 8601 text with a time and an offset names, else `None`."""
    try:
        instant = datetime.fromisoformat(text)
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):
        return None


def utc_now() -> datetime:
    """Now, cut to the millisecond: the downstream application compares no finer."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
