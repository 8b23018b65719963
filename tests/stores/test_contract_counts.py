"""Every promise of `portal.stores.contract` about `Count`, on every store."""

from collections import Counter

import pytest

from portal.stores.contract import (
    Add,
    Count,
    Item,
    ItemExistsError,
    LimitReachedError,
    Remove,
    Replace,
    VersionConflictError,
)
from portal.stores.schema import GSI2
from tests.processes import CLEAN
from tests.stores.items import ids, in_queue, is_missing, tenant
from tests.stores.test_contract_concurrency import at_once


def counts(error: LimitReachedError) -> tuple[str, tuple[str, ...]]:
    return error.item_id, error.names


def test_an_item_is_made_by_its_first_count_and_read_like_any_other(store, open_again):
    attributes: Item = {"gsi2pk": "LIMITS", "gsi2sk": "1", "ttl": 7}
    store.write([Count("c", {"h10": 2, "day": 5}, attributes)])
    expected = {"tenantId": "c", "h10": 1, "day": 1, **attributes}
    other = open_again()
    for each in (store, other):
        assert each.get("c") == expected
        assert ids(each.query(GSI2, "LIMITS")) == ["c"]
        assert list(each.scan().items) == [expected]
    other.close()


def test_counting_stops_at_each_limit_and_says_which(store):
    store.write([Count("c", {"h10": 2, "day": 3})])
    store.write([Count("c", {"h10": 2, "day": 3})])
    with pytest.raises(LimitReachedError) as hour:
        store.write([Count("c", {"h10": 2, "day": 3})])
    assert counts(hour.value) == ("c", ("h10",))
    store.write([Count("c", {"h11": 2, "day": 3})])
    with pytest.raises(LimitReachedError) as both:
        store.write([Count("c", {"h10": 2, "day": 3})])
    assert counts(both.value) == ("c", ("h10", "day"))
    assert store.get("c") == {"tenantId": "c", "h10": 2, "h11": 1, "day": 3}
    # A higher limit lets it go on.
    store.write([Count("c", {"day": 4})])
    assert store.get("c")["day"] == 4


def test_a_count_keeps_what_the_item_has_and_its_version(store):
    store.write([Add(in_queue("c", "1", version=4, n=-1, by="x"))])
    store.write([Count("c", {"n": 1}, {"gsi2sk": "2", "by": "y", "more": True})])
    assert store.get("c") == in_queue("c", "1", version=4, n=0, by="x", more=True)
    store.write([Replace(in_queue("c", "3", version=5), 4)])
    store.write([Count("c", {"n": 1})])
    assert store.get("c") == in_queue("c", "3", version=5, n=1)


def test_an_item_that_only_counts_has_no_version_and_can_be_removed(store):
    store.write([Count("c", {"n": 9})])
    store.write([Count("c", {"n": 9})])
    with pytest.raises(VersionConflictError):
        store.write([Remove("c", 1)])
    store.write([Remove("c", None)])
    assert is_missing(store, "c")
    store.write([Count("c", {"n": 9})])
    assert store.get("c") == {"tenantId": "c", "n": 1}


@pytest.mark.parametrize("value", ["7", True, ""])
def test_what_is_no_whole_number_is_not_counted(store, value):
    store.write([Add(tenant("c", n=value))])
    with pytest.raises(LimitReachedError) as caught:
        store.write([Count("c", {"n": 9})])
    assert counts(caught.value) == ("c", ("n",))
    assert store.get("c") == tenant("c", n=value)


def test_a_refused_count_undoes_the_other_changes_and_a_refused_change_the_count(store, open_again):
    store.write([Count("full", {"n": 1}), Add(tenant("there"))])
    with pytest.raises(LimitReachedError):
        store.write([Add(in_queue("x", "1")), Count("new", {"n": 1}), Count("full", {"n": 1})])
    with pytest.raises(ItemExistsError):
        store.write([Count("new", {"n": 1}), Add(tenant("there"))])
    again = open_again()
    for each in (store, again):
        assert is_missing(each, "x")
        assert is_missing(each, "new")
        assert each.get("full")["n"] == 1
    again.close()


def test_the_first_refused_change_decides_the_error_among_counts_too(store):
    store.write([Count("full", {"n": 1}), Add(tenant("there"))])
    with pytest.raises(ItemExistsError):
        store.write([Add(tenant("there")), Count("full", {"n": 1})])
    with pytest.raises(LimitReachedError):
        store.write([Count("full", {"n": 1}), Add(tenant("there"))])


@pytest.mark.parametrize(
    "wrong",
    [
        Count("c", {}),
        Count("c", {"n": 0}),
        Count("c", {"n": 1, "m": -1}),
        Count("", {"n": 1}),
        Count("c", {"tenantId": 1}),
        Count("c", {"gsi2sk": 1}),
        Count("c", {"n": 1}, {"n": 1}),
        Count("c", {"n": 1}, {"x": "\ud800"}),
        Count("c", {"n": 1}, {"gsi2sk": ""}),
    ],
    ids=str,
)
def test_a_count_that_no_table_can_hold_is_refused(store, wrong):
    with pytest.raises(ValueError, match=r"count|key|JSON"):
        store.write([Add(tenant("good")), wrong])
    assert list(store.scan().items) == []


def test_one_write_changes_an_item_once_by_counting_too(store):
    with pytest.raises(ValueError, match="only once"):
        store.write([Count("c", {"n": 1}), Count("c", {"m": 1})])


def test_threads_count_exactly_to_the_limit_with_what_they_add(store):
    # Three rounds, so that a first count is among them as well as one after others.
    for round_ in range(3):

        def work(number: int, name: str = f"r{round_}") -> None:
            store.write([Add(tenant(f"{name}-{number}")), Count("c", {name: 5})])

        answers = at_once(12, work)
        assert answers.count(None) == 5
        assert {type(each) for each in answers if each is not None} == {LimitReachedError}
    items = {str(item["tenantId"]): item for item in store.scan().items}
    assert items.pop("c") == {"tenantId": "c", "r0": 5, "r1": 5, "r2": 5}
    assert Counter(each.partition("-")[0] for each in items) == {"r0": 5, "r1": 5, "r2": 5}


def _count_up(open_again, start, results):
    mine, done = open_again(), 0
    start.wait()
    for _ in range(20):
        try:
            mine.write([Count("c", {"n": 50})])
        except LimitReachedError:
            continue
        done += 1
    results.put(done)
    mine.close()


def test_processes_count_exactly_to_the_limit(store, open_again):
    start, results = CLEAN.Barrier(4), CLEAN.Queue()
    processes = [
        CLEAN.Process(target=_count_up, args=(open_again, start, results)) for _ in range(4)
    ]
    for process in processes:
        process.start()
    done = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert sum(done) == 50
    assert store.get("c") == {"tenantId": "c", "n": 50}
