"""A receiver that does not work is left alone for a while, by all processes."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.stores import (
    KEY,
    Add,
    Item,
    ItemExistsError,
    Remove,
    Replace,
    Store,
    VersionConflictError,
    find_item,
)
from portal.timestamps import format_timestamp, parse_timestamp

_MINUTE, _HOUR = 60.0, 3600.0
#: Seconds after the first failure in a row, the second and so on; the last one again and again.
PAUSES = (5.0, 30.0, 2 * _MINUTE, 10 * _MINUTE, 30 * _MINUTE, _HOUR)
_SPREAD = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """What is known of a receiver that failed.

    Attributes:
        failures: In a row.
        since: When the first of them was.
        until: Nothing is sent before.
        version: Of its item; 0: there is none.
    """

    failures: int = 0
    since: datetime | None = None
    until: datetime | None = None
    version: int = 0

    def is_over(self, now: datetime) -> bool:
        return self.until is None or self.until <= now


def pause_id(subscription_id: str) -> str:
    return f"hook-pause-{subscription_id}"


def read_pause(store: Store, subscription_id: str) -> Pause:
    """Raises `StoreError`."""
    item = find_item(store, pause_id(subscription_id))
    if item is None:
        return Pause()
    return Pause(
        failures=int(item["failures"]),
        since=parse_timestamp(str(item["since"])),
        until=parse_timestamp(str(item["until"])),
        version=int(item["version"]),
    )


def note_failure(
    store: Store,
    subscription_id: str,
    before: Pause,
    now: datetime,
    *,
    wait: timedelta | None,
    chance: Callable[[], float] = random.random,
) -> None:
    """The receiver failed as a whole.

    Args:
        wait: How long it asked to be left alone.

    Raises:
        StoreError: It could not be written.
    """
    seconds = PAUSES[min(before.failures, len(PAUSES) - 1)]
    pause = timedelta(seconds=seconds * (1 + _SPREAD * (2 * chance() - 1)))
    item: Item = {
        KEY: pause_id(subscription_id),
        "version": before.version + 1,
        "failures": before.failures + 1,
        "since": format_timestamp(before.since or now),
        "until": format_timestamp(now + max(pause, wait or pause)),
    }
    # Another process has noticed it as well.
    with suppress(ItemExistsError, VersionConflictError):
        store.write([Replace(item, before.version) if before.version else Add(item)])


def end_pause(store: Store, subscription_id: str, before: Pause) -> None:
    """The receiver works again, or is to be tried at once.

    Raises:
        StoreError: It could not be written.
    """
    if before.version:
        with suppress(VersionConflictError):
            store.write([Remove(pause_id(subscription_id), before.version)])
