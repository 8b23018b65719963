"""What a page of a list reads on DynamoDB, with few and with many tenants in the store.

    python -m tests.benchmarks.bench_lists [sizes]

The units are exact, since the engine counts as AWS does. A page is the whole page that staff open:
tabs with their counts, rows and marks. Large counts are kept for some seconds: `again` is what a
page reads then. One tenant in twenty has the cluster `us`, one in a hundred came by a program.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from portal import records
from portal.queries import KnownCounts
from portal.records import ListFacts
from portal.search import list_page
from portal.stores.contract import Add, Item
from portal.stores.dynamodb.store import DynamoDbStore
from portal.tenants import EXPIRING, Contact, Ids, Source, Tenant
from portal.web.staff.lists import ListView, choice_of
from tests.benchmarks.bench_dynamodb import opened, units_and_calls
from tests.conftest import START
from tests.dynamodb_engine import Engine, NoEngineError
from tests.queries.many_tenants import tenant

SIZES = (100, 100_000)
_PER_WRITE = 50
PROMISED = timedelta(days=2)
VIEWS = (
    "status=pending",
    "status=pending&sort=-age",
    "status=pending&sort=company",
    "status=pending&late=1",
    "status=pending&cluster=us",
    "status=pending&source=program",
    "status=pending&cluster=us&sort=company",
    "status=all&sort=company",
)


def fill(store: DynamoDbStore, size: int) -> None:
    items: list[Item] = []
    for number in range(size):
        one = _tenant(number)
        facts = ListFacts(
            cluster=one.ids.cluster if one.ids else "",
            source=Source.PROGRAM if number % 100 == 0 else Source.SHELL,
            twice=number % 10 == 0,
        )
        item = {**records.item_of(one), **records.came_by(facts.source)}
        # Nothing here looks for companies or addresses.
        items.append({k: v for k, v in item.items() if not k.startswith(("gsi3", "gsi4"))})
        items.append(records.list_place_item(one, facts, 1))
    for at in range(0, len(items), 2 * _PER_WRITE):
        store.write([Add(item) for item in items[at : at + 2 * _PER_WRITE]])


def _tenant(number: int) -> Tenant:
    cluster = "us" if number % 20 == 0 else "eu"
    contact = Contact(company=f"{number * 7919 % 99991:05d} Ltd", name="Kim", email="kim@x.example")
    one = tenant(number, contact=contact)
    return replace(one, ids=Ids(account_id=str(number), company_id="1", cluster=cluster))


def costs(engine: Engine, size: int) -> Iterator[tuple[str, float, float, int]]:
    """View, read units of the page, the same again, and its rows."""
    store = DynamoDbStore(engine.new_table())
    store.metrics.enable_prometheus()
    fill(store, size)
    for query in VIEWS:
        view = ListView.of_query(dict(part.split("=") for part in query.split("&")))
        known, units = KnownCounts(), []
        for _ in range(2):
            before = units_and_calls(store)[0]
            known.at(store, START)
            found = list_page(store, choice_of(view, START, PROMISED, EXPIRING), START)
            units.append(units_and_calls(store)[0] - before)
        yield query, units[0], units[1], len(found.rows)
    store.close()


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    try:
        with opened() as (engine, _store):
            print("Read units of a page of a list with its tabs, and again within 20 seconds")
            for size in sizes:
                print(f"{size:,} tenants", flush=True)
                for query, first, again, rows in costs(engine, size):
                    print(f"  {query:<42}{first:>8g}{again:>8g}{rows:>5} rows", flush=True)
    except NoEngineError as error:
        print(f"No figures of DynamoDB: {error}.")


if __name__ == "__main__":
    main()
