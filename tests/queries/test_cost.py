"""What each query reads: no more when there are more tenants."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from portal import queries, records
from portal.queries import CAP, PAGE, Tab
from portal.search import find
from portal.stores.contract import Replace, Store
from portal.tenants import Contact, Status, Tenant
from tests.conftest import START
from tests.examples import Cost, Counting
from tests.queries.many_tenants import fill, tenant


def page_of_tab(tab: Tab, store: Store) -> object:
    return queries.page(store, queries.ranges_of_tab(tab, START))


def count_of_tab(tab: Tab, store: Store) -> object:
    return queries.count(store, tab, START)


def cost_of_each_query(store: Store, me: Tenant) -> dict[str, Cost]:
    calls: dict[str, Callable[[Store], object]] = {
        **{f"tab {tab}": partial(page_of_tab, tab) for tab in Tab},
        **{f"count {tab}": partial(count_of_tab, tab) for tab in Tab},
        "id": lambda s: find(s, me.id, Tab.ALL, START),
        "name": lambda s: find(s, "company", Tab.ALL, START),
        "name in a tab": lambda s: find(s, "company", Tab.SUSPENDED, START),
        "address": lambda s: find(s, "same@ex.example", Tab.ALL, START),
        "duplicates": lambda s: queries.possible_duplicates(s, me),
        "doubtful": lambda s: queries.doubtful(s, until=START),
        "next": lambda s: queries.next_waiting(s, [me.id]),
        "next behind": lambda s: queries.next_waiting_after(s, s.get(me.id), [me.id]),
        "history": lambda s: queries.history(s, me),
    }  # fmt: skip
    costs = {}
    for name, call in calls.items():
        counting = Counting(store)
        call(counting)
        costs[name] = counting.cost
    return costs


def test_no_query_costs_more_with_five_times_as_many_tenants(store):
    statuses = [Status.PENDING, Status.PENDING, Status.ACTIVE, Status.REJECTED]
    same = Contact(company="Company of all", name="Kim", email="same@ex.example")

    def fill_range(numbers: range) -> list[Tenant]:
        return fill(store, (
            tenant(n, statuses[n % 4], contact=same) if n % 3 == 0 else tenant(n, statuses[n % 4])
            for n in numbers
        ))  # fmt: skip

    # So many that each list has more than are counted.
    me = fill_range(range(4200))[0]
    few = cost_of_each_query(store, me)
    fill_range(range(4200, 21_000))
    assert cost_of_each_query(store, me) == few
    for name, cost in few.items():
        assert cost.rows <= (4 * PAGE if name == "name in a tab" else PAGE + 1), name
        assert cost.queries <= 5, name
        assert cost.counts <= 5, name
        assert cost.gets <= 1, name
        assert all(cap <= CAP for cap in cost.caps), name


def test_a_page_reads_only_the_rows_that_it_shows(store):
    fill(store, (tenant(n) for n in range(300)))
    counting = Counting(store)
    page = queries.page(counting, queries.ranges_of_tab(Tab.PENDING, START))
    assert (counting.cost.queries, counting.cost.rows) == (1, len(page.rows)) == (1, PAGE)


def test_no_query_writes(store):
    stored = fill(store, [tenant(1), tenant(2, Status.ACTIVE)])
    store.write([Replace(records.item_of(replace(stored[0], version=2)), 1)])
    # `Counting` allows only `get`, `query` and `count`.
    assert cost_of_each_query(store, stored[0])
