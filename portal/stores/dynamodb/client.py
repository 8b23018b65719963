"""The connection of one process to DynamoDB: boto3's low-level client, with metrics, retries, and
AWS's errors translated into ours.

boto3's own retries are off. What a failed condition means depends on whether an earlier attempt
may have succeeded, and boto3 does not tell.
"""

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from portal.stores.aws import (
    SHORTEST_CALL_SECONDS,
    ClientOpener,
    make_aws_client,
    require_time,
)
from portal.stores.contract import NOTHING_SAVED, OUTCOME_UNKNOWN, BusyError, UnavailableError
from portal.stores.dynamodb import errors, failures
from portal.stores.dynamodb.answers import (
    Answer,
    cancellation_codes,
    is_condition_failure,
    require_whole,
)
from portal.stores.dynamodb.failures import Failure, FailureName
from portal.stores.dynamodb.metrics import Call, Metrics, units_of
from portal.stores.dynamodb.retry_policy import max_attempts, pause_before_retry
from portal.stores.waiting import remaining_seconds

if TYPE_CHECKING:
    from botocore.client import BaseClient

Parameters = Mapping[str, Any]

#: All operations of the portal, with boto3's names for them. Its role allows no others.
METHODS = {
    "GetItem": "get_item",
    "PutItem": "put_item",
    "UpdateItem": "update_item",
    "DeleteItem": "delete_item",
    "Query": "query",
    "Scan": "scan",
    "TransactGetItems": "transact_get_items",
    "TransactWriteItems": "transact_write_items",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeouts:
    """How long a call may take, so that nobody waits for half a minute."""

    connect_seconds: float = 1.0
    read_seconds: float = 3.0
    last_try_seconds: float = 4.0
    """No attempt begins later than this, so a call takes at most this long plus one attempt."""
    pause: Callable[[float], None] = time.sleep


@dataclass(frozen=True, kw_only=True, slots=True)
class TableLocation:
    """The table. `None`: as AWS's own configuration says."""

    table: str
    region: str | None = None
    endpoint: str | None = None


@dataclass(eq=False)
class ConditionFailedError(Exception):
    """The condition of a write failed. An earlier attempt of it `may_have_succeeded`."""

    answer: Answer = field(repr=False)
    may_have_succeeded: bool


@dataclass(eq=False)
class ReadsRefusedError(Exception):
    """A transaction of reads was refused: others are writing some of its items at this moment."""

    answer: Answer = field(repr=False)


@dataclass(eq=False, kw_only=True)
class DynamoDbError(UnavailableError):
    """An `UnavailableError` with the name of the failure, for `portal doctor`.

    `code` is AWS's error code, or the class of the SDK's error.
    """

    name: FailureName
    code: str = ""


_DEFAULT_TIMEOUTS = Timeouts()


class DynamoDbClient:
    """Calls DynamoDB, from any number of threads.

    Each process needs a client of its own: two processes that share a socket would receive each
    other's answers.
    """

    def __init__(
        self, location: TableLocation, metrics: Metrics, timeouts: Timeouts = _DEFAULT_TIMEOUTS
    ) -> None:
        self.location = location
        self.metrics = metrics
        self._timeouts = timeouts
        self._opener = ClientOpener(lambda: make_client(location, timeouts))

    def call(
        self, operation: str, kind: str, parameters: Parameters, *, changes: bool = False
    ) -> Answer:
        """DynamoDB's answer, which is whole.

        Args:
            kind: The kind of the items, for the metrics.
            changes: The operation writes. After a lost answer its outcome is then unknown.

        Raises:
            ConditionFailedError: The condition of the write failed.
            ReadsRefusedError: Others are writing items that a `TransactGetItems` asks for.
            BusyError: DynamoDB throttles, or other writers changed the same items.
            DynamoDbError: Everything else.
        """
        started, attempts, may_have_succeeded = time.monotonic(), 0, False
        earlier: tuple[_AttemptFailedError, Failure] | None = None
        while True:
            attempts += 1
            if operation == "TransactWriteItems" and not may_have_succeeded:
                # Attempts after one that may have succeeded must reuse its token.
                parameters = {**parameters, "ClientRequestToken": str(uuid.uuid4())}
            try:
                return self._attempt(operation, kind, parameters)
            except _AttemptFailedError as failed:
                failure = failed.failure
                if failure is None:
                    raise ConditionFailedError(
                        failed.answer, may_have_succeeded
                    ) from failed.__cause__
                if failure.name == "conflict" and operation == "TransactGetItems":
                    # It may be refused as long as they write. A single item can be had at once.
                    raise ReadsRefusedError(failed.answer) from failed.__cause__
                # An attempt without time sent nothing. The one before it says what is wrong.
                if earlier is not None and failure.name == "no-time":
                    failed, failure = earlier
                earlier = failed, failure
                may_have_succeeded = may_have_succeeded or (changes and failure.name == "lost")
                pause = pause_before_retry(failure, attempts)
                needed = pause + SHORTEST_CALL_SECONDS
                out_of_time = (
                    time.monotonic() - started + pause >= self._timeouts.last_try_seconds
                    or remaining_seconds(needed) < needed
                )
                if out_of_time or attempts >= max_attempts(failure):
                    raise self._store_error(
                        failed, operation, changes, may_have_succeeded
                    ) from failed.__cause__
                self._timeouts.pause(pause)

    def open(self) -> None:
        """Make the client now. Otherwise the first call does, in the time that it has.

        Raises:
            OpeningFailedError: There are no credentials, or the configuration cannot be used.
        """
        self._opener.get()

    def close(self) -> None:
        self._opener.close()

    def _attempt(self, operation: str, kind: str, parameters: Parameters) -> Answer:
        start = time.monotonic()
        answer: Answer = {}
        outcome = "unexpected"
        client: Any = None
        try:
            client = self._opener.get()
            require_time()
            start = time.monotonic()
            call = getattr(client, METHODS[operation])
            answer = call(**parameters, ReturnConsumedCapacity="INDEXES")
            require_whole(operation, parameters, answer)
            outcome = "ok"
        except Exception as error:
            # The SDK raises errors of its own, of the operating system, and of Python.
            answer = getattr(error, "response", None) or {}
            if is_condition_failure(answer):
                outcome = "refused"
                raise _AttemptFailedError(None, answer) from error
            failure = errors.failure_of(error, cancellation_codes(answer))
            outcome = failure.name
            if failure.name in failures.OF_CREDENTIALS:
                self._opener.forget(client)
            raise _AttemptFailedError(failure, answer, errors.code_of(error)) from error
        finally:
            read_units, write_units = units_of(operation, answer)
            self.metrics.record(
                Call(
                    operation=operation,
                    kind=kind,
                    outcome=outcome,
                    seconds=time.monotonic() - start,
                    read_units=read_units,
                    write_units=write_units,
                    request_id=_request_id(answer),
                )
            )
        return answer

    def _store_error(
        self, failed: "_AttemptFailedError", operation: str, changes: bool, may_have_succeeded: bool
    ) -> BusyError | UnavailableError:
        failure = failed.failure
        if failure is None:
            raise AssertionError("a failed condition is not a failure of the call")
        placeholders = {
            "operation": _permission_names(operation),
            "table": self.location.table,
            "region": self._region(),
            "host": self._host(),
        }
        request_id = _request_id(failed.answer)
        origin = [failed.code, f"request {request_id}" if request_id else ""]
        reason = failure.reason.format(**placeholders)
        if any(origin):
            reason += f" ({', '.join(part for part in origin if part)})"
        remedy = failure.remedy.format(**placeholders)
        if failure.name in ("throttled", "conflict") and not may_have_succeeded:
            return BusyError(reason=f"{reason} {remedy}")
        if may_have_succeeded:
            reason += f" {OUTCOME_UNKNOWN}"
        elif changes:
            reason += f" {NOTHING_SAVED}"
        return DynamoDbError(
            name=failure.name,
            code=failed.code,
            reason=reason,
            remedy=remedy,
            outcome_unknown=may_have_succeeded,
        )

    def _region(self) -> str:
        client = self._opener.opened
        return client.meta.region_name if client else self.location.region or "its region"

    def _host(self) -> str:
        client = self._opener.opened
        address = client.meta.endpoint_url if client else self.location.endpoint
        # Without a password that somebody may have written into the address.
        return urlsplit(address or "").netloc.rpartition("@")[2] or "DynamoDB"


def make_client(location: TableLocation, timeouts: Timeouts = _DEFAULT_TIMEOUTS) -> "BaseClient":
    """A low-level client without retries. Takes as long as it takes to find credentials.

    Raises:
        OpeningFailedError: There are no credentials, or the configuration cannot be used.
    """
    from botocore.config import Config  # noqa: PLC0415 - 0.4 s, and the file store needs none

    config = Config(
        connect_timeout=timeouts.connect_seconds,
        read_timeout=timeouts.read_seconds,
        retries={"mode": "standard", "total_max_attempts": 1},
        # More than a worker has threads, so that no thread waits for a socket.
        max_pool_connections=32,
        # portal.stores.validation has checked the items, and DynamoDB checks them again.
        parameter_validation=False,
    )
    return make_aws_client(
        "dynamodb", region=location.region, endpoint=location.endpoint, config=config, direct=True
    )


@dataclass(eq=False)
class _AttemptFailedError(Exception):
    """One attempt failed. `failure` is `None` if its condition failed."""

    failure: Failure | None
    answer: Answer
    code: str = ""


def _permission_names(operation: str) -> str:
    if operation == "TransactWriteItems":
        return "PutItem, UpdateItem and DeleteItem (together, as a transaction)"
    if operation == "TransactGetItems":
        return "GetItem (TransactGetItems)"
    return operation


def _request_id(answer: Answer) -> str:
    return str(answer.get("ResponseMetadata", {}).get("RequestId", ""))
