"""The rate limiter of long runs."""

import pytest

from migrations_tools.rate_limiter import RateLimiter


def test_unused_capacity_is_not_saved_up() -> None:
    now = [0.0]
    pauses: list[float] = []
    rate_limiter = RateLimiter(10, clock=lambda: now[0], pause=pauses.append)
    rate_limiter.take(5)
    now[0] = 100.0
    rate_limiter.take(5)
    rate_limiter.take(1)
    assert pauses == [pytest.approx(0.5)]
    RateLimiter(0, pause=pauses.append).take(10**9)
    assert len(pauses) == 1
