"""One background thread works, and each caller waits for its own time."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.stores.aws.single_flight import NotYetError, SingleFlight
from portal.stores.waiting.deadline import clear_deadline, set_deadline


class Work:
    """Work that waits until the test lets it go on."""

    def __init__(self) -> None:
        self.runs = 0
        self.go_on = threading.Event()

    def __call__(self) -> int:
        self.runs += 1
        self.go_on.wait(60)
        return self.runs


def test_many_wait_for_one_run() -> None:
    work = Work()
    flight = SingleFlight(work)
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(flight.result, 60) for _ in range(8)]
        flight.start()
        work.go_on.set()
        assert {each.result() for each in waiting} == {1}


def test_nobody_waits_longer_than_the_deadline_and_the_work_goes_on() -> None:
    work = Work()
    flight = SingleFlight(work)
    set_deadline(seconds=0.05)
    with pytest.raises(NotYetError):
        flight.result(60)
    clear_deadline()
    work.go_on.set()
    assert flight.result(60) == 1


def test_nobody_waits_long_for_what_has_not_come_for_long() -> None:
    work = Work()
    # Otherwise a few callers hold all threads of a server.
    flight = SingleFlight(work, prompt_seconds=0.0)
    began = time.monotonic()
    for _ in range(3):
        with pytest.raises(NotYetError):
            flight.result(60)
    assert time.monotonic() - began < 10
    work.go_on.set()
    assert flight.start().result(60) in {1, 2}


def test_a_failure_is_not_kept() -> None:
    outcomes: list[Exception | int] = [OSError(), TimeoutError(), 7]

    def work() -> int:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    flight = SingleFlight(work)
    for expected in (OSError, TimeoutError):
        with pytest.raises(expected):
            flight.result(60)
    assert flight.result(60) == 7


def test_work_that_never_ends_is_left_and_each_time_later() -> None:
    work = Work()
    flight = SingleFlight(work, patience_seconds=0.0)
    first, second = flight.start(), flight.start()
    assert first is not second
    work.go_on.set()
    assert {first.result(60), second.result(60)} <= {1, 2}
    late = Work()
    patient = SingleFlight(late, patience_seconds=30.0)
    assert patient.start() is patient.start()
    late.go_on.set()
