"""Six people decide on one pending tenant at the same moment: exactly one decision is stored."""

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from portal import onboarding, records
from portal.stores.contract import Store
from portal.stores.dynamodb.client import TableLocation
from portal.stores.dynamodb.store import DynamoDbStore
from portal.tenants import AuditInfo, Ids, Reason, RuleError, Status, Tenant
from tests.conftest import START
from tests.dynamodb_engine import CREDENTIALS, Engine
from tests.examples import WINDOW, PlainSealer, all_items, sign_up
from tests.processes import CLEAN

ROUNDS = 100
PEOPLE = 6


@dataclass(frozen=True)
class Outcome:
    who: int
    won: bool
    error: str = ""


def ids_of(number: int) -> Ids:
    return Ids(account_id=f"{80000 + number}", company_id="1", cluster="eu")


def decide(store: Store, pending_id: str, number: int, who: int) -> Outcome:
    """People with an even number activate, those with an odd number reject."""
    audit = AuditInfo(by=f"person {who}", who=f"staff-{who}", at=START)
    try:
        if who % 2:
            onboarding.reject(
                store,
                pending_id,
                expected_version=1,
                audit=audit,
                reason=Reason.DUPLICATE,
                message=f"from {who}",
            )
        else:
            onboarding.activate(
                store,
                PlainSealer(),
                pending_id,
                expected_version=1,
                audit=audit,
                ids=ids_of(number),
                validity=WINDOW,
            )
    except onboarding.StaleError as stale:
        decision = stale.tenant.decision
        return Outcome(who, won=False, error=decision.by if decision else "nobody")
    except RuleError as other:
        return Outcome(who, won=False, error=type(other).__name__)
    return Outcome(who, won=True)


def run_rounds(
    stores: list[Store], who: range, barrier: "threading.Barrier"
) -> list[list[Outcome]]:
    """The outcomes of all rounds. In each round, all people decide at once, in threads."""
    outcomes: list[list[Outcome]] = [[] for _ in range(ROUNDS)]

    def work(person: int) -> None:
        for number in range(ROUNDS):
            barrier.wait(timeout=60)
            store = stores[person % len(stores)]
            outcomes[number].append(
                decide(store, records.pending_id(f"{number:026d}"), number, person)
            )

    threads = [threading.Thread(target=work, args=(person,)) for person in who]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.fixture
def location(engine: Engine) -> TableLocation:
    return engine.new_table()


@pytest.fixture
def filled_store(location: TableLocation) -> Iterator[Store]:
    store = DynamoDbStore(location)
    for number in range(ROUNDS):
        sign_up(store, number)
    yield store
    store.close()


def check(store: Store, outcomes: list[list[Outcome]]) -> None:
    items = all_items(store)
    events = [item for id_, item in items.items() if records.item_kind(id_) == "event"]
    tenants: list[Tenant] = []
    for number, round_ in enumerate(outcomes):
        assert len(round_) == PEOPLE
        (winner,) = [outcome.who for outcome in round_ if outcome.won]
        # Each of the others gets the name of the winner.
        assert {outcome.error for outcome in round_ if not outcome.won} == {f"person {winner}"}
        tenant = onboarding.find(store, records.pending_id(f"{number:026d}"))
        assert tenant.status is (Status.REJECTED if winner % 2 else Status.ACTIVE)
        (event,) = [each for each in events if each["gsi2pk"] == f"EVENTS#{tenant.id}"]
        assert event["by"] == f"person {winner}"
        assert (ids_of(number).tenant_id in items) == (tenant.status is Status.ACTIVE)
        tenants.append(tenant)
    # Each has one event and one final item, each activation one forward, each sign-up and each
    # decision one mail. One item counts how long they waited, each once; nothing else is stored.
    active = sum(tenant.status is Status.ACTIVE for tenant in tenants)
    (waiting,) = [item for id_, item in items.items() if id_.startswith("stats-week-")]
    assert sum(value for value in waiting.values() if isinstance(value, int)) == ROUNDS
    assert len(items) == 4 * ROUNDS + active + 1
    assert 0 < active < ROUNDS


def test_t15_six_threads_decide_a_hundred_times(filled_store: Store) -> None:
    check(filled_store, run_rounds([filled_store], range(PEOPLE), threading.Barrier(PEOPLE)))


def run_half(location: TableLocation, who: range, barrier, results) -> None:
    # It is a copy of a process that may be older than the engine.
    os.environ.update(CREDENTIALS)
    store = DynamoDbStore(location)
    results.put(run_rounds([store], who, barrier))
    store.close()


def test_t15_six_people_in_two_processes_decide_a_hundred_times(
    filled_store: Store, location: TableLocation
) -> None:
    barrier, results = CLEAN.Barrier(PEOPLE), CLEAN.Queue()
    processes = [
        CLEAN.Process(target=run_half, args=(location, who, barrier, results))
        for who in (range(3), range(3, PEOPLE))
    ]
    for process in processes:
        process.start()
    parts = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    check(filled_store, [first + second for first, second in zip(*parts, strict=True)])
