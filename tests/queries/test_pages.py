"""Pages of a list neither repeat nor leave out a row."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal import queries, records
from portal.queries import PageCursor, Tab
from portal.stores.contract import Add, Remove
from portal.stores.file.store import JsonFileStore
from portal.tenants import Status
from tests.conftest import START
from tests.queries.many_tenants import fill, ids_by_page, ids_in_tab, ids_of, tenant


@pytest.mark.parametrize("total", [0, 1, 9, 10, 11, 20, 21])
@pytest.mark.parametrize("tab", [Tab.PENDING, Tab.REJECTED, Tab.ALL])
def test_pages_show_every_row_once_and_end_with_the_rows(store, tab, total):
    statuses = {
        Tab.PENDING: [Status.PENDING],
        Tab.REJECTED: [Status.REJECTED, Status.WITHDRAWN],
        Tab.ALL: list(Status),
    }[tab]
    fill(store, (tenant(n, statuses[n % len(statuses)]) for n in range(total)))
    id_pages = ids_by_page(store, tab, limit=10)
    assert [row for page in id_pages for row in page] == ids_in_tab(store, tab)
    assert len(ids_in_tab(store, tab)) == total
    sizes = [len(page) for page in id_pages]
    assert sizes[:-1] == [10] * (len(sizes) - 1)
    assert sizes[-1] > 0 or total == 0


def test_a_page_that_ends_with_a_range_continues_with_the_next_range(store):
    fill(store, [tenant(n, Status.REJECTED) for n in range(3)] + [tenant(9, Status.WITHDRAWN)])
    ranges = queries.ranges_of_tab(Tab.REJECTED, START)
    page = queries.page(store, ranges, limit=3)
    assert page.after == PageCursor(1, None)
    last = queries.page(store, ranges, after=page.after, limit=3)
    assert ids_of(last.rows) == [tenant(9, Status.WITHDRAWN).id]
    assert last.after is None


def test_a_page_at_the_end_of_the_last_range_has_no_next_page(store):
    fill(store, [tenant(n, Status.REJECTED) for n in range(3)])
    ranges = queries.ranges_of_tab(Tab.REJECTED, START)
    assert queries.page(store, ranges, limit=3).after is None


def test_a_cursor_to_an_unknown_range_gives_an_empty_page(store):
    fill(store, [tenant(1)])
    ranges = queries.ranges_of_tab(Tab.PENDING, START)
    assert queries.page(store, ranges, after=PageCursor(7, ("a", "b"))).rows == []


def test_all_tenants_of_one_instant_are_shown(store):
    stored = fill(store, (tenant(n, created_at=START) for n in range(25)))
    shown_ids = [row for page in ids_by_page(store, Tab.PENDING, limit=4) for row in page]
    assert sorted(shown_ids) == sorted(one.id for one in stored)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9))
def test_tenants_that_stay_are_shown_once_while_others_are_added_and_removed(
    tmp_path_factory, seed
):
    rng = random.Random(seed)
    store = JsonFileStore(tmp_path_factory.mktemp("pages"))
    stored = fill(store, (tenant(n, rng.choice(list(Status))) for n in range(0, 60, 2)))
    staying = {one.id for one in rng.sample(stored, 20)}
    new_numbers = iter(rng.sample(range(1, 2 * 10**4, 2), 1000))
    leaving = [one for one in stored if one.id not in staying]
    shown_ids, after = [], None
    while True:
        ranges = queries.ranges_of_tab(Tab.ALL, START)
        page = queries.page(store, ranges, after=after, limit=rng.randint(1, 7))
        shown_ids += ids_of(page.rows)
        after = page.after
        if after is None:
            break
        if leaving:
            store.write([Remove(leaving.pop().id, 1)])
        new = tenant(next(new_numbers), rng.choice(list(Status)))
        store.write([Add(records.item_of(new))])
    store.close()
    assert len(shown_ids) == len(set(shown_ids))
    assert staying <= set(shown_ids)


def test_a_row_is_read_as_its_tenant_without_its_secret(store):
    fill(store, [tenant(1, Status.ACTIVE, client=replace(tenant(1).client, sealed_secret="v1.x"))])
    (row,) = queries.page(store, queries.ranges_of_tab(Tab.ACTIVE, START)).rows
    assert "v1.x" not in row.values()
    assert records.tenant_of(row).contact.company == "Company 00001"
