"""What the address of a list says, and its rows."""

from urllib.parse import parse_qsl

import pytest

from portal.queries import Tab
from portal.stores.contract import Store
from portal.tenants import Source
from portal.web.staff.lists import ListView, Sort, iter_rows
from tests.conftest import START
from tests.examples import Counting
from tests.queries.many_tenants import DAY, active_until, fill, ids_of

WHOLE = ListView(
    tab=Tab.ALL,
    search="müller & söhne",
    sort=Sort.COMPANY_REVERSED,
    cluster="eu",
    source=Source.PROGRAM,
    late=True,
    owner="mine",
)


def read(query: str) -> ListView:
    return ListView.of_query(dict(parse_qsl(query, keep_blank_values=True)))


@pytest.mark.parametrize(
    "view", [ListView(), WHOLE, ListView(search="x"), ListView(tab=Tab.ALL, late=True)]
)
def test_a_list_is_read_from_the_address_that_it_writes(view: ListView) -> None:
    assert read(view.query) == view


def test_an_address_says_nothing_that_is_usual() -> None:
    assert ListView().query == "status=pending"
    assert read("q=&sort=&late=&cluster=&source=&owner=&status=") == ListView()


@pytest.mark.parametrize(
    "query",
    [
        "status=nothing",
        "sort=colour",
        "sort=--age",
        "cluster=no host!",
        "source=pigeon",
        "late=yes",
    ],
)
def test_what_nobody_understands_is_left_out(query: str) -> None:
    assert read(query) == ListView()


def test_every_part_of_a_list_belongs_to_the_scope_of_its_cursors() -> None:
    scopes = {read(part).cursor_scope for part in ["", *WHOLE.query.split("&")]}
    assert len(scopes) == 8


def test_another_tab_keeps_search_and_filters_but_no_order() -> None:
    there = WHOLE.in_tab(Tab.EXPIRED)
    assert (there.search, there.cluster, there.sort) == (WHOLE.search, "eu", None)
    # Nobody is late who has been decided on.
    assert (WHOLE.late, there.late) == (True, False)
    assert not there.without_filters().is_filtered
    assert there.without_filters().search == WHOLE.search


def test_all_rows_of_a_plain_list_are_read_a_thousand_at_once(store: Store) -> None:
    everybody = fill(store, (active_until(n, START + n * DAY) for n in range(1, 1102)))
    counting = Counting(store)
    view = ListView(tab=Tab.ACTIVE, sort=Sort.END_REVERSED)
    rows = list(iter_rows(counting, view, START, 2 * DAY, 30 * DAY))
    assert ids_of(rows) == [one.id for one in reversed(everybody)]
    assert counting.cost.queries == 2


def test_all_rows_of_other_lists_are_those_of_its_pages(store: Store) -> None:
    everybody = fill(store, (active_until(n, START + n * DAY) for n in range(1, 121)))
    for view in (
        ListView(tab=Tab.ACTIVE, sort=Sort.COMPANY),
        ListView(tab=Tab.ACTIVE, search="company"),
    ):
        rows = list(iter_rows(store, view, START, 2 * DAY, 30 * DAY))
        assert ids_of(rows) == [one.id for one in everybody]
