"""Every promise of `portal.stores.contract` about `query` and `count`, on every store."""

import random
from dataclasses import replace
from itertools import chain

import pytest

from portal.stores.contract import (
    Add,
    Change,
    Page,
    Remove,
    Replace,
    Value,
)
from portal.stores.schema import GSI1, GSI2, GSI3, GSI4, INDEXES, Index
from tests.stores.items import all_pages, ids, in_queue, tenant, version_of


def test_a_row_has_the_attributes_that_the_index_projects(store):
    item = in_queue(
        "a", "1", gsi1pk="ACCOUNT#1", gsi1sk="TENANT#a", gsi3pk="COMPANY#a", gsi3sk="acme#a",
        gsi4pk="EMAIL#x@y.z", gsi4sk="1#a", clientSecret="hush", status="pending", verb="submit",
    )  # fmt: skip
    store.write([Add(item)])
    assert any("clientSecret" in (index.attributes or item) for index in INDEXES)
    for index in INDEXES:
        page = store.query(index, item[index.partition])
        shown = set(item) if index.attributes is None else set(item) & index.attributes
        assert list(page.items) == [{name: item[name] for name in shown}]
        assert page.after is None


def test_an_index_is_sparse(store):
    store.write([Add(tenant("a", gsi2pk="P")), Add(tenant("b", gsi2sk="S")), Add(tenant("c"))])
    assert ids(store.query(GSI2, "P")) == []
    store.write([Replace(in_queue("a", "1", "P", version=2), 1)])
    assert ids(store.query(GSI2, "P")) == ["a"]
    store.write([Replace(tenant("a", version=3), 2)])
    assert ids(store.query(GSI2, "P")) == []


def test_an_item_moves_when_its_index_keys_change(store):
    store.write([Add(in_queue("a", "5")), Add(in_queue("b", "6"))])
    store.write([Replace(in_queue("a", "7", version=2), 1)])
    assert ids(store.query(GSI2, "STATUS#pending")) == ["b", "a"]
    store.write([Replace(in_queue("a", "7", "STATUS#active", version=3), 2)])
    assert ids(store.query(GSI2, "STATUS#pending")) == ["b"]
    assert store.query(GSI2, "STATUS#active").items[0]["version"] == 3


WORDS = ["", "a", "aa", "a\0", "a\0b", "a#", "Z", "z", "ä", "é", "e\u0301", "\uffee", "\U0001f600",
         "\ue000", "中", "~", " ", "\x7f", "\x80"]  # fmt: skip


def test_rows_are_sorted_by_sort_key_as_utf8_bytes_then_by_id(store):
    rows = [(f"k{word}", f"{n}{word}") for word in WORDS for n in (1, 2)]
    random.Random(1).shuffle(rows)
    store.write([Add(in_queue(tenant_id, sort)) for sort, tenant_id in rows])
    rows.sort(key=lambda row: (row[0].encode(), row[1].encode()))
    found = store.query(GSI2, "STATUS#pending").items
    assert [(row["gsi2sk"], row["tenantId"]) for row in found] == rows
    back = store.query(GSI2, "STATUS#pending", newest_first=True).items
    assert [(row["gsi2sk"], row["tenantId"]) for row in back] == rows[::-1]


def test_partitions_do_not_mix(store):
    for n, partition in enumerate(["A", "A\0", "A#", "AA", "B"]):
        store.write([Add(in_queue(f"{n}{m}", str(m), partition)) for m in range(3)])
    for n, partition in enumerate(["A", "A\0", "A#", "AA", "B"]):
        for newest_first in (False, True):
            found = ids(store.query(GSI2, partition, newest_first=newest_first))
            assert found == sorted([f"{n}{m}" for m in range(3)], reverse=newest_first)
        assert store.count(GSI2, partition, cap=99) == 3
    assert ids(store.query(GSI2, "")) == ids(store.query(GSI2, "A\0\0")) == []


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 3, 5, 10, 11])
def test_pages_hold_every_row_once_and_the_last_one_has_no_cursor(store, limit, newest_first):
    # Two rows for each sort key, so that some pages end between rows with the same sort key.
    store.write([Add(in_queue(f"t{n}", str(n // 2))) for n in range(10)])
    pages = all_pages(store, "STATUS#pending", limit=limit, newest_first=newest_first)
    every = sorted((f"t{n}" for n in range(10)), reverse=newest_first)
    assert pages == [every[at : at + limit] for at in range(0, 10, limit)]


def test_an_empty_partition_is_one_empty_page(store):
    assert store.query(GSI2, "STATUS#none") == Page([], None)
    assert store.count(GSI2, "STATUS#none", cap=5) == 0


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_cursor_needs_no_row(store, newest_first):
    rows = [(str(n // 2), f"t{n}") for n in range(10)]
    store.write([Add(in_queue(tenant_id, sort)) for sort, tenant_id in rows])
    for after in [("", ""), ("0", ""), ("2", "t5x"), ("2", "t4"), ("zz", "z"), ("1\0", "t")]:
        found = ids(store.query(GSI2, "STATUS#pending", after=after, newest_first=newest_first))
        left = [row for row in rows if (row < after if newest_first else row > after)]
        assert found == [row[1] for row in (left[::-1] if newest_first else left)]


def test_paging_continues_after_rows_were_deleted_and_added(store):
    store.write([Add(in_queue(f"t{n}", str(n))) for n in range(6)])
    first = store.query(GSI2, "STATUS#pending", limit=3)
    store.write([Remove("t2", 1), Add(in_queue("early", "1x")), Add(in_queue("late", "4x"))])
    assert ids(store.query(GSI2, "STATUS#pending", after=first.after)) == ["t3", "t4", "late", "t5"]


def in_between(rows, between):
    return [row for row in rows if between is None or between[0] <= row[0] <= between[1]]


@pytest.mark.parametrize("newest_first", [False, True])
def test_between_includes_both_ends_on_pages_and_in_counts(store, newest_first):
    rows = [(str(n // 2), f"t{n}") for n in range(10)]
    store.write([Add(in_queue(tenant_id, sort)) for sort, tenant_id in rows])
    for between in [
        ("1", "3"),
        ("2", "2"),
        ("0", "9"),
        ("", "0"),
        ("15", "25"),
        ("3", "1"),
        ("5", "6"),
    ]:
        inside = [row[1] for row in in_between(rows, between)]
        for limit in (1, 3, 50):
            pages = all_pages(
                store, "STATUS#pending", limit=limit, between=between, newest_first=newest_first
            )
            assert list(chain(*pages)) == (inside[::-1] if newest_first else inside)
            assert all(pages) or pages == [[]]
        for cap in (1, 3, 50):
            counted = store.count(GSI2, "STATUS#pending", cap=cap, between=between)
            assert counted == min(len(inside), cap)


def test_random_changes_leave_the_same_as_in_a_sorted_list(store, open_again):
    rng = random.Random(7)
    model: dict[str, dict[str, Value]] = {}
    for _ in range(120):
        changes: list[Change] = []
        for tenant_id in rng.sample([f"t{n}" for n in range(150)], 10):
            expected = version_of(model[tenant_id]) if tenant_id in model else 0
            item = in_queue(
                tenant_id, str(rng.randrange(40)), f"P{rng.randrange(3)}", version=expected + 1
            )
            if tenant_id not in model:
                changes.append(Add(item))
                model[tenant_id] = item
            elif rng.random() < 0.6:
                changes.append(Replace(item, expected))
                model[tenant_id] = item
            else:
                changes.append(Remove(tenant_id, version_of(model.pop(tenant_id))))
        store.write(changes)
    again = open_again()
    for each in (store, again):
        for n in range(3):
            rows = sorted(
                (item["gsi2sk"], item["tenantId"])
                for item in model.values() if item["gsi2pk"] == f"P{n}"
            )  # fmt: skip
            assert list(chain(*all_pages(each, f"P{n}", limit=7))) == [row[1] for row in rows]
            assert each.count(GSI2, f"P{n}", cap=1000) == len(rows)
        assert {item["tenantId"]: item for item in each.scan().items} == model
    again.close()


def test_a_large_partition_is_in_order_and_counted(store):
    numbers = list(range(4000))
    random.Random(3).shuffle(numbers)
    for at in range(0, 4000, 100):
        store.write([Add(in_queue(f"t{n:04}", f"{n:04}")) for n in numbers[at : at + 100]])
    assert list(chain(*all_pages(store, "STATUS#pending", limit=999))) == [
        f"t{n:04}" for n in range(4000)
    ]
    for low, high, cap in [(0, 3999, 9999), (1, 3998, 9999), (1000, 3000, 1500), (2047, 2049, 9)]:
        counted = store.count(GSI2, "STATUS#pending", cap=cap, between=(f"{low:04}", f"{high:04}"))
        assert counted == min(high - low + 1, cap)
    for at in range(0, 3900, 100):
        store.write([Remove(f"t{n:04}", 1) for n in numbers[at : at + 100]])
    left = sorted(numbers[3900:])
    assert list(chain(*all_pages(store, "STATUS#pending", limit=30))) == [f"t{n:04}" for n in left]


@pytest.mark.parametrize("limit", [0, -1])
def test_a_page_has_at_least_one_row(store, limit):
    with pytest.raises(ValueError, match="limit"):
        store.query(GSI2, "P", limit=limit)
    with pytest.raises(ValueError, match="limit"):
        store.scan(limit=limit)
    with pytest.raises(ValueError, match="limit"):
        store.count(GSI2, "P", cap=limit)


@pytest.mark.parametrize("index", [replace(GSI2), GSI1, GSI3, GSI4], ids=lambda index: index.name)
def test_an_index_is_compared_by_value(store, index: Index):
    assert store.query(index, "nothing") == Page([])


def test_a_row_is_as_the_latest_write_left_it_also_if_it_was_read_before(store):
    """A row goes back to what it was, with another attribute in between that no list shows."""
    first = in_queue("a", "1", contactCompanyName="One")
    store.write([Add(first)])
    for version, name in enumerate(["Two", "One", "Two"], start=2):
        assert len(store.query(GSI2, "STATUS#pending").items) == 1
        new = {**first, "version": version, "contactCompanyName": name}
        store.write([Replace(new, version - 1)])
        (row,) = store.query(GSI2, "STATUS#pending").items
        assert (row["version"], row["contactCompanyName"]) == (version, name)
        assert list(store.query(GSI2, "STATUS#pending").items) == [row]
