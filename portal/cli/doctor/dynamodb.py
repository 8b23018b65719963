"""What `portal doctor` checks of DynamoDB: access, clock, table, permissions, indexes."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from portal.cli.doctor.findings import Finding, finding_of_error
from portal.settings import Settings
from portal.stores import INDEXES, KEY, BusyError, Index, UnavailableError
from portal.timestamps import utc_now

#: For an error that AWS's documentation does not name.
_REMEDIES = {
    "transactions": "The portal needs transactions. A global table with multi-Region strong"
    " consistency has none: use one with eventual consistency, or a table in one Region."
}

_HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")

#: AWS refuses signatures whose time is wrong by more than five minutes (300 seconds).
MAX_CLOCK_ERROR_SECONDS = 60

#: What the answer to the first call shows: each check with the names of `DynamoDbError` that
#: make it fail, in the order in which the checks depend on each other.
_FIRST_CALL_CHECKS = (
    ("AWS credentials", {"no-credentials", "configuration"}),
    ("AWS region", {"no-region"}),
    ("connection to DynamoDB", {"unreached", "lost"}),
    ("AWS accepts the credentials", {"bad-credentials", "expired"}),
    ("clock", {"clock"}),
    ("table", {"no-table", "table-key"}),
)


#: Calls DynamoDB: the operation, and its parameters without the table.
_Call = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]


def check_dynamodb(settings: Settings) -> Iterator[Finding]:
    """Nothing behind the first call if that fails: the rest depends on it."""
    from portal.stores.dynamodb import (  # noqa: PLC0415 - the file store does not need it
        GET_CHECK,
        PERMISSION_CHECKS,
        Answer,
        ConditionFailedError,
        DynamoDbClient,
        DynamoDbError,
        Metrics,
        TableLocation,
        joint_read_check,
        transaction_check,
    )

    location = TableLocation(
        table=settings.table_name,
        region=settings.aws_region or None,
        endpoint=settings.dynamodb_endpoint or None,
    )
    client = DynamoDbClient(location, Metrics())

    def call(operation: str, parameters: Answer) -> Answer:
        table = {} if "TransactItems" in parameters else {"TableName": location.table}
        try:
            return client.call(operation, "check", {**table, **parameters})
        except ConditionFailedError as error:
            return error.answer

    try:
        failure: DynamoDbError | None = None
        answer: Answer = {}
        try:
            answer = call(*GET_CHECK)
        except DynamoDbError as error:
            failure = error
        except BusyError:
            # The check of the permission for GetItem, below, reports this.
            pass
        checks = {
            **PERMISSION_CHECKS,
            "reads in a transaction": joint_read_check(location.table),
            "transactions": transaction_check(location.table),
        }
        columns = [_columns_of(index) for index in INDEXES]
        for number, (what, failure_names) in enumerate(_FIRST_CALL_CHECKS, 1):
            if what == "table" and failure is not None and failure.name == "denied":
                # AWS denies the call before it looks for the table.
                yield Finding(what, not_tried="AWS denied the call that would have shown it.")
                continue
            if failure is not None and failure.name in failure_names:
                yield finding_of_error(what, failure)
                behind = [name for name, _ in _FIRST_CALL_CHECKS[number:]]
                for left in (*behind, *checks, *columns):
                    yield Finding(left, not_tried=f"It needs what failed: {what}.")
                return
            yield _check_clock(answer) if what == "clock" else Finding(what)
        for what, (operation, parameters) in checks.items():
            try:
                call(operation, parameters)
            except (UnavailableError, BusyError) as error:
                finding = finding_of_error(what, error)
                if isinstance(error, DynamoDbError) and error.name == "unexpected":
                    finding = replace(finding, remedy=_REMEDIES.get(what, finding.remedy))
                yield finding
            else:
                yield Finding(what)
        yield from _check_index_rows(call)
    finally:
        client.close()


def _check_index_rows(call: _Call) -> Iterator[Finding]:
    """A problem for each index whose answers lack columns that lists show.

    AWS refuses to answer if it lacks one, which the checks before report. Other engines answer
    without it, so a row of the index is compared with its item.
    """
    from portal.stores.dynamodb import lacks_columns, row_check  # noqa: PLC0415 - as above

    for index in INDEXES:
        what = _columns_of(index)
        try:
            rows = call(*row_check(index)).get("Items", ())
            missing = _missing_columns(call, index, rows[0]) if rows else frozenset()
        except (UnavailableError, BusyError):
            yield Finding(what, not_tried="The index did not answer; see above.")
            continue
        if not rows:
            yield Finding(what, not_tried="The index has no rows yet.")
        elif missing or lacks_columns(index, rows[0]):
            lacks = f"It lacks columns that lists show: {', '.join(sorted(missing))}."
            only_keys = "It carries keys only, so lists would show rows of nothing."
            yield Finding(
                what,
                only_keys if lacks_columns(index, rows[0]) else lacks,
                "Delete that index in the AWS console, then have it made as the portal needs it:"
                " python -m migrations_tools table deploy ENV REGION",
            )


def _columns_of(index: Index) -> str:
    return f"columns of {index.name}"


def _missing_columns(call: _Call, index: Index, row: Mapping[str, Any]) -> frozenset[str]:
    """What the item has, and the answer of a list about it has not."""
    names = {"#p": index.partition, "#s": index.sort}
    parameters = {
        "IndexName": index.name,
        "KeyConditionExpression": "#p = :p AND #s = :s",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {":p": row[index.partition], ":s": row[index.sort]},
    }
    answered = [
        each for each in call("Query", parameters).get("Items", ()) if each[KEY] == row[KEY]
    ]
    item = call("GetItem", {"Key": {KEY: row[KEY]}, "ConsistentRead": True}).get("Item", {})
    if not answered or not item:
        # It has just been removed, or has got other keys.
        return frozenset()
    if "version" in answered[0] and answered[0]["version"] != item.get("version"):
        # It has just been changed, and the index lags behind.
        return frozenset()
    wanted = item.keys() if index.attributes is None else index.attributes & item.keys()
    return frozenset(wanted - answered[0].keys())


def _check_clock(answer: Mapping[str, Mapping[str, Mapping[str, str]]]) -> Finding:
    """Compares this machine's clock with the `Date` header of AWS's answer."""
    header = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    # A proxy may add a second date, and the SDK joins both.
    date = _HTTP_DATE.search(header)
    seconds = clock_error_seconds(date[0], utc_now()) if date else 0
    if abs(seconds) <= MAX_CLOCK_ERROR_SECONDS:
        return Finding("clock")
    return Finding(
        "clock",
        f"It is {abs(seconds)} seconds {'fast' if seconds > 0 else 'slow'};"
        " AWS allows five minutes.",
        "Set the clock, and keep it right with NTP.",
    )


def clock_error_seconds(date: str, now: datetime) -> int:
    """How many seconds `now` is later than an HTTP `Date` header; negative if earlier."""
    return round((now - parsedate_to_datetime(date)).total_seconds())
