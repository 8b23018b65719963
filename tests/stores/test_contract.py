"""Every promise of `portal.stores.contract`, on every store: `get`, `write`, `scan` and the rest.

`query` and `count` are in test_contract_queries.py, threads and processes in
test_contract_concurrency.py.
"""

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
from portal.stores.schema import GSI2
from tests.stores.items import ids, in_queue, is_missing, tenant


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


def test_get_many_returns_what_get_does_of_the_items_that_are_there(store):
    items = {
        f"1_{number}": tenant(
            f"1_{number}", isActive=number % 2 == 0, text=f"ä\U0001f600\x00{number}", count=-number,
            attributesOfOtherTypes='{"old": {"L": [{"NULL": true}, {"N": "1.5"}]}}',
        )
        for number in range(130)
    }  # fmt: skip
    for start in range(0, 130, 50):
        store.write([Add(item) for item in list(items.values())[start : start + 50]])
    # Twice the same, none that could be a key, and more than one call to DynamoDB takes.
    asked = [*items, "1_7", "86810_1", *items, "", "x" * 3000, "\ud800"]
    found = store.get_many(asked)
    assert found == items == {item_id: store.get(item_id) for item_id in items}
    assert {name: type(value) for name, value in found["1_7"].items()} == {
        name: type(value) for name, value in items["1_7"].items()
    }
    assert store.get_many(["86810_1", "86810_2"]) == store.get_many([]) == {}
    assert store.get_many(["1_3"]) == {"1_3": items["1_3"]}


def test_get_many_shows_what_another_process_wrote(store, open_again):
    other = open_again()
    assert store.get_many(["a", "b"]) == {}
    for version in range(1, 20):
        change = (
            Add(tenant("a")) if version == 1 else Replace(tenant("a", version=version), version - 1)
        )
        other.write([change])
        assert store.get_many(["a", "b"]) == {"a": tenant("a", version=version)}
    other.close()


def test_changing_what_get_many_returned_does_not_change_the_store(store):
    store.write([Add(tenant("a", status="pending")), Add(tenant("b"))])
    store.get_many(["a", "b"])["a"]["status"] = "changed"
    assert store.get_many(["a", "b"])["a"]["status"] == "pending"


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


@pytest.mark.parametrize(
    "odd",
    [
        {"version": "1"},
        {"version": True},
        {"attributesOfOtherTypes": '{"version": {"N": "1.5"}}'},
        {"attributesOfOtherTypes": '{"version": {"L": [{"S": "1"}]}}'},
    ],
    ids=["text", "boolean", "fraction", "list"],
)
def test_something_else_in_the_place_of_a_version(store, odd):
    item = {**tenant("a", version=None), **odd}
    store.write([Add(item)])
    read = store.get("a")
    changed = tenant("a", version=1)
    # Whoever has not read it does not know what stands there.
    for change in (Replace(changed, None), Replace(changed, 1), Remove("a", None), Remove("a", 1)):
        with pytest.raises(VersionConflictError) as caught:
            store.write([change])
        assert caught.value.item == item
    with pytest.raises(VersionConflictError):
        store.write([Replace(changed, None, read=tenant("a", version=None, other="1"))])
    with pytest.raises(VersionConflictError):
        store.write([Replace(changed, None, read={**tenant("a", version=None), "version": "2"})])
    store.write([Replace(changed, None, read=read)])
    assert store.get("a") == changed
    with pytest.raises(VersionConflictError):
        store.write([Replace(changed, None, read=read)])


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


def iter_scan(store: Store, segment: Segment, limit: int) -> list[Item]:
    found: list[Item] = []
    after: str | None = None
    while True:
        page = store.scan(segment, after=after, limit=limit)
        assert len(page.items) <= limit
        found += page.items
        if page.after is None:
            return found
        after = page.after[1]


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_segments_are_disjoint_and_complete_for_every_page_size(store, of):
    items: list[Item] = [tenant(f"é{n}", clientSecret="whole") for n in range(60)]
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


def test_describe_is_one_line(store):
    assert store.describe()
    assert "\n" not in store.describe()


def test_check_writes_nothing(store):
    store.check()
    assert list(store.scan().items) == []
    store.write([Add(tenant("a"))])
    store.check()
