"""The deadline of a request."""

import threading
import time
from collections.abc import Iterator

import pytest

from portal.stores import clear_deadline, remaining_seconds, set_deadline


@pytest.fixture(autouse=True)
def _no_deadline_afterwards() -> Iterator[None]:
    yield
    clear_deadline()


def test_without_a_deadline_each_wait_has_its_own_limit() -> None:
    assert remaining_seconds(5.0) == 5.0


def test_a_wait_ends_with_the_deadline_at_the_latest() -> None:
    set_deadline(seconds=2.0)
    assert 1.0 < remaining_seconds(5.0) <= 2.0
    assert remaining_seconds(0.5) == 0.5


def test_time_before_the_request_was_handled_counts() -> None:
    set_deadline(arrived=time.monotonic() - 60)
    assert remaining_seconds(5.0) == 0.0


def test_another_thread_has_a_deadline_of_its_own() -> None:
    set_deadline(arrived=time.monotonic() - 60)
    seen: list[float] = []
    thread = threading.Thread(target=lambda: seen.append(remaining_seconds(5.0)))
    thread.start()
    thread.join()
    assert seen == [5.0]
