"""Calls to a DynamoDB store, and faults, for tests of what happens when one meets the other."""

from collections.abc import Callable

import pytest

from portal.stores.contract import (
    Add,
    Item,
    Remove,
    StoreError,
)
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.schema import GSI2
from tests.fault_proxy import Refuse

THROTTLED = Refuse("ProvisionedThroughputExceededException", message="too much for hush@a.b")
CONFLICT = Refuse("TransactionConflictException")
NOTHING_SAVED = "Nothing was saved."
NOT_CERTAIN = "It is not certain whether it was saved: look again before repeating it."


def item(tenant_id: str, version: int = 1, **more: str) -> Item:
    return {"tenantId": tenant_id, "version": version, "clientSecret": "hush", **more}


def nothing_in(store: DynamoDbStore) -> bool:
    return list(store.scan().items) == []


def text_of(error: StoreError) -> str:
    return f"{error!r} {error}"


WRITES = {
    "one": lambda store: store.write([Add(item("a"))]),
    "together": lambda store: store.write([Add(item("a")), Add(item("b"))]),
}
each_write = pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
READS: dict[str, Callable[[DynamoDbStore], object]] = {
    "GetItem": lambda store: store.get("a"),
    "TransactGetItems": lambda store: store.get_many(["a", "b"]),
    "Query": lambda store: store.query(GSI2, "STATUS#pending"),
    "Scan": lambda store: store.scan(),
}
CALLS: dict[str, Callable[[DynamoDbStore], object]] = {
    **READS,
    "PutItem": lambda store: store.write([Add(item("a"))]),
    "DeleteItem": lambda store: store.write([Remove("a", 1)]),
    "TransactWriteItems": lambda store: store.write([Add(item("a")), Add(item("b"))]),
}
each_call = pytest.mark.parametrize("operation", CALLS)
