"""What is kept of the ranges of a table is what a table would say that keeps nothing."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from portal.stores.contract import Add, Change, Remove, Replace
from portal.stores.file.store import JsonFileStore
from portal.stores.file.table.kept_ranges import Answer, Asked, KeptRanges, Place
from portal.stores.schema import GSI1, GSI2
from tests.stores.file.opening import open_store
from tests.stores.items import in_queue

Item = dict[str, Any]
RANGES = [None, ("2", "4"), ("4", "2"), (" ", "9")]
PARTITIONS = ["STATUS#pending", "STATUS#active"]
IDS = [f"t{number}" for number in range(12)]


def asked(store: JsonFileStore) -> Iterator[object]:
    """Answers about all ranges, from both ends, whole and in pages."""
    for index in (GSI1, GSI2):
        for partition in PARTITIONS:
            for between in RANGES:
                yield store.count(index, partition, between=between, cap=5)
                for limit in (1, 3, 100):
                    for newest_first in (False, True):
                        page = store.query(
                            index, partition, between=between, limit=limit,
                            newest_first=newest_first,
                        )  # fmt: skip
                        yield page
                        if page.after:
                            yield store.query(
                                index, partition, between=between, limit=limit, after=page.after,
                                newest_first=newest_first,
                            )  # fmt: skip


def a_change(chance: random.Random, stored: dict[str, Item]) -> Change:
    item_id = chance.choice(IDS)
    before = stored.get(item_id)
    if before and chance.random() < 0.4:
        del stored[item_id]
        return Remove(item_id, before["version"])
    item: Item = dict(in_queue(item_id, str(chance.randint(1, 5)), chance.choice(PARTITIONS)))
    item["version"] = before["version"] + 1 if before else 1
    item["contactCompanyName"] = str(chance.random())
    if chance.random() < 0.5:
        item |= {"gsi1pk": chance.choice(PARTITIONS), "gsi1sk": str(chance.randint(1, 5))}
    stored[item_id] = item
    return Replace(item, before["version"]) if before else Add(item)


def test_answers_are_those_of_a_store_that_was_asked_nothing(folder: Path) -> None:
    chance = random.Random(17)
    store, other = open_store(folder), open_store(folder)
    stored: dict[str, Item] = {}
    for step in range(25):
        # What another process writes changes the answers as well.
        (store if step % 3 else other).write([a_change(chance, stored)])
        list(asked(other))
        kept, again, fresh = list(asked(store)), list(asked(store)), open_store(folder)
        assert kept == again == list(asked(fresh))
        fresh.close()
    store.compact()
    assert list(asked(store)) == list(asked(open_store(folder)))


def test_whoever_gets_a_page_cannot_change_what_the_next_one_gets(folder: Path) -> None:
    store = open_store(folder)
    store.write([Add(in_queue("a", "1"))])
    for _ in range(2):
        page = store.query(GSI2, "STATUS#pending")
        assert [item["tenantId"] for item in page.items] == ["a"]
        assert isinstance(page.items, list)
        page.items.clear()


def test_a_row_behind_a_page_leaves_it_and_one_within_it_does_not() -> None:
    store = KeptRanges()
    place: Place = (1, "STATUS#pending")
    query: Asked = (None, None, 2, False)
    page = Answer([in_queue("a", "1"), in_queue("b", "2")], ("2", "b"))
    store.keep(place, query, page, next_sort="3", size=100)
    store.changed((None, None, "STATUS#pending", "4", None, None, None, None), 1)
    assert store.find(place, query) is page
    store.changed((None, None, "STATUS#pending", "3", None, None, None, None), -1)
    assert store.find(place, query) is None


def test_only_so_much_is_kept() -> None:
    store = KeptRanges()
    query: Asked = (None, None, 50, False)
    for number in range(1000):
        store.keep((1, str(number)), query, Answer([], None), next_sort=None, size=49_990)
    kept = [number for number in range(1000) if store.find((1, str(number)), query)]
    assert kept == list(range(980, 1000))
    store.keep((1, "long"), query, Answer([], None), next_sort=None, size=200_000)
    assert store.find((1, "long"), query) is None
