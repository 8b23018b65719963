"""`GET /api/validate` beside a bare Flask "hello" on the same server, in the same run.

    python -m tests.benchmarks.bench_validate

Each server is one worker with one thread for each kind of requests. The runs alternate, so that a
machine that slows down slows all of them, and each run is compared with the hello of its round.
On a machine that others use too, requests per second are noisy and CPU time is less so.

The second table is how long a worker answers "valid" after a suspension by another process.
"""

import json
import os
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from portal import records
from portal.stores.contract import MAX_CHANGES, Add, Replace, Store
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.file import JsonFileStore
from portal.tenants import Client, Contact, Ids, Status, Tenant, Validity
from tests.benchmarks.load import NoWrkError, Run, Server, at_rate, send, started
from tests.conftest import SECRET_KEY
from tests.dynamodb_engine import CREDENTIALS, Engine, NoEngineError, running

ROUNDS = 5
KNOWN = "/api/validate?accountId=100007&companyId=7"
UNKNOWN = "/api/validate?accountId=7&companyId=7"
CACHE_SECONDS = 2
#: The least share of hello's requests per second.
TARGETS = {"valid": 3.3, "unknown": 2.7, "DynamoDB, cache warm": 2.5}
RANDOM = """
request = function()
  local number = math.random(0, 99999)
  local ids = "accountId=" .. (100000 + number) .. "&companyId=" .. number
  return wrk.format("GET", "/api/validate?" .. ids)
end
"""
#: The kind, the server that it asks, the path, and Lua for wrk.
Kind = tuple[str, Server, str, str]


def main() -> None:
    try:
        with servers() as kinds:
            _print_speed(kinds)
            _print_waiting(kinds)
    except NoWrkError as error:
        print(f"{error}. The speed of validate was not measured.")
    print()
    print("Time from a suspension to the first INACTIVE of another process")
    for store, seconds in (("file store", 0), ("DynamoDB", 0), ("DynamoDB", CACHE_SECONDS)):
        try:
            waited = seconds_until_inactive(store, seconds)
        except NoEngineError as error:
            print(f"{store}: {error}")
            continue
        print(f"{store:<12} cache of {seconds} s {waited:8.3f} s")


def tenant(number: int) -> Tenant:
    now = datetime.now(UTC).replace(microsecond=0)
    return Tenant(
        id=f"{100000 + number}_{number}",
        status=Status.ACTIVE,
        version=1,
        contact=Contact(
            company=f"Northwind Lifts {number} Ltd",
            name="Aoife O’Brien",
            email=f"aoife.{number}@example.com",
            phone="+353201234567",
        ),
        ids=Ids(
            account_id=str(100000 + number),
            account_name=f"Northwind {number} Holding",
            company_id=str(number),
            company_name=f"Northwind Lifts {number} Ltd",
            cluster="eu",
        ),
        validity=Validity(valid_from=now - timedelta(days=10), valid_to=now + timedelta(days=300)),
        client=Client(id="client"),
        created_at=now,
        updated_at=now,
    )


def fill(store: Store, count: int) -> None:
    for first in range(0, count, MAX_CHANGES):
        numbers = range(first, min(first + MAX_CHANGES, count))
        store.write([Add(records.item_of(tenant(number))) for number in numbers])


def settings_of(folder: Path) -> dict[str, str]:
    return {
        "PORTAL_DATA_DIR": str(folder),
        "PORTAL_SECRET_KEY": SECRET_KEY,
        # One address sends them all.
        "PORTAL_NOT_FOUND_PER_MINUTE": "0",
    }


def dynamodb_settings(engine: Engine, table: str, seconds: int) -> dict[str, str]:
    return {
        "USE_DYNAMODB": "true",
        "TENANT_TABLE_NAME": table,
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL_DYNAMODB": engine.url,
        "PORTAL_VALIDATE_CACHE_SECONDS": str(seconds),
        "PORTAL_KMS_KEY_ID": "alias/portal",
        **CREDENTIALS,
    }


def worker(kind: str) -> list[str]:
    return [sys.executable, "-m", "tests.benchmarks.one_worker", kind, "{port}"]


@contextmanager
def servers() -> Iterator[list[Kind]]:
    with ExitStack() as stack:
        hello = stack.enter_context(started(worker("hello"), {}))
        portals = []
        for count in (1_000, 100_000):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            store = JsonFileStore(folder)
            fill(store, count)
            store.close()
            portals.append(
                stack.enter_context(started(worker("portal"), settings_of(folder), path="/health"))
            )
        small, large = portals
        kinds = [
            ("hello", hello, "/", ""),
            ("valid", small, KNOWN, ""),
            ("valid, with metrics", stack.enter_context(_with_metrics()), KNOWN, ""),
            ("unknown", small, UNKNOWN, ""),
            ("valid, 100,000", large, KNOWN, ""),
            ("each of 100,000", large, KNOWN, RANDOM),
        ]
        try:
            server = stack.enter_context(dynamodb_portal(60))
        except NoEngineError as error:
            print(f"DynamoDB: {error}")
        else:
            kinds.append(("DynamoDB, cache warm", server, KNOWN, ""))
        yield kinds


@contextmanager
def _with_metrics() -> Iterator[Server]:
    """As `portal serve` counts: in files that workers share."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as shared:
        store = JsonFileStore(Path(folder))
        fill(store, 1_000)
        store.close()
        settings = {"PORTAL_METRICS": "log,prometheus", "PROMETHEUS_MULTIPROC_DIR": shared}
        with started(
            worker("portal"), settings_of(Path(folder)) | settings, path="/health"
        ) as server:
            yield server


@contextmanager
def dynamodb_portal(seconds: int) -> Iterator[Server]:
    os.environ.update(CREDENTIALS)
    with running() as url, tempfile.TemporaryDirectory() as folder:
        engine = Engine(url)
        location = engine.new_table()
        store = DynamoDbStore(location)
        fill(store, 100)
        store.close()
        settings = settings_of(Path(folder)) | dynamodb_settings(engine, location.table, seconds)
        with started(worker("portal"), settings, path="/health") as server:
            yield server
        engine.close()


def _print_speed(kinds: list[Kind]) -> None:
    runs: dict[str, list[Run]] = {name: [] for name, *_ in kinds}
    for _name, server, path, script in kinds:
        # Until everything is loaded and kept that a worker keeps.
        send(server, path, seconds=4 if script else 1, script=script)
    for _ in range(ROUNDS):
        for name, server, path, script in kinds:
            run = send(server, path, script=script)
            assert not run.refused, f"{name}: {run.refused} answers were no 200"
            runs[name].append(run)
    hello = runs["hello"]
    print("GET /api/validate beside a bare Flask hello on the same server: one worker, one thread")
    print(
        f"{'request':<21}{'per second':>11}{'of hello':>9}{'best':>6}{'to reach':>9}"
        f"{'CPU µs':>8}{'by CPU':>8}"
    )
    hello_cpu = min(run.cpu_seconds for run in hello)
    for name, found in runs.items():
        ratios = [one.per_second / base.per_second for one, base in zip(found, hello, strict=True)]
        cpu = min(run.cpu_seconds for run in found)
        target = f"{TARGETS[name]:9.2f}" if name in TARGETS else " " * 9
        print(
            f"{name:<21}{statistics.median(run.per_second for run in found):11,.0f}"
            f"{statistics.median(ratios):9.2f}{max(ratios):6.2f}{target}"
            f"{cpu * 1e6:8.1f}{hello_cpu / cpu:8.2f}"
        )
    speeds = [run.per_second for run in hello]
    print(f"Noise: hello made {min(speeds):,.0f} to {max(speeds):,.0f} requests a second.")


def _print_waiting(kinds: list[Kind]) -> None:
    print()
    print("99th percentile at half of its own top rate, best of three")
    hello_p99 = 0.0
    for name, server, path, _script in kinds[:3]:
        top = max(send(server, path, connections=64).per_second for _ in range(2))
        pauses = at_rate(top / 2)
        runs = [send(server, path, script=pauses, connections=64) for _ in range(3)]
        p99 = min(run.p99_seconds for run in runs)
        rate = statistics.median(run.per_second for run in runs)
        hello_p99 = hello_p99 or p99
        print(
            f"{name:<21}{p99 * 1000:8.2f} ms at {rate:,.0f} a second,"
            f" {p99 / hello_p99:.2f} of hello's (at most 2)"
        )


def seconds_until_inactive(kind: str, cache_seconds: int) -> float:
    """How long a worker says "valid" after another process has suspended the tenant."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = settings_of(folder)
        store: Store
        if kind == "file store":
            store = JsonFileStore(folder)
        else:
            os.environ.update(CREDENTIALS)
            engine = Engine(stack.enter_context(running()))
            location = engine.new_table()
            store = DynamoDbStore(location)
            settings |= dynamodb_settings(engine, location.table, cache_seconds)
        fill(store, 10)
        server = stack.enter_context(started(worker("portal"), settings, path="/health"))
        # Just read, so that the cache counts for as long as it can.
        assert _is_valid(server)
        suspended = replace(tenant(7), status=Status.SUSPENDED, version=2)
        store.write([Replace(records.item_of(suspended), expected=1)])
        acknowledged = time.monotonic()
        waited = _wait(lambda: not _is_valid(server), acknowledged)
        store.close()
        return waited


def _wait(is_done: Callable[[], bool], since: float) -> float:
    """The seconds until an answer says so, up to when it was asked for."""
    while True:
        asked = time.monotonic()
        if is_done():
            return asked - since
        time.sleep(0.005)


def _is_valid(server: Server) -> bool:
    with urllib.request.urlopen(server.url + KNOWN, timeout=10) as answer:  # noqa: S310 - http
        valid: bool = json.load(answer)["isValid"]
    return valid


if __name__ == "__main__":
    main()
