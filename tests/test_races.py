"""Six people decide on one pending tenant at the same moment: one of them does."""

import multiprocessing
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
from tests.dynamodb_engine import Engine
from tests.examples import WINDOW, PlainSealer, all_items, sign_up

FORK = multiprocessing.get_context("fork")
ROUNDS = 100
PEOPLE = 6


@dataclass(frozen=True)
class Answer:
    who: int
    won: bool
    error: str = ""


def ids_of(number: int) -> Ids:
    return Ids(account_id=f"{80000 + number}", company_id="1")


def decide(store: Store, pending_id: str, number: int, who: int) -> Answer:
    """Even people activate, odd ones reject; each in their own way."""
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
        return Answer(who, won=False, error=decision.by if decision else "nobody")
    except RuleError as other:
        return Answer(who, won=False, error=type(other).__name__)
    return Answer(who, won=True)


def people(stores: list[Store], who: range, barrier: "threading.Barrier") -> list[list[Answer]]:
    """All of them at once, in threads, round for round."""
    answers: list[list[Answer]] = [[] for _ in range(ROUNDS)]

    def work(person: int) -> None:
        for number in range(ROUNDS):
            barrier.wait(timeout=60)
            store = stores[person % len(stores)]
            answers[number].append(
                decide(store, records.pending_id(f"{number:026d}"), number, person)
            )

    threads = [threading.Thread(target=work, args=(person,)) for person in who]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.fixture
def place(engine: Engine) -> TableLocation:
    return engine.new_table()


@pytest.fixture
def opened(place: TableLocation) -> Iterator[Store]:
    store = DynamoDbStore(place)
    for number in range(ROUNDS):
        sign_up(store, number)
    yield store
    store.close()


def check(store: Store, answers: list[list[Answer]]) -> None:
    items = all_items(store)
    events = [item for id_, item in items.items() if records.item_kind(id_) == "event"]
    tenants: list[Tenant] = []
    for number, round_ in enumerate(answers):
        assert len(round_) == PEOPLE
        (winner,) = [answer.who for answer in round_ if answer.won]
        # Each of the others is told who was faster.
        assert {answer.error for answer in round_ if not answer.won} == {f"person {winner}"}
        tenant = onboarding.find(store, records.pending_id(f"{number:026d}"))
        assert tenant.status is (Status.REJECTED if winner % 2 else Status.ACTIVE)
        (event,) = [each for each in events if each["gsi2pk"] == f"EVENTS#{tenant.id}"]
        assert event["by"] == f"person {winner}"
        assert (ids_of(number).tenant_id in items) == (tenant.status is Status.ACTIVE)
        tenants.append(tenant)
    # One event, one final item each, a forward for each activation: nothing else was left.
    active = sum(tenant.status is Status.ACTIVE for tenant in tenants)
    assert len(items) == 2 * ROUNDS + active
    assert 0 < active < ROUNDS


def test_t15_six_threads_decide_a_hundred_times(opened: Store) -> None:
    check(opened, people([opened], range(PEOPLE), threading.Barrier(PEOPLE)))


def run_half(place: TableLocation, who: range, barrier, results) -> None:
    store = DynamoDbStore(place)
    results.put(people([store], who, barrier))
    store.close()


def test_t15_six_people_in_two_processes_decide_a_hundred_times(
    opened: Store, place: TableLocation
) -> None:
    barrier, results = FORK.Barrier(PEOPLE), FORK.Queue()
    processes = [
        FORK.Process(target=run_half, args=(place, who, barrier, results))
        for who in (range(3), range(3, PEOPLE))
    ]
    for process in processes:
        process.start()
    parts = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    check(opened, [first + second for first, second in zip(*parts, strict=True)])
