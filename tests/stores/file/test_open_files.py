"""No call is ever passed the number of a file that was closed: it may be a client's by then."""

import errno
import shutil
import threading
from pathlib import Path

import pytest

from portal.stores.contract import Add, Replace, UnavailableError
from portal.stores.file.disk import LocalDisk
from portal.stores.file.store import JsonFileStore
from tests.stores.file.opening import open_store


class Watching(LocalDisk):
    """Knows which of its files are open, and fails if a call is passed another number."""

    def __init__(self) -> None:
        self.open_files: set[int] = set()
        self.refuse_to_open = 0
        #: Set while a call of `read` with more than 1,000 bytes is to wait for `go_on`.
        self.hold_reads = False
        self.is_reading, self.go_on = threading.Event(), threading.Event()

    def open(self, path: Path, *, create: bool = False, read_only: bool = False) -> int:
        if self.refuse_to_open:
            self.refuse_to_open -= 1
            raise OSError(errno.EMFILE, "simulated")
        fd = super().open(path, create=create, read_only=read_only)
        self.open_files.add(fd)
        return fd

    def close(self, fd: int) -> None:
        self.check(fd)
        self.open_files.remove(fd)
        super().close(fd)

    def check(self, fd: int) -> None:
        assert fd in self.open_files, "the number of a closed file was used"

    def inode(self, fd: int) -> int:
        self.check(fd)
        return super().inode(fd)

    def size(self, fd: int) -> int:
        self.check(fd)
        return super().size(fd)

    def read(self, fd: int, size: int, offset: int) -> bytes:
        if self.hold_reads and size > 1000:
            self.is_reading.set()
            assert self.go_on.wait(60)
        self.check(fd)
        return LocalDisk.read(fd, size, offset)

    def write(self, fd: int, data: bytes, offset: int) -> int:  # type: ignore[override] # the system's own takes more
        self.check(fd)
        return LocalDisk.write(fd, data, offset)

    def truncate(self, fd: int, size: int) -> None:
        self.check(fd)
        super().truncate(fd, size)

    def sync(self, fd: int) -> None:
        self.check(fd)
        super().sync(fd)

    def lock(self, fd: int, seconds: float) -> bool:
        self.check(fd)
        return super().lock(fd, seconds)

    def unlock(self, fd: int) -> None:
        self.check(fd)
        super().unlock(fd)


def item(version: int) -> dict[str, str | int | bool]:
    return {"tenantId": "a", "version": version}


def large(tenant_id: str) -> dict[str, str | int | bool]:
    """An item that stays in the file."""
    return {"tenantId": tenant_id, "version": 1, "rows": "x" * 10_000}


@pytest.fixture
def disk() -> Watching:
    return Watching()


@pytest.fixture
def store(folder: Path, disk: Watching) -> JsonFileStore:
    store = open_store(folder, disk=disk)
    store.write([Add(item(1))])
    return store


def test_while_the_folder_is_gone_nothing_is_written_and_no_other_file_touched(store, folder, disk):
    folder.rename(folder.with_name("gone"))
    for _ in range(3):
        with pytest.raises(UnavailableError, match="missing") as caught:
            store.write([Replace(item(2), 1)])
        assert "Put the data folder back" in caught.value.remedy
        with pytest.raises(UnavailableError):
            store.check()
        # What everybody has acknowledged is still known.
        assert store.get("a") == item(1)
    # Nobody has begun an empty one in its place.
    assert not folder.exists()
    folder.with_name("gone").rename(folder)
    store.write([Replace(item(2), 1)])
    assert open_store(folder).get("a") == item(2)


def test_a_folder_that_comes_back_as_a_copy_is_used(store, folder):
    shutil.copytree(folder, folder.with_name("copy"))
    shutil.rmtree(folder)
    with pytest.raises(UnavailableError):
        store.write([Replace(item(2), 1)])
    folder.with_name("copy").rename(folder)
    store.write([Replace(item(2), 1)])
    assert open_store(folder).get("a") == store.get("a") == item(2)


def test_an_empty_folder_in_its_place_is_not_taken_for_a_new_store(store, folder):
    folder.rename(folder.with_name("gone"))
    folder.mkdir(mode=0o700)
    for _ in range(2):
        with pytest.raises(UnavailableError, match="missing"):
            store.write([Replace(item(2), 1)])
    assert not (folder / "tenants.jsonl").exists()


def test_another_store_in_its_place_is_not_taken_for_this_one(store, folder):
    gone = folder.with_name("gone")
    folder.rename(gone)
    # A command that finds no folder makes one.
    open_store(folder).write([Add(item(1) | {"other": True}), Add(large("b"))])
    before = (folder / "tenants.jsonl").read_bytes()
    for _ in range(2):
        for call in (lambda: store.write([Replace(item(2), 1)]), store.check):
            with pytest.raises(UnavailableError, match="another store") as caught:
                call()
            assert "Put the data folder back" in caught.value.remedy
        # The mark that it reads now is the other store's, so it cannot know.
        with pytest.raises(UnavailableError, match="another store"):
            store.get("a")
    assert (folder / "tenants.jsonl").read_bytes() == before
    shutil.rmtree(folder)
    gone.rename(folder)
    store.write([Replace(item(2), 1)])
    assert store.get("a") == open_store(folder).get("a") == item(2)


def test_an_older_copy_in_its_place_is_refused_until_the_portal_starts_again(store, folder):
    shutil.copytree(folder, folder.with_name("copy"))
    store.write([Replace(item(2), 1)])
    shutil.rmtree(folder)
    folder.with_name("copy").rename(folder)
    with pytest.raises(UnavailableError, match="another store"):
        store.write([Replace(item(3), 2)])
    assert open_store(folder).get("a") == item(1)


def test_a_commit_that_its_writer_took_back_is_not_taken_for_another_store(store, folder):
    file, lock = folder / "tenants.jsonl", folder / "tenants.lock"
    size, mark = file.stat().st_size, lock.read_bytes()
    other = open_store(folder)
    other.write([Replace(item(2), 1)])
    assert store.get("a") == item(2)
    # As a writer does that cannot be sure of its mark.
    with lock.open("r+b") as opened:
        opened.write(mark)
    with file.open("r+b") as opened:
        opened.truncate(size)
    assert store.get("a") == item(1)
    store.write([Replace(item(2), 1)])
    assert open_store(folder).get("a") == item(2)


def test_what_was_made_before_is_not_made_again(folder):
    store = open_store(folder, may_make=False)
    with pytest.raises(UnavailableError, match="missing"):
        store.write([Add(item(1))])
    with pytest.raises(UnavailableError, match="missing"):
        store.get("a")
    assert not folder.exists()
    folder.mkdir(mode=0o700)
    with pytest.raises(UnavailableError, match="missing"):
        store.write([Add(item(1))])
    open_store(folder).check()
    store.write([Add(item(1))])
    assert open_store(folder).get("a") == item(1)


@pytest.mark.parametrize("call", ["write", "check"])
def test_if_a_lost_lock_file_cannot_be_opened_again_its_number_is_not_used(
    store, folder, disk, call
):
    for round_ in range(1, 4):
        (folder / "tenants.lock").unlink()
        disk.refuse_to_open = 1
        with pytest.raises(UnavailableError, match="Too many files are open"):
            {
                "write": lambda n=round_: store.write([Replace(item(n + 1), n)]),
                "check": store.check,
            }[call]()
        disk.refuse_to_open = 0
        store.write([Replace(item(round_ + 1), round_)])
        assert store.get("a") == open_store(folder).get("a") == item(round_ + 1)


def test_a_file_that_a_thread_reads_stays_open_although_another_one_replaces_it(store, disk):
    store.write([Add(large("b"))])
    before = set(disk.open_files)
    disk.hold_reads = True
    read = []
    reader = threading.Thread(target=lambda: read.append(store.get("b")))
    reader.start()
    assert disk.is_reading.wait(60)
    disk.hold_reads = False
    for name in ("c", "d"):
        store.compact()
        store.write([Add(large(name))])
    still_open = before & disk.open_files
    disk.go_on.set()
    reader.join()
    assert read == [large("b")]
    # The lock file, and the generation that was being read.
    assert len(still_open) == 2
    assert len(before & disk.open_files) == 1


def test_files_are_closed_once_nobody_needs_them(store, disk):
    for version in range(1, 5):
        store.write([Replace(item(version + 1), version)])
        store.compact()
    assert len(disk.open_files) == 2
    store.close()
    assert not disk.open_files
