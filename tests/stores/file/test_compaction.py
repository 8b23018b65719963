"""Compaction: a new file when most of the old one is garbage; readers and writers continue."""

import threading
from pathlib import Path

import orjson

from portal.stores.contract import Add, Remove, Replace
from portal.stores.file.disk import LocalDisk
from portal.stores.schema import GSI2
from tests.stores.file.opening import open_store

MIB = 1024 * 1024


class Counting(LocalDisk):
    """Counts the bytes that are read from the data file."""

    def __init__(self) -> None:
        self.bytes = 0

    def read(self, fd: int, size: int, offset: int) -> bytes:
        data = LocalDisk.read(fd, size, offset)
        self.bytes += len(data) if size != 160 else 0
        return data


def item(n: int, version: int, size: int = 1000) -> dict:
    return {
        "tenantId": f"t{n}", "version": version, "gsi2pk": "P", "gsi2sk": f"{version:05}#t{n}",
        "text": "x" * size,
    }  # fmt: skip


def generation(folder: Path) -> int:
    with (folder / "tenants.jsonl").open("rb") as file:
        number: int = orjson.loads(file.readline())["generation"]
    return number


def test_the_store_compacts_when_garbage_exceeds_one_mebibyte_and_the_live_data(folder):
    store = open_store(folder)
    store.write([Add(item(0, 1))])
    version, largest = 1, 0
    while generation(folder) == 1:
        store.write([Replace(item(0, version + 1), version)])
        version += 1
        largest = max(largest, (folder / "tenants.jsonl").stat().st_size)
        assert version < 3000
    assert MIB < largest < MIB + 10_000
    assert (folder / "tenants.jsonl").stat().st_size < 2000
    assert (folder / "tenants.previous.jsonl").stat().st_size >= largest
    assert store.get("t0")["version"] == version


def test_live_data_does_not_count_as_garbage(folder):
    store = open_store(folder)
    for n in range(0, 3000, 100):
        store.write([Add(item(n + m, 1)) for m in range(100)])
    assert (folder / "tenants.jsonl").stat().st_size > 3 * MIB
    # Two mebibytes of garbage beside three of live data are not worth a new file.
    for n in range(0, 2000, 100):
        store.write([Replace(item(n + m, 2), 1) for m in range(100)])
    assert generation(folder) == 1
    for n in range(0, 2000, 100):
        store.write([Replace(item(n + m, 3), 2) for m in range(100)])
    assert generation(folder) == 2


def test_a_reader_continues_in_the_new_file_without_loading_it(folder):
    store, disk = open_store(folder), Counting()
    store.write([Add(item(n, 1, 300)) for n in range(100)])
    reader = open_store(folder, disk=disk)
    assert reader.get("t1")["version"] == 1
    store.write([Replace(item(1, 2, 300), 1)])
    store.compact()
    store.write([Replace(item(2, 2, 300), 1)])
    disk.bytes = 0
    # It reads the last commit before the snapshot, and the one after it.
    assert [reader.get(f"t{n}")["version"] for n in range(4)] == [1, 2, 2, 1]
    assert disk.bytes < 5_000


def test_a_reader_that_missed_two_generations_loads_the_third(folder):
    store, reader = open_store(folder), open_store(folder)
    store.write([Add(item(n, 1)) for n in range(10)])
    assert len(reader.query(GSI2, "P").items) == 10
    for version in (2, 3, 4):
        store.write([Replace(item(1, version), version - 1)])
        store.compact()
    store.write([Remove("t2", 1)])
    assert reader.get("t1")["version"] == 4
    assert [row["tenantId"] for row in reader.query(GSI2, "P").items][-1] == "t1"
    assert len(reader.query(GSI2, "P").items) == 9
    reader.write([Remove("t3", 1)])
    assert len(store.query(GSI2, "P").items) == 8


def test_the_previous_generation_is_kept_unchanged(folder):
    store = open_store(folder)
    store.write([Add(item(0, 1))])
    last = (folder / "tenants.jsonl").read_bytes()
    store.compact()
    assert (folder / "tenants.previous.jsonl").read_bytes() == last
    assert sorted(path.name for path in folder.iterdir()) == [
        "tenants.jsonl", "tenants.lock", "tenants.previous.jsonl",
    ]  # fmt: skip


def test_the_remnant_of_a_killed_compaction_is_not_used(folder):
    store = open_store(folder)
    store.write([Add(item(0, 1))])
    (folder / "tenants.new.jsonl").write_bytes(b"left over\n" * 1000)
    store.compact()
    store.write([Replace(item(0, 2), 1)])
    assert b"left over" not in (folder / "tenants.jsonl").read_bytes()
    assert open_store(folder).get("t0")["version"] == 2


def test_any_json_tool_reads_the_file(folder):
    store = open_store(folder)
    store.write([Add(item(0, 1)), Add({"tenantId": "ä\n", "text": "\u2028\x00\U0001f600"})])
    store.compact()
    store.write([Remove("ä\n", None)])
    lines = (folder / "tenants.jsonl").read_bytes().split(b"\n")
    contents = [orjson.loads(line) for line in lines[:-1]]
    assert lines[-1] == b""
    assert [content.keys() - {"crc"} for content in contents[1:]] == [
        {"row"}, {"row"}, {"seq", "durable", "remove"},
    ]  # fmt: skip


def test_writers_and_readers_continue_during_a_compaction(folder):
    stores = [open_store(folder) for _ in range(3)]
    stores[0].write([Add(item(n, 1)) for n in range(3)])
    failures = []

    def work(number: int) -> None:
        try:
            for version in range(2, 150):
                store = stores[number]
                store.write([Replace(item(number, version), version - 1)])
                assert store.get(f"t{number}")["version"] == version
                if version % 7 == number:
                    store.compact()
        except Exception as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    for store in (*stores, open_store(folder)):
        assert [row["version"] for row in store.query(GSI2, "P").items] == [149] * 3
