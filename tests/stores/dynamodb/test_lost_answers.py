"""Lost answers: a write that was done is recognised, and an unknown outcome is reported."""

import time
from dataclasses import replace

import pytest

from portal.stores.contract import (
    Add,
    Change,
    Count,
    ItemExistsError,
    Remove,
    Replace,
)
from portal.stores.dynamodb.client import DynamoDbError, Timeouts
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.waiting.retrying import STAFF_ATTEMPTS
from tests.fault_proxy import Cut, Hang, Refuse, always, first
from tests.stores.dynamodb.calls import (
    CALLS,
    NOT_CERTAIN,
    NOTHING_SAVED,
    READS,
    THROTTLED,
    WRITES,
    each_write,
    item,
)

#: What is stored before, and the changes.
CHANGES: dict[str, tuple[list[Change], list[Change]]] = {
    "add": ([], [Add(item("a"))]),
    "replace": ([Add(item("a"))], [Replace(item("a", 2, x="y"), 1)]),
    "remove": ([Add(item("a"))], [Remove("a", 1)]),
    "together": ([Add(item("a"))], [Replace(item("a", 2), 1), Add(item("b"))]),
}
each_change = pytest.mark.parametrize("change", CHANGES)


@each_change
@pytest.mark.parametrize("lost", [Cut(done=True), Hang(done=True)], ids=["cut", "late"])
def test_a_write_with_a_lost_answer_is_recognised_as_done(
    change, lost, store, direct, proxy
) -> None:
    before, changes = CHANGES[change]
    if before:
        direct.write(before)
    proxy.plan = first(1, lost, "PutItem", "DeleteItem", "TransactWriteItems")
    store.write(changes)
    assert len([each for each in proxy.operations if each not in READS]) == 2
    assert len(set(proxy.tokens)) <= 1
    left = {each["tenantId"]: each for each in direct.scan().items}
    assert left == {each.item["tenantId"]: each.item for each in changes if hasattr(each, "item")}


@pytest.mark.parametrize("more", [[], [Add(item("b"))]], ids=["alone", "together"])
@pytest.mark.parametrize(
    "lost", [Cut(), Cut(done=True), Hang(done=True)], ids=["not", "cut", "late"]
)
def test_a_count_with_a_lost_answer_is_counted_once(more, lost, store, direct, proxy) -> None:
    direct.write([Count("c", {"n": 9})])
    proxy.plan = first(1, lost)
    # At the limit: counted again, it would be refused.
    store.write([Count("c", {"n": 2}), *more])
    assert direct.get("c") == {"tenantId": "c", "n": 2}
    assert proxy.operations == ["TransactWriteItems"] * 2


@each_change
def test_a_lost_request_is_sent_again(change, store, direct, proxy) -> None:
    before, changes = CHANGES[change]
    if before:
        direct.write(before)
    proxy.plan = first(1, Cut())
    store.write(changes)
    left = {each["tenantId"]: each for each in direct.scan().items}
    assert left == {each.item["tenantId"]: each.item for each in changes if hasattr(each, "item")}


def test_after_a_lost_answer_the_item_of_another_writer_is_still_a_conflict(
    store, direct, proxy
) -> None:
    direct.write([Add(item("a", by="somebody else"))])
    proxy.plan = first(1, Cut())
    with pytest.raises(ItemExistsError) as caught:
        store.write([Add(item("a", by="us"))])
    assert caught.value.item["by"] == "somebody else"


@each_write
@pytest.mark.parametrize("lost", [Cut(done=True), Hang(done=True), Refuse("Internal", 500)])
def test_an_unknown_outcome_is_reported(write, lost, store, proxy) -> None:
    proxy.plan = always(lost)
    start = time.monotonic()
    with pytest.raises(DynamoDbError) as caught:
        write(store)
    assert time.monotonic() - start < 6
    assert len(proxy.operations) == STAFF_ATTEMPTS
    assert caught.value.outcome_unknown
    assert NOT_CERTAIN in caught.value.reason
    assert NOTHING_SAVED not in caught.value.reason
    assert "network" in caught.value.remedy


def test_an_unknown_outcome_stays_unknown_after_later_failures(store, proxy) -> None:
    proxy.plan = lambda _operation, number: Cut(done=True) if number == 0 else THROTTLED
    with pytest.raises(DynamoDbError) as caught:
        WRITES["together"](store)
    assert NOT_CERTAIN in caught.value.reason


@pytest.mark.parametrize("operation", READS)
def test_a_read_without_an_answer_ends_soon_and_speaks_of_no_write(operation, store, proxy) -> None:
    proxy.plan = always(Hang())
    start = time.monotonic()
    with pytest.raises(DynamoDbError) as caught:
        CALLS[operation](store)
    assert time.monotonic() - start < 6
    assert "saved" not in caught.value.reason
    assert operation in caught.value.reason


def test_no_attempt_begins_after_the_time_limit(location, proxy) -> None:
    short = Timeouts(read_seconds=0.2, last_try_seconds=0.1)
    store = DynamoDbStore(replace(location, endpoint=proxy.url), waiting=short)
    proxy.plan = always(Hang())
    with pytest.raises(DynamoDbError):
        store.get("a")
    assert len(proxy.operations) == 1
    store.close()


def test_a_call_takes_less_than_ten_seconds() -> None:
    default = Timeouts()
    assert default.last_try_seconds + default.connect_seconds + default.read_seconds < 10
