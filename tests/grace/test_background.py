"""The threads behind the last known "yes": what one waits for, the other one does not."""

import gc
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.grace.background import LOOK_SECONDS, Background
from portal.grace.known_file import NAME
from portal.stores import remaining_seconds
from portal.stores.contract import Item, Store
from tests.conftest import Clock
from tests.grace.conftest import ID, NewProcess

#: Never reached: only so that a test that fails does not hang.
LONG = 20


class Owner:
    """Its looks last until the test lets them go on."""

    def __init__(self) -> None:
        self.looks = self.flushes = 0
        self.left = 0.0
        self.is_looking = threading.Event()
        self.go_on = threading.Event()
        self.background = Background(self)

    def flush(self) -> bool:
        self.flushes += 1
        return True

    def look(self) -> None:
        self.looks += 1
        self.left = remaining_seconds(1000)
        self.is_looking.set()
        self.go_on.wait(LONG)


@pytest.fixture
def owner() -> Iterator[Owner]:
    owner = Owner()
    yield owner
    owner.go_on.set()


def test_a_look_that_hangs_holds_up_no_write(owner: Owner) -> None:
    owner.background.start(look_now=True)
    assert owner.is_looking.wait(LONG)
    before = owner.flushes
    owner.background.wait_until_done(LONG)
    assert owner.flushes > before
    assert owner.looks == 1


def test_a_look_has_a_deadline(owner: Owner) -> None:
    owner.background.start(look_now=True)
    assert owner.is_looking.wait(LONG)
    assert 0 < owner.left <= LOOK_SECONDS


def test_nobody_looks_at_once_unless_there_is_a_reason(owner: Owner) -> None:
    owner.background.wait_until_done(LONG)
    assert (owner.flushes, owner.looks) == (1, 0)


class Failing(Owner):
    def flush(self) -> bool:
        super().flush()
        raise RuntimeError("a secret")

    def look(self) -> None:
        super().look()
        raise RuntimeError("a secret")


def test_an_error_ends_no_thread(caplog: pytest.LogCaptureFixture) -> None:
    owner = Failing()
    owner.go_on.set()
    with caplog.at_level(logging.ERROR):
        owner.background.start(look_now=True)
        for _ in range(3):
            owner.background.wait_until_done(LONG)
    assert owner.flushes >= 3


def test_the_threads_end_with_their_owner() -> None:
    before = set(threading.enumerate())
    owner = Owner()
    owner.go_on.set()
    owner.background.start(look_now=True)
    assert owner.is_looking.wait(LONG)
    owner.background.wait_until_done(LONG)
    threads = set(threading.enumerate()) - before
    assert {each.name for each in threads} == {"last-known-write", "last-known-look"}
    del owner
    gc.collect()
    for each in threads:
        each.join(LONG)
    assert not any(each.is_alive() for each in threads)


@pytest.mark.usefixtures("active")
def test_a_suspension_is_in_the_file_while_a_look_waits_for_the_store(
    new_process: NewProcess, folder: Path, clock: Clock, store: Store, active: Item
) -> None:
    """The store takes its time with the question of what others have ended."""
    del store, active
    process = new_process()
    process.ask()
    process.known.flush()
    assert (folder / NAME).exists()
    asked, go_on = threading.Event(), threading.Event()

    def slow(call: str, number: int) -> None:
        del number
        if call == "query":
            asked.set()
            go_on.wait(LONG)

    process.store.begin(slow)
    look = threading.Thread(target=process.known.look)
    look.start()
    try:
        assert asked.wait(LONG)
        process.known.forget({ID: 0}, clock.now())
        assert not new_process().knows()
    finally:
        go_on.set()
        look.join()
