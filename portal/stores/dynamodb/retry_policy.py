"""How often a call that failed is attempted again, and after which pause."""

import random

from portal.stores.dynamodb.failures import RETRYABLE, Failure
from portal.stores.waiting import retry_attempts

#: Attempts of a write that conflicts with another one, which takes a few milliseconds.
CONFLICT_TRIES = 8
#: The longest pause in seconds before the second attempt, by failure. It doubles each time.
_MAX_PAUSES = {"throttled": 0.1, "conflict": 0.025}
_MAX_PAUSE_OF_OTHERS = 0.05
_MAX_PAUSE = 1.0


def max_attempts(failure: Failure) -> int:
    """The most attempts of a call that fails in this way, the first one included."""
    if failure.name == "conflict":
        return CONFLICT_TRIES
    return retry_attempts.get() if failure.name in RETRYABLE else 1


def pause_before_retry(failure: Failure, attempts: int) -> float:
    """Seconds, partly random, so that writers that collided do not collide again."""
    longest = _MAX_PAUSES.get(failure.name, _MAX_PAUSE_OF_OTHERS) * 2 ** (attempts - 1)
    longest = min(longest, _MAX_PAUSE)
    return random.uniform(longest / 4, longest)  # noqa: S311 - no secret
