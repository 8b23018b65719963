"""A plan finds the same in the store, in whichever way it looks tenants up."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from portal.imports import Lookup, PlanRow
from portal.imports.planning.lookups import MAX_ROWS_BY_GET, default_lookup
from portal.stores import Replace, UnavailableError
from portal.stores.dynamodb.client import TableLocation, Timeouts
from portal.stores.dynamodb.store import DynamoDbStore
from tests.dynamodb_engine import Engine
from tests.examples import all_items
from tests.fault_proxy import Between, Refuse, always, between
from tests.imports.files import SECRET, lines, tenant
from tests.imports.harness import ImportHarness, on_both_stores
from tests.unseal import opened

each_lookup = pytest.mark.parametrize("lookup", Lookup)

#: More than are looked up at a time.
TENANTS = 620
FILE = lines(
    *(tenant(number) for number in range(1, TENANTS)),
    tenant(1, companyName="Older", updatedAt="2020-01-01T00:00:00.000Z"),
    tenant(2, companyName=7),
    tenant(7_000, companyName="New GmbH"),
    tenant(7_001, accountId="no number"),
)


@pytest.fixture
def location(engine: Engine) -> TableLocation:
    return engine.new_table()


@pytest.fixture
def proxy(engine: Engine) -> Iterator[Between]:
    with between(engine.url) as running:
        yield running


@pytest.fixture
def table(location: TableLocation, proxy: Between, tmp_path: Path) -> Iterator[ImportHarness]:
    """A harness on DynamoDB, with a proxy before it."""
    waiting = Timeouts(pause=lambda _seconds: None)
    store = DynamoDbStore(replace(location, endpoint=proxy.url), waiting=waiting)
    yield ImportHarness(store, tmp_path)
    store.close()


def made_beforehand(harness: ImportHarness) -> None:
    """Most of the tenants, some of them changed since, with others that no file names."""
    harness.run(lines(*(tenant(number) for number in range(10, TENANTS + 200))))
    for number in (11, TENANTS - 2):
        item = harness.raw_store.get(f"86810_{number}")
        version = int(item["version"])
        changed = {**item, "companyName": "Other AG", "version": version + 1}
        harness.raw_store.write([Replace(changed, version)])


@on_both_stores
def test_every_way_finds_the_same(harness: ImportHarness) -> None:
    made_beforehand(harness)
    plans: dict[tuple[Lookup | None, int], list[PlanRow]] = {
        (lookup, workers): harness.rows(FILE, lookup=lookup, workers=workers, policy="overwrite")
        for lookup in (None, *Lookup)
        for workers in (1, 8)
    }
    plan = plans[Lookup.GET, 1]
    assert Counter(row.kind.value for row in plan) == {
        "new": 10, "same": TENANTS - 12, "update": 2, "duplicate": 1, "invalid": 2,
    }  # fmt: skip
    assert [row.number for row in plan] == list(range(1, TENANTS + 4))
    for way, rows in plans.items():
        assert rows == plan, way


@each_lookup
def test_secrets_are_sealed_in_every_way(
    lookup: Lookup, table: ImportHarness, location: TableLocation
) -> None:
    file = lines(*(tenant(number, clientSecret=f"{SECRET}-{number}") for number in range(1, 520)))
    job = table.run(file, lookup=lookup, workers=8)
    assert job.written == 519
    stored = all_items(DynamoDbStore(location))
    keys = json.loads((table.folder / "sealing-keys.json").read_text())
    secrets = {
        key: opened(str(item["clientSecret"]), keys, key)
        for key, item in stored.items()
        if key.startswith("86810_")
    }
    assert secrets == {f"86810_{number}": f"{SECRET}-{number}" for number in range(1, 520)}


def test_the_default_reads_many_rows_together(table: ImportHarness, proxy: Between) -> None:
    few = lines(*(tenant(number) for number in range(MAX_ROWS_BY_GET)))
    many = lines(*(tenant(number) for number in range(MAX_ROWS_BY_GET + 1)))
    table.rows(few, workers=8)
    assert Counter(proxy.operations) == {"GetItem": MAX_ROWS_BY_GET}
    proxy.operations.clear()
    table.rows(many, workers=8)
    # Of the last one there is nothing to read together.
    assert Counter(proxy.operations) == {"TransactGetItems": 2, "GetItem": 1}


@pytest.mark.parametrize(
    ("rows", "way"), [(1, Lookup.GET), (200, Lookup.GET), (201, Lookup.TRANSACT)]
)
def test_the_default_depends_on_the_rows(rows: int, way: Lookup) -> None:
    assert default_lookup(rows) is way


def test_a_scan_reads_the_table_once_and_no_item_twice(
    table: ImportHarness, proxy: Between
) -> None:
    made_beforehand(table)
    proxy.operations.clear()
    proxy.asked.clear()
    table.rows(FILE, lookup=Lookup.SCAN, workers=8)
    assert set(proxy.operations) == {"Scan"}
    begun = [each["Segment"] for each in proxy.asked if "ExclusiveStartKey" not in each]
    assert sorted(begun) == list(range(max(begun) + 1))
    assert all(each["ConsistentRead"] for each in proxy.asked)


@each_lookup
def test_tenants_that_others_are_writing_are_found(
    lookup: Lookup, table: ImportHarness, proxy: Between
) -> None:
    made_beforehand(table)
    expected = table.rows(FILE, lookup=Lookup.GET)
    proxy.plan = always(Refuse("TransactionConflictException"), "TransactGetItems")
    assert table.rows(FILE, lookup=lookup, workers=8) == expected


@each_lookup
def test_an_error_of_the_store_ends_the_plan(
    lookup: Lookup, table: ImportHarness, proxy: Between
) -> None:
    proxy.plan = always(Refuse("AccessDeniedException"))
    with pytest.raises(UnavailableError, match="denied"):
        table.rows(FILE, lookup=lookup, workers=8)
    # What else was to be looked up is given up.
    assert len(proxy.operations) < 100
