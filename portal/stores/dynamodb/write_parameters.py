"""The parameters of writes: what is put, deleted or counted, and on which condition.

Every attribute name has an alias, since `status` and `ttl` are reserved words.
"""

from collections.abc import Mapping
from typing import Any

from portal.stores.contract import MAX_NUMBER, Add, Change, Count, Item, Remove, Replace
from portal.stores.dynamodb.client import Parameters
from portal.stores.dynamodb.serialization import to_attribute, to_attributes
from portal.stores.schema import KEY


def key_of(item_id: str) -> Mapping[str, Any]:
    return {KEY: {"S": item_id}}


def transaction_part(table: str, change: Change, item_id: str, item: Item | None) -> Parameters:
    """One change of a transaction. `item`: what it leaves; for a count, what it sets."""
    match change:
        case Count():
            return {"Update": {"TableName": table, **_counting(change, item or {})}}
        case Remove():
            return {"Delete": {"TableName": table, **conditional(change, item_id, item)}}
        case _:
            return {"Put": {"TableName": table, **conditional(change, item_id, item)}}


def conditional(change: Add | Replace | Remove, item_id: str, item: Item | None) -> Parameters:
    """The parameters of one put or delete, with its condition."""
    values: dict[str, Any] = {}
    read = change.read if isinstance(change, Replace) else None
    if isinstance(change, Add):
        condition, names = "attribute_not_exists(#k)", {"#k": KEY}
    elif change.expected is None and read and "version" in (odd := to_attributes(read)):
        # What stands there is no version. The caller has read it, and it must still stand there.
        condition, names = "#v = :v", {"#v": "version"}
        values[":v"] = odd["version"]
    elif change.expected is None:
        condition = "attribute_exists(#k) AND attribute_not_exists(#v)"
        names = {"#k": KEY, "#v": "version"}
    else:
        condition, names = "#v = :v", {"#v": "version"}
        # No item has a larger version, and DynamoDB refuses numbers of more than 38 digits.
        values[":v"] = {"N": str(min(change.expected, MAX_NUMBER + 1))}
    if read is not None:
        names["#u"] = "updatedAt"
        updated_at = read.get("updatedAt")
        if updated_at is None:
            condition += " AND attribute_not_exists(#u)"
        else:
            condition += " AND #u = :u"
            values[":u"] = to_attributes({"updatedAt": updated_at})["updatedAt"]
    target = {"Key": key_of(item_id)} if item is None else {"Item": to_attributes(item)}
    return {
        **target,
        "ConditionExpression": condition,
        "ExpressionAttributeNames": names,
        **({"ExpressionAttributeValues": values} if values else {}),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def _counting(count: Count, item: Item) -> Parameters:
    """The parameters of the update that counts. `item`: what it sets."""
    names: dict[str, str] = {}
    values: dict[str, Any] = {":one": to_attribute(1)}
    additions, conditions, assignments = [], [], []
    for number, (name, limit) in enumerate(count.limits.items()):
        names[f"#n{number}"], values[f":n{number}"] = name, to_attribute(limit)
        additions.append(f"#n{number} :one")
        conditions.append(f"(attribute_not_exists(#n{number}) OR #n{number} < :n{number})")
    for number, (name, value) in enumerate(item.items()):
        if name != KEY:
            names[f"#s{number}"], values[f":s{number}"] = name, to_attribute(value)
            assignments.append(f"#s{number} = if_not_exists(#s{number}, :s{number})")
    setting = f"SET {', '.join(assignments)} " if assignments else ""
    return {
        "Key": key_of(count.item_id),
        "UpdateExpression": f"{setting}ADD {', '.join(additions)}",
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
