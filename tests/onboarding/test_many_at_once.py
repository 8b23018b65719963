"""Concurrent decisions, in threads and in processes: each tenant is decided exactly once."""

import threading
from collections import Counter

from portal import queries, records
from portal.onboarding import StaleError, TenantExistsError
from portal.stores.contract import BusyError, Store, Value
from portal.stores.file.store import JsonFileStore
from portal.tenants import AuditInfo, Ids, Tenant
from tests.conftest import START
from tests.examples import ANN, IDS, all_items, claims, events, reference, sign_up
from tests.onboarding.verb_calls import call_activate, call_reject
from tests.processes import CLEAN


def decide(store: Store, tenant_id: str, number: int, who: int) -> str:
    """Activates or rejects, depending on `number` and `who`, so that people compete."""
    audit = AuditInfo(by=f"Approver {who}", who=f"staff-{who}", at=START)
    ids = Ids(account_id=str(number), company_id="1", cluster="eu")
    try:
        if (number + who) % 2:
            call_activate(store, tenant_id, 1, audit, ids=ids)
        else:
            call_reject(store, tenant_id, 1, audit)
    except StaleError as refused:
        decision = refused.tenant.decision
        assert decision is not None
        assert decision.by != audit.by
        return "stale"
    except BusyError:
        return "busy"
    return "decided"


def check_decided_once(store: Store, number: int) -> None:
    items = all_items(store)
    assert Counter(records.item_kind(key) for key in items)["event"] == number
    subjects: Counter[Value] = Counter()
    for n in range(number):
        item = store.get(f"pending-{reference(n)}")
        if "forwardTo" in item:
            final_id = item["forwardTo"]
            assert isinstance(final_id, str)
            item = store.get(final_id)
        subjects[item["status"]] += 1
        (event,) = queries.history(store, records.tenant_of(item))
        assert event.by == item["decidedBy"]
        assert event.changes["status"][1] == item["status"]
    assert set(subjects) == {"active", "rejected"}
    waiting = records.waiting_counts(items["stats-week-2026-W48"])
    assert sum(waiting.values()) == number
    assert claims(store) == {}


def test_many_threads_decide_each_tenant_once(store):
    number, people = 40, 8
    pending = [sign_up(store, n, claims=IDS) for n in range(number)]
    start, answers = threading.Barrier(people), []

    def work(who: int) -> None:
        start.wait()
        for n, tenant in enumerate(pending):
            answer = decide(store, tenant.id, n, who)
            while answer == "busy":
                answer = decide(store, tenant.id, n, who)
            answers.append(answer)

    threads = [threading.Thread(target=work, args=(who,)) for who in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(answers) == {"decided": number, "stale": number * (people - 1)}
    check_decided_once(store, number)


def _decide_all(folder, tenant_ids, start, who, answers) -> None:
    store = JsonFileStore(folder)
    start.wait()
    outcomes = Counter(decide(store, tenant_id, n, who) for n, tenant_id in enumerate(tenant_ids))
    answers.put(outcomes)
    store.close()


def test_four_processes_decide_four_hundred_tenants_each_exactly_once(tmp_path):
    number, people = 400, 4
    store = JsonFileStore(tmp_path)
    tenant_ids = [sign_up(store, n).id for n in range(number)]
    start, answers = CLEAN.Barrier(people), CLEAN.Queue()
    processes = [
        CLEAN.Process(target=_decide_all, args=(tmp_path, tenant_ids, start, who, answers))
        for who in range(people)
    ]
    for process in processes:
        process.start()
    total: Counter[str] = sum((answers.get(timeout=60) for _ in processes), Counter())
    for process in processes:
        process.join()
    assert total == {"decided": number, "stale": number * (people - 1)}
    check_decided_once(store, number)
    store.close()


def test_concurrent_sign_ups_of_one_company_are_all_counted(store):
    start, made = threading.Barrier(6), []

    def work(first: int) -> None:
        start.wait()
        for number in range(first, first + 10):
            while True:
                try:
                    made.append(sign_up(store, number, claims=IDS).id)
                    break
                except BusyError:
                    continue

    threads = [threading.Thread(target=work, args=(first,)) for first in range(0, 60, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 60
    assert claims(store) == {IDS.tenant_id: 60}


def test_only_one_of_several_sign_ups_for_one_company_is_activated(store):
    pending = [sign_up(store, n, claims=IDS) for n in range(6)]
    start = threading.Barrier(6)
    answers: Counter[str] = Counter()

    def work(tenant: Tenant) -> None:
        start.wait()
        try:
            call_activate(store, tenant.id, 1, ANN)
            answers["active"] += 1
        except (TenantExistsError, BusyError) as refused:
            answers[type(refused).__name__] += 1

    threads = [threading.Thread(target=work, args=(tenant,)) for tenant in pending]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers["active"] == 1
    assert claims(store) == {IDS.tenant_id: 5}
    assert len(events(store)) == 1
