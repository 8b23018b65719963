"""Reads many items with few calls: `TransactGetItems`, which takes 100 of them.

It needs no permission but that for `GetItem`, and costs twice its read units. `BatchGetItem` would
cost no more than `GetItem`, but needs a permission that the portal's role does not have.
"""

from collections.abc import Callable, Sequence
from typing import Any

from portal.stores.contract import Item
from portal.stores.dynamodb.answers import Answer
from portal.stores.dynamodb.client import DynamoDbError, Parameters, ReadsRefusedError
from portal.stores.dynamodb.failures import FailureName
from portal.stores.dynamodb.key_condition import is_key
from portal.stores.dynamodb.metrics import kind_of_ids
from portal.stores.dynamodb.serialization import from_attributes
from portal.stores.dynamodb.write_parameters import key_of

#: DynamoDB's limit for a transaction.
_MAX_READS = 100
#: DynamoDB does not take the transaction, and would not take it later. `unexpected`: its items may
#: have more than 4 MB together, for which no error code is documented.
_TOO_MUCH: frozenset[FailureName] = frozenset({"too-large", "unexpected"})

#: Operation, kind of the items, and parameters -> the answer.
Call = Callable[[str, str, Parameters], Answer]


class BatchReads:
    """Reads items of one table.

    Args:
        call: Sends a `TransactGetItems`. May raise `ReadsRefusedError`.
        get: Reads one item; `None` if it is not there.
    """

    def __init__(self, table: str, call: Call, get: Callable[[str], Item | None]) -> None:
        self._table = table
        self._call = call
        self._get = get

    def __call__(self, item_ids: Sequence[str]) -> dict[str, Item]:
        """The items that are there. May raise what `get` raises."""
        # DynamoDB refuses a transaction that names an item twice.
        keys = [each for each in dict.fromkeys(item_ids) if is_key(each)]
        found: dict[str, Item] = {}
        for start in range(0, len(keys), _MAX_READS):
            found |= self._some(keys[start : start + _MAX_READS])
        return found

    def _some(self, keys: Sequence[str]) -> dict[str, Item]:
        if len(keys) == 1:
            return self._one_by_one(keys)
        gets = [{"Get": {"TableName": self._table, "Key": key_of(key)}} for key in keys]
        try:
            answer = self._call("TransactGetItems", kind_of_ids(keys), {"TransactItems": gets})
        except ReadsRefusedError as refused:
            return self._without_writers(keys, refused.answer)
        except DynamoDbError as error:
            if error.name == "no-operation":
                # Not every engine has transactions.
                return self._one_by_one(keys)
            if error.name not in _TOO_MUCH:
                raise
            # If it is something else, the read of a single item says so.
            middle = len(keys) // 2
            return self._some(keys[:middle]) | self._some(keys[middle:])
        items = (response.get("Item") for response in answer["Responses"])
        return {key: from_attributes(item) for key, item in zip(keys, items, strict=True) if item}

    def _without_writers(self, keys: Sequence[str], answer: Answer) -> dict[str, Item]:
        """The items that others are writing, one by one; the rest together."""
        reasons: Sequence[Any] = answer.get("CancellationReasons", ())
        if len(reasons) != len(keys):
            return self._one_by_one(keys)
        written: list[str] = []
        free: list[str] = []
        for key, reason in zip(keys, reasons, strict=True):
            (free if reason.get("Code", "None") == "None" else written).append(key)
        return self._one_by_one(written) | (self._some(free) if free else {})

    def _one_by_one(self, keys: Sequence[str]) -> dict[str, Item]:
        items = ((key, self._get(key)) for key in keys)
        return {key: item for key, item in items if item is not None}
