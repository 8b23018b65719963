"""A large store has an index file, which all processes share: it is made, found, mended, left."""

import fcntl
import os
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from portal.stores.contract import Add, Remove, Replace
from portal.stores.file.disk import LocalDisk
from portal.stores.file.store import JsonFileStore
from portal.stores.file.verify_repair import verify_file
from portal.stores.schema import GSI2
from tests.stores.file.opening import open_store

INDEX = "tenants.index"


@pytest.fixture(autouse=True, params=["index file"])
def table() -> None:
    """These tests say for themselves which store has one."""


def item(n: int, version: int = 1, text: str = "x" * 300) -> dict[str, str | int | bool]:
    return {
        "tenantId": f"t{n}", "version": version, "gsi2pk": "P", "gsi2sk": f"{n:05}", "text": text,
    }  # fmt: skip


def shared(folder: Path, disk: LocalDisk | None = None) -> JsonFileStore:
    return open_store(folder, disk=disk, index_from=0)


def is_shared(store: JsonFileStore) -> bool:
    return store.read_table(lambda table: table.is_shared)


def state_of(store: JsonFileStore) -> tuple[list[object], list[object]]:
    """All items, by id and by index."""
    return list(store.scan(limit=9999).items), list(store.query(GSI2, "P", limit=1000).items)


@pytest.fixture
def filled(folder: Path) -> Path:
    """A store of 200 items, with an index file."""
    store = open_store(folder)
    for start in range(0, 200, 50):
        store.write([Add(item(n)) for n in range(start, start + 50)])
    store.compact()
    store.write([Replace(item(7, 2), 1), Remove("t9", 1)])
    store.close()
    shared(folder).check()
    return folder


class Counting(LocalDisk):
    """Counts the bytes that are read."""

    def __init__(self) -> None:
        self.bytes = 0

    def read(self, fd: int, size: int, offset: int) -> bytes:
        data = LocalDisk.read(fd, size, offset)
        self.bytes += len(data)
        return data


def test_a_process_that_finds_one_reads_next_to_nothing_of_the_store(filled):
    disk = Counting()
    store = shared(filled, disk)
    assert store.get("t7")["version"] == 2
    assert state_of(store) == state_of(open_store(filled.parent / "data"))
    assert disk.bytes < 10_000 < (filled / "tenants.jsonl").stat().st_size


def test_a_small_store_has_none(folder):
    store = open_store(folder)
    store.write([Add(item(1))])
    store.compact()
    assert not (folder / INDEX).exists()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"no database at all " * 1000),
        lambda path: os.truncate(path, 5000),
        lambda path: path.write_bytes(path.read_bytes()[:20_000] + b"\0" * 30_000),
        lambda path: executed(path, "PRAGMA user_version = 99"),
        lambda path: executed(path, "DELETE FROM state"),
        lambda path: executed(path, "UPDATE state SET generation = 77"),
        lambda path: executed(path, "UPDATE state SET tail = 77"),
        lambda path: executed(path, "DROP INDEX gsi2"),
        lambda path: executed(path, "UPDATE items SET json = 'x' WHERE id = 't5'"),
        lambda path: path.chmod(0) if os.geteuid() else path.unlink(),
    ],
)
def test_one_that_is_of_no_use_is_made_anew_or_done_without(filled, spoil):
    expected = state_of(open_store(filled))
    spoil(filled / INDEX)
    store = shared(filled)
    assert state_of(store) == expected
    assert store.get("t5") == item(5)
    store.write([Replace(item(5, 2), 1)])
    for each in (store, shared(filled), open_store(filled)):
        assert each.get("t5")["version"] == 2
    assert verify_file(filled).problem is None


def executed(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as db:
        db.execute(statement)
    db.close()


def test_that_of_another_store_is_not_believed(filled, tmp_path):
    other = tmp_path / "other"
    store = open_store(other)
    for start in range(0, 200, 50):
        store.write([Add(item(n, text="other")) for n in range(start, start + 50)])
    store.compact()
    store.write([Replace(item(7, 2, "other"), 1), Remove("t9", 1)])
    store.close()
    shutil.copy(filled / INDEX, other / INDEX)
    assert shared(other).get("t7")["text"] == "other"


def test_a_store_that_becomes_small_leaves_none_behind(filled):
    store = open_store(filled)
    assert is_shared(store), "it is there, so it is used"
    executed(filled / INDEX, "DELETE FROM state")
    assert not is_shared(open_store(filled))
    assert not (filled / INDEX).exists()


def test_what_was_erased_leaves_the_index_file_as_well(filled):
    stores = shared(filled), shared(filled)
    secret = {**item(300), "gsi2sk": "SECRET", "text": "SECRET" * 50}
    stores[0].write([Add(secret)])
    assert stores[1].get("t300") == secret
    stores[0].write([Remove("t300", 1)])
    stores[0].purge_history()
    for path in filled.iterdir():
        assert b"SECRET" not in path.read_bytes(), path


def test_a_spoilt_key_is_found_by_who_keeps_house(filled):
    expected = state_of(open_store(filled))
    executed(filled / INDEX, "UPDATE items SET s2 = 'zzz' WHERE id = 't5'")
    store = shared(filled)
    assert state_of(store) != expected
    keep_house_once(shared(filled))
    store.write([Add(item(500))])
    store.write([Remove("t500", 1)])
    assert state_of(store) == state_of(shared(filled)) == expected


def test_a_row_that_went_back_to_what_it_was_is_found_and_enters_no_new_file(filled):
    before = sqlite3.connect(filled / INDEX)
    old = before.execute("SELECT json, checksum, size FROM items WHERE id = 't5'").fetchone()
    before.close()
    store = shared(filled)
    store.write([Replace(item(5, 2), 1)])
    with sqlite3.connect(filled / INDEX) as db:
        db.execute("UPDATE items SET json = ?, checksum = ?, size = ? WHERE id = 't5'", old)
    db.close()
    assert store.get("t5")["version"] == 1
    store.compact()
    keep_house_once(shared(filled))
    store.write([Add(item(500))])
    assert store.get("t5")["version"] == shared(filled).get("t5")["version"] == 2
    store.compact()
    assert open_store(filled).get("t5")["version"] == 2
    assert verify_file(filled).problem is None


# ---- Who keeps house


def keep_house_once(store: JsonFileStore) -> None:
    store.keep_house(lambda _seconds: True)


def generation(folder: Path) -> int:
    with (folder / "tenants.jsonl").open("rb") as file:
        return int(file.readline().split(b'"generation":')[1].split(b",")[0])


def write_garbage(store: JsonFileStore, mebibytes: float) -> None:
    version = int(store.get("t0")["version"])
    for number in range(version, version + int(mebibytes * 100)):
        store.write([Replace(item(0, number + 1, "y" * 10_000), number)])


def test_while_somebody_keeps_house_writers_leave_a_moderate_file_alone(filled):
    store = shared(filled)
    with (filled / "tenants.keeper").open("w") as keeper:
        fcntl.flock(keeper, fcntl.LOCK_EX)
        write_garbage(store, 2)
        assert generation(filled) == 2
        # Whoever keeps house seems to get no further.
        write_garbage(store, 4)
        assert generation(filled) == 3
    write_garbage(store, 2)
    assert generation(filled) > 3, "nobody keeps house any more"


def test_who_keeps_house_compacts(filled):
    store = shared(filled)
    with (filled / "tenants.keeper").open("w") as keeper:
        fcntl.flock(keeper, fcntl.LOCK_EX)
        write_garbage(store, 2)
        keep_house_once(shared(filled))
        assert generation(filled) == 2, "another one keeps house"
    keep_house_once(shared(filled))
    assert generation(filled) == 3
    assert store.get("t7") == item(7, 2)
    assert verify_file(filled).problem is None


def test_who_keeps_house_goes_on_until_it_is_to_end_and_whatever_fails(filled):
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        if len(waits) == 2:
            filled.rename(filled.with_name("gone"))
        return len(waits) == 4

    shared(filled).keep_house(wait)
    assert len(waits) == 4


def test_an_index_file_that_is_made_later_is_used_by_those_that_are_running(folder):
    stores = [open_store(folder, index_from=10_000) for _ in range(2)]
    for store in stores:
        store.check()
    for n in range(40):
        stores[0].write([Add(item(n))])
    assert not any(map(is_shared, stores))
    keep_house_once(stores[1])
    for n in range(40, 150):
        stores[0].write([Add(item(n))])
    assert all(map(is_shared, stores))
    assert state_of(stores[0]) == state_of(stores[1]) == state_of(open_store(folder))


def test_processes_with_and_without_one_write_to_one_store(filled):
    with_one, without = shared(filled), open_store(filled, index_from=1 << 40)
    without._journal.reader.tables.give_up_index()
    for version in range(1, 30):
        for n, store in enumerate((with_one, without)):
            store.write([Replace(item(n, version + 1), version)])
            if version % 10 == 4 + n:
                store.compact()
        for store in (with_one, without):
            assert [store.get(f"t{n}")["version"] for n in range(2)] == [version + 1] * 2
    assert (is_shared(with_one), is_shared(without)) == (True, False)
    assert state_of(with_one) == state_of(without)


def test_readers_of_one_process_do_not_wait_for_each_other(filled):
    store, inside = shared(filled), threading.Barrier(5)
    failures: list[Exception] = []

    def read() -> None:
        def look(table: object) -> None:
            del table
            inside.wait(60)

        try:
            store.read_table(look)
            assert store.get("t5") == item(5)
        except (threading.BrokenBarrierError, AssertionError) as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=read) for _ in range(5)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not failures


def test_a_new_store_has_its_indexes_from_the_first_call_on(folder, caplog):
    store = open_store(folder)
    store.write([Add(item(1))])
    assert [row["tenantId"] for row in store.query(GSI2, "P").items] == ["t1"]
    assert caplog.messages == []
