"""The numbers that count waiting times, in the item of each week (`portal.records.figures`).

There is one for each range of waiting times, a bucket. Four buckets double the time, so a figure
that is read out of them is at most a fifth too high, and an item stays far below 1 KB. Earlier
versions had items of their own for them, one for each month.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import ceil, log2

from portal.stores import Item

_FIRST = timedelta(minutes=15)
_PER_DOUBLING = 4
#: The last bucket ends after two years; it takes what waited longer.
_LAST = 65


def old_waiting_item_id(instant: datetime) -> str:
    """The item in which earlier versions counted the decisions of this month, in UTC."""
    return f"stats-waiting-{instant.astimezone(UTC):%Y-%m}"


def waiting_bucket(waited: timedelta) -> str:
    """The attribute that counts decisions after such a time."""
    if waited <= _FIRST:
        return "w00"
    return f"w{min(_LAST, ceil(_PER_DOUBLING * log2(waited / _FIRST))):02}"


def waiting_counts(item: Item) -> Mapping[timedelta, int]:
    """The longest time of each bucket -> how many were decided within it, and not within the one
    before; the shortest time first."""
    counts = {n: item.get(f"w{n:02}") for n in range(_LAST + 1)}
    return {
        _FIRST * 2 ** (n / _PER_DOUBLING): count
        for n, count in counts.items()
        if type(count) is int and count > 0
    }
