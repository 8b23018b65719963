"""What a reading of a tenant leaves, and which of two readings counts. Memory and the file have the
same rule: this one."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Protocol, TypeVar

_At = TypeVar("_At", datetime, int)
_At_co = TypeVar("_At_co", bound=datetime | int, covariant=True)


@dataclass(slots=True)
class Yes:
    """The tenant was valid at `at`. `version`: 0 if its item has none."""

    version: int
    at: datetime
    row: bytes
    renew_at: datetime
    """Until then it is enough to move `at` on: the file need not have it anew."""


@dataclass(slots=True)
class No:
    """It was not. `version`: 0 if nobody knows to which version it belongs. Then only time
    decides."""

    row: ClassVar[None] = None
    version: int
    at: datetime


Entry = Yes | No


class Reading(Protocol[_At_co]):
    """An entry, or a row of the file. `row`: None for a "no"."""

    @property
    def version(self) -> int: ...

    @property
    def at(self) -> _At_co: ...

    @property
    def row(self) -> bytes | None: ...


def is_newer(new: Reading[_At], old: Reading[_At]) -> bool:
    """Whether the new one counts from now on, in place of the old one.

    Where both have a version, it decides, since clocks may be set. A "no" counts in doubt.
    """
    is_later_version = new.version > old.version
    if new.row is None:
        may_compare = old.row is not None or old.version > 0
        return new.at >= old.at or (is_later_version and may_compare)
    if old.row is None:
        is_later = new.at > old.at and new.version >= old.version
        return is_later or (is_later_version and old.version > 0)
    return (new.version, new.at) > (old.version, old.at)


def counts_from(new: Reading[_At], old: Reading[_At]) -> _At:
    """The time from which the new one counts. A "no" never counts from earlier than what it takes
    away: that same "yes" must not come back as newer."""
    return new.at if new.row is not None else max(new.at, old.at)


def milliseconds(instant: datetime) -> int:
    """Since 1970, as the file has it."""
    return round(instant.timestamp() * 1000)


def instant_of(milliseconds_since_1970: int) -> datetime:
    return datetime.fromtimestamp(milliseconds_since_1970 / 1000, UTC)
