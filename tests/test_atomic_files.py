"""Small files: created whole, once, and readable only by their owner."""

import os
import stat
import threading
import time
from pathlib import Path

import pytest

from portal.atomic_files import create_exclusive, file_lock
from tests.processes import CLEAN


def test_only_the_owner_can_read_file_and_folder(tmp_path):
    path = tmp_path / "data" / "key"
    old = os.umask(0)
    try:
        create_exclusive(path, "text\n")
    finally:
        os.umask(old)
    assert path.read_text() == "text\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_an_existing_file_stays(tmp_path):
    create_exclusive(tmp_path / "key", "first")
    create_exclusive(tmp_path / "key", "second")
    assert (tmp_path / "key").read_text() == "first"


def test_no_temporary_file_is_left(tmp_path):
    create_exclusive(tmp_path / "key", "first")
    create_exclusive(tmp_path / "key", "second")
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_a_failed_write_leaves_no_file(tmp_path):
    with pytest.raises(UnicodeEncodeError):
        create_exclusive(tmp_path / "key", "ü")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_place_of_the_folder_is_an_os_error(tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(OSError, match="data"):
        create_exclusive(tmp_path / "data" / "key", "text")


def _make_and_read(path: Path, start: threading.Event, number: int, seen) -> None:
    start.wait()
    create_exclusive(path, f"made by {number}\n" * 2000)
    seen.put(path.read_text())


def test_processes_that_create_it_together_see_the_same_whole_file(tmp_path):
    start, seen = CLEAN.Event(), CLEAN.Queue()
    path = tmp_path / "data" / "key"
    makers = [CLEAN.Process(target=_make_and_read, args=(path, start, n, seen)) for n in range(8)]
    for maker in makers:
        maker.start()
    start.set()
    texts = [seen.get(timeout=30) for _ in makers]
    for maker in makers:
        maker.join()
    assert len(set(texts)) == 1
    lines = texts[0].splitlines()
    assert len(lines) == 2000
    assert len(set(lines)) == 1


def test_a_lock_that_another_one_holds_is_waited_for_as_long_as_that_was_asked_for(tmp_path):
    with file_lock(tmp_path / "key"):
        for seconds in (0, 0.02):
            began = time.monotonic()
            with pytest.raises(TimeoutError), file_lock(tmp_path / "key", seconds):
                pass
            assert seconds <= time.monotonic() - began < seconds + 5
    with file_lock(tmp_path / "key", 0), pytest.raises(TimeoutError):  # noqa: SIM117
        with file_lock(tmp_path / "key", 0):
            pass


def test_a_lock_that_becomes_free_in_time_is_taken(tmp_path):
    taken, done = threading.Event(), threading.Event()

    def hold():
        with file_lock(tmp_path / "key"):
            taken.set()
            done.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    assert taken.wait(20)
    done.set()
    with file_lock(tmp_path / "key", 20):
        pass
    holder.join()
