"""Four processes decide on the same tenants, and each tenant is decided once."""

import random

import pytest

from portal.stores.contract import Add, Remove, Replace, VersionConflictError
from portal.stores.schema import GSI2
from tests.processes import CLEAN

TENANTS, PROCESSES = 120, 4


@pytest.fixture(autouse=True)
def table() -> None:
    """`open_again` says where the table is."""


def pending(n: int) -> dict:
    return {
        "tenantId": f"pending-{n}",
        "version": 1,
        "gsi2pk": "STATUS#pending",
        "gsi2sk": f"{n:04}",
    }


def decide(open_again, who: int, start, results) -> None:
    """Activate every pending tenant: add the active one and an event, remove the pending one."""
    mine, chance, won = open_again(), random.Random(who), 0
    start.wait()
    while rows := mine.query(GSI2, "STATUS#pending", limit=10).items:
        row = chance.choice(rows)
        n = row["gsi2sk"]
        try:
            mine.write([
                Remove(row["tenantId"], 1),
                Add({"tenantId": f"active-{n}", "by": who, "gsi2pk": "STATUS#active", "gsi2sk": n}),
                Add({"tenantId": f"event-{n}", "by": who, "gsi2pk": "EVENTS", "gsi2sk": n}),
            ])  # fmt: skip
        except VersionConflictError:
            continue
        won += 1
        assert mine.get(f"active-{n}")["by"] == who
    results.put((who, won))
    mine.close()


def together(open_again, work) -> dict:
    start, results = CLEAN.Barrier(PROCESSES), CLEAN.Queue()
    processes = [
        CLEAN.Process(target=work, args=(open_again, who, start, results))
        for who in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    answers = dict(results.get(timeout=60) for _ in processes)
    for process in processes:
        process.join()
        assert process.exitcode == 0
    return answers


def test_each_tenant_is_decided_once(store, open_again):
    for at in range(0, TENANTS, 60):
        store.write([Add(pending(n)) for n in range(at, at + 60)])
    won = together(open_again, decide)
    every = [f"{n:04}" for n in range(TENANTS)]
    items = {item["tenantId"]: item for item in store.scan().items}
    assert sorted(items) == sorted(f"{kind}-{n}" for kind in ("active", "event") for n in every)
    assert all(items[f"active-{n}"]["by"] == items[f"event-{n}"]["by"] for n in every)
    assert sum(won.values()) == TENANTS
    for who in range(PROCESSES):
        assert won[who] == sum(items[f"event-{n}"]["by"] == who for n in every)
    again = open_again()
    assert again.count(GSI2, "EVENTS", cap=999) == TENANTS
    again.close()


def count(open_again, who: int, start, results) -> None:
    mine, done = open_again(), 0
    start.wait()
    while done < 40:
        now = mine.get("counter")
        item = {**now, "version": now["version"] + 1, "total": now["total"] + 1}
        try:
            mine.write([Replace(item, now["version"])])
        except VersionConflictError:
            continue
        done += 1
    results.put((who, done))
    mine.close()


def test_no_increment_of_a_counter_is_lost(store, open_again):
    store.write([Add({"tenantId": "counter", "version": 0, "total": 0})])
    together(open_again, count)
    assert store.get("counter")["total"] == 40 * PROCESSES
