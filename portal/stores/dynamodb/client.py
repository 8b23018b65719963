"""One process's connection to DynamoDB: boto3's low-level client, each call measured, tried
again where that helps, and its errors turned into ours.

The client itself never tries again: whether an earlier try may have been done decides what a
refusal means, and the client would not tell.
"""

import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from portal.stores.contract import BusyError, UnavailableError
from portal.stores.dynamodb import errors
from portal.stores.dynamodb.errors import Failure
from portal.stores.dynamodb.metrics import Call, Metrics, units_of
from portal.stores.retry_limits import retry_attempts

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.client import BaseClient

Parameters = Mapping[str, Any]
Answer = Mapping[str, Any]

#: All that the portal does, with boto3's name for it. Its role allows no more.
METHODS = {
    "GetItem": "get_item",
    "PutItem": "put_item",
    "UpdateItem": "update_item",
    "DeleteItem": "delete_item",
    "Query": "query",
    "Scan": "scan",
    "TransactWriteItems": "transact_write_items",
}

#: Others who write the same items at this moment are done after a few milliseconds.
CONFLICT_TRIES = 8
#: The longest pause before the second try, by trouble; it doubles with each further one.
_PAUSES = {"throttled": 0.1, "conflict": 0.025}
_SHORT_PAUSE = 0.05
_LONGEST_PAUSE = 1.0

_REFUSED = "ConditionalCheckFailed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeouts:
    """How long a call may take. Nobody is made to wait for half a minute."""

    connect_seconds: float = 1.0
    read_seconds: float = 3.0
    last_try_seconds: float = 4.0
    """No new try begins after so many, so no call takes longer than this and one try."""
    pause: Callable[[float], None] = time.sleep


@dataclass(frozen=True, kw_only=True, slots=True)
class TableLocation:
    """Where the table is. `None` leaves the choice to AWS's own configuration."""

    table: str
    region: str | None = None
    endpoint: str | None = None


@dataclass(eq=False)
class ConditionFailedError(Exception):
    """A condition did not hold; `may_have_succeeded`: an earlier try may have been done."""

    answer: Answer = field(repr=False)
    may_have_succeeded: bool


@dataclass(eq=False, kw_only=True)
class DynamoDbError(UnavailableError):
    """The same, with the trouble's name for `portal doctor`."""

    name: errors.Name


_PATIENT = Timeouts()


class DynamoDbClient:
    """Any number of threads may call. Made in each process by itself: sockets that were
    opened before a fork would mix the answers of two processes."""

    def __init__(
        self, place: TableLocation, metrics: Metrics, waiting: Timeouts = _PATIENT
    ) -> None:
        self.place = place
        self.metrics = metrics
        self._waiting = waiting
        self._lock = threading.Lock()
        self._client: BaseClient | None = None

    def call(
        self, operation: str, kind: str, parameters: Parameters, *, changes: bool = False
    ) -> Answer:
        """What DynamoDB answers. `ConditionFailedError` if a condition did not hold, `BusyError`,
        `DynamoDbError`; what nobody expected passes as it is.

        With `changes` a lost answer leaves the outcome open, and the error says so.
        """
        begun, tries, may_have_succeeded = time.monotonic(), 0, False
        while True:
            tries += 1
            if operation == "TransactWriteItems" and not may_have_succeeded:
                # One token for all tries of which an earlier one may have been done.
                parameters = {**parameters, "ClientRequestToken": str(uuid.uuid4())}
            try:
                return self._once(operation, kind, parameters)
            except _FailedError as failed:
                if failed.failure is None:
                    raise ConditionFailedError(
                        failed.answer, may_have_succeeded
                    ) from failed.__cause__
                may_have_succeeded = may_have_succeeded or (
                    changes and failed.failure.name == "lost"
                )
                pause = _how_long(failed.failure, tries)
                late = time.monotonic() - begun + pause >= self._waiting.last_try_seconds
                if late or tries >= _most_tries(failed.failure):
                    raise self._ours(
                        failed, operation, changes, may_have_succeeded
                    ) from failed.__cause__
                self._waiting.pause(pause)

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _once(self, operation: str, kind: str, parameters: Parameters) -> Answer:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - 0.4 s

        start = time.monotonic()
        answer: Answer = {}
        outcome = "unexpected"
        try:
            client = self._connected()
            start = time.monotonic()
            call = getattr(client, METHODS[operation])
            answer = call(**parameters, ReturnConsumedCapacity="INDEXES")
            outcome = "ok"
        except (ClientError, BotoCoreError) as error:
            answer = getattr(error, "response", None) or {}
            if _is_refusal(answer):
                outcome = "refused"
                raise _FailedError(None, answer) from error
            failure = _first_trouble(answer) if _reasons(answer) else errors.classify_error(error)
            if failure is None:
                raise
            outcome = failure.name
            raise _FailedError(failure, answer) from error
        finally:
            read, written = units_of(operation, answer)
            self.metrics.record(
                Call(
                    operation=operation,
                    kind=kind,
                    outcome=outcome,
                    seconds=time.monotonic() - start,
                    read_units=read,
                    write_units=written,
                    request_id=_request_id(answer),
                )
            )
        return answer

    def _connected(self) -> "BaseClient":
        client = self._client
        if client is not None:
            return client
        with self._lock:
            if self._client is None:
                self._client = make_client(self.place, self._waiting)
            return self._client

    def _ours(
        self, failed: "_FailedError", operation: str, changes: bool, may_have_succeeded: bool
    ) -> BusyError | UnavailableError:
        failure = failed.failure
        if failure is None:
            raise AssertionError("a refusal is no trouble")
        told = {
            "operation": _permission(operation),
            "table": self.place.table,
            "region": self._region(),
        }
        request_id = _request_id(failed.answer)
        reason = failure.reason.format(**told) + (f" (request {request_id})" if request_id else "")
        remedy = failure.remedy.format(**told)
        if failure.name in ("throttled", "conflict") and not may_have_succeeded:
            return BusyError(reason=f"{reason} {remedy}")
        if may_have_succeeded:
            reason += " It is not certain whether it was saved: look again before repeating it."
        elif changes:
            reason += " Nothing was saved."
        return DynamoDbError(
            name=failure.name, reason=reason, remedy=remedy, outcome_unknown=may_have_succeeded
        )

    def _region(self) -> str:
        client = self._client
        return client.meta.region_name if client else self.place.region or "its region"


def make_client(place: TableLocation, waiting: Timeouts = _PATIENT) -> "BaseClient":
    """A low-level client that tries once. Not to be called by two threads at the same time."""
    from botocore.config import Config  # noqa: PLC0415 - as in _session

    config = Config(
        connect_timeout=waiting.connect_seconds,
        read_timeout=waiting.read_seconds,
        retries={"mode": "standard", "total_max_attempts": 1},
        # More than the threads of a worker, so that none waits for a socket.
        max_pool_connections=32,
        # What is sent was checked by portal.stores.validation, and DynamoDB checks it again.
        parameter_validation=False,
    )
    return _session().client(
        "dynamodb", region_name=place.region, endpoint_url=place.endpoint, config=config
    )


@lru_cache(1)
def _session() -> "Session":
    """One for this process: it reads AWS's descriptions of its services, which takes 0.1 s."""
    import boto3.session  # noqa: PLC0415 - costs 0.4 s, and the file store needs none

    return boto3.session.Session()


@dataclass(eq=False)
class _FailedError(Exception):
    """One try came to nothing; no `failure`: it was refused by its condition."""

    failure: Failure | None
    answer: Answer


def _is_refusal(answer: Answer) -> bool:
    code = answer.get("Error", {}).get("Code")
    if code == "ConditionalCheckFailedException":
        return True
    # The first reason decides. Behind a conflict a refusal is not certain yet to be the first.
    return next(iter(_reasons(answer)), "") == _REFUSED


def _reasons(answer: Answer) -> list[str]:
    """Why a transaction was cancelled: a code for each change that was in the way, in order."""
    reasons = answer.get("CancellationReasons", [])
    return [reason["Code"] for reason in reasons if reason.get("Code", "None") != "None"]


def _first_trouble(answer: Answer) -> Failure | None:
    first = _reasons(answer)[0]
    if first == "ValidationError":
        texts = [reason.get("Message", "") for reason in answer["CancellationReasons"]]
        return errors.classify_message(" ".join(text for text in texts if text))
    return errors.classify_code(first)


def _most_tries(failure: Failure) -> int:
    if failure.name == "conflict":
        return CONFLICT_TRIES
    return retry_attempts.get() if failure.name in errors.RETRYABLE else 1


def _how_long(failure: Failure, tries: int) -> float:
    """Any time up to the longest: those who collided once should not do so again."""
    longest = min(_PAUSES.get(failure.name, _SHORT_PAUSE) * 2 ** (tries - 1), _LONGEST_PAUSE)
    return random.uniform(longest / 4, longest)  # noqa: S311 - no secret


def _permission(operation: str) -> str:
    if operation == "TransactWriteItems":
        return "PutItem and DeleteItem (together, as a transaction)"
    return operation


def _request_id(answer: Answer) -> str:
    return str(answer.get("ResponseMetadata", {}).get("RequestId", ""))
