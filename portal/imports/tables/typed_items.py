"""Items in DynamoDB's JSON, such as `{"accountId": {"S": "86810"}}`, without their types."""

import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from portal.stores import INDEXES, KEY
from portal.tenants import ID

_TYPES = frozenset({"S", "N", "BOOL", "NULL", "M", "L", "SS", "NS", "BS", "B"})
#: Where an object holds an item: of `get-item` and an export to S3, of a batch of writes, of an
#: incremental export, and of a stream.
_PATHS = (("Item",), ("PutRequest", "Item"), ("NewImage",), ("dynamodb", "NewImage"))
#: Keys whose object is an item. The object after another key, such as `LastEvaluatedKey` or
#: `OldImage`, may look like one, but is none.
ITEM_KEYS = frozenset({"Item", "NewImage", "Attributes"})
#: Keys of an object with a list of items for each table.
TABLE_KEYS = frozenset({"Responses", "RequestItems"})
#: Keys that have a value only if the answer of a table is a part of what was asked for. `Count` is
#: not among them: it counts what was read, not what was written into the file.
PART_KEYS = frozenset({"NextToken", "LastEvaluatedKey", "UnprocessedKeys"})
#: Keys of an answer of a table beside its items.
_ANSWER_KEYS = PART_KEYS | {"Count", "ScannedCount", "ConsumedCapacity"}
#: The table's index keys are made anew on each write.
_INDEX_KEYS = frozenset(name for index in INDEXES for name in (index.partition, index.sort))
_FINAL_ID = re.compile(f"{ID}_{ID}", re.ASCII)
#: Items of the portal beside its tenants: events, claims, sign-ups, imports.
_OTHER_KIND = re.compile(r"[a-z]+-")
#: DynamoDB's numbers have at most 38 digits.
_MAX_NUMBER = 64


class Unwrapped(NamedTuple):
    """An item without its types.

    left_out: names of the attributes that are sets, lists, maps or bytes.
    """

    fields: dict[str, Any]
    left_out: tuple[str, ...]

    @property
    def is_tenant(self) -> bool:
        """Whether the item is a tenant, and not one of the other items of the portal's table."""
        item_id = self.fields.get(KEY)
        has_ids = "accountId" in self.fields and "companyId" in self.fields
        if not isinstance(item_id, str):
            return has_ids
        if _FINAL_ID.fullmatch(item_id):
            return True
        return has_ids and not _OTHER_KIND.match(item_id)


def is_typed(value: Any) -> bool:
    """Whether the value is an item in DynamoDB's JSON."""
    return (
        type(value) is dict
        and bool(value)
        and all(
            type(typed) is dict and len(typed) == 1 and not _TYPES.isdisjoint(typed)
            for typed in value.values()
        )
    )


def item_of(value: Any) -> dict[str, Any] | None:
    """The item that the value is or holds, in DynamoDB's JSON; else `None`."""
    if type(value) is not dict or type(value.get("accountId")) is str:
        # Nearly all objects are plain tenants.
        return None
    for path in _PATHS:
        inner: Any = value
        for name in path:
            inner = inner.get(name) if type(inner) is dict else None
        if is_typed(inner):
            item: dict[str, Any] = inner
            return item
    return value if is_typed(value) else None


def is_deletion(value: Mapping[str, Any]) -> bool:
    """Whether a record of a stream, a line of an incremental export, or a request in a batch of
    writes says that its item is deleted."""
    if isinstance(value.get("DeleteRequest"), dict):
        return True
    record = value.get("dynamodb", value)
    return (
        isinstance(record, dict)
        and is_typed(record.get("Keys"))
        and "NewImage" not in record
        and ("OldImage" in record or "Metadata" in value or value.get("eventName") == "REMOVE")
    )


def rest_of_answer(value: Any) -> str | None:
    """What is left of an answer of a table if somebody has put each item on a line: the key that
    says that the answer is a part, or an empty text if its value says that it is none. `None` if
    the value is no rest.
    """
    if type(value) is not dict or value.keys().isdisjoint(PART_KEYS):
        return None
    if not value.keys() <= _ANSWER_KEYS:
        return None
    return next((key for key in value if key in PART_KEYS and value[key]), "")


def is_schema(value: Any) -> bool:
    """Whether the value describes a table, as the first line of dyno's files does."""
    table = value.get("Table", value) if isinstance(value, dict) else None
    return isinstance(table, dict) and "KeySchema" in table and "AttributeDefinitions" in table


def unwrapped(item: Mapping[str, Any]) -> Unwrapped:
    """`item`: in DynamoDB's JSON."""
    fields: dict[str, Any] = {}
    left_out = []
    for name, typed in item.items():
        if name in _INDEX_KEYS:
            continue
        ((kind, value),) = typed.items()
        match kind:
            case "S" | "BOOL":
                fields[name] = value
            case "N" if (number := _number(value)) is not None:
                fields[name] = number
            case "NULL":
                fields[name] = None
            case _:
                left_out.append(name)
    return Unwrapped(fields, tuple(left_out))


def _number(value: Any) -> int | float | None:
    """`None` if it is no number."""
    text = str(value)
    if isinstance(value, bool) or len(text) > _MAX_NUMBER:
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
