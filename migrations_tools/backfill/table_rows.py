"""The rows of a DynamoDB table that another program may be writing at the same time.

The old application knows no versions. So a row is changed only if every attribute that the
change was derived from is still as it was read, and only the changed attributes are written.
"""

from typing import Any

from migrations_tools.backfill.rows import PAGE_SIZE, Changes, RowTooLargeError
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

#: The attributes that index keys and the state of a secret are derived from.
_SOURCE_ATTRIBUTES = (
    "version", "status", "isActive", "accountId", "companyId", "contactCompanyName",
    "contactEmailAddress", "createdAt", "updatedAt", "validFrom", "validTo", "openEnded",
    "decidedAt", "decidedVerb", "setAside", "forwardTo", records.SECRET,
    *(name for index in INDEXES for name in (index.partition, index.sort)),
)  # fmt: skip


class TableRows:
    """Needs the permissions for `Scan` and `UpdateItem`, which the portal's policy includes."""

    def __init__(self, store: DynamoDbStore, table: str) -> None:
        self._store = store
        self._connection = store.connection
        self._table = table

    def page(self, segment: Segment, after: str | None) -> Page:
        return self._store.scan(segment, after=after, limit=PAGE_SIZE)

    def change(self, row: Item, changes: Changes) -> None:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - takes 0.4 s

        tenant_id = str(row[KEY])
        try:
            self._connection.call(
                "UpdateItem",
                kind_of_id(tenant_id),
                {
                    "TableName": self._table,
                    "Key": {KEY: {"S": tenant_id}},
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    **_expressions(row, changes),
                },
                changes=True,
            )
        except ConditionFailedError as error:
            current = error.answer.get("Item")
            raise VersionConflictError(
                item_id=tenant_id, item=from_attributes(current) if current else None
            ) from error
        except DynamoDbError as error:
            if error.name == "too-large":
                raise RowTooLargeError from error
            raise
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ValidationException":
                raise RowTooLargeError from error
            raise


def _expressions(row: Item, changes: Changes) -> dict[str, Any]:
    """The parameters of `UpdateItem` that write `changes` if the row is still as it was read."""
    attributes = to_attributes(row)
    names = {"#k": KEY}
    values: dict[str, Any] = {}
    conditions = ["attribute_exists(#k)"]
    for number, name in enumerate(_SOURCE_ATTRIBUTES):
        names[f"#r{number}"] = name
        if name in attributes:
            values[f":r{number}"] = attributes[name]
            conditions.append(f"#r{number} = :r{number}")
        else:
            conditions.append(f"attribute_not_exists(#r{number})")
    placeholders = {name: f"#r{number}" for number, name in enumerate(_SOURCE_ATTRIBUTES)}
    assignments, removals = [], []
    for number, (name, value) in enumerate(changes.items()):
        if value is None:
            removals.append(placeholders[name])
        else:
            values[f":c{number}"] = to_attribute(value)
            assignments.append(f"{placeholders[name]} = :c{number}")
    update = [f"SET {', '.join(assignments)}"] if assignments else []
    update += [f"REMOVE {', '.join(removals)}"] if removals else []
    return {
        "UpdateExpression": " ".join(update),
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
