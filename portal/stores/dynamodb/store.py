"""The store in a DynamoDB table, for any number of machines.

It needs the permissions GetItem, PutItem, UpdateItem, DeleteItem, Query and Scan on the table
and its indexes. A write of several changes is one transaction, for which the permissions of its
parts suffice.
"""

import os
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

from portal.stores.contract import (
    Add,
    BusyError,
    Change,
    Count,
    Cursor,
    Item,
    ItemExistsError,
    ItemNotFoundError,
    LimitReachedError,
    Page,
    Remove,
    Replace,
    Segment,
    StoreError,
    VersionConflictError,
)
from portal.stores.dynamodb import permission_checks
from portal.stores.dynamodb.answers import Answer
from portal.stores.dynamodb.batch_reads import BatchReads
from portal.stores.dynamodb.client import (
    ConditionFailedError,
    DynamoDbClient,
    Parameters,
    TableLocation,
    Timeouts,
)
from portal.stores.dynamodb.key_condition import KeyCondition, is_key
from portal.stores.dynamodb.metrics import Metrics, kind_of_id, kind_of_ids, kind_of_partition
from portal.stores.dynamodb.serialization import from_attributes
from portal.stores.dynamodb.write_parameters import conditional, key_of, transaction_part
from portal.stores.format_version import FORMAT_ID, refuse_newer_items
from portal.stores.schema import KEY, Index
from portal.stores.validation import check_limit, items_after, reached_limits

_WHOLE = Segment()


class DynamoDbStore:
    """A `Store` in a table. It connects on its first call, and again after a fork.

    Args:
        checks_format: Whether it looks before its first call whether it can read the items.
    """

    def __init__(
        self,
        location: TableLocation,
        *,
        waiting: Timeouts | None = None,
        embedded_metrics: bool = False,
        checks_format: bool = False,
    ) -> None:
        self._place = location
        self._timeouts = waiting or Timeouts()
        self.metrics = Metrics(embedded=embedded_metrics)
        self._format_is_known = not checks_format
        self._reset()
        _stores.add(self)

    def _reset(self) -> None:
        self.connection = DynamoDbClient(self._place, self.metrics, self._timeouts)

    def get(self, item_id: str) -> Item:
        item = self._get_or_none(item_id)
        if item is None:
            raise ItemNotFoundError(item_id=item_id)
        return item

    def get_many(self, item_ids: Sequence[str]) -> Mapping[str, Item]:
        self._refuse_newer_format()
        return BatchReads(self._place.table, self.connection.call, self._get_or_none)(item_ids)

    def write(self, changes: Sequence[Change]) -> None:
        results = items_after(changes)
        try:
            # A count is sent as a transaction even alone: only then does a token keep a second
            # attempt, after a lost answer, from counting again.
            if len(changes) == 1 and not isinstance(changes[0], Count):
                self._write_one(changes[0], results)
            else:
                self._write_transaction(changes, results)
        except ConditionFailedError as failed:
            error = self._conflict_error(changes, results, failed)
            if error is not None:
                raise error from failed

    def query(
        self,
        index: Index,
        partition: str,
        *,
        between: tuple[str, str] | None = None,
        after: Cursor | None = None,
        limit: int = 50,
        newest_first: bool = False,
    ) -> Page:
        check_limit(limit)
        condition = KeyCondition(index, partition, between)
        start = condition.start(after, newest_first) if after else {}
        if condition.is_empty:
            return Page([])
        # One row more than the page has, to know whether this is the last page.
        rows, _ = self._read_rows(
            "Query", kind_of_partition(partition), limit + 1,
            {**condition.parameters(), "ScanIndexForward": not newest_first}, start,
        )  # fmt: skip
        attributes = index.attributes
        items = [_project(attributes, from_attributes(row)) for row in rows[:limit]]
        if len(rows) <= limit:
            return Page(items)
        return Page(items, (str(items[-1][index.sort]), str(items[-1][KEY])))

    def count(
        self, index: Index, partition: str, *, cap: int, between: tuple[str, str] | None = None
    ) -> int:
        check_limit(cap)
        condition = KeyCondition(index, partition, between)
        if condition.is_empty:
            return 0
        _, count = self._read_rows(
            "Query", kind_of_partition(partition), cap,
            {**condition.parameters(), "Select": "COUNT"}, {},
        )  # fmt: skip
        return count

    def scan(
        self, segment: Segment = _WHOLE, *, after: str | None = None, limit: int = 1000
    ) -> Page:
        check_limit(limit)
        parameters = {
            "ConsistentRead": True,
            "Segment": segment.number,
            "TotalSegments": segment.of,
        }
        start = {"ExclusiveStartKey": key_of(after)} if after else {}
        rows, _ = self._read_rows("Scan", "all", limit + 1, parameters, start)
        items = [from_attributes(row) for row in rows[:limit]]
        return Page(items, ("", str(items[-1][KEY])) if len(rows) > limit else None)

    def describe(self) -> str:
        location = self._place
        region = f" in {location.region}" if location.region else ""
        endpoint = f" at {location.endpoint}" if location.endpoint else ""
        return f"DynamoDB table {location.table}{region}{endpoint}"

    def check(self) -> None:
        operation, parameters = permission_checks.DELETE_CHECK
        try:
            # Without `changes`: a lost answer leaves nothing undecided.
            self._call(operation, "check", parameters)
        except ConditionFailedError:
            return

    def close(self) -> None:
        self.connection.close()

    # ---- Reading

    def _get_or_none(self, item_id: str) -> Item | None:
        if not is_key(item_id):
            return None
        parameters = {"Key": key_of(item_id), "ConsistentRead": True}
        answer = self._call("GetItem", kind_of_id(item_id), parameters)
        return from_attributes(answer["Item"]) if "Item" in answer else None

    def _read_rows(
        self, operation: str, kind: str, wanted: int, parameters: Parameters, start: Parameters
    ) -> tuple[list[Mapping[str, Any]], int]:
        """At most `wanted` rows, and their number. One answer of DynamoDB ends after 1 MB."""
        rows: list[Mapping[str, Any]] = []
        count = 0
        while True:
            limit = {"Limit": wanted - count}
            answer = self._call(operation, kind, {**parameters, **start, **limit})
            rows += answer.get("Items", [])
            count += answer["Count"]
            last = answer.get("LastEvaluatedKey")
            if last is None or count >= wanted:
                return rows, count
            start = {"ExclusiveStartKey": last}

    # ---- Writing

    def _write_one(
        self, change: Add | Replace | Remove, results: Mapping[str, Item | None]
    ) -> None:
        ((item_id, item),) = results.items()
        parameters = conditional(change, item_id, item)
        operation = "DeleteItem" if item is None else "PutItem"
        self._call(operation, kind_of_id(item_id), parameters, changes=True)

    def _write_transaction(
        self, changes: Sequence[Change], results: Mapping[str, Item | None]
    ) -> None:
        parts = [
            transaction_part(self._place.table, change, item_id, item)
            for change, (item_id, item) in zip(changes, results.items(), strict=True)
        ]
        self._refuse_newer_format()
        self.connection.call(
            "TransactWriteItems", kind_of_ids(results), {"TransactItems": parts}, changes=True
        )

    def _conflict_error(
        self,
        changes: Sequence[Change],
        results: Mapping[str, Item | None],
        failed: ConditionFailedError,
    ) -> StoreError | None:
        """Our error; `None` if an earlier attempt of this write succeeded and made it fail now."""
        number, attributes = _first_failed_condition(failed.answer)
        item_id, change = list(results)[number], changes[number]
        # The answer has no attributes if the item is gone, or if this version of DynamoDB does not
        # return them.
        current = from_attributes(attributes) if attributes else self._get_or_none(item_id)
        if failed.may_have_succeeded and len(changes) == 1 and current == results[item_id]:
            return None
        if isinstance(change, Count):
            names = reached_limits(change, current)
            if not names:
                return BusyError(reason="The item that was counted has just been replaced.")
            return LimitReachedError(item_id=item_id, names=names)
        if not isinstance(change, Add):
            return VersionConflictError(item_id=item_id, item=current)
        if current is None:
            return BusyError(reason="The item that was in the way has just been removed.")
        return ItemExistsError(item_id=item_id, item=current)

    def _call(
        self, operation: str, kind: str, parameters: Parameters, *, changes: bool = False
    ) -> Answer:
        self._refuse_newer_format()
        with_table = {"TableName": self._place.table, **parameters}
        return self.connection.call(operation, kind, with_table, changes=changes)

    def _refuse_newer_format(self) -> None:
        if self._format_is_known:
            return
        parameters = {"TableName": self._place.table, "Key": key_of(FORMAT_ID)}
        answer = self.connection.call("GetItem", kind_of_id(FORMAT_ID), parameters)
        item = from_attributes(answer["Item"]) if "Item" in answer else None
        refuse_newer_items(item, self.describe())
        self._format_is_known = True


def _first_failed_condition(answer: Answer) -> tuple[int, Mapping[str, Any] | None]:
    """The number of the first change whose condition failed, and the stored item's attributes."""
    if "CancellationReasons" not in answer:
        return 0, answer.get("Item")
    for number, reason in enumerate(answer["CancellationReasons"]):
        if reason.get("Code") == "ConditionalCheckFailed":
            return number, reason.get("Item")
    raise AssertionError("no change has a failed condition")


def _project(attributes: frozenset[str] | None, row: Item) -> Item:
    """The row without additional attributes, which the index of an old table may project."""
    if attributes is None or row.keys() <= attributes:
        return row
    return {name: value for name, value in row.items() if name in attributes}


_stores: "weakref.WeakSet[DynamoDbStore]" = weakref.WeakSet()


def _reset_after_fork() -> None:
    # Threads that do not exist in the child may hold locks of the store.
    for store in list(_stores):
        # The sockets belong to the parent, so the child does not even close them.
        store._reset()


os.register_at_fork(after_in_child=_reset_after_fork)
