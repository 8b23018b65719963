"""How long clients wait at most while the file store compacts, as a multiple of their median.

    python -m tests.benchmarks.bench_compaction

A portal as `portal serve` runs it, with 100,000 tenants and nearly as much garbage as items.
Another process changes tenants, as an import on the command line does, until the file is replaced:
sign-ups alone add more items than garbage. Meanwhile and for a moment longer one client asks
`validate` for any tenant, and one signs up. What they wait without a compaction shows how quiet the
machine is.
"""

import multiprocessing
import os
import random
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any

from portal import records
from portal.stores import Replace
from portal.stores.file import FILE_NAME, JsonFileStore
from tests.attack.http_client import Browser, ask
from tests.attack.portal_processes import NO_LIMITS, port_of
from tests.benchmarks.bench_validate import fill, tenant
from tests.benchmarks.earlier_build import spread
from tests.benchmarks.targets import Row, table
from tests.serving import Portal, serving

FORK = multiprocessing.get_context("fork")
_TENANTS, _WORKERS, _ROUNDS = 100_000, 2, 5
#: Changes in a write, before the portal starts and while it runs.
_TOGETHER, _FEW = 100, 10
#: Seconds between two writes while it runs.
_PAUSE = 0.02
#: Bytes of garbage that are made while it runs.
_LEFT = 1_000_000
#: Seconds: without a compaction, from its end on, and until one is given up.
_QUIET, _AFTER, _LONGEST = 5.0, 1.0, 120.0
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
_CLIENTS = ("validate", "sign-up")


@dataclass(frozen=True)
class Round:
    """The longest wait of each client as a multiple of its median: with and without."""

    compacting: dict[str, float]
    quiet: dict[str, float]


def targets() -> list[Row]:
    rounds = list(_rounds())
    work = f"longest wait while the file store compacts, {_TENANTS:,} tenants, of its median"
    print(f"Longest wait as a multiple of the median, {_WORKERS} workers, one client of each kind")
    if rounds:
        for name in _CLIENTS:
            compacting = spread([each.compacting[name] for each in rounds])
            quiet = spread([each.quiet[name] for each in rounds])
            print(f"  {name:<10} while it compacts {compacting}, otherwise {quiet}")
    return [
        Row(f"{work}: {name}", [each.compacting[name] for each in rounds], target)
        for name, target in zip(_CLIENTS, (50, 20), strict=True)
    ]


def _rounds() -> Iterator[Round]:
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as name:
        folder, data = Path(name), Path(name) / "data"
        store = JsonFileStore(data)
        fill(store, _TENANTS)
        store.compact()
        store.close()
        for _ in range(_ROUNDS):
            _make_garbage(data)
            settings = {**NO_LIMITS, "PORTAL_SIGN_UP_MIN_SECONDS": "0"}
            with serving(
                folder, "--workers", str(_WORKERS), settings=settings, start_seconds=600
            ) as portal:
                found = _round(portal, data / FILE_NAME)
            if found is None:
                print(f"The file was not replaced within {_LONGEST:g} s.")
            else:
                yield found


def _make_garbage(data: Path) -> None:
    """Change tenants until little is missing: there is a compaction when there is more garbage than
    there are items."""
    store, path = JsonFileStore(data), data / FILE_NAME
    store.compact()
    enough = 2 * path.stat().st_size - _LEFT
    first = 0
    while path.stat().st_size < enough:
        numbers = range(first, first + _TOGETHER)
        store.write([_changed(store, number % _TENANTS) for number in numbers])
        first += _TOGETHER
    store.close()


def _changed(store: JsonFileStore, number: int) -> Replace:
    version = int(store.get(tenant(number).id)["version"])
    return Replace(records.item_of(replace(tenant(number), version=version + 1)), version)


def _round(portal: Portal, path: Path) -> Round | None:
    """None if the file was not replaced in time."""
    with _clients(port_of(portal)) as waits:
        is_replaced = _change_until_replaced(path)
        time.sleep(_AFTER)
    if not is_replaced:
        return None
    with _clients(port_of(portal)) as quiet:
        time.sleep(_QUIET)
    return Round(
        compacting={name: _longest(waits[name]) for name in _CLIENTS},
        quiet={name: _longest(quiet[name]) for name in _CLIENTS},
    )


def _change_until_replaced(path: Path) -> bool:
    """Whether it was in time."""
    store, before, first = JsonFileStore(path.parent), path.stat().st_ino, 0
    end = time.monotonic() + _LONGEST
    is_replaced = False
    while not is_replaced and time.monotonic() < end:
        numbers = range(first, first + _FEW)
        store.write([_changed(store, number % _TENANTS) for number in numbers])
        first += _FEW
        time.sleep(_PAUSE)
        is_replaced = path.stat().st_ino != before
    store.close()
    return is_replaced


def _longest(waits: list[float]) -> float:
    return max(waits) / statistics.median(waits)


@contextmanager
def _clients(port: int) -> Iterator[dict[str, list[float]]]:
    """What clients waited meanwhile, each in a process of its own; there when it ends."""
    waits: dict[str, list[float]] = {}
    stop, answers = FORK.Event(), FORK.Queue()
    processes = [
        FORK.Process(target=_client, args=(name, port, stop, answers), daemon=True)
        for name in _CLIENTS
    ]
    for process in processes:
        process.start()
    try:
        yield waits
    finally:
        stop.set()
        for _ in processes:
            name, found = answers.get(timeout=60)
            waits[name] = found
        for process in processes:
            process.join()


def _client(name: str, port: int, stop: Any, answers: Any) -> None:
    ask_once = _validate if name == "validate" else _sign_up
    for _ in range(20):
        ask_once(port)
    waits = []
    while not stop.is_set():
        waits.append(ask_once(port))
    answers.put((name, waits))


def _validate(port: int) -> float:
    number = random.randrange(_TENANTS)
    path = f"/api/validate?accountId={100_000 + number}&companyId={number}"
    answer = ask(port, "GET", path, timeout=60)
    assert answer.status in {200, 503}, answer.status
    return answer.seconds


def _sign_up(port: int) -> float:
    """The seconds of the POST. Whoever is told to come back later has waited as well."""
    browser = Browser(port, 60)
    page = browser.get("/sign-up")
    number = random.randrange(10**9)
    typed = {
        "company": f"Good Lifts {number} Ltd",
        "name": "Kim Good",
        "email": f"kim@good-lifts-{number}.com",
        "phone": "",
        "website": "",
    }
    form = {name: unescape(value) for name, value in _HIDDEN.findall(page.text)}
    answer = browser.post("/sign-up", form | typed)
    assert answer.status in {303, 503}, answer.status
    return answer.seconds


def main() -> None:
    """`make bench` prints the rows at its end."""


if __name__ == "__main__":
    print("\n".join(table(targets())))
