"""A row of a table gets only what it lacks, and only while it is as it was read."""

from typing import Any, cast

import pytest

from migrations_tools.backfill.rows import RowTooLargeError
from migrations_tools.backfill.table_rows import TableRows
from migrations_tools.table_definition import PORTAL_ACTIONS
from portal.sealing import KeyFileSealer
from portal.stores.dynamodb import DynamoDbClient, DynamoDbError, DynamoDbStore, to_attributes
from tests.migrations_tools.backfill.old_application_rows import (
    InterruptedRows,
    OldTable,
    old_row,
    run_backfill,
)


def test_a_change_of_an_unrelated_attribute_is_no_conflict(
    old_table: OldTable, sealer: KeyFileSealer
) -> None:
    old_table.put(old_row(1))

    def write() -> None:
        old_table.old_application_sets("86811_104348", "contactPhone", {"S": "+4930901820"})

    report = run_backfill(old_table, sealer, rows=InterruptedRows(old_table.rows, write))
    assert report.changed_meanwhile == 0
    assert old_table.store.get("86811_104348")["contactPhone"] == "+4930901820"


def test_lists_maps_and_nulls_of_the_old_application_stay(
    old_table: OldTable, sealer: KeyFileSealer
) -> None:
    other_types = {
        "tags": {"SS": ["a", "b"]},
        "limits": {"M": {"users": {"N": "1.5"}}},
        "gone": {"NULL": True},
    }
    old_table.client.put_item(
        TableName=old_table.location.table, Item={**to_attributes(old_row(1)), **other_types}
    )
    run_backfill(old_table, sealer)
    item = old_table.client.get_item(
        TableName=old_table.location.table, Key={"tenantId": {"S": "86811_104348"}}
    )["Item"]
    assert {name: item[name] for name in other_types} == other_types
    assert item["gsi2pk"] == {"S": "STATUS#active"}


def test_only_changed_attributes_are_written_under_a_condition(
    old_table: OldTable, sealer: KeyFileSealer
) -> None:
    old_table.put(old_row(1))
    calls: list[tuple[str, Any]] = []
    inner_call = old_table.dynamodb.connection.call

    class RecordingConnection:
        def call(self, operation: str, kind: str, parameters: Any, **options: Any) -> Any:
            calls.append((operation, parameters))
            return inner_call(operation, kind, parameters, **options)

    rows = TableRows(old_table.dynamodb, old_table.location.table)
    rows._connection = cast(DynamoDbClient, RecordingConnection())
    run_backfill(old_table, sealer, rows=rows)
    ((operation, parameters),) = calls
    assert operation == "UpdateItem"
    assert "attribute_not_exists" in parameters["ConditionExpression"]
    names = parameters["ExpressionAttributeNames"]
    words = parameters["UpdateExpression"].replace(",", "").split()
    written = {names[word] for word in words if word in names}
    assert written == {"gsi2pk", "gsi2sk", "gsi3pk", "gsi3sk", "gsi4pk", "gsi4sk", "clientSecret"}


def test_a_validation_error_of_dynamodb_concerns_only_this_row(old_table: OldTable) -> None:
    class RefusingConnection:
        def call(self, *_arguments: Any, **_options: Any) -> Any:
            raise DynamoDbError(
                name="unexpected", code="ValidationException", reason="Key too long.", remedy=""
            )

    rows = TableRows(old_table.dynamodb, old_table.location.table)
    rows._connection = cast(DynamoDbClient, RefusingConnection())
    with pytest.raises(RowTooLargeError):
        rows.change(old_row(1), {"gsi4pk": "EMAIL#"})


class RecordingConnection:
    """A connection that records its operations."""

    def __init__(self, store: DynamoDbStore) -> None:
        self.inner = store.connection
        self.actions: set[str] = set()

    def call(self, operation: str, *arguments: Any, **options: Any) -> Any:
        self.actions.add(f"dynamodb:{operation}")
        return self.inner.call(operation, *arguments, **options)


def test_the_permissions_of_the_portal_are_enough(
    old_table: OldTable, sealer: KeyFileSealer
) -> None:
    old_table.put(old_row(1))
    recording = RecordingConnection(old_table.dynamodb)
    old_table.dynamodb.connection = cast(DynamoDbClient, recording)
    run_backfill(old_table, sealer)
    old_table.dynamodb.connection = recording.inner
    assert recording.actions == {"dynamodb:Scan", "dynamodb:UpdateItem"} < set(PORTAL_ACTIONS)
