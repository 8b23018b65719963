"""The latest try of credentials is noted beside the use of a tenant, and goes with it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from portal.stores.contract import Store
from portal.usage import note_tried, remove_usage
from portal.usage.note_writer import stored_usage
from portal.usage.noter import UsageNoter
from tests.conftest import Clock
from tests.records.test_tried import TRIED
from tests.web.pages import everything

TENANT = "86810_104348"


@pytest.fixture
def store(each_store: Store) -> Store:
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
    assert everything(store) == {}
