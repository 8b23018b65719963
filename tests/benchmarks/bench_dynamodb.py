"""The cost of DynamoDB: capacity units per verb, CPU per call compared with the plain boto3 client,
and a page of the queue at 1,000 and at 100,000 tenants.

    python -m tests.benchmarks.bench_dynamodb

The units are exact, since the engine counts as AWS does. CPU is that of this process, without the
engine's. The two clients take turns, call by call. An import is planned in turn with an earlier
build, see planned_on_dynamodb.py.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3

from portal import onboarding, queries, records
from portal.imports import ImportOptions, Plan, StagedEntries, apply_step, create_job
from portal.onboarding import SignUpLimits
from portal.queries import Tab
from portal.sealing import KeyFileSealer, SecretFingerprints
from portal.search import MarkingStore
from portal.stores.contract import Add, Item, ItemNotFoundError, Replace
from portal.stores.dynamodb.serialization import to_attributes
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.schema import GSI2, KEY
from portal.tenants import Ids, Reason
from tests.benchmarks import earlier_build
from tests.benchmarks.bench_imports import LIMITS as LIMITS_OF_FILES
from tests.benchmarks.bench_imports import write_dump
from tests.benchmarks.planned_on_dynamodb import KEYS
from tests.benchmarks.targets import Row
from tests.conftest import START
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine, NoEngineError, running
from tests.examples import (
    ANN,
    CONTACT,
    IDS,
    NEXT_YEAR,
    PlainSealer,
    activate,
    reference,
    sign_up,
)
from tests.prometheus_text import total

LIMITS = SignUpLimits("k" * 40, 5)
#: Each client's calls in a round.
TURNS, ROUNDS = 80, 7
#: A call's CPU as a multiple of the plain client's, at most.
CPU_TARGETS = {"GetItem": 0.9, "PutItem": 0.95, "Query, 50 rows": 0.5}
#: Tenants of an import that the table has already.
PLANNED_ROWS = 4_000
#: Rows a second as a multiple of the earlier build's, at least.
PLAN_TARGET = 8
SIZES = (1_000, 100_000)


@contextmanager
def opened() -> Iterator[tuple[Engine, DynamoDbStore]]:
    os.environ.update(CREDENTIALS)
    with running() as url:
        engine = Engine(url)
        store = DynamoDbStore(engine.new_table())
        yield engine, store
        store.close()
        engine.close()


def units_and_calls(store: DynamoDbStore) -> tuple[float, float, float]:
    """Read units, write units and calls so far."""
    text = store.metrics.to_prometheus()
    name = "portal_store_capacity_units_total"
    return (
        total(text, name, kind="read"),
        total(text, name, kind="write"),
        total(text, "portal_store_calls_total"),
    )


def cost_of_verbs(engine: Engine) -> Iterator[tuple[str, float, float, float]]:
    """Verb, read units, write units, calls."""
    store = DynamoDbStore(engine.new_table())
    store.metrics.enable_prometheus()
    first, second = (Ids(account_id=f"{n}", company_id="1", cluster="eu") for n in (1, 2))
    plain = sign_up(store, 1)
    claiming = sign_up(store, 2, claims=first)
    rejected = sign_up(store, 3, claims=second)
    counted_sign_up(store, 6)  # The first of a day also makes the counter of all.
    work: dict[str, Callable[[int], object]] = {
        "sign-up": lambda _: sign_up(store, 4),
        "sign-up with limits": lambda _: counted_sign_up(store, 7),
        "sign-up with claim": lambda _: sign_up(store, 5, claims=IDS),
        "activate": lambda _: activate(store, PlainSealer(), plain, secret="s" * 40),
        "activate with claim": lambda _: activate(store, PlainSealer(), claiming, ids=first),
        "reject": lambda _: onboarding.reject(
            store, rejected.id, expected_version=1, audit=ANN, reason=Reason.OTHER
        ),
        "reopen": lambda _: onboarding.reopen(store, rejected.id, expected_version=2, audit=ANN),
        "suspend": lambda version: onboarding.suspend(
            store, IDS.tenant_id, expected_version=version, audit=ANN, reason=Reason.OTHER
        ),
        "reinstate": lambda version: onboarding.reinstate(
            store, IDS.tenant_id, expected_version=version, audit=ANN
        ),
        "set validity": lambda version: onboarding.set_validity(
            store, IDS.tenant_id, expected_version=version, audit=ANN, validity=NEXT_YEAR
        ),
        "validate": lambda _: store.get(IDS.tenant_id),
    }
    for verb, do in work.items():
        version = _version(store)
        before = units_and_calls(store)
        do(version)
        after = units_and_calls(store)
        read, write, calls = (now - then for now, then in zip(after, before, strict=True))
        yield verb, read, write, calls
    store.close()


def counted_sign_up(store: DynamoDbStore, number: int) -> None:
    """As customers send it: from a network, an address and a domain of its own."""
    onboarding.submit(
        store,
        reference=reference(number),
        contact=replace(CONTACT, email=f"kim@meyer{number}.example"),
        claims=None,
        status_link="hash",
        now=START,
        limits=LIMITS,
        network=f"192.0.2.{number}",
    )


def _version(store: DynamoDbStore) -> int:
    """The version that a page of the tenant would have shown."""
    try:
        return int(store.get(IDS.tenant_id)["version"])
    except ItemNotFoundError:
        return 0


def cpu_of_calls(
    engine: Engine, store: DynamoDbStore
) -> Iterator[tuple[str, list[float], list[float]]]:
    """Call, and the median CPU in microseconds of the client and of the store in each round."""
    table = store.connection.location.table
    item = {**records.item_of(sign_up(store, 9)), "version": 0}
    store.write([Replace(item, 1)])
    # As boto3 makes it, without a setting: the engine's own is one of the portal's.
    client: Any = boto3.client("dynamodb", region_name=REGION, endpoint_url=engine.url)
    names = {"#p": GSI2.partition}
    partition = str(item[GSI2.partition])
    versions = iter(range(1_000_000))

    def put_plainly() -> None:
        version = next(versions)
        client.put_item(
            TableName=table,
            Item=to_attributes({**item, "version": version + 1}),
            ConditionExpression="#v = :v",
            ExpressionAttributeNames={"#v": "version"},
            ExpressionAttributeValues={":v": {"N": str(version)}},
        )

    def put() -> None:
        version = next(versions)
        store.write([Replace({**item, "version": version + 1}, version)])

    def query_plainly() -> None:
        client.query(
            TableName=table, IndexName=GSI2.name, Limit=51,
            KeyConditionExpression="#p = :p", ExpressionAttributeNames=names,
            ExpressionAttributeValues={":p": {"S": partition}},
        )  # fmt: skip

    pairs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "GetItem": (
            lambda: client.get_item(
                TableName=table, Key={KEY: {"S": item[KEY]}}, ConsistentRead=True
            ),
            lambda: store.get(str(item[KEY])),
        ),
        "PutItem": (put_plainly, put),
        "Query, 50 rows": (query_plainly, lambda: store.query(GSI2, partition)),
    }
    fill(store, range(1_000, 1_100))
    for call, both in pairs.items():
        medians: list[list[float]] = [[], []]
        for _ in range(ROUNDS):
            cpu_times: list[list[float]] = [[], []]
            for _ in range(TURNS):
                for do, times in zip(both, cpu_times, strict=True):
                    before = time.process_time_ns()
                    do()
                    times.append((time.process_time_ns() - before) / 1000)
            for figures, times in zip(medians, cpu_times, strict=True):
                figures.append(statistics.median(times))
        yield call, medians[0], medians[1]


def fill(store: DynamoDbStore, numbers: range) -> None:
    """Add pending tenants with the index keys of the queue only, which is four times as fast."""
    item = records.item_of(sign_up(store, numbers[0]))
    rows: list[Item] = []
    for number in numbers[1:]:
        tenant_id = records.pending_id(reference(number))
        own = {KEY: tenant_id, GSI2.sort: f"2026-11-23T10:00:00.000Z#{tenant_id}"}
        row = {**item, **own}
        rows.append({name: row[name] for name in row if not name.startswith(("gsi3", "gsi4"))})
    for at in range(0, len(rows), 100):
        store.write([Add(row) for row in rows[at : at + 100]])


def cost_of_pages(engine: Engine, size: int) -> tuple[float, float, float, float]:
    """Read units and milliseconds of the first page of the queue, and of one in the middle."""
    store = DynamoDbStore(engine.new_table())
    store.metrics.enable_prometheus()
    fill(store, range(size))
    ranges = queries.ranges_of_tab(Tab.PENDING, START)
    middle = queries.PageCursor(0, _middle(size))
    figures: list[float] = []
    for after in (None, middle):
        times = []
        before = units_and_calls(store)[0]
        for _ in range(50):
            start = time.perf_counter()
            queries.page(store, ranges, after=after)
            times.append((time.perf_counter() - start) * 1000)
        figures += [(units_and_calls(store)[0] - before) / 50, statistics.median(times)]
    store.close()
    return figures[0], figures[1], figures[2], figures[3]


def _middle(size: int) -> tuple[str, str]:
    tenant_id = records.pending_id(reference(size // 2))
    return f"2026-11-23T10:00:00.000Z#{tenant_id}", tenant_id


def plan_beside_the_earlier_build(engine: Engine) -> None:
    location = engine.new_table()
    with tempfile.TemporaryDirectory() as folder:
        file = write_dump(Path(folder) / "export.json", PLANNED_ROWS)
        _import_file(DynamoDbStore(location), file)
        try:
            pairs = earlier_build.in_turn(
                "tests.benchmarks.planned_on_dynamodb", engine.url, REGION,
                location.table, str(file),
            )  # fmt: skip
        except earlier_build.NoEarlierBuildError as error:
            _rows.append(Row(f"plan of an import on DynamoDB: {error}", [], PLAN_TARGET, False))
            return
    for name, work in (
        ("planned", "plan of an import on DynamoDB"),
        ("read and planned", "the same with reading the file"),
    ):
        today, earlier = (statistics.median(pair[at][name] for pair in pairs) for at in (0, 1))
        print(f"{name:<22}{today:9,.0f}{earlier:9,.0f}")
        ratios = earlier_build.ratios(pairs, name)
        beside = f"{work}, rows/s beside {earlier_build.NAME}"
        _rows.append(Row(beside, ratios, PLAN_TARGET, at_most=False))


def _import_file(store: DynamoDbStore, path: Path) -> None:
    """Write all of its tenants."""
    sealing = MarkingStore(store)
    with StagedEntries() as staged, path.open("rb") as file:
        staged.add(file, LIMITS_OF_FILES)
        plan = Plan(staged, sealing, SecretFingerprints(KEYS), ImportOptions(), now=START,
                    sealer=KeyFileSealer(path.with_name("keys.json")), workers=8)  # fmt: skip
        job = create_job(sealing, plan, ANN)
    while job.is_open:
        job = apply_step(sealing, job.id, ANN)
    store.close()


_rows: list[Row] = []


def targets() -> list[Row]:
    """What `main` has measured."""
    return _rows


def main() -> None:
    try:
        with opened() as (engine, store):
            print("Capacity units per verb, on an engine that counts as AWS does")
            print(f"{'verb':<22}{'read':>7}{'write':>7}{'calls':>7}")
            for verb, read, write, calls in cost_of_verbs(engine):
                print(f"{verb:<22}{read:7g}{write:7g}{calls:7g}")
            print()
            print("CPU per call, beside the plain boto3 client")
            print(f"{'call':<22}{'boto3 µs':>9}{'store µs':>9}{'ratio':>7}")
            for call, plain, ours in cpu_of_calls(engine, store):
                ratios = [mine / its for mine, its in zip(ours, plain, strict=True)]
                row = Row(f"CPU of {call} on DynamoDB, beside boto3", ratios, CPU_TARGETS[call])
                _rows.append(row)
                both = f"{statistics.median(plain):9.0f}{statistics.median(ours):9.0f}"
                print(f"{call:<22}{both}{row.median:7.2f}")
            print()
            print("A page of the queue: read units, and milliseconds with the engine's own")
            print(f"{'tenants':<12}{'first page':>18}{'in the middle':>18}")
            for size in SIZES:
                first, first_ms, middle, middle_ms = cost_of_pages(engine, size)
                left = f"{first:g} ({first_ms:.1f} ms)"
                right = f"{middle:g} ({middle_ms:.1f} ms)"
                print(f"{size:<12,}{left:>18}{right:>18}", flush=True)
            print()
            print(f"An import of {PLANNED_ROWS:,} tenants that are all there: rows a second")
            print(f"{'':<22}{'today':>9}{'978e9a5':>9}")
            plan_beside_the_earlier_build(engine)
    except NoEngineError as error:
        print(f"No figures of DynamoDB: {error}.")


if __name__ == "__main__":
    main()
