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
from portal.stores.dynamodb.errors import Trouble
from portal.stores.dynamodb.metrics import Call, Measures, units_of
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
class Waiting:
    """How long a call may take. Nobody is made to wait for half a minute."""

    connect_seconds: float = 1.0
    read_seconds: float = 3.0
    last_try_seconds: float = 4.0
    """No new try begins after so many, so no call takes longer than this and one try."""
    pause: Callable[[float], None] = time.sleep


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where the table is. `None` leaves the choice to AWS's own configuration."""

    table: str
    region: str | None = None
    endpoint: str | None = None


@dataclass(eq=False)
class RefusedError(Exception):
    """A condition did not hold; `maybe_done`: an earlier try of this call may have been done."""

    answer: Answer = field(repr=False)
    maybe_done: bool


@dataclass(eq=False, kw_only=True)
class TroubleError(UnavailableError):
    """The same, with the trouble's name for `portal doctor`."""

    name: errors.Name


_PATIENT = Waiting()


class Connection:
    """Any number of threads may call. Made in each process by itself: sockets that were
    opened before a fork would mix the answers of two processes."""

    def __init__(self, place: Place, measures: Measures, waiting: Waiting = _PATIENT) -> None:
        self.place = place
        self.measures = measures
        self._waiting = waiting
        self._lock = threading.Lock()
        self._client: BaseClient | None = None

    def call(
        self, operation: str, kind: str, parameters: Parameters, *, changes: bool = False
    ) -> Answer:
        """What DynamoDB answers. `RefusedError` if a condition did not hold, `BusyError`,
        `TroubleError`; what nobody expected passes as it is.

        With `changes` a lost answer leaves the outcome open, and the error says so.
        """
        begun, tries, maybe_done = time.monotonic(), 0, False
        while True:
            tries += 1
            if operation == "TransactWriteItems" and not maybe_done:
                # One token for all tries of which an earlier one may have been done.
                parameters = {**parameters, "ClientRequestToken": str(uuid.uuid4())}
            try:
                return self._once(operation, kind, parameters)
            except _FailedError as failed:
                if failed.trouble is None:
                    raise RefusedError(failed.answer, maybe_done) from failed.__cause__
                maybe_done = maybe_done or (changes and failed.trouble.name == "lost")
                pause = _how_long(failed.trouble, tries)
                late = time.monotonic() - begun + pause >= self._waiting.last_try_seconds
                if late or tries >= _most_tries(failed.trouble):
                    raise self._ours(failed, operation, changes, maybe_done) from failed.__cause__
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
            trouble = _first_trouble(answer) if _reasons(answer) else errors.trouble_of(error)
            if trouble is None:
                raise
            outcome = trouble.name
            raise _FailedError(trouble, answer) from error
        finally:
            read, written = units_of(operation, answer)
            self.measures.take(
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
        self, failed: "_FailedError", operation: str, changes: bool, maybe_done: bool
    ) -> BusyError | UnavailableError:
        trouble = failed.trouble
        if trouble is None:
            raise AssertionError("a refusal is no trouble")
        told = {
            "operation": _permission(operation),
            "table": self.place.table,
            "region": self._region(),
        }
        request_id = _request_id(failed.answer)
        reason = trouble.reason.format(**told) + (f" (request {request_id})" if request_id else "")
        mend = trouble.mend.format(**told)
        if trouble.name in ("throttled", "conflict") and not maybe_done:
            return BusyError(reason=f"{reason} {mend}")
        if maybe_done:
            reason += " It is not certain whether it was saved: look again before repeating it."
        elif changes:
            reason += " Nothing was saved."
        return TroubleError(name=trouble.name, reason=reason, mend=mend, undecided=maybe_done)

    def _region(self) -> str:
        client = self._client
        return client.meta.region_name if client else self.place.region or "its region"


def make_client(place: Place, waiting: Waiting = _PATIENT) -> "BaseClient":
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
    """One try came to nothing; no `trouble`: it was refused by its condition."""

    trouble: Trouble | None
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


def _first_trouble(answer: Answer) -> Trouble | None:
    first = _reasons(answer)[0]
    if first == "ValidationError":
        texts = [reason.get("Message", "") for reason in answer["CancellationReasons"]]
        return errors.of_text(" ".join(text for text in texts if text))
    return errors.of_code(first)


def _most_tries(trouble: Trouble) -> int:
    if trouble.name == "conflict":
        return CONFLICT_TRIES
    return retry_attempts.get() if trouble.name in errors.PASSING else 1


def _how_long(trouble: Trouble, tries: int) -> float:
    """Any time up to the longest: those who collided once should not do so again."""
    longest = min(_PAUSES.get(trouble.name, _SHORT_PAUSE) * 2 ** (tries - 1), _LONGEST_PAUSE)
    return random.uniform(longest / 4, longest)  # noqa: S311 - no secret


def _permission(operation: str) -> str:
    if operation == "TransactWriteItems":
        return "PutItem and DeleteItem (together, as a transaction)"
    return operation


def _request_id(answer: Answer) -> str:
    return str(answer.get("ResponseMetadata", {}).get("RequestId", ""))
