"""Measures an import: rows per second of planning and of applying, on each store, and memory.

    python -m tests.benchmarks.bench_imports [ROWS]

Each row has its own address and phone number, so that no cache answers. ROWS is the number of
tenants with which the memory of the command is measured.

On the file store it compares processor time as well: planning beside parsing the file with the
json module, and applying beside the same writes made directly on another store. Both of a pair
are measured in alternation.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portal.imports.jobs.apply import apply_step
from portal.imports.jobs.create import create_job
from portal.imports.jobs.job import ImportJob
from portal.imports.model.rows import ImportOptions
from portal.imports.planning.plan import Plan
from portal.imports.planning.staging import StagedEntries
from portal.imports.streaming.decode import Limits
from portal.sealing import KeyFileSealer
from portal.sealing.fingerprints import SecretFingerprints
from portal.sealing.sealing_store import SealingStore
from portal.search import MarkingStore
from portal.stores import Change, StoreWrapper
from portal.stores.contract import Store
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.file.store import JsonFileStore
from portal.tenants import AuditInfo
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine, NoEngineError, running
from tests.sealing_key import with_sealing_key

ROWS = 20_000
#: For the memory of the command. A million takes most of an hour and needs no more memory.
LARGE = 20_000
#: For each comparison on the file store.
COMPARED_ROWS = 5_000
ROUNDS = 7
#: How often the file is parsed before and after each plan: once takes a few milliseconds.
PARSINGS = 5
PLAN_TO_REACH, APPLY_TO_REACH = 18.0, 2.5
LIMITS = Limits(size=10**11, entries=10**9, depth=32, value=1_000_000)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
ROOT = Path(__file__).parent.parent.parent


def main() -> None:
    compare_on_file_store()
    print()
    large = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else LARGE
    print(f"An import of {ROWS:,} tenants, all checks and sealing on")
    print(f"{'':<34} {'rows/s':>9} {'to reach':>9}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        path = write_dump(folder / "export.json", ROWS)
        measure(
            "the file store", JsonFileStore(folder / "data"), path,
            workers=1, plan_to_reach=8_000, apply_to_reach=5_000,
        )  # fmt: skip
        try:
            url = stack.enter_context(running())
        except NoEngineError as error:
            print(f"No DynamoDB: {error}.")
            return
        os.environ |= CREDENTIALS
        engine = Engine(url)
        measure(
            "DynamoDB", DynamoDbStore(engine.new_table()), path,
            workers=8, plan_to_reach=0, apply_to_reach=1_000,
        )  # fmt: skip
        measure_memory(folder, url, engine.new_table().table, large)
        engine.close()


class _Recorder(StoreWrapper):
    """Keeps all writes."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.writes: list[Sequence[Change]] = []

    def write(self, changes: Sequence[Change]) -> None:
        self.writes.append(changes)
        super().write(changes)


def compare_on_file_store() -> None:
    plans, applies = [], []
    with tempfile.TemporaryDirectory() as name:
        for number in range(ROUNDS):
            folder = Path(name) / str(number)
            folder.mkdir()
            plan, apply = compare_once(folder)
            plans.append(plan)
            applies.append(apply)
    print(f"An import of {COMPARED_ROWS:,} tenants on the file store, in processor time")
    print(f"{'':<34} {'times':>7} {'spread':>15} {'to reach':>9}")
    for label, ratios, to_reach in (
        ("plan, beside parsing the file", plans, PLAN_TO_REACH),
        ("apply, beside the bare writes", applies, APPLY_TO_REACH),
    ):
        spread = f"{min(ratios):.1f}-{max(ratios):.1f}"
        print(f"{label:<34} {statistics.median(ratios):7.1f} {spread:>15} {f'<= {to_reach}':>9}")


def compare_once(folder: Path) -> tuple[float, float]:
    """How many times as long a plan takes as parsing its file, and applying it as its writes."""
    path = write_dump(folder / "export.json", COMPARED_ROWS)

    def parse() -> None:
        for value in json.loads(path.read_text(encoding="utf-8")).values():
            json.loads(value)

    recorder = _Recorder(JsonFileStore(folder / "data"))
    sealer = KeyFileSealer(folder / "keys")
    sealing = SealingStore(MarkingStore(recorder), sealer)
    audit = AuditInfo(by="Bench", who="bench", at=NOW)
    parsings = [seconds(parse) for _ in range(PARSINGS)]
    planning = -time.process_time()
    job = plan_file(path, sealing, sealer, audit)
    planning += time.process_time()
    parsings += [seconds(parse) for _ in range(PARSINGS)]
    bare = JsonFileStore(folder / "bare")
    for changes in recorder.writes:
        bare.write(changes)

    # One step of each after another: the machine may be slower now than a second later.
    applying = writing = 0.0
    while job.is_open:
        recorder.writes.clear()
        start = time.process_time()
        job = apply_step(sealing, job.id, audit)
        applying += time.process_time() - start
        start = time.process_time()
        for changes in recorder.writes:
            bare.write(changes)
        writing += time.process_time() - start
    if job.processed != COMPARED_ROWS:
        raise AssertionError("not all rows were written")
    recorder.close()
    bare.close()
    return planning / statistics.mean(parsings), applying / writing


def seconds(function: Callable[[], object]) -> float:
    """Of processor time."""
    start = time.process_time()
    function()
    return time.process_time() - start


def plan_file(
    path: Path, store: Store, sealer: KeyFileSealer, audit: AuditInfo, *, workers: int = 1
) -> ImportJob:
    with StagedEntries() as staged, path.open("rb") as file:
        staged.add(file, LIMITS)
        plan = Plan(
            staged,
            store,
            SecretFingerprints(["k" * 40]),
            ImportOptions(),
            now=NOW,
            sealer=sealer,
            workers=workers,
        )
        return create_job(store, plan, audit)


def measure(
    name: str, store: Store, path: Path, *, workers: int, plan_to_reach: int, apply_to_reach: int
) -> None:
    sealer = KeyFileSealer(path.with_name(f"keys-{name}"))
    sealing = SealingStore(MarkingStore(store), sealer)
    audit = AuditInfo(by="Bench", who="bench", at=NOW)

    def plan_it() -> ImportJob:
        return plan_file(path, sealing, sealer, audit, workers=workers)

    def apply_job(job: ImportJob) -> ImportJob:
        while job.is_open:
            job = apply_step(sealing, job.id, audit)
        return job

    job = timed(f"plan, {name}", plan_it, plan_to_reach)
    done = timed(f"apply, {name}", lambda: apply_job(job), apply_to_reach)
    if done.processed != ROWS:
        raise AssertionError("not all rows were written")
    timed(f"plan again (all same), {name}", plan_it, 0)
    store.close()


def timed(name: str, function: Callable[[], Any], to_reach: int) -> Any:
    start = time.perf_counter()
    result = function()
    rate = ROWS / (time.perf_counter() - start)
    print(f"{name:<34} {rate:9,.0f} {f'{to_reach:,}' if to_reach else '':>9}")
    return result


def measure_memory(folder: Path, url: str, table: str, large: int) -> None:
    """Memory of the command on DynamoDB, beyond that of the command with one tenant."""
    path = write_dump(folder / "large.json", large)
    small = write_dump(folder / "small.json", 1)
    environment = {
        **os.environ, **CREDENTIALS, "USE_DYNAMODB": "true", "TENANT_TABLE_NAME": table,
        "AWS_REGION": REGION, "AWS_ENDPOINT_URL_DYNAMODB": url,
        "PORTAL_DATA_DIR": str(with_sealing_key(folder / "keys")), "PORTAL_SECRET_KEY": "k" * 40,
        "PORTAL_IMPORT_COMMAND_MEGABYTES": "100000", "PORTAL_IMPORT_COMMAND_ROWS": "100000000",
    }  # fmt: skip
    idle = peak([str(small), "--dry-run"], environment)
    start = time.perf_counter()
    busy = peak([str(path)], environment)
    seconds = time.perf_counter() - start
    print()
    print(f"{large:,} tenants ({path.stat().st_size / 1e6:,.0f} MB) by the command on DynamoDB:")
    print(f"  {(busy - idle) / 1024:,.0f} MB over the idle program (to reach: 300 with 1,000,000)")
    print(f"  {seconds:,.0f} s, planned and applied")


def peak(arguments: list[str], environment: dict[str, str]) -> int:
    """Peak memory of the command in kilobytes."""
    # In a process of its own: RUSAGE_CHILDREN is the peak of all children so far.
    program = (
        "import resource, subprocess, sys;"
        "subprocess.run([sys.executable, '-m', 'migrations_tools', 'import', *sys.argv[1:]],"
        " check=True, stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(done.stdout)


def write_dump(path: Path, number: int) -> Path:
    """Writes a dump of localStorage."""
    with path.open("w", encoding="utf-8") as file:
        separator = "{"
        for key, value in tenants(number):
            text = json.dumps(json.dumps(value, ensure_ascii=False), ensure_ascii=False)
            file.write(f'{separator}"{key}":{text}')
            separator = ",\n"
        file.write("}")
    return path


def tenants(number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    for n in range(number):
        account, company = 80_000 + n // 3, 100_000 + n
        yield (
            f"fsm_tenant_{account}_{company}",
            {
                "accountId": str(account),
                "accountName": f"Müller Gruppe {n}",
                "companyId": str(company),
                "companyName": f"Muster Haustechnik {n} GmbH",
                "cluster": "eu",
                "contactCompanyName": f"{chr(97 + n % 26)}ompany {n} GmbH",
                "contactFullName": f"Jörg Weiß {n}",
                "contactPhone": f"+49 30 {1_000_000 + n % 9_000_000}",
                "contactEmailAddress": f"joerg.weiss{n}@muster-{n % 977}.example",
                "clientId": f"000179d1-7ee4-4b3c-9b0e-{n:012x}",
                "clientSecret": f"s3cr3t-{n * 7919:x}",
                "validFrom": "2025-01-07T08:15:22.041Z",
                "validTo": "2027-12-31T22:59:59.999Z",
                "createdAt": "2025-01-07T08:15:22.041Z",
                "updatedAt": f"2026-03-02T10:{n % 60:02}:00.000Z",
                "isActive": True,
            },
        )


if __name__ == "__main__":
    main()
