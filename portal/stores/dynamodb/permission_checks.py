"""Questions that change nothing, one for each thing that the portal does at DynamoDB.

The writes have a condition that cannot hold. DynamoDB asks first whether it is allowed.
"""

from collections.abc import Mapping
from typing import Any

from portal.stores.schema import INDEXES, KEY

#: The id of no item: ids hold no spaces.
_NO_ITEM: Mapping[str, Any] = {KEY: {"S": "portal check"}}
_FALSE_CONDITION: Mapping[str, Any] = {
    "ConditionExpression": "attribute_exists(#k)",
    "ExpressionAttributeNames": {"#k": KEY},
}

GET_CHECK = ("GetItem", {"Key": _NO_ITEM, "ConsistentRead": True})
DELETE_CHECK = ("DeleteItem", {"Key": _NO_ITEM, **_FALSE_CONDITION})

#: What is tried, in words -> the operation and its parameters, without the table's name.
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
