"""Every promise of `portal.stores.contract`, on every store."""

import multiprocessing
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import chain

import pytest

from portal.stores.contract import (
    MAX_CHANGES,
    Add,
    Item,
    ItemExistsError,
    ItemNotFoundError,
    Page,
    Remove,
    Replace,
    Segment,
    Store,
    StoreError,
    VersionConflictError,
)
from portal.stores.schema import GSI1, GSI2, GSI3, GSI4, INDEXES, Index

FORK = multiprocessing.get_context("fork")


def tenant(tenant_id: str, *, version: int | None = 1, **more: str | int | bool) -> dict:
    item = {"tenantId": tenant_id, "accountName": f"Name of {tenant_id}", **more}
    return item if version is None else {**item, "version": version}


def in_queue(tenant_id: str, sort: str, partition: str = "STATUS#pending", **more: str) -> dict:
    return tenant(tenant_id, gsi2pk=partition, gsi2sk=sort, **more)


def ids(page: Page) -> list[str]:
    return [item["tenantId"] for item in page.items]


def all_pages(store: Store, partition: str, *, limit: int, **how) -> list[list[str]]:
    pages, after = [], None
    while True:
        page = store.query(GSI2, partition, after=after, limit=limit, **how)
        pages.append(ids(page))
        if page.after is None:
            return pages
        after = page.after


def is_missing(store: Store, tenant_id: str) -> bool:
    try:
        store.get(tenant_id)
    except ItemNotFoundError as error:
        return error.item_id == tenant_id
    return False


# get


def test_get_returns_the_whole_item_with_its_types(store):
    item = tenant(
        "1_2", isActive=True, openEnded=False, text="ä\n\"'\\ \U0001f600\u2028\x00", count=-7,
        large=2**53, empty="", gsi1pk="ACCOUNT#1", gsi1sk="TENANT#1_2",
    )  # fmt: skip
    store.write([Add(item)])
    found = store.get("1_2")
    assert found == item
    assert {name: type(value) for name, value in found.items()} == {
        name: type(value) for name, value in item.items()
    }


def test_get_of_an_unknown_id_names_it(store):
    with pytest.raises(ItemNotFoundError) as caught:
        store.get("86810_1")
    assert caught.value.item_id == "86810_1"


def test_get_shows_what_another_process_wrote(store, open_again):
    other = open_again()
    assert is_missing(store, "a")
    for version in range(1, 20):
        change = (
            Add(tenant("a")) if version == 1 else Replace(tenant("a", version=version), version - 1)
        )
        other.write([change])
        assert store.get("a")["version"] == version
    other.close()


def test_changing_an_item_does_not_change_the_store(store):
    item = tenant("a", status="pending")
    store.write([Add(item)])
    item["status"] = "changed"
    store.get("a")["status"] = "changed"
    assert store.get("a")["status"] == "pending"


def test_an_acknowledged_write_is_there_after_opening_again(store, open_again):
    store.write([Add(in_queue("a", "1")), Add(in_queue("b", "2"))])
    store.write([Remove("a", 1)])
    other = open_again()
    assert is_missing(other, "a")
    assert ids(other.query(GSI2, "STATUS#pending")) == ["b"]
    other.close()


# write


def test_add_of_an_existing_id_brings_the_whole_item(store):
    now = in_queue("a", "1", clientSecret="v1.loc.x")
    store.write([Add(now)])
    with pytest.raises(ItemExistsError) as caught:
        store.write([Add(tenant("a", other="x"))])
    assert (caught.value.item_id, caught.value.item) == ("a", now)
    assert store.get("a") == now


@pytest.mark.parametrize("version", [None, 3])
@pytest.mark.parametrize("read_at", ["2026-01-01T00:00:00.000Z", None])
def test_replace_with_read_is_refused_after_a_change_by_the_old_application(
    store, version, read_at
):
    read = tenant("1_2", version=version, **({"updatedAt": read_at} if read_at else {}))
    elsewhere = {**read, "updatedAt": "2026-02-02T00:00:00.000Z", "validTo": "2031"}
    store.write([Add(elsewhere)])
    mine = {**read, "accountName": "Mine", "version": 4}
    with pytest.raises(VersionConflictError) as refused:
        store.write([Replace(mine, version, read=read)])
    assert refused.value.item == elsewhere
    assert store.get("1_2") == elsewhere
    store.write([Replace(mine, version, read=elsewhere)])
    assert store.get("1_2") == mine


def test_replace_leaves_no_old_attribute(store):
    store.write([Add(tenant("a", reason="old"))])
    store.write([Replace(tenant("a", version=2), 1)])
    assert store.get("a") == tenant("a", version=2)


@pytest.mark.parametrize("expected", [0, 2, None])
@pytest.mark.parametrize("kind", ["replace", "remove"])
def test_an_unexpected_version_is_refused_with_the_item(store, kind, expected):
    now = tenant("a", version=1)
    store.write([Add(now)])
    change = (
        Remove("a", expected) if kind == "remove" else Replace(tenant("a", version=9), expected)
    )
    with pytest.raises(VersionConflictError) as caught:
        store.write([change])
    assert (caught.value.item_id, caught.value.item) == ("a", now)
    assert store.get("a") == now


@pytest.mark.parametrize("expected", [1, None])
@pytest.mark.parametrize("kind", ["replace", "remove"])
def test_a_missing_item_is_refused_with_none(store, kind, expected):
    change = Remove("a", expected) if kind == "remove" else Replace(tenant("a"), expected)
    with pytest.raises(VersionConflictError) as caught:
        store.write([change])
    assert (caught.value.item_id, caught.value.item) == ("a", None)
    assert is_missing(store, "a")


def test_an_old_item_without_a_version_is_expected_as_none(store):
    store.write([Add(tenant("a", version=None)), Add(tenant("b", version=None))])
    with pytest.raises(VersionConflictError):
        store.write([Replace(tenant("a"), 1)])
    store.write([Replace(tenant("a", version=1), None), Remove("b", None)])
    assert store.get("a")["version"] == 1
    assert is_missing(store, "b")


def test_an_id_can_be_added_again_after_it_was_removed(store):
    store.write([Add(in_queue("a", "1"))])
    store.write([Remove("a", 1)])
    assert store.query(GSI2, "STATUS#pending") == Page([])
    store.write([Add(in_queue("a", "2"))])
    assert store.get("a")["gsi2sk"] == "2"


def test_one_refused_change_undoes_all_others(store, open_again):
    store.write([Add(tenant("there"))])
    for refused in (Add(tenant("there")), Replace(tenant("new"), 1), Remove("there", 7)):
        with pytest.raises(StoreError):
            store.write([Add(in_queue("x", "1")), refused, Add(in_queue("y", "2"))])
    again = open_again()
    for each in (store, again):
        assert is_missing(each, "x")
        assert is_missing(each, "y")
        assert ids(each.query(GSI2, "STATUS#pending")) == []
    again.close()


def test_the_first_refused_change_decides_the_error(store):
    store.write([Add(tenant("a")), Add(tenant("b"))])
    with pytest.raises(VersionConflictError) as changed:
        store.write([Add(tenant("c")), Replace(tenant("a"), 5), Add(tenant("b"))])
    assert changed.value.item_id == "a"
    with pytest.raises(ItemExistsError) as there:
        store.write([Add(tenant("c")), Add(tenant("b")), Replace(tenant("a"), 5)])
    assert there.value.item_id == "b"


def test_a_write_takes_one_to_a_hundred_changes_to_different_ids(store):
    for changes in (
        [],
        [Add(tenant(str(n))) for n in range(MAX_CHANGES + 1)],
        [Add(tenant("a")), Remove("a", 1)],
        [Add(tenant("a")), Add(tenant("a"))],
    ):
        with pytest.raises(ValueError, match="write"):
            store.write(changes)
    store.write([Add(tenant(str(n))) for n in range(MAX_CHANGES)])
    assert len(store.scan().items) == MAX_CHANGES


@pytest.mark.parametrize(
    "wrong",
    [
        {"tenantId": ""}, {"tenantId": 7}, {"x": None}, {"x": 1.5}, {"x": float("nan")},
        {"x": ["a"]}, {"x": {"a": "b"}}, {"x": "\ud800"}, {"gsi2sk": ""}, {"gsi1pk": 7},
    ],
    ids=str,
)  # fmt: skip
def test_an_item_that_no_table_can_hold_is_refused(store, wrong):
    with pytest.raises(ValueError, match=r"text|key|JSON"):
        store.write([Add(tenant("good")), Add({**in_queue("a", "1"), **wrong})])
    assert list(store.scan().items) == []


def test_an_item_without_an_id_is_refused(store):
    with pytest.raises(ValueError, match="tenantId"):
        store.write([Add({"version": 1})])


def test_errors_hold_no_values(store):
    store.write([Add(tenant("a", clientSecret="hush"))])
    for change in (Add(tenant("a")), Replace(tenant("a"), 3)):
        with pytest.raises(StoreError) as caught:
            store.write([change])
        assert "hush" not in f"{caught.value}{caught.value!r}"


# query


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
    chance, model = random.Random(7), {}
    for _ in range(120):
        changes = []
        for tenant_id in chance.sample([f"t{n}" for n in range(150)], 10):
            item = in_queue(
                tenant_id, str(chance.randrange(40)), f"P{chance.randrange(3)}",
                version=model.get(tenant_id, {"version": 0})["version"] + 1,
            )  # fmt: skip
            if tenant_id not in model:
                changes.append(Add(item))
                model[tenant_id] = item
            elif chance.random() < 0.6:
                changes.append(Replace(item, item["version"] - 1))
                model[tenant_id] = item
            else:
                changes.append(Remove(tenant_id, model.pop(tenant_id)["version"]))
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


# scan


def iter_scan(store: Store, segment: Segment, limit: int) -> list[Item]:
    found, after = [], None
    while True:
        page = store.scan(segment, after=after, limit=limit)
        assert len(page.items) <= limit
        found += page.items
        if page.after is None:
            return found
        after = page.after[1]


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_segments_are_disjoint_and_complete_for_every_page_size(store, of):
    items = [tenant(f"é{n}", clientSecret="whole") for n in range(60)]
    store.write([Add(item) for item in items])
    for limit in (1, 7, 1000):
        parts = [iter_scan(store, Segment(number, of), limit) for number in range(of)]
        found = sorted(chain(*parts), key=items.index)
        assert found == items


def test_a_scan_ends_exactly_with_its_last_row(store):
    store.write([Add(tenant(f"{n}")) for n in range(10)])
    assert store.scan(limit=10).after is None
    assert store.scan(limit=9).after is not None
    assert store.scan(Segment(0, 1), limit=10).after is None


# describe, check


def test_describe_is_one_line(store):
    assert store.describe()
    assert "\n" not in store.describe()


def test_check_writes_nothing(store):
    store.check()
    assert list(store.scan().items) == []
    store.write([Add(tenant("a"))])
    store.check()


@pytest.mark.parametrize("index", [replace(GSI2), GSI1, GSI3, GSI4], ids=lambda index: index.name)
def test_an_index_is_compared_by_value(store, index: Index):
    assert store.query(index, "nothing") == Page([])


# Concurrency


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """The results of `count` threads that start at the same moment."""
    start, answers = threading.Barrier(count), [None] * count

    def run(number: int) -> None:
        start.wait()
        try:
            answers[number] = work(number)
        except StoreError as error:
            answers[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_many_threads_adding_one_id_one_wins_and_the_others_see_its_item(store):
    for round_ in range(10):
        answers = at_once(16, lambda n, r=round_: store.write([Add(tenant(f"a{r}", by=n))]))
        assert answers.count(None) == 1
        winner = answers.index(None)
        assert store.get(f"a{round_}")["by"] == winner
        losers = [answer for answer in answers if answer is not None]
        assert {type(loser) for loser in losers} == {ItemExistsError}
        assert all(loser.item["by"] == winner for loser in losers)


def test_of_many_threads_replacing_one_version_one_wins(store):
    store.write([Add(tenant("a", version=0))])
    for version in range(10):
        answers = at_once(
            16, lambda n, v=version: store.write([Replace(tenant("a", version=v + 1, by=n), v)])
        )
        assert answers.count(None) == 1
        assert store.get("a")["by"] == answers.index(None)
        assert sum(isinstance(answer, VersionConflictError) for answer in answers) == 15


def test_a_reader_never_sees_half_of_a_write(store, open_again):
    store.write([Add(in_queue("a", "0", at="0")), Add(in_queue("b", "0", at="0"))])
    other = open_again()

    def work(number: int) -> object:
        if number == 0:
            for n in range(1, 200):
                store.write([
                    Replace(in_queue("a", f"{n}", version=n + 1, at=f"{n}"), n),
                    Replace(in_queue("b", f"{n}", version=n + 1, at=f"{n}"), n),
                ])  # fmt: skip
            return None
        reader = store if number == 1 else other
        halves = 0
        for _ in range(200):
            rows = reader.query(GSI2, "STATUS#pending").items
            halves += len(rows) != 2 or rows[0]["version"] != rows[1]["version"]
        return halves

    assert at_once(3, work) == [None, 0, 0]
    other.close()


def _add_many(open_again, start, results, who):
    mine = open_again()
    start.wait()
    won = 0
    for n in range(60):
        try:
            mine.write([Add(tenant(f"t{n}", by=who))])
        except ItemExistsError as error:
            others = error.item["by"]
        else:
            others = None
            won += 1
        assert others != who
        assert mine.get(f"t{n}")["by"] == (who if others is None else others)
    results.put((who, won))
    mine.close()


def test_of_many_processes_adding_one_id_one_wins(store, open_again):
    start, results = FORK.Barrier(4), FORK.Queue()
    processes = [
        FORK.Process(target=_add_many, args=(open_again, start, results, who)) for who in range(4)
    ]
    for process in processes:
        process.start()
    won = dict(results.get(timeout=30) for _ in processes)
    for process in processes:
        process.join()
        assert process.exitcode == 0
    by = [item["by"] for item in store.scan().items]
    assert sum(won.values()) == len(by) == 60
    assert all(by.count(who) == won[who] for who in range(4))
