"""The latest try of credentials is noted beside the use of a tenant, and goes with it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from portal import records
from portal.stores.contract import Add, Change, Remove, Replace, Store
from portal.usage import note_tried, remove_usage
from portal.usage.note_writer import stored_usage
from portal.usage.noter import UsageNoter
from tests.conftest import Clock
from tests.examples import Behind
from tests.records.test_tried import TRIED
from tests.web.api.api_calls import stored_tenant
from tests.web.pages import everything

TENANT = "86810_104348"
TENANT_ITEM = records.item_of(stored_tenant())
ERASED = {**TENANT_ITEM, "version": 2, "erased": True}


@pytest.fixture
def store(each_store: Store) -> Store:
    """With the tenant."""
    each_store.write([Add(TENANT_ITEM)])
    return each_store


def test_the_newest_stays(store: Store) -> None:
    newer = replace(TRIED, at=TRIED.at + timedelta(seconds=1), by="Bob")
    note_tried(store, TENANT, newer)
    note_tried(store, TENANT, TRIED)
    assert stored_usage(store, TENANT).tried == newer
    newest = replace(newer, cluster="us")
    note_tried(store, TENANT, newest)
    assert stored_usage(store, TENANT).tried == newest


def test_notes_of_use_keep_it_and_it_keeps_them(store: Store, clock: Clock) -> None:
    noter = UsageNoter(store, clock.now, zone=clock.now().tzinfo)  # type: ignore[arg-type] # UTC does as well
    note_tried(store, TENANT, TRIED)
    noter.gave_access(TENANT, clock.now())
    assert noter.flush()
    note_tried(store, TENANT, replace(TRIED, cluster="us"))
    noted = stored_usage(store, TENANT)
    assert (noted.last_day, noted.tried) == (clock.now().date(), replace(TRIED, cluster="us"))
    noter.close()


def test_two_at_once(store: Store) -> None:
    tries = [replace(TRIED, by=f"Person {number}") for number in range(4)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda each: note_tried(store, TENANT, each), tries))
    noted = stored_usage(store, TENANT)
    assert noted.version == 4
    assert noted.tried in tries


def test_it_goes_with_what_was_noted(store: Store) -> None:
    note_tried(store, TENANT, TRIED)
    remove_usage(store, TENANT)
    assert set(everything(store)) == {TENANT}


class Meanwhile(Behind):
    """Somebody removes the tenant, and what is noted of it, just before the first write."""

    def __init__(self, store: Store, end: Change) -> None:
        super().__init__(store)
        self._store, self._end = store, end
        self._is_there = True

    def before(self, call: str) -> None:
        if call == "write" and self._is_there:
            self._is_there = False
            self._store.write([self._end])
            remove_usage(self._store, TENANT)


ENDS = pytest.mark.parametrize(
    ("end", "left"), [(Remove(TENANT, 1), set()), (Replace(ERASED, 1), {TENANT})]
)


@ENDS
def test_of_a_tenant_that_is_gone_nothing_is_noted(
    store: Store, end: Change, left: set[str]
) -> None:
    store.write([end])
    note_tried(store, TENANT, TRIED)
    assert set(everything(store)) == left


@ENDS
def test_nothing_is_left_of_a_tenant_that_goes_meanwhile(
    store: Store, end: Change, left: set[str]
) -> None:
    note_tried(Meanwhile(store, end), TENANT, TRIED)
    assert set(everything(store)) == left


@ENDS
def test_an_older_note_does_not_come_back(store: Store, end: Change, left: set[str]) -> None:
    note_tried(store, TENANT, TRIED)

    note_tried(Meanwhile(store, end), TENANT, replace(TRIED, cluster="us"))
    assert set(everything(store)) == left
