"""A security act is done again until it is done: no version conflict leaves somebody signed in."""

import time
from collections.abc import Callable
from typing import TypeVar

from portal.stores import (
    BusyError,
    ItemExistsError,
    VersionConflictError,
    remaining_seconds,
    retry_while_busy,
)

_T = TypeVar("_T")


def until_done(attempt: Callable[[], _T]) -> _T:
    """The result of `attempt`, which reads and writes, and is done again after each conflict.

    Each conflict means that somebody else has changed the same item, so it does not go on for ever.
    While the store is busy, the attempts have pauses between them.

    Raises:
        BusyError: The store stayed busy, or the time of this request is over.
    """
    while True:
        try:
            return retry_while_busy(attempt, _pause)
        except (VersionConflictError, ItemExistsError) as conflict:
            if remaining_seconds(1) <= 0:
                raise BusyError(reason="Others kept changing the same record.") from conflict


def _pause(seconds: float) -> None:
    time.sleep(remaining_seconds(seconds))
