"""What only the DynamoDB store does: its requests, its metrics, its behaviour after a fork."""

import multiprocessing
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from portal.stores.contract import Add, Item, ItemExistsError, Remove, Replace
from portal.stores.dynamodb.client import make_client
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.schema import GSI1, GSI2
from tests.dynamodb_engine import Engine

FORK = multiprocessing.get_context("fork")


def item(tenant_id: str, **more: str | int) -> Item:
    return {"tenantId": tenant_id, "version": 1, **more}


@pytest.fixture
def store(engine: Engine) -> Iterator[DynamoDbStore]:
    opened = DynamoDbStore(engine.new_table())
    yield opened
    opened.close()


# ---- More than one answer of DynamoDB


def test_a_page_may_need_several_answers_of_one_megabyte(store) -> None:
    # GSI1 projects all attributes; one answer of DynamoDB ends after 1 MB.
    large = "x" * 200_000
    for n in range(12):
        store.write([Add(item(f"{n:02}", gsi1pk="ACCOUNT#1", gsi1sk=f"{n:02}", text=large))])
    page = store.query(GSI1, "ACCOUNT#1", limit=11)
    assert [row["tenantId"] for row in page.items] == [f"{n:02}" for n in range(11)]
    assert page.after == ("10", "10")
    assert store.query(GSI1, "ACCOUNT#1", limit=12).after is None
    assert store.count(GSI1, "ACCOUNT#1", cap=100) == 12
    assert len(store.scan(limit=12).items) == 12


# ---- Its requests


def expressions(request: object) -> Iterator[str]:
    if isinstance(request, dict):
        for name, value in request.items():
            if name.endswith("Expression"):
                yield value
            yield from expressions(value)
    if isinstance(request, list):
        for each in request:
            yield from expressions(each)


def test_reads_are_consistent_and_names_have_an_alias(engine, proxy) -> None:
    store = DynamoDbStore(replace(engine.new_table(), endpoint=proxy.url))
    store.write([Add(item("a", gsi2pk="P", gsi2sk="1", status="x", ttl=7))])
    store.write([Replace(item("a", gsi2pk="P", gsi2sk="1"), 1), Add(item("b"))])
    for between_ in (None, ("1", "2"), ("", "2")):
        store.query(GSI2, "P", between=between_)
    store.count(GSI2, "P", cap=5)
    store.get("a")
    store.scan()
    store.write([Remove("a", 1)])
    for request in zip(proxy.operations, proxy.asked, strict=True):
        if request[0] in {"GetItem", "Scan"}:
            assert request[1]["ConsistentRead"] is True
    used = {text for request in proxy.asked for text in expressions(request)}
    # `status` and `ttl` are reserved words, and any other name may become one.
    plain = {word for text in used for word in re.findall(r"(?<![#:\w])\w+", text)}
    assert plain <= {"attribute_exists", "attribute_not_exists", "AND", "BETWEEN"}
    assert len(used) >= 4
    store.close()


def test_a_failed_condition_brings_the_item(engine, proxy) -> None:
    store = DynamoDbStore(replace(engine.new_table(), endpoint=proxy.url))
    store.write([Add(item("a", text="there"))])
    for changes in ([Add(item("a"))], [Add(item("b")), Add(item("a"))]):
        with pytest.raises(ItemExistsError) as caught:
            store.write(changes)
        assert caught.value.item["text"] == "there"
    # It did not have to be read afterwards, when it may have changed again.
    assert "GetItem" not in proxy.operations
    store.close()


def test_additional_attributes_of_an_index_are_not_shown(engine) -> None:
    location = engine.new_table(carrying_all="GSI2")
    store = DynamoDbStore(location)
    store.write([Add(item("a", gsi2pk="P", gsi2sk="1", status="x", clientSecret="hush"))])
    (row,) = store.query(GSI2, "P").items
    assert row == item("a", gsi2pk="P", gsi2sk="1", status="x")
    store.close()


def test_the_client_makes_one_short_attempt(engine) -> None:
    config = make_client(engine.new_table()).meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, 3)
    assert config.retries["total_max_attempts"] == 1


# ---- Processes


def _answers(store: DynamoDbStore, results) -> None:
    results.put([store.get("a")["version"] for _ in range(50)])


def test_after_a_fork_parent_and_child_have_sockets_of_their_own(store) -> None:
    store.write([Add(item("a"))])
    ours = store.connection
    results = FORK.Queue()
    children = [FORK.Process(target=_answers, args=(store, results)) for _ in range(3)]
    for child in children:
        child.start()
    # Meanwhile the parent continues with its own socket.
    assert [store.get("a")["version"] for _ in range(50)] == [1] * 50
    assert [results.get(timeout=30) for _ in children] == [[1] * 50] * 3
    for child in children:
        child.join()
        assert child.exitcode == 0
    assert store.connection is ours
