"""Plans an import into a DynamoDB table that has all of its tenants, for bench_dynamodb.py.

    python -m tests.benchmarks.planned_on_dynamodb URL REGION TABLE FILE

Runs with the package of today and with that of 978e9a5, where nearly all had other names.
"""

import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

NOW = datetime(2026, 11, 23, tzinfo=UTC)
LIMITS = {"size": 10**11, "entries": 10**9, "depth": 32, "value": 1_000_000}
WORKERS = 8
KEYS = ["k" * 40]

#: Plans a staged file: its rows.
Planned = Callable[[Any], Iterable[Any]]


def of_today(url: str, region: str, table: str, keys: Path) -> tuple[Any, Any, Planned]:
    """What stages a file, the limits of a file, and what plans it."""
    imports, stores = import_module("portal.imports"), import_module("portal.stores.dynamodb")
    sealing, search = import_module("portal.sealing"), import_module("portal.search")
    sealer = sealing.KeyFileSealer(keys)
    location = stores.TableLocation(table=table, region=region, endpoint=url)
    store = sealing.SealingStore(search.MarkingStore(stores.DynamoDbStore(location)), sealer)

    def planned(staged: Any) -> Iterable[Any]:
        fingerprints, options = sealing.SecretFingerprints(KEYS), imports.ImportOptions()
        plan: Iterable[Any] = imports.Plan(
            staged, store, fingerprints, options, now=NOW, sealer=sealer, workers=WORKERS
        )
        return plan

    return imports.StagedEntries, imports.Limits(**LIMITS), planned


def of_earlier(url: str, region: str, table: str, keys: Path) -> tuple[Any, Any, Planned]:
    """The same, as it was called then."""
    planning, stores = import_module("portal.imports.planning"), import_module("portal.stores")
    dynamodb = import_module(f"{stores.__name__}.dynamodb")
    sealer = import_module("portal.sealing").KeyFileSealer(keys)
    place = dynamodb.Place(table=table, region=region, endpoint=url)
    store = import_module("portal.sealing_store").SealingStore(
        dynamodb.DynamoDbStore(place), sealer
    )
    marks = import_module("portal.imports.marks").Marks(KEYS)

    def planned(draft: Any) -> Iterable[Any]:
        plan: Iterable[Any] = planning.Plan(
            draft, store, marks, planning.Choice(), now=NOW, sealer=sealer, workers=WORKERS
        )
        return plan

    limits = import_module("portal.imports.text").Limits(**LIMITS)
    return import_module("portal.imports.drafts").Draft, limits, planned


def measured(staging: Any, limits: Any, planned: Planned, path: Path) -> dict[str, float]:
    """Rows a second: of planning what is read, and with reading the file."""
    begun = time.perf_counter()
    with staging() as staged, path.open("rb") as file:
        staged.add(file, limits)
        read = time.perf_counter()
        kinds = Counter(row.kind.value for row in planned(staged))
        ended = time.perf_counter()
    if set(kinds) != {"same"}:
        raise AssertionError(f"not all tenants are the same in the table: {kinds}")
    rows = kinds.total()
    return {"planned": rows / (ended - read), "read and planned": rows / (ended - begun)}


def main(url: str, region: str, table: str, path: str) -> None:
    is_earlier = find_spec("portal.imports.drafts") is not None
    made = of_earlier if is_earlier else of_today
    with tempfile.TemporaryDirectory() as folder:
        parts = made(url, region, table, Path(folder) / "keys.json")
        # The first plan also loads what the libraries need, and connects.
        measured(*parts, Path(path))
        print(json.dumps(measured(*parts, Path(path))))


if __name__ == "__main__":
    main(*sys.argv[1:])
