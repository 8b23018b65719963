"""The connection of one process to DynamoDB: boto3's low-level client, with metrics, retries, and
AWS's errors translated into ours.

boto3's own retries are off. What a failed condition means depends on whether an earlier attempt
may have succeeded, and boto3 does not tell.
"""

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from portal.stores.contract import NOTHING_SAVED, OUTCOME_UNKNOWN, BusyError, UnavailableError
from portal.stores.dynamodb import errors
from portal.stores.dynamodb.errors import Failure
from portal.stores.dynamodb.metrics import Call, Metrics, units_of
from portal.stores.dynamodb.retry_policy import max_attempts, pause_before_retry

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.client import BaseClient

Parameters = Mapping[str, Any]
Answer = Mapping[str, Any]

#: All operations of the portal, with boto3's names for them. Its role allows no others.
METHODS = {
    "GetItem": "get_item",
    "PutItem": "put_item",
    "UpdateItem": "update_item",
    "DeleteItem": "delete_item",
    "Query": "query",
    "Scan": "scan",
    "TransactWriteItems": "transact_write_items",
}

_CONDITION_FAILED = "ConditionalCheckFailed"


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


@dataclass(eq=False, kw_only=True)
class DynamoDbError(UnavailableError):
    """An `UnavailableError` with the name of the failure, for `portal doctor`."""

    name: errors.FailureName


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
        self._lock = threading.Lock()
        self._client: BaseClient | None = None

    def call(
        self, operation: str, kind: str, parameters: Parameters, *, changes: bool = False
    ) -> Answer:
        """DynamoDB's answer. An error of botocore that this module does not know passes unchanged.

        Args:
            kind: The kind of the items, for the metrics.
            changes: The operation writes. After a lost answer its outcome is then unknown.

        Raises:
            ConditionFailedError: The condition of the write failed.
            BusyError: DynamoDB throttles, or other writers changed the same items.
            DynamoDbError: Everything else.
        """
        started, attempts, may_have_succeeded = time.monotonic(), 0, False
        while True:
            attempts += 1
            if operation == "TransactWriteItems" and not may_have_succeeded:
                # Attempts after one that may have succeeded must reuse its token.
                parameters = {**parameters, "ClientRequestToken": str(uuid.uuid4())}
            try:
                return self._attempt(operation, kind, parameters)
            except _AttemptFailedError as failed:
                if failed.failure is None:
                    raise ConditionFailedError(
                        failed.answer, may_have_succeeded
                    ) from failed.__cause__
                may_have_succeeded = may_have_succeeded or (
                    changes and failed.failure.name == "lost"
                )
                pause = pause_before_retry(failed.failure, attempts)
                out_of_time = time.monotonic() - started + pause >= self._timeouts.last_try_seconds
                if out_of_time or attempts >= max_attempts(failed.failure):
                    raise self._store_error(
                        failed, operation, changes, may_have_succeeded
                    ) from failed.__cause__
                self._timeouts.pause(pause)

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _attempt(self, operation: str, kind: str, parameters: Parameters) -> Answer:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - 0.4 s

        start = time.monotonic()
        answer: Answer = {}
        outcome = "unexpected"
        try:
            client = self._open_client()
            start = time.monotonic()
            call = getattr(client, METHODS[operation])
            answer = call(**parameters, ReturnConsumedCapacity="INDEXES")
            outcome = "ok"
        except (ClientError, BotoCoreError) as error:
            answer = getattr(error, "response", None) or {}
            if _is_condition_failure(answer):
                outcome = "refused"
                raise _AttemptFailedError(None, answer) from error
            failure = (
                _first_failure(answer)
                if _cancellation_codes(answer)
                else errors.classify_error(error)
            )
            if failure is None:
                raise
            outcome = failure.name
            raise _AttemptFailedError(failure, answer) from error
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

    def _open_client(self) -> "BaseClient":
        client = self._client
        if client is not None:
            return client
        with self._lock:
            if self._client is None:
                self._client = make_client(self.location, self._timeouts)
            return self._client

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
        }
        request_id = _request_id(failed.answer)
        reason = failure.reason.format(**placeholders) + (
            f" (request {request_id})" if request_id else ""
        )
        remedy = failure.remedy.format(**placeholders)
        if failure.name in ("throttled", "conflict") and not may_have_succeeded:
            return BusyError(reason=f"{reason} {remedy}")
        if may_have_succeeded:
            reason += f" {OUTCOME_UNKNOWN}"
        elif changes:
            reason += f" {NOTHING_SAVED}"
        return DynamoDbError(
            name=failure.name, reason=reason, remedy=remedy, outcome_unknown=may_have_succeeded
        )

    def _region(self) -> str:
        client = self._client
        return client.meta.region_name if client else self.location.region or "its region"


def make_client(location: TableLocation, timeouts: Timeouts = _DEFAULT_TIMEOUTS) -> "BaseClient":
    """A low-level client without retries. Two threads must not call this at the same time."""
    from botocore.config import Config  # noqa: PLC0415 - as in _session

    config = Config(
        connect_timeout=timeouts.connect_seconds,
        read_timeout=timeouts.read_seconds,
        retries={"mode": "standard", "total_max_attempts": 1},
        # More than a worker has threads, so that no thread waits for a socket.
        max_pool_connections=32,
        # portal.stores.validation has checked the items, and DynamoDB checks them again.
        parameter_validation=False,
    )
    return _session().client(
        "dynamodb", region_name=location.region, endpoint_url=location.endpoint, config=config
    )


@lru_cache(1)
def _session() -> "Session":
    """One for the process: making it reads AWS's service descriptions, which takes 0.1 s."""
    import boto3.session  # noqa: PLC0415 - costs 0.4 s, and the file store needs none

    return boto3.session.Session()


@dataclass(eq=False)
class _AttemptFailedError(Exception):
    """One attempt failed. `failure` is `None` if its condition failed."""

    failure: Failure | None
    answer: Answer


def _is_condition_failure(answer: Answer) -> bool:
    code = answer.get("Error", {}).get("Code")
    if code == "ConditionalCheckFailedException":
        return True
    # The first code decides. After a conflict it is not certain that this change is the first
    # whose condition fails.
    return next(iter(_cancellation_codes(answer)), "") == _CONDITION_FAILED


def _cancellation_codes(answer: Answer) -> list[str]:
    """Why a transaction was cancelled: the codes of the changes that failed, in their order."""
    reasons = answer.get("CancellationReasons", [])
    return [reason["Code"] for reason in reasons if reason.get("Code", "None") != "None"]


def _first_failure(answer: Answer) -> Failure | None:
    first = _cancellation_codes(answer)[0]
    if first == "ValidationError":
        texts = [reason.get("Message", "") for reason in answer["CancellationReasons"]]
        return errors.classify_message(" ".join(text for text in texts if text))
    return errors.classify_code(first)


def _permission_names(operation: str) -> str:
    if operation == "TransactWriteItems":
        return "PutItem and DeleteItem (together, as a transaction)"
    return operation


def _request_id(answer: Answer) -> str:
    return str(answer.get("ResponseMetadata", {}).get("RequestId", ""))
