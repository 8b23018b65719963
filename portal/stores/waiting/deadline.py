"""The deadline of a request: a single one for everything that the request waits for.

It counts from the arrival of the request, so time in a queue counts as well. Locks, calls to AWS,
credentials and the pauses between attempts all wait for `remaining_seconds` at most. Commands and
tests set no deadline; each wait then has only its own limit.
"""

import time
from contextvars import ContextVar

#: Seconds from the arrival of a request until it is answered, whatever happens.
REQUEST_SECONDS = 8.0

#: On the clock of `time.monotonic`; `None` without a limit.
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


def set_deadline(arrived: float | None = None, seconds: float = REQUEST_SECONDS) -> None:
    """Limit what this context waits for from now on.

    Args:
        arrived: When the request arrived, on the clock of `time.monotonic`; now if not given.
    """
    _deadline.set((time.monotonic() if arrived is None else arrived) + seconds)


def clear_deadline() -> None:
    """From now on this context waits without a common limit."""
    _deadline.set(None)


def remaining_seconds(at_most: float) -> float:
    """The seconds that the next wait may take: never negative, and never more than `at_most`."""
    deadline = _deadline.get()
    if deadline is None:
        return at_most
    return max(0.0, min(at_most, deadline - time.monotonic()))
