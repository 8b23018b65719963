"""The shared table fails, is replaced or is locked while processes use it: nobody notices."""

import errno
import os
import resource
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from portal.stores.contract import Add, BusyError, Item, Remove, Replace, StoreError
from portal.stores.file.disk import LocalDisk
from portal.stores.file.store import JsonFileStore
from portal.stores.file.table import ItemTable, ReplacedTableError
from tests.stores.file.opening import open_store

INDEX = "tenants.index"


@pytest.fixture(autouse=True, params=["index file"])
def table() -> None:
    """These tests say for themselves which store has one."""


def item(n: int, version: int = 1, size: int = 30_000) -> dict[str, str | int | bool]:
    return {
        "tenantId": f"t{n}", "version": version, "gsi2pk": "P", "gsi2sk": f"{n:05}",
        "text": "x" * size,
    }  # fmt: skip


def shared(folder: Path, disk: LocalDisk | None = None) -> JsonFileStore:
    return open_store(folder, disk=disk, index_from=0)


def is_shared(store: JsonFileStore) -> bool:
    return store.read_table(lambda table: table.is_shared)


def executed(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as db:
        db.execute(statement)
    db.close()


@pytest.fixture
def filled(folder: Path) -> Path:
    """A store of 1.5 MB with an index file. If all that were garbage, it would be compacted."""
    store = open_store(folder)
    for n in range(50):
        store.write([Add(item(n))])
    store.close()
    shared(folder).check()
    return folder


def test_a_commit_that_the_table_cannot_take_is_saved_and_the_file_is_compacted_later(filled):
    store = shared(filled)
    store.check()
    executed(filled / INDEX, "DELETE FROM state")
    store.write([Replace(item(5, 2), 1)])
    assert shared(filled).get("t5")["version"] == store.get("t5")["version"] == 2
    assert is_shared(store)
    # No compaction was begun that never ends.
    shared(filled).compact()
    assert store.get("t7") == item(7)


def test_whoever_is_about_to_read_a_table_that_fails_is_not_told_that_it_is_empty(filled):
    store = shared(filled)
    reader = store.refreshed_reader()
    executed(filled / INDEX, "DELETE FROM state")
    store.write([Replace(item(5, 2), 1)])
    # It asks the next table then, and never hears that there is no such item.
    with pytest.raises(ReplacedTableError):
        reader.table.get("t7")


@pytest.mark.parametrize(
    "work", [lambda store: store.compact(), lambda store: store.write([Replace(item(5, 2), 1)])]
)
def test_a_damaged_item_is_mended_by_who_compacts_or_writes(filled, work):
    store = shared(filled)
    store.check()
    executed(filled / INDEX, "UPDATE items SET json = CAST('x' AS BLOB) WHERE id = 't5'")
    # Callers of a busy store try again.
    with suppress(BusyError):
        work(store)
    assert store.get("t5")["text"] == "x" * 30_000
    assert is_shared(store)


def test_threads_that_find_the_same_damage_have_the_index_file_made_once(filled):
    store, inside, found = shared(filled), threading.Barrier(6), []
    store.check()
    executed(filled / INDEX, "UPDATE items SET json = CAST('x' AS BLOB) WHERE id = 't5'")

    def reads_together() -> Callable[[ItemTable], Item | None]:
        calls: list[ItemTable] = []

        def read(table: ItemTable) -> Item | None:
            calls.append(table)
            if len(calls) == 1:
                inside.wait(60)
            return table.get("t5")

        return read

    def run() -> None:
        found.append(store.read_table(reads_together()))

    threads = [threading.Thread(target=run) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [item(5)] * 6
    assert is_shared(store), "it was not given up after the third thread"


def test_all_threads_go_over_to_an_index_file_that_was_made_anew(filled):
    store, other = shared(filled), shared(filled)

    def replaced_meanwhile(table: ItemTable) -> None:
        with table.connection():
            # Another process, which found it damaged.
            for path in filled.glob(f"{INDEX}*"):
                path.unlink()
            other.write([Replace(item(5, 2), 1)])
            shared(filled).write([Replace(item(5, 3), 2)])
            assert store.get("t5")["version"] == 3

    store.read_table(replaced_meanwhile)
    assert store.get("t5")["version"] == 3
    assert is_shared(store)


def test_that_of_a_copied_folder_is_not_believed(filled):
    copy = filled.with_name("copy")
    shutil.copytree(filled, copy)
    # Half of what a writer changed while somebody copied.
    executed(copy / INDEX, "DELETE FROM items WHERE id = 't5'")
    assert shared(copy).get("t5") == item(5)


class FailingOnce(LocalDisk):
    """The first sync fails. As on Linux, the next one of the same file says that all is well."""

    def __init__(self) -> None:
        self.failures = 0

    def sync(self, fd: int) -> None:
        if not self.failures:
            self.failures += 1
            raise OSError(errno.EIO, "simulated")
        super().sync(fd)


def test_commits_of_a_killed_writer_whose_sync_fails_are_written_anew(filled):
    lock = filled / "tenants.lock"
    mark = lock.read_bytes()
    writer = open_store(filled, index_from=1 << 40)
    writer.write([Replace(item(5, 2), 1)])
    lock.write_bytes(mark)
    inode = (filled / "tenants.jsonl").stat().st_ino
    disk = FailingOnce()
    store = shared(filled, disk)
    assert store.get("t5")["version"] == 2
    assert disk.failures
    assert (filled / "tenants.jsonl").stat().st_ino != inode


def test_a_process_that_is_stopped_with_the_table_locked_does_not_keep_others_from_reading(filled):
    store = shared(filled)
    store.check()
    without = open_store(filled, index_from=1 << 40)
    without._journal.reader.tables.give_up_index()
    stopped = sqlite3.connect(filled / INDEX, isolation_level=None)
    stopped.execute("BEGIN IMMEDIATE")
    without.write([Replace(item(5, 2), 1)])
    assert store.get("t5")["version"] == 2
    store.write([Replace(item(5, 3), 2)])
    assert without.get("t5")["version"] == 3
    stopped.close()


def test_a_moment_without_free_descriptors_does_not_cost_the_shared_table(filled):
    store = shared(filled)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)

    def read_with_none_left(table: ItemTable) -> None:
        with table.connection():
            free = os.dup(0)
            os.close(free)
            resource.setrlimit(resource.RLIMIT_NOFILE, (free, limits[1]))
            try:
                with pytest.raises(StoreError):
                    store.get("t5")
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    store.read_table(read_with_none_left)
    assert store.get("t5") == item(5)
    assert is_shared(store)


def test_what_was_erased_leaves_an_index_file_that_the_process_does_without(filled):
    secret = {**item(300), "text": "SECRET" * 50}
    shared(filled).write([Add(secret)])
    without = open_store(filled, index_from=1 << 40)
    without._journal.reader.tables.give_up_index()
    without.write([Remove("t300", 1)])
    without.purge_history()
    for path in filled.iterdir():
        assert b"SECRET" not in path.read_bytes(), path
