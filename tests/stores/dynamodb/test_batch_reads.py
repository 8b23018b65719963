"""Many items are read with few calls, also while others write them."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from portal.stores.contract import Add, BusyError, Item, NewerFormatError, Replace
from portal.stores.dynamodb.client import DynamoDbError, TableLocation
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.format_version import FORMAT_ID
from portal.stores.waiting.retrying import STAFF_ATTEMPTS
from tests.fault_proxy import Between, Refuse, Spoil, Trouble, always, cancelled, first
from tests.prometheus_text import total
from tests.stores.dynamodb.calls import item

TOGETHER, ALONE = "TransactGetItems", "GetItem"
IDS = [f"t{number}" for number in range(230)]
ITEMS: dict[str, Item] = {each: item(each) for each in IDS}


@pytest.fixture(autouse=True)
def items(direct: DynamoDbStore) -> None:
    for start in range(0, len(IDS), 100):
        direct.write([Add(ITEMS[each]) for each in IDS[start : start + 100]])


def sizes(proxy: Between) -> list[int]:
    """How many items each transaction asked for."""
    return [len(asked["TransactItems"]) for asked in proxy.asked if "TransactItems" in asked]


def asked_alone(proxy: Between) -> list[str]:
    return [asked["Key"]["tenantId"]["S"] for asked in proxy.asked if "Key" in asked]


def test_a_hundred_items_are_one_call(store: DynamoDbStore, proxy: Between) -> None:
    assert store.get_many([*IDS, "absent", *IDS]) == ITEMS
    assert sizes(proxy) == [100, 100, 31]
    assert proxy.operations == [TOGETHER] * 3


def test_one_item_is_read_by_itself_which_costs_half(store: DynamoDbStore, proxy: Between) -> None:
    store.metrics.enable_prometheus()
    assert store.get_many(["t1"]) == {"t1": ITEMS["t1"]}
    assert proxy.operations == [ALONE]
    units = "portal_store_capacity_units_total"
    assert total(store.metrics.to_prometheus(), units, kind="read") == 1
    store.get_many(["t1", "t2", "absent"])
    assert total(store.metrics.to_prometheus(), units, kind="read") == 1 + 3 * 2
    assert total(store.metrics.to_prometheus(), units, kind="write") == 0


def test_no_item_is_no_call(store: DynamoDbStore, proxy: Between) -> None:
    assert store.get_many([]) == store.get_many(["", "\ud800"]) == {}
    assert proxy.operations == []


def test_items_that_others_write_are_asked_for_alone_and_the_rest_together(
    store: DynamoDbStore, proxy: Between, pauses: list[float]
) -> None:
    codes = ["None"] * 100
    codes[3] = codes[77] = "TransactionConflict"
    again = ["None"] * 98
    again[0] = "TransactionConflict"

    def plan(operation: str, number: int) -> Trouble | None:
        faults = {0: cancelled(*codes), 1: cancelled(*again)}
        return faults.get(number) if operation == TOGETHER else None

    proxy.plan = plan
    assert store.get_many(IDS) == ITEMS
    assert asked_alone(proxy) == ["t3", "t77", "t0"]
    assert sizes(proxy) == [100, 98, 97, 100, 30]
    # Nobody waits for the writers.
    assert pauses == []


@pytest.mark.parametrize(
    "refusal",
    [
        cancelled(*["TransactionConflict"] * 100),
        Refuse("TransactionCanceledException", more={"CancellationReasons": [
            {"Code": "TransactionConflict"}
        ]}),
        Refuse("TransactionConflictException"),
        Refuse("TransactionInProgressException"),
    ],
    ids=["all", "too few reasons", "no reasons", "in progress"],
)  # fmt: skip
def test_all_are_asked_for_alone_if_all_may_be_the_reason(
    refusal: Refuse, store: DynamoDbStore, proxy: Between
) -> None:
    proxy.plan = always(refusal, TOGETHER)
    assert store.get_many(IDS[:100]) == {each: ITEMS[each] for each in IDS[:100]}
    assert proxy.operations == [TOGETHER] + [ALONE] * 100


def test_what_was_written_meanwhile_is_shown(
    store: DynamoDbStore, direct: DynamoDbStore, proxy: Between
) -> None:
    def plan(operation: str, number: int) -> Trouble | None:
        if operation != TOGETHER or number:
            return None
        direct.write([Replace(item("t1", 2), 1)])
        return cancelled("None", "TransactionConflict", "None")

    proxy.plan = plan
    assert store.get_many(["t0", "t1", "absent"]) == {"t0": ITEMS["t0"], "t1": item("t1", 2)}


@pytest.mark.parametrize(
    "refusal",
    [
        Refuse("ValidationException", message="Item size has exceeded the maximum allowed size"),
        Refuse("ValidationException", message="something new"),
        cancelled("ValidationError", *["None"] * 99),
    ],
    ids=["known", "unknown", "cancelled"],
)
def test_items_that_are_too_much_for_one_answer_are_asked_for_in_parts(
    refusal: Refuse, store: DynamoDbStore, proxy: Between
) -> None:
    def plan(operation: str, _number: int) -> Trouble | None:
        return refusal if operation == TOGETHER and sizes(proxy)[-1] > 30 else None

    proxy.plan = plan
    assert store.get_many(IDS[:100]) == {each: ITEMS[each] for each in IDS[:100]}
    assert sizes(proxy) == [100, 50, 25, 25, 50, 25, 25]


def test_an_error_of_every_read_is_not_hidden(store: DynamoDbStore, proxy: Between) -> None:
    proxy.plan = always(Refuse("ValidationException", message="something new"))
    with pytest.raises(DynamoDbError) as caught:
        store.get_many(IDS)
    assert caught.value.name == "unexpected"
    assert "GetItem" in caught.value.reason
    assert len(proxy.operations) < 9


def test_an_engine_without_transactions_reads_one_by_one(
    store: DynamoDbStore, proxy: Between
) -> None:
    proxy.plan = always(Refuse("UnknownOperationException"), TOGETHER)
    assert store.get_many(IDS[:5]) == {each: ITEMS[each] for each in IDS[:5]}
    assert proxy.operations == [TOGETHER] + [ALONE] * 5


def test_a_transaction_that_is_throttled_is_repeated_for_some_time(
    store: DynamoDbStore, proxy: Between, pauses: list[float]
) -> None:
    throttled = cancelled("None", "ThrottlingError", "TransactionConflict")
    proxy.plan = first(2, throttled)
    assert store.get_many(["t0", "t1", "t2"]).keys() == {"t0", "t1", "t2"}
    assert proxy.operations == [TOGETHER] * 3
    assert len(pauses) == 2
    proxy.plan = always(throttled)
    with pytest.raises(BusyError, match="throttles"):
        store.get_many(["t0", "t1", "t2"])
    assert proxy.operations == [TOGETHER] * (3 + STAFF_ATTEMPTS)


def _without_the_last(body: bytes) -> bytes:
    answer = json.loads(body)
    answer["Responses"].pop()
    return json.dumps(answer).encode()


def _exchanged(body: bytes) -> bytes:
    answer = json.loads(body)
    answer["Responses"].reverse()
    return json.dumps(answer).encode()


def _without_units(body: bytes) -> bytes:
    return json.dumps({**json.loads(body), "ConsumedCapacity": []}).encode()


@pytest.mark.parametrize("change", [_without_the_last, _exchanged, _without_units])
def test_answers_to_something_else_are_no_answers(
    change: Callable[[bytes], bytes], store: DynamoDbStore, proxy: Between
) -> None:
    proxy.plan = first(1, Spoil(change, checksum=False))
    asked = ["t0", "t1", "t2"]
    assert store.get_many(asked) == {each: ITEMS[each] for each in asked}
    assert proxy.operations == [TOGETHER] * 2
    proxy.plan = always(Spoil(change, checksum=False))
    with pytest.raises(DynamoDbError) as caught:
        store.get_many(asked)
    assert (caught.value.name, caught.value.code) == ("lost", "IncompleteAnswerError")


def test_a_store_that_a_newer_portal_wrote_is_refused(
    location: TableLocation, direct: DynamoDbStore, proxy: Between
) -> None:
    direct.write([Add({"tenantId": FORMAT_ID, "formatVersion": 99, "needs": "99"})])
    store = DynamoDbStore(replace(location, endpoint=proxy.url), checks_format=True)
    with pytest.raises(NewerFormatError):
        store.get_many(["t1", "t2"])
    assert proxy.operations == [ALONE]
    store.close()
