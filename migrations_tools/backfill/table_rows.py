"""The rows of a DynamoDB table that another program may be writing at the same time.

The old application knows no versions. So a row is changed only if every attribute that the
change was derived from is still as it was read, and only the changed attributes are written.
"""

from collections.abc import Iterable, Mapping
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
    to_attributes,
)

_INDEX_KEYS = tuple(name for index in INDEXES for name in (index.partition, index.sort))
#: The attributes that index keys and the state of a secret are derived from. One that only makes a
#: row incomplete by its type is not among them: the next run looks again.
_SOURCE_ATTRIBUTES = (
    "version", "status", "isActive", "accountId", "companyId", "cluster", "contactCompanyName",
    "contactFullName", "contactEmailAddress", "createdAt", "updatedAt", "validFrom", "validTo",
    "openEnded", "decidedAt", "decidedVerb", "setAside", "forwardTo", records.ADOPT_ANSWER,
    records.SECRET, *_INDEX_KEYS,
)  # fmt: skip
#: What an answer to a row depends on: everything that the portal reads of it.
_ALL_ATTRIBUTES = (
    *sorted(records.TENANT_ATTRIBUTES - {KEY} | {records.ADOPT_ANSWER}),
    *_INDEX_KEYS,
)

_Attributes = Mapping[str, Any]


class TableRows:
    """Needs the permissions for `Scan`, `GetItem`, `UpdateItem` and `PutItem`, which the portal's
    policy includes."""

    def __init__(self, store: DynamoDbStore, table: str) -> None:
        self._store = store
        self._connection = store.connection
        self._table = table

    def page(self, segment: Segment, after: str | None) -> Page:
        return self._store.scan(segment, after=after, limit=PAGE_SIZE)

    def get(self, row_id: str) -> Item:
        return self._store.get(row_id)

    def change(self, row: Item, changes: Changes) -> None:
        after = {name: value for name, value in {**row, **changes}.items() if value is not None}
        self._call("UpdateItem", row, self._update(row, after, _SOURCE_ATTRIBUTES))

    def decide(self, row: Item, after: Item, event: Item) -> None:
        update = self._update(row, after, _ALL_ATTRIBUTES)
        put = {
            "TableName": self._table,
            "Item": to_attributes(event),
            "ConditionExpression": "attribute_not_exists(#k)",
            "ExpressionAttributeNames": {"#k": KEY},
        }
        self._call("TransactWriteItems", row, {"TransactItems": [{"Update": update}, {"Put": put}]})

    def _update(self, row: Item, after: Item, sources: Iterable[str]) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Key": {KEY: {"S": str(row[KEY])}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **_expressions(to_attributes(row), to_attributes(after), sources),
        }

    def _call(self, operation: str, row: Item, parameters: dict[str, Any]) -> None:
        tenant_id = str(row[KEY])
        try:
            self._connection.call(operation, kind_of_id(tenant_id), parameters, changes=True)
        except ConditionFailedError as error:
            # A transaction says it of each of its parts; the row is the first one.
            reasons = error.answer.get("CancellationReasons") or [error.answer]
            current = reasons[0].get("Item")
            raise VersionConflictError(
                item_id=tenant_id, item=from_attributes(current) if current else None
            ) from error
        except DynamoDbError as error:
            # DynamoDB has a code of its own for neither: a long key is a value that is not valid.
            if error.name == "too-large" or error.code == "ValidationException":
                raise RowTooLargeError from error
            raise


def _expressions(row: _Attributes, after: _Attributes, sources: Iterable[str]) -> dict[str, Any]:
    """The parameters of `UpdateItem` that make the row `after`, if the `sources` and what changes
    are as they were read. Other attributes may have changed, and stay."""
    changed = [name for name in {**row, **after} if row.get(name) != after.get(name)]
    names = {"#k": KEY}
    values: dict[str, Any] = {}
    conditions = ["attribute_exists(#k)"]
    assignments, removals = [], []
    for number, name in enumerate(dict.fromkeys([*sources, *changed])):
        names[f"#r{number}"] = name
        if name in row:
            values[f":r{number}"] = row[name]
            conditions.append(f"#r{number} = :r{number}")
        else:
            conditions.append(f"attribute_not_exists(#r{number})")
        if name in changed and name in after:
            values[f":c{number}"] = after[name]
            assignments.append(f"#r{number} = :c{number}")
        elif name in changed:
            removals.append(f"#r{number}")
    update = [f"SET {', '.join(assignments)}"] if assignments else []
    update += [f"REMOVE {', '.join(removals)}"] if removals else []
    return {
        "UpdateExpression": " ".join(update),
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
