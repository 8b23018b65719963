"""The file store compared with SQLite (WAL, FULL) and TinyDB, on the same records, in one run.

    python -m tests.benchmarks.bench_file_store

Disks differ by a factor of a hundred, so only the ratios count: the stores take turns, commit by
commit, on the same disk at the same time.
"""

import json
import multiprocessing
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from portal.stores.contract import Add, Item, Replace
from portal.stores.file.store import JsonFileStore
from portal.stores.schema import GSI2
from tests.benchmarks.tenant_items import tenant

FORK = multiprocessing.get_context("fork")
SIZES = (100, 10_000, 100_000)
TURNS = 200
#: TinyDB writes its whole file each time; more turns would take hours.
TINY_TURNS = {100: 20, 10_000: 3, 100_000: 1}
SECONDS = 2.0
PROCESSES = 4


class FileStore:
    name = "file store"

    def __init__(self, folder: Path) -> None:
        self.store = JsonFileStore(folder / "portal")

    def fill(self, size: int) -> None:
        for at in range(0, size, 100):
            self.store.write([Add(tenant(n)) for n in range(at, at + 100)])
        self.store.compact()

    def warm_up(self) -> None:
        self.store.check()

    def replace(self, item: Item, expected: int) -> None:
        self.store.write([Replace(item, expected)])


class Sqlite:
    """The usual way: the item as JSON, an index for each list, one transaction."""

    name = "SQLite WAL, FULL"

    def __init__(self, folder: Path) -> None:
        self.db = sqlite3.connect(folder / "tenants.sqlite", timeout=30, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        columns = ", ".join(f"p{n} TEXT, s{n} TEXT" for n in range(1, 5))
        self.db.execute(
            f"CREATE TABLE IF NOT EXISTS items"
            f" (id TEXT PRIMARY KEY, version INT, json TEXT, {columns})"
        )
        for n in range(1, 5):
            self.db.execute(f"CREATE INDEX IF NOT EXISTS gsi{n} ON items (p{n}, s{n}, id)")

    def fill(self, size: int) -> None:
        self.db.execute("BEGIN")
        for n in range(size):
            self.put(tenant(n))
        self.db.execute("COMMIT")

    def warm_up(self) -> None:
        self.db.execute("SELECT count(*) FROM items").fetchone()

    def put(self, item: Item) -> None:
        keys = [item[f"gsi{n}{key}"] for n in range(1, 5) for key in ("pk", "sk")]
        values = (item["tenantId"], item["version"], json.dumps(item), *keys)
        placeholders = ",".join("?" * len(values))
        self.db.execute(f"INSERT OR REPLACE INTO items VALUES ({placeholders})", values)  # noqa: S608 - marks

    def replace(self, item: Item, expected: int) -> None:
        self.db.execute("BEGIN IMMEDIATE")
        query = "SELECT version FROM items WHERE id = ?"
        if self.db.execute(query, (item["tenantId"],)).fetchone() != (expected,):
            raise RuntimeError("changed meanwhile")
        self.put(item)
        self.db.execute("COMMIT")


class Tiny:
    name = "TinyDB"

    def __init__(self, folder: Path) -> None:
        from tinydb import TinyDB  # noqa: PLC0415 - only this one needs it

        self.db = TinyDB(folder / "tiny.json")

    def fill(self, size: int) -> None:
        self.db.insert_multiple(tenant(n) for n in range(size))

    def replace(self, item: Item, expected: int) -> None:
        from tinydb import where  # noqa: PLC0415 - likewise

        mine = where("tenantId") == item["tenantId"]
        if self.db.get(mine)["version"] != expected:
            raise RuntimeError("changed meanwhile")
        self.db.update(dict(item), mine)


def written_by_this_process() -> int:
    """Bytes that this process has written, as Linux counts them."""
    for line in Path("/proc/self/io").read_text(encoding="ascii").splitlines():
        if line.startswith("wchar"):
            return int(line.split()[1])
    return 0


def commit_times(size: int, folder: Path) -> dict[str, tuple[float, float]]:
    """By store: medians of the milliseconds and of the written kilobytes of a commit."""
    measured = take_turns([FileStore(folder), Sqlite(folder)], size, TURNS)
    # Separately, since the other stores would wait while the disk writes TinyDB's megabytes.
    return measured | take_turns([Tiny(folder)], size, TINY_TURNS[size])


def take_turns(stores: list, size: int, turns: int) -> dict[str, tuple[float, float]]:
    for store in stores:
        store.fill(size)
    os.sync()
    times: dict[str, list[float]] = {store.name: [] for store in stores}
    sizes: dict[str, list[float]] = {store.name: [] for store in stores}
    versions: dict[int, int] = {}
    for turn in range(turns):
        n = turn * 7919 % size
        version = versions.get(n, 1)
        versions[n] = version + 1
        item = {**tenant(n, version + 1), "gsi2sk": f"2027-{turn:05}#{n}"}
        for store in stores:
            before, start = written_by_this_process(), time.perf_counter()
            store.replace(item, version)
            times[store.name].append((time.perf_counter() - start) * 1000)
            sizes[store.name].append((written_by_this_process() - before) / 1000)
    return {
        name: (statistics.median(times[name]), statistics.median(sizes[name])) for name in times
    }


@dataclass(frozen=True)
class Written:
    """What several processes committed, each to a tenant of its own.

    Attributes:
        fairness: The fewest commits of a process beside the most.
    """

    per_second: float
    fairness: float


def write_in_a_loop(
    make: Callable[[Path], FileStore | Sqlite], folder: Path, writer: int, start, counts
) -> None:
    store = make(folder)
    store.warm_up()
    version, done = 1, 0
    start.wait()
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        store.replace(tenant(writer, version + 1), version)
        version, done = version + 1, done + 1
    counts.put(done)


def write_together(
    make: Callable[[Path], FileStore | Sqlite], folder: Path, first: int = 0
) -> Written:
    """Have `PROCESSES` processes write for `SECONDS`.

    Args:
        first: The first of the tenants that they change. None was changed before.
    """
    start, counts = FORK.Barrier(PROCESSES), FORK.Queue()
    processes = [
        FORK.Process(target=write_in_a_loop, args=(make, folder, writer, start, counts))
        for writer in range(first, first + PROCESSES)
    ]
    for process in processes:
        process.start()
    done = [counts.get() for _ in processes]
    for process in processes:
        process.join()
    return Written(per_second=sum(done) / SECONDS, fairness=min(done) / max(done))


def writing_rounds(folder: Path, size: int, rounds: int) -> list[tuple[Written, Written]]:
    """What the file store and SQLite commit in turn, on the same disk."""
    folder.mkdir(mode=0o700)
    makes = (FileStore, Sqlite)
    for make in makes:
        make(folder).fill(size)
    os.sync()
    found = []
    for number in range(rounds):
        order = makes if number % 2 == 0 else makes[::-1]
        written = {make: write_together(make, folder, number * PROCESSES) for make in order}
        found.append((written[FileStore], written[Sqlite]))
    return found


def in_a_new_process(work: str, folder: Path) -> list[float]:
    """The result of `work`, a function of this module, in a new process."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_file_store", work, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True)
    figures: list[float] = json.loads(done.stdout)
    return figures


def worker(folder: Path) -> list[float]:
    """Seconds to open; megabytes in all, of the tenants, at the peak; µs of get, query, count."""
    empty = memory()
    start = time.perf_counter()
    store = JsonFileStore(folder / "portal")
    store.get(str(tenant(1)["tenantId"]))
    opened = time.perf_counter() - start
    full = memory()
    peak = high_water()
    tenant_id = str(tenant(1)["tenantId"])
    read = timed(lambda: store.get(tenant_id), 20_000)
    page = timed(lambda: store.query(GSI2, "STATUS#active", limit=50), 500)
    counted = timed(lambda: store.count(GSI2, "STATUS#active", cap=100), 500)
    return [opened, full, full - empty, peak, read, page, counted]


def memory() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1_000_000


def high_water() -> float:
    # Not ru_maxrss, which a new process inherits from its parent.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1_000_000


def timed(call: Callable[[], object], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times * 1_000_000


def table() -> list[str]:
    return list(rows())


def rows() -> Iterator[str]:
    yield f"{'median of a commit':28}{'ms':>9}{'KB':>9}{'of SQLite':>11}"
    for size in SIZES:
        with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
            figures = commit_times(size, Path(folder))
            sqlite_ms = figures[Sqlite.name][0]
            for name, (ms, kilobytes) in figures.items():
                label = f"{size:>9,} {name}"
                yield f"{label:28}{ms:9.2f}{kilobytes:9.1f}{ms / sqlite_ms:10.2f}x"
            opened, full, tenants_mb, peak, get, page, counted = in_a_new_process(
                "worker", Path(folder)
            )
            yield (
                f"{size:>9,} a worker: {full:.0f} MB ({tenants_mb:.0f} MB of it tenants, peak"
                f" {peak:.0f} MB), opens in {opened:.2f} s; get {get:.1f} µs, page of 50"
                f" {page:.0f} µs, count to 100 {counted:.0f} µs"
            )
    yield f"{PROCESSES} processes writing"
    for size in SIZES:
        with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
            per_second = {}
            for make in (FileStore, Sqlite):
                make(Path(folder)).fill(size)
                per_second[make.name] = write_together(make, Path(folder)).per_second
            for name, commits in per_second.items():
                ratio = commits / per_second[Sqlite.name]
                label = f"{size:>9,} {name}"
                yield f"{label:28}{commits:9,.0f} commits/s{ratio:10.2f}x"


def main() -> None:
    if sys.argv[1:2] == ["worker"]:
        print(json.dumps(worker(Path(sys.argv[2]))))
        return
    for row in rows():
        print(row, flush=True)


if __name__ == "__main__":
    main()
