"""Work on the file store that today's build and the one at 978e9a5 both can do: one line of JSON.

    python -m tests.benchmarks.file_store_work WORK FOLDER [NUMBER]

It uses what both have: `JsonFileStore(folder)` and its calls. See earlier_build.py.
"""

import json
import multiprocessing
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from portal.stores.contract import Add, Replace, StoreError
from tests.benchmarks.tenant_items import tenant

FORK = multiprocessing.get_context("fork")
PROCESSES, SECONDS = 4, 2.0
_PAGE = 1000
_GETS = 200


def opened(folder: Path) -> Any:
    """The store of the build that is on the path."""
    try:
        found = import_module("portal.stores.file")
    except ModuleNotFoundError:
        found = import_module("portal.stores.json_file")
    return found.JsonFileStore(folder)


def index() -> Any:
    """The second index: tenants by status and end."""
    try:
        return import_module("portal.stores.schema").GSI2
    except ModuleNotFoundError:
        return import_module("portal.stores.table").GSI2


def fill(folder: Path, number: int) -> dict[str, float]:
    store = opened(folder)
    for at in range(0, number, 100):
        store.write([Add(tenant(n)) for n in range(at, at + 100)])
    store.compact()
    store.close()
    return {"bytes": _journal_bytes(folder)}


def first_answer(folder: Path, number: int) -> dict[str, float]:
    """CPU seconds until a new process has its first answer, from the store and from SQLite: others
    may use the machine. Bytes that the process has grown by after a get, a page and a count."""
    tenant_id = str(tenant(number // 2)["tenantId"])
    other = opened(folder.parent / "empty")
    _answer(other, tenant_id)  # Loads what is loaded once.
    _sqlite_answer(folder / "tenants.sqlite", tenant_id)
    start = time.process_time()
    _sqlite_answer(folder / "tenants.sqlite", tenant_id)
    sqlite_seconds = time.process_time() - start
    before = memory()
    store = opened(folder)
    start = time.process_time()
    assert store.get(tenant_id)
    seconds = time.process_time() - start
    _answer(store, tenant_id)
    after = memory()
    return {
        "seconds": seconds,
        "sqlite_seconds": sqlite_seconds,
        "own_bytes": after["Anonymous"] - before["Anonymous"],
        "all_bytes": after["Pss"] - before["Pss"],
        "bytes": _journal_bytes(folder),
    }


def _answer(store: Any, tenant_id: str) -> None:
    # The other folder has no tenant, and each build has a name of its own for that error.
    with suppress(StoreError):
        store.get(tenant_id)
    store.query(index(), "STATUS#active", limit=50)
    store.count(index(), "STATUS#active", cap=100)


def _sqlite_answer(path: Path, tenant_id: str) -> None:
    db = sqlite3.connect(path)
    db.execute("SELECT json FROM items WHERE id = ?", (tenant_id,)).fetchone()
    db.close()


def memory() -> dict[str, int]:
    """Bytes of this process by the names of Linux. `Anonymous` is its own: no other process has
    any of it, as several have of a file that they map. `Pss` has its share of those as well."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    return {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}


def get_after_commit(folder: Path, number: int) -> dict[str, float]:
    """Seconds of a get: after another process has committed, after it has only been asked whether
    it is there, and one after the other."""
    ours, theirs = FORK.Pipe()
    other = FORK.Process(target=_commit_when_asked, args=(folder, theirs), daemon=True)
    other.start()
    store = opened(folder)
    asked = str(tenant(number // 2)["tenantId"])
    store.get(asked)
    times: dict[str, list[float]] = {"after_commit": [], "after_nothing": [], "plain": []}
    for turn in range(_GETS):
        for name in ("commit", "nothing"):
            ours.send((name, turn))
            ours.recv()
            times[f"after_{name}"].append(_timed(lambda: store.get(asked)))
        times["plain"].append(_timed(lambda: store.get(asked)))
    ours.send(("end", 0))
    other.join()
    store.close()
    return {name: statistics.median(found) for name, found in times.items()}


def _commit_when_asked(folder: Path, line: Any) -> None:
    store, version = opened(folder), 0
    stored = store.get(str(tenant(0)["tenantId"]))
    version = int(stored["version"])
    while True:
        name, turn = line.recv()
        if name == "end":
            return
        if name == "commit":
            changed = {**tenant(0, version + 1), "gsi2sk": f"2027-{turn:05}#0"}
            store.write([Replace(changed, version)])
            version += 1
        line.send("done")


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def scan(folder: Path, number: int) -> dict[str, float]:
    """CPU seconds of a page, when all are read; for the few, as many pages are read."""
    store, spent, pages = opened(folder), 0.0, 0
    store.get(str(tenant(0)["tenantId"]))
    while pages < 50:
        after = None
        start = time.process_time()
        while True:
            page = store.scan(after=after, limit=_PAGE)
            pages += 1
            if page.after is None:
                break
            # A cursor of the earlier build is no pair.
            after = page.after[1] if isinstance(page.after, tuple) else page.after
        spent += time.process_time() - start
    store.close()
    return {"seconds": spent / pages}


def writers(folder: Path, _number: int) -> dict[str, float]:
    """Commits per second of several processes together, and the fewest of one beside the most."""
    start, counts = FORK.Barrier(PROCESSES), FORK.Queue()
    processes = [
        FORK.Process(target=_write, args=(folder, writer, start, counts))
        for writer in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    done = [counts.get() for _ in processes]
    for process in processes:
        process.join()
    return {"per_second": sum(done) / SECONDS, "fairness": min(done) / max(done)}


def _write(folder: Path, writer: int, start: Any, counts: Any) -> None:
    store, done = opened(folder), 0
    version = int(store.get(str(tenant(writer)["tenantId"]))["version"])
    start.wait()
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        store.write([Replace(tenant(writer, version + 1), version)])
        version, done = version + 1, done + 1
    counts.put(done)


def _journal_bytes(folder: Path) -> int:
    return max(path.stat().st_size for path in folder.glob("*.jsonl"))


WORKS = {work.__name__: work for work in (fill, first_answer, get_after_commit, scan, writers)}

if __name__ == "__main__":
    print(json.dumps(WORKS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))))
