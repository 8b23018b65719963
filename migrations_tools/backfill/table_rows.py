"""The rows of a DynamoDB table that another program may be writing at the same time.

The old application knows no versions, so a row is changed only while everything that the
change was worked out from is as it was read; and only what changes is written.
"""

from typing import Any

from migrations_tools.backfill.rows import PAGE, Changes, RowTooLargeError
from portal import records
from portal.stores import (
    INDEXES,
    KEY,
    Item,
    Page,
    Segment,
    VersionConflictError,
)
from portal.stores.dynamodb import (
    ConditionFailedError,
    DynamoDbError,
    DynamoDbStore,
    from_attributes,
    kind_of_id,
    to_attribute,
    to_attributes,
)

#: What index keys and the state of a secret are worked out from.
_READ = (
    "version", "status", "isActive", "accountId", "companyId", "contactCompanyName",
    "contactEmailAddress", "createdAt", "updatedAt", "validFrom", "validTo", "openEnded",
    "decidedAt", "decidedVerb", "setAside", "forwardTo", records.SECRET,
    *(name for index in INDEXES for name in (index.partition, index.sort)),
)  # fmt: skip


class TableRows:
    """Asks for `Scan` and `UpdateItem`: the portal's own rights are enough."""

    def __init__(self, store: DynamoDbStore, table: str) -> None:
        self._store = store
        self._connection = store.connection
        self._table = table

    def page(self, segment: Segment, after: str | None) -> Page:
        return self._store.scan(segment, after=after, limit=PAGE)

    def change(self, before: Item, changes: Changes) -> None:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - takes 0.4 s

        tenant_id = str(before[KEY])
        try:
            self._connection.call(
                "UpdateItem",
                kind_of_id(tenant_id),
                {
                    "TableName": self._table,
                    "Key": {KEY: {"S": tenant_id}},
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    **_expressions(before, changes),
                },
                changes=True,
            )
        except ConditionFailedError as refused:
            now = refused.answer.get("Item")
            raise VersionConflictError(
                item_id=tenant_id, item=from_attributes(now) if now else None
            ) from refused
        except DynamoDbError as error:
            if error.name == "too-large":
                raise RowTooLargeError from error
            raise
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ValidationException":
                raise RowTooLargeError from error
            raise


def _expressions(before: Item, changes: Changes) -> dict[str, Any]:
    read = to_attributes(before)
    names = {"#k": KEY}
    values: dict[str, Any] = {}
    conditions = ["attribute_exists(#k)"]
    for number, name in enumerate(_READ):
        names[f"#r{number}"] = name
        if name in read:
            values[f":r{number}"] = read[name]
            conditions.append(f"#r{number} = :r{number}")
        else:
            conditions.append(f"attribute_not_exists(#r{number})")
    alias = {name: f"#r{number}" for number, name in enumerate(_READ)}
    put, gone = [], []
    for number, (name, value) in enumerate(changes.items()):
        if value is None:
            gone.append(alias[name])
        else:
            values[f":c{number}"] = to_attribute(value)
            put.append(f"{alias[name]} = :c{number}")
    update = [f"SET {', '.join(put)}"] if put else []
    update += [f"REMOVE {', '.join(gone)}"] if gone else []
    return {
        "UpdateExpression": " ".join(update),
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
