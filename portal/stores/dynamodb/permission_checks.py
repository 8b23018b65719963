"""One request for each permission that the portal needs. None of them changes anything.

The writes have a condition that is always false. DynamoDB checks the permission first.
"""

from collections.abc import Mapping
from typing import Any

from portal.stores.schema import INDEXES, KEY, Index

#: No item has this id, since ids hold no spaces.
_NO_ITEM: Mapping[str, Any] = {KEY: {"S": "portal check"}}
_FALSE_CONDITION: Mapping[str, Any] = {
    "ConditionExpression": "attribute_exists(#k)",
    "ExpressionAttributeNames": {"#k": KEY},
}

GET_CHECK = ("GetItem", {"Key": _NO_ITEM, "ConsistentRead": True})
DELETE_CHECK = ("DeleteItem", {"Key": _NO_ITEM, **_FALSE_CONDITION})


def _query(index: Index) -> Mapping[str, Any]:
    """Asks for the columns that lists show. DynamoDB refuses an index that lacks one, even if no
    row is found."""
    columns = {f"#c{n}": name for n, name in enumerate(sorted(index.attributes or ()))}
    return {
        "IndexName": index.name,
        "KeyConditionExpression": "#p = :p",
        "ExpressionAttributeNames": {"#p": index.partition, **columns},
        "ExpressionAttributeValues": {":p": {"S": "portal check"}},
        **({"ProjectionExpression": ", ".join(columns)} if columns else {}),
    }


def row_check(index: Index) -> tuple[str, Mapping[str, Any]]:
    """Any row of the index: some engines do not refuse `_query` if the index lacks a column."""
    return "Scan", {"IndexName": index.name, "Limit": 1}


def lacks_columns(index: Index, row: Mapping[str, Any]) -> bool:
    """Whether a row of the index has its keys only, so that a list could show nothing of it."""
    return not row.keys() - {KEY, index.partition, index.sort}


def joint_read_check(table: str) -> tuple[str, Mapping[str, Any]]:
    """A transaction of reads. A policy may deny it in spite of the permission to read."""
    other: Mapping[str, Any] = {KEY: {"S": "portal check of a transaction"}}
    return "TransactGetItems", {
        "TransactItems": [{"Get": {"TableName": table, "Key": key}} for key in (_NO_ITEM, other)]
    }


def transaction_check(table: str) -> tuple[str, Mapping[str, Any]]:
    """A transaction whose conditions cannot hold. An engine without transactions refuses it."""
    other: Mapping[str, Any] = {KEY: {"S": "portal check of a transaction"}}
    parts = {"Put": {"Item": _NO_ITEM}, "Delete": {"Key": other}}
    return "TransactWriteItems", {
        "TransactItems": [
            {kind: {"TableName": table, **target, **_FALSE_CONDITION}}
            for kind, target in parts.items()
        ]
    }


#: Name for people -> operation and parameters, without the name of the table.
PERMISSION_CHECKS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "GetItem": GET_CHECK,
    "PutItem": ("PutItem", {"Item": _NO_ITEM, **_FALSE_CONDITION}),
    "UpdateItem": (
        "UpdateItem",
        {
            "Key": _NO_ITEM,
            "UpdateExpression": "SET #v = :v",
            "ConditionExpression": "attribute_exists(#k)",
            "ExpressionAttributeNames": {"#k": KEY, "#v": "version"},
            "ExpressionAttributeValues": {":v": {"N": "0"}},
        },
    ),
    "DeleteItem": DELETE_CHECK,
    **{f"Query on {index.name}": ("Query", _query(index)) for index in INDEXES},
    "Scan": ("Scan", {"Limit": 1}),
}
