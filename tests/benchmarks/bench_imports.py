"""Rows per second of an import, for its plan and for applying it on each store, and its memory.

    python -m tests.benchmarks.bench_imports [ROWS]

Every row has its own address and number, so that nothing is answered from what was read before.
Each figure is of a process of its own. With ROWS the command's memory is measured with so many.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from portal.imports.jobs.apply import apply_step
from portal.imports.jobs.create import create_job
from portal.imports.jobs.job import ImportJob
from portal.imports.planning.plan import ImportOptions, Plan
from portal.imports.planning.staging import StagedEntries
from portal.imports.reading.decode import Limits
from portal.sealing.fingerprints import SecretFingerprints
from portal.sealing.sealers import KeyFileSealer
from portal.sealing.sealing_store import SealingStore
from portal.stores.contract import Store
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.file.store import JsonFileStore
from portal.tenants import AuditInfo
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine, NoEngineError, running

ROWS = 20_000
#: A million takes the better part of an hour on the engine, and no more memory.
LARGE = 20_000
LIMITS = Limits(size=10**11, entries=10**9, depth=32, value=1_000_000)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
ROOT = Path(__file__).parent.parent.parent


def main() -> None:
    large = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else LARGE
    print(f"An import of {ROWS:,} tenants, all checks and sealing on")
    print(f"{'':<34} {'rows/s':>9} {'to reach':>9}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        path = written(folder / "export.json", ROWS)
        measured(
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
        measured(
            "DynamoDB", DynamoDbStore(engine.new_table()), path,
            workers=8, plan_to_reach=0, apply_to_reach=1_000,
        )  # fmt: skip
        memory(folder, url, engine.new_table().table, large)
        engine.close()


def measured(
    name: str, store: Store, path: Path, *, workers: int, plan_to_reach: int, apply_to_reach: int
) -> None:
    sealer = KeyFileSealer(path.with_name(f"keys-{name}"))
    sealing = SealingStore(store, sealer)
    audit = AuditInfo(by="Bench", who="bench", at=NOW)

    def planned() -> ImportJob:
        with StagedEntries() as draft, path.open("rb") as file:
            draft.add(file, LIMITS)
            plan = Plan(
                draft,
                sealing,
                SecretFingerprints(["k" * 40]),
                ImportOptions(),
                now=NOW,
                sealer=sealer,
                workers=workers,
            )
            return create_job(sealing, plan, audit)

    def applied(run: ImportJob) -> ImportJob:
        while run.is_open:
            run = apply_step(sealing, run.id, audit)
        return run

    run = timed(f"plan, {name}", planned, plan_to_reach)
    done = timed(f"apply, {name}", lambda: applied(run), apply_to_reach)
    if done.processed != ROWS:
        raise AssertionError("not all rows were written")
    timed(f"plan again (all same), {name}", planned, 0)
    store.close()


def timed(name: str, do: Callable[[], Any], to_reach: int) -> Any:
    begun = time.perf_counter()
    result = do()
    rate = ROWS / (time.perf_counter() - begun)
    print(f"{name:<34} {rate:9,.0f} {f'{to_reach:,}' if to_reach else '':>9}")
    return result


def memory(folder: Path, url: str, table: str, large: int) -> None:
    """The command on DynamoDB, beside the command that has nothing to do."""
    path = written(folder / "large.json", large)
    small = written(folder / "small.json", 1)
    environment = {
        **os.environ, **CREDENTIALS, "USE_DYNAMODB": "true", "TENANT_TABLE_NAME": table,
        "AWS_REGION": REGION, "AWS_ENDPOINT_URL_DYNAMODB": url,
        "PORTAL_DATA_DIR": str(folder / "keys"), "PORTAL_SECRET_KEY": "k" * 40,
        "PORTAL_IMPORT_COMMAND_MEGABYTES": "100000", "PORTAL_IMPORT_COMMAND_ROWS": "100000000",
    }  # fmt: skip
    idle = peak([str(small), "--dry-run"], environment)
    begun = time.perf_counter()
    busy = peak([str(path)], environment)
    seconds = time.perf_counter() - begun
    print()
    print(f"{large:,} tenants ({path.stat().st_size / 1e6:,.0f} MB) by the command on DynamoDB:")
    print(f"  {(busy - idle) / 1024:,.0f} MB over the idle program (to reach: 300 with 1,000,000)")
    print(f"  {seconds:,.0f} s, planned and applied")


def peak(words: list[str], environment: dict[str, str]) -> int:
    """The largest size of the command, in kilobytes."""
    # A process in between, since a parent is told the peak of all its children.
    program = (
        "import resource, subprocess, sys;"
        "subprocess.run([sys.executable, '-m', 'migrations_tools', 'import', *sys.argv[1:]],"
        " check=True, stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(done.stdout)


def written(path: Path, number: int) -> Path:
    """A dump of localStorage with so many tenants."""
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
