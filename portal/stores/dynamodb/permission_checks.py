"""One request for each permission that the portal needs. None of them changes anything.

The writes have a condition that is always false. DynamoDB checks the permission first.
"""

from collections.abc import Mapping
from typing import Any

from portal.stores.schema import INDEXES, KEY

#: No item has this id, since ids hold no spaces.
_NO_ITEM: Mapping[str, Any] = {KEY: {"S": "portal check"}}
_FALSE_CONDITION: Mapping[str, Any] = {
    "ConditionExpression": "attribute_exists(#k)",
    "ExpressionAttributeNames": {"#k": KEY},
}

GET_CHECK = ("GetItem", {"Key": _NO_ITEM, "ConsistentRead": True})
DELETE_CHECK = ("DeleteItem", {"Key": _NO_ITEM, **_FALSE_CONDITION})

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
    **{
        f"Query on {index.name}": (
            "Query",
            {
                "IndexName": index.name,
                "KeyConditionExpression": "#p = :p",
                "ExpressionAttributeNames": {"#p": index.partition},
                "ExpressionAttributeValues": {":p": {"S": "portal check"}},
            },
        )
        for index in INDEXES
    },
    "Scan": ("Scan", {"Limit": 1}),
}
