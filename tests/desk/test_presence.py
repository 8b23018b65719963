"""Who looks at a tenant at the moment. On both stores."""

import threading
from collections.abc import Sequence
from datetime import timedelta

import pytest

from portal import desk
from portal.stores.contract import BusyError, Change, Store
from portal.stores.wrapper import StoreWrapper
from tests.conftest import START
from tests.desk.staff import new_person
from tests.examples import all_items


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


class Counting(StoreWrapper):
    """A store that counts writes, and refuses them if it is told to."""

    writes = 0
    is_busy = False

    def write(self, changes: Sequence[Change]) -> None:
        self.writes += 1
        if self.is_busy:
            raise BusyError(reason="Too many.")
        super().write(changes)


def names(people: object) -> list[str]:
    return [each.name for each in people]  # type: ignore[attr-defined]


def test_people_see_each_other_and_are_gone_after_a_minute(store: Store) -> None:
    anna, ben = new_person(store, "Anna"), new_person(store, "Ben")
    assert names(desk.note_presence(store, "pending-1", anna, START)) == []
    soon = START + timedelta(seconds=30)
    assert names(desk.note_presence(store, "pending-1", ben, soon)) == ["Anna"]
    assert names(desk.who_looks(store, "pending-1", soon)) == ["Anna", "Ben"]
    assert names(desk.who_looks(store, "pending-1", soon, beside=ben.id)) == ["Anna"]
    last = START + timedelta(seconds=60) - timedelta(milliseconds=1)
    assert names(desk.who_looks(store, "pending-1", last)) == ["Anna", "Ben"]
    assert names(desk.who_looks(store, "pending-1", START + timedelta(seconds=60))) == ["Ben"]


def test_nobody_is_seen_at_another_tenant(store: Store) -> None:
    anna = new_person(store, "Anna")
    for n in range(100):
        desk.note_presence(store, f"pending-{n}", anna, START)
    assert all(names(desk.who_looks(store, f"pending-{n}", START)) == ["Anna"] for n in range(100))
    assert desk.who_looks(store, "pending-100", START) == []


def test_presence_takes_32_items_however_many_tenants_there_are(store: Store) -> None:
    anna = new_person(store, "Anna")
    for n in range(300):
        desk.note_presence(store, f"pending-{n}", anna, START + timedelta(minutes=n))
    items = {key: item for key, item in all_items(store).items() if key.startswith("desk-")}
    assert len(items) == 32
    # What is over is gone with the next write.
    assert max(str(item["text"]).count("Anna") for item in items.values()) == 1


def test_a_ping_is_one_write_and_one_that_follows_soon_is_none(store: Store) -> None:
    anna, counting = new_person(store, "Anna"), Counting(store)
    for seconds, writes in ((0, 1), (14, 1), (15, 2), (16, 2), (35, 3)):
        desk.note_presence(counting, "pending-1", anna, START + timedelta(seconds=seconds))
        assert counting.writes == writes


def test_while_the_store_takes_no_writes_nothing_fails(store: Store) -> None:
    anna, ben, counting = new_person(store, "Anna"), new_person(store, "Ben"), Counting(store)
    desk.note_presence(counting, "pending-1", ben, START)
    counting.is_busy = True
    assert names(desk.note_presence(counting, "pending-1", anna, START)) == ["Ben"]


def test_of_people_who_ask_at_once_none_is_lost(store: Store) -> None:
    people = [new_person(store, f"Anna{n}") for n in range(3)]
    threads = [
        threading.Thread(target=desk.note_presence, args=(store, "pending-1", each, START))
        for each in people
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(names(desk.who_looks(store, "pending-1", START))) == ["Anna0", "Anna1", "Anna2"]
