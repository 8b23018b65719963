"""What is too large is refused by both stores alike, and what is just small enough kept by both."""

from typing import Any

import pytest

from portal.stores.contract import (
    MAX_ID_BYTES,
    MAX_ITEM_BYTES,
    MAX_NUMBER,
    MAX_PARTITION_BYTES,
    MAX_SORT_BYTES,
    MIN_NUMBER,
    Add,
    Item,
    ItemTooLargeError,
    Remove,
    Replace,
    VersionConflictError,
)
from portal.stores.schema import GSI1, GSI2, GSI3
from tests.stores.items import ids, in_queue, is_missing, tenant

LARGEST: dict[str, Item] = {
    "id": tenant("i" * MAX_ID_BYTES),
    "id of other characters": tenant("ä" * (MAX_ID_BYTES // 2)),
    "partition": tenant("a", gsi1pk="p" * MAX_PARTITION_BYTES, gsi1sk="s"),
    "sort key": tenant("a", gsi2pk="p", gsi2sk="s" * MAX_SORT_BYTES),
    "sort key of other characters": tenant("a", gsi3pk="p", gsi3sk="\U0001f600" * 256),
    "number": tenant("a", number=MAX_NUMBER),
    "negative number": tenant("a", number=MIN_NUMBER),
    "item": {"tenantId": "a", "x": "x" * (MAX_ITEM_BYTES - len("tenantId" + "a" + "x"))},
    "item with escapes in JSON": {"tenantId": "a", "x": "\n" * (MAX_ITEM_BYTES - 10)},
}

TOO_LARGE: dict[str, Item] = {
    "id": tenant("i" * (MAX_ID_BYTES + 1)),
    "id of other characters": tenant("ä" * (MAX_ID_BYTES // 2) + "a"),
    "partition": tenant("a", gsi1pk="p" * (MAX_PARTITION_BYTES + 1), gsi1sk="s"),
    "sort key": tenant("a", gsi2pk="p", gsi2sk="s" * (MAX_SORT_BYTES + 1)),
    "sort key without its partition": tenant("a", gsi2sk="s" * (MAX_SORT_BYTES + 1)),
    "sort key of other characters": tenant("a", gsi3pk="p", gsi3sk="\U0001f600" * 256 + "a"),
    "item": {"tenantId": "a", "x": "x" * (MAX_ITEM_BYTES - 9)},
    "item of many attributes": {"tenantId": "a", **{f"name{n:06}": "x" * 30 for n in range(12000)}},
}


@pytest.mark.parametrize("kind", LARGEST)
def test_what_is_just_small_enough_comes_back_as_it_was(store, open_again, kind):
    item = LARGEST[kind]
    store.write([Add(item)])
    other = open_again()
    for each in (store, other):
        found = each.get(str(item["tenantId"]))
        assert found == item
        assert {name: type(value) for name, value in found.items()} == {
            name: type(value) for name, value in item.items()
        }
        for index in (GSI1, GSI2, GSI3):
            if index.partition in item:
                assert ids(each.query(index, str(item[index.partition]))) == [item["tenantId"]]
    other.close()


@pytest.mark.parametrize("kind", TOO_LARGE)
@pytest.mark.parametrize("others", [0, 1])
def test_what_is_too_large_is_refused_with_all_the_rest(store, kind, others):
    rest = [Add(tenant(f"other{n}")) for n in range(others)]
    with pytest.raises(ItemTooLargeError, match="DynamoDB's limit") as refused:
        store.write([*rest, Add(TOO_LARGE[kind])])
    assert "Nothing was saved" in refused.value.reason
    assert refused.value.remedy
    assert list(store.scan().items) == []


def test_an_item_may_not_become_too_large_either(store):
    store.write([Add(tenant("a"))])
    with pytest.raises(ItemTooLargeError):
        store.write([Replace({**TOO_LARGE["item"], "version": 2}, 1)])
    assert store.get("a") == tenant("a")


def test_the_items_of_one_write_have_a_limit_together(store):
    part: dict[str, Any] = {"x": "x" * 399_000}
    with pytest.raises(ItemTooLargeError, match="4 MB"):
        store.write([Add(tenant(f"t{n}", **part)) for n in range(11)])
    assert list(store.scan().items) == []
    store.write([Add(tenant(f"t{n}", **part)) for n in range(10)])
    assert len(store.scan().items) == 10


@pytest.mark.parametrize("number", [MAX_NUMBER + 1, MIN_NUMBER - 1, 10**19, 10**38, 10**400])
def test_a_number_that_not_every_store_can_hold_is_refused(store, number):
    with pytest.raises(ValueError, match="64 bits"):
        store.write([Add(tenant("a", number=number))])
    assert is_missing(store, "a")


@pytest.mark.parametrize("expected", [MAX_NUMBER, 10**30, 10**400])
def test_a_version_that_no_item_can_have_is_a_conflict(store, expected):
    store.write([Add(in_queue("a", "1"))])
    for change in (Replace(tenant("a", version=2), expected), Remove("a", expected)):
        with pytest.raises(VersionConflictError):
            store.write([change])
    assert store.get("a") == in_queue("a", "1")


@pytest.mark.parametrize("item_id", ["", "i" * (MAX_ID_BYTES + 1), "ä" * MAX_ID_BYTES])
def test_nothing_has_a_key_that_no_item_can_have(store, item_id):
    assert is_missing(store, item_id)
    assert ids(store.query(GSI2, item_id)) == []
    assert store.count(GSI2, item_id, cap=9) == 0
