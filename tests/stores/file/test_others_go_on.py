"""Work on the whole file lets others in: compaction, erasing, verifying."""

from collections.abc import Callable
from pathlib import Path

import pytest

from portal.stores.contract import Add, BusyError, Remove, Replace
from portal.stores.file.disk import LocalDisk
from portal.stores.file.store import JsonFileStore
from portal.stores.file.verify_repair import verify_file
from portal.stores.schema import GSI2
from tests.stores.file.opening import open_store


class Interrupted(LocalDisk):
    """Calls `meanwhile` once, when a file is emptied to be written, or at the next large read."""

    def __init__(self) -> None:
        self.when_emptied: Callable[[], object] | None = None
        self.when_half_written: Callable[[], object] | None = None
        self.when_read: Callable[[], object] | None = None
        self.reads = 0

    def truncate(self, fd: int, size: int) -> None:
        super().truncate(fd, size)
        call, self.when_emptied = self.when_emptied, None
        if call is not None:
            call()

    def write(self, fd: int, data: bytes, offset: int) -> int:  # type: ignore[override] # wider
        call = self.when_half_written
        if call is not None and len(data) > 100_000:
            self.when_half_written = None
            call()
        return LocalDisk.write(fd, data, offset)

    def read(self, fd: int, size: int, offset: int) -> bytes:
        call = self.when_read
        if call is not None and size > 1000:
            self.when_read = None
            call()
        data = LocalDisk.read(fd, size, offset)
        self.reads += len(data)
        return data


def item(n: int, version: int, text: str = "x" * 300) -> dict[str, str | int | bool]:
    return {
        "tenantId": f"t{n}", "version": version, "gsi2pk": "P", "gsi2sk": f"{n:05}", "text": text,
    }  # fmt: skip


def versions(store: JsonFileStore) -> list[object]:
    return [row["version"] for row in store.query(GSI2, "P").items]


@pytest.mark.parametrize("text", ["x" * 300, "y" * 3000])
def test_others_write_and_read_while_a_file_is_compacted(folder, text):
    disk = Interrupted()
    store = open_store(folder, disk=disk)
    other, ahead = open_store(folder), open_store(folder)
    store.write([Add(item(n, 1, text)) for n in range(20)])
    behind = open_store(folder)
    assert versions(behind) == [1] * 20

    def meanwhile() -> None:
        other.write([Replace(item(1, 2, text), 1), Add(item(20, 1, text))])
        # The one that compacts goes on with its other threads, too.
        store.write([Replace(item(2, 2, text), 1)])
        assert versions(store) == versions(ahead) == [1, 2, 2, *[1] * 18]

    disk.when_emptied = meanwhile
    store.compact()
    assert b'"generation":2' in (folder / "tenants.jsonl").read_bytes()[:200]
    other.write([Replace(item(3, 2, text), 1)])
    for each in (store, other, ahead, behind, open_store(folder)):
        assert versions(each) == [1, 2, 2, 2, *[1] * 17]
        assert each.get("t1") == item(1, 2, text)
        assert each.get("t20") == item(20, 1, text)
    assert verify_file(folder).problem is None


def test_a_snapshot_shows_one_moment_although_others_write_meanwhile(folder):
    disk = Interrupted()
    store, other = open_store(folder, disk=disk), open_store(folder)
    for start in range(0, 1500, 100):
        store.write([Add(item(n, 1)) for n in range(start, start + 100)])

    def meanwhile() -> None:
        store.write([Replace(item(n, 2, "z" * 5), 1) for n in range(1400, 1500)])
        other.write([Remove(f"t{n}", 1) for n in range(1300, 1400)])
        store.write([Add(item(n, 1)) for n in range(1500, 1600)])

    disk.when_half_written = meanwhile
    store.compact()
    for each in (store, other, open_store(folder)):
        rows = {str(row["tenantId"]): row["version"] for row in each.scan(limit=9999).items}
        assert len(rows) == 1500
        assert {rows[f"t{n}"] for n in range(1400, 1500)} == {2}
        assert "t1300" not in rows
        assert rows["t1599"] == 1
    assert verify_file(folder).problem is None


def test_two_that_compact_do_not_disturb_each_other(folder):
    disk = Interrupted()
    store, other = open_store(folder, disk=disk), open_store(folder)
    store.write([Add(item(n, 1)) for n in range(20)])
    begun = []

    def meanwhile() -> None:
        # It would wait for a minute; a commit that finds much garbage does not wait at all.
        with other._queue.exclusive(), other._locked():
            begun.append(other._journal.compactions.begin())

    disk.when_emptied = meanwhile
    store.compact()
    assert begun == [None]
    other.compact()
    assert b'"generation":3' in (folder / "tenants.jsonl").read_bytes()[:200]
    assert versions(store) == versions(other) == [1] * 20


def test_what_was_erased_leaves_both_files_while_others_write(folder):
    disk = Interrupted()
    store, other = open_store(folder, disk=disk), open_store(folder)
    store.write([Add(item(n, 1, f"SECRET{n} " + "z" * 1000)) for n in range(20)])
    store.write([Replace(item(n, 2, ""), 1) for n in range(20)])
    disk.when_emptied = lambda: other.write([Add(item(30, 1))])
    store.purge_history()
    for path in folder.iterdir():
        assert b"SECRET" not in path.read_bytes(), path
    assert len(versions(open_store(folder))) == 21


def test_others_write_while_a_file_is_verified(folder):
    store, disk = open_store(folder), Interrupted()
    store.write([Add(item(n, 1)) for n in range(100)])
    disk.when_read = lambda: store.write([Replace(item(1, 2), 1)])
    result = verify_file(folder, disk=disk)
    assert (result.problem, result.torn, result.items) == (None, 0, 100)
    assert store.get("t1")["version"] == 2


def test_a_store_that_is_compacted_all_the_time_can_be_written_to(folder):
    """Nobody who writes gets `BusyError`, however many generations begin meanwhile."""
    disk = Interrupted()
    store, other = open_store(folder, disk=disk), open_store(folder)
    store.write([Add(item(n, 1)) for n in range(20)])
    for version in range(2, 8):
        disk.when_emptied = lambda v=version: other.write([Replace(item(1, v), v - 1)])
        try:
            store.compact()
        except BusyError:
            pytest.fail("the writer was kept out")
        assert store.get("t1")["version"] == version


def test_a_compaction_that_another_generation_has_overtaken_is_given_up(folder: Path):
    disk = Interrupted()
    store, other = open_store(folder, disk=disk), open_store(folder)
    store.write([Add(item(n, 1)) for n in range(20)])

    def meanwhile() -> None:
        # As after a failed sync: the lock is held, and a new file is needed at once.
        with other._queue.exclusive(), other._locked():
            other._journal._begin_generation()
        other.write([Replace(item(1, 2), 1)])

    disk.when_emptied = meanwhile
    store.compact()
    assert b'"generation":2' in (folder / "tenants.jsonl").read_bytes()[:200]
    for each in (store, other, open_store(folder)):
        assert versions(each) == [1, 2, *[1] * 18]
    store.compact()
    assert versions(open_store(folder)) == [1, 2, *[1] * 18]
