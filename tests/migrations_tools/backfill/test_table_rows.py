"""A row of a table is changed in what it lacks, and only while it is as it was read."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from migrations_tools.backfill.rows import RowTooLargeError
from migrations_tools.backfill.table_rows import TableRows
from migrations_tools.table_definition import PORTAL_ACTIONS
from portal.sealing.sealers import KeyFileSealer
from portal.stores.dynamodb.serialization import to_attributes
from portal.stores.dynamodb.store import DynamoDbStore
from tests.migrations_tools.backfill.old_rows import Interrupting, Table, adopt, old_row


def test_what_changes_beside_it_is_not_even_read_again(table: Table, sealer: KeyFileSealer) -> None:
    table.put(old_row(1))

    def write() -> None:
        table.old_application_sets("86811_104348", "contactPhone", {"S": "+4930901820"})

    report = adopt(table, sealer, rows=Interrupting(table.rows(table.store), write))
    assert report.changed_meanwhile == 0
    assert table.store.get("86811_104348")["contactPhone"] == "+4930901820"


def test_lists_maps_and_nulls_of_the_old_application_stay(
    table: Table, sealer: KeyFileSealer
) -> None:
    odd = {
        "tags": {"SS": ["a", "b"]},
        "limits": {"M": {"users": {"N": "1.5"}}},
        "gone": {"NULL": True},
    }
    table.client.put_item(TableName=table.place.table, Item={**to_attributes(old_row(1)), **odd})
    adopt(table, sealer)
    now = table.client.get_item(
        TableName=table.place.table, Key={"tenantId": {"S": "86811_104348"}}
    )["Item"]
    assert {name: now[name] for name in odd} == odd
    assert now["gsi2pk"] == {"S": "STATUS#active"}


def test_only_what_changes_is_written_and_only_if_nothing_else_did(
    table: Table, sealer: KeyFileSealer
) -> None:
    table.put(old_row(1))
    asked: list[tuple[str, Any]] = []
    inner = table.store.connection.call

    class Noting:
        def call(self, operation: str, kind: str, parameters: Any, **how: Any) -> Any:
            asked.append((operation, parameters))
            return inner(operation, kind, parameters, **how)

    noting = TableRows(table.store, table.place.table)
    noting._connection = Noting()
    adopt(table, sealer, rows=noting)
    ((operation, parameters),) = asked
    assert operation == "UpdateItem"
    assert "attribute_not_exists" in parameters["ConditionExpression"]
    names = parameters["ExpressionAttributeNames"]
    words = parameters["UpdateExpression"].replace(",", "").split()
    touched = {names[word] for word in words if word in names}
    assert touched == {"gsi2pk", "gsi2sk", "gsi3pk", "gsi3sk", "gsi4pk", "gsi4sk", "clientSecret"}


def test_what_dynamodb_calls_invalid_is_about_this_row_alone(table: Table) -> None:
    class Invalid:
        def call(self, *_how: Any, **_more: Any) -> Any:
            answer = {"Error": {"Code": "ValidationException", "Message": "key too long"}}
            raise ClientError(answer, "UpdateItem")

    rows = TableRows(table.store, table.place.table)
    rows._connection = Invalid()
    with pytest.raises(RowTooLargeError):
        rows.change(old_row(1), {"gsi4pk": "EMAIL#"})


class Listening:
    """A connection that notes the operations which go over it."""

    def __init__(self, store: DynamoDbStore) -> None:
        self.inner = store.connection
        self.used: set[str] = set()

    def call(self, operation: str, *how: Any, **more: Any) -> Any:
        self.used.add(f"dynamodb:{operation}")
        return self.inner.call(operation, *how, **more)


def test_the_rights_of_the_portal_are_enough(table: Table, sealer: KeyFileSealer) -> None:
    table.put(old_row(1))
    listening = Listening(table.store)
    table.store.connection = listening
    adopt(table, sealer)
    table.store.connection = listening.inner
    assert listening.used == {"dynamodb:Scan", "dynamodb:UpdateItem"} < set(PORTAL_ACTIONS)
