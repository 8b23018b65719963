"""An answer that is damaged, cut, or none of DynamoDB's: it is never taken for an answer."""

from dataclasses import replace

import pytest

from portal.stores.contract import Add, Item, ItemNotFoundError, Remove, Replace
from portal.stores.dynamodb.client import DynamoDbError
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.schema import GSI2
from portal.stores.waiting.retrying import STAFF_ATTEMPTS
from tests.dynamodb_engine import Engine
from tests.fault_proxy import SPOILED, Spoil, always, between, first
from tests.stores.dynamodb.calls import CALLS, NOT_CERTAIN, READS, item

each_spoil = pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
each_call = pytest.mark.parametrize("operation", CALLS)

STORED: Item = item("a", gsi2pk="STATUS#pending", gsi2sk="1#a")


@each_spoil
@each_call
def test_it_is_lost_and_asked_for_again(operation, spoil, store, direct, proxy) -> None:
    if operation in {*READS, "DeleteItem"}:
        direct.write([Add(STORED)])
    proxy.plan = first(1, spoil)
    CALLS[operation](store)
    assert proxy.operations[:2] == [operation] * 2
    assert len(direct.scan().items) == (operation != "DeleteItem") + (
        operation == "TransactWriteItems"
    )


@each_spoil
@each_call
def test_it_is_an_error_in_the_end(operation, spoil, store, direct, proxy) -> None:
    if operation in READS:
        direct.write([Add(STORED)])
    proxy.plan = always(spoil)
    with pytest.raises(DynamoDbError) as caught:
        CALLS[operation](store)
    assert proxy.operations == [operation] * STAFF_ATTEMPTS
    assert caught.value.name == "lost"
    assert caught.value.outcome_unknown == (operation not in READS)
    assert (NOT_CERTAIN in caught.value.reason) == (operation not in READS)
    # Who looks for the cause finds the host, and what may stand between.
    assert "127.0.0.1:" in caught.value.reason
    assert caught.value.code == "IncompleteAnswerError"


@each_spoil
def test_a_stored_item_is_never_missing(spoil, store, direct, proxy) -> None:
    direct.write([Add(STORED)])
    proxy.plan = first(1, spoil)
    assert store.get("a") == STORED
    proxy.plan = always(spoil)
    with pytest.raises(DynamoDbError):
        store.get("a")


@each_spoil
def test_what_was_read_in_pages_is_never_shorter(spoil, store, direct, proxy) -> None:
    direct.write([Add(STORED)])
    proxy.plan = first(1, spoil)
    assert store.count(GSI2, "STATUS#pending", cap=9) == 1
    assert len(store.query(GSI2, "STATUS#pending").items) == 1
    assert len(store.scan().items) == 1


@each_spoil
def test_a_refusal_that_was_spoiled_is_no_success(spoil, store, direct, proxy) -> None:
    direct.write([Add(item("a", 7))])
    proxy.plan = always(spoil)
    for changes in ([Replace(item("a", 2), 1)], [Remove("a", 1)], [Add(item("b")), Add(item("a"))]):
        with pytest.raises(DynamoDbError) as caught:
            store.write(changes)
        assert caught.value.outcome_unknown
    assert list(direct.scan().items) == [item("a", 7)]


def test_an_answer_that_was_promised_to_be_longer_is_not_whole(store, direct, proxy) -> None:
    direct.write([Add(STORED)])
    proxy.plan = always(Spoil(lambda body: body, fitting_length=False, checksum=False))
    with pytest.raises(DynamoDbError):
        store.get("a")


def test_another_item_than_the_one_that_was_asked_for_is_no_answer(store, direct, proxy) -> None:
    direct.write([Add(item("a")), Add(item("b"))])
    proxy.plan = always(Spoil(lambda body: body.replace(b'"a"', b'"b"'), checksum=False))
    with pytest.raises(DynamoDbError):
        store.get("a")


def test_a_list_that_lacks_rows_is_no_answer(store, direct, proxy) -> None:
    direct.write([Add(STORED)])
    proxy.plan = always(Spoil(lambda body: body.replace(b'"Items"', b'"Itemz"'), checksum=False))
    with pytest.raises(DynamoDbError):
        store.query(GSI2, "STATUS#pending")


def test_an_error_without_a_code_of_aws_leaves_the_outcome_open(engine: Engine) -> None:
    # A gateway that gave up waiting answers with a page and a status of its own.
    location = engine.new_table()
    page = Spoil(lambda _body: b"<h1>Gateway timeout</h1>", checksum=False, status=403)
    with between(engine.url) as proxy:
        proxy.plan = always(page, "PutItem")
        store = DynamoDbStore(replace(location, endpoint=proxy.url))
        with pytest.raises(DynamoDbError) as caught:
            store.write([Add(item("a"))])
        store.close()
    assert caught.value.outcome_unknown


def test_no_checksum_is_no_error(store, direct) -> None:
    # The engine of the tests sends none, as other local engines do.
    direct.write([Add(STORED)])
    assert store.get("a") == STORED
    with pytest.raises(ItemNotFoundError):
        store.get("b")
