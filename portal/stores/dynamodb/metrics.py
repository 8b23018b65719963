"""Metrics of the calls to DynamoDB: capacity, latency and outcome.

A record names the operation and the kind of its items, never an id or a value. There are three
outputs, each of them off by default: the debug log, a line with CloudWatch's embedded metrics for
each call, and the recorder of the portal's metrics.
"""

import logging
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from portal.metrics import NAMESPACE, Recorder, names, prometheus_recorder

#: Its name is the value of the setting `DEBUG` that turns it on.
debug_logger = logging.getLogger("fsm-appointment:tenant")
logger = logging.getLogger(__name__)

#: The part of the portal's own ids before the first hyphen. Only these kinds may appear in
#: metrics, since an id may also be a text that somebody typed into a search.
KINDS = frozenset({
    "pending", "claim", "event", "note", "staff", "link", "session", "mail", "token", "import",
    "limit", "stats", "followup", "search", "usage", "views", "report",
    "desk", "moved", "hook",
})  # fmt: skip
_PARTITION = re.compile(r"[A-Z]{1,12}(?=#|\Z)")


def kind_of_id(item_id: str) -> str:
    """The kind of an item, such as `pending`; `item` for tenants and everything else."""
    kind = item_id.partition("-")[0]
    return kind if kind in KINDS else "item"


def kind_of_partition(partition: str) -> str:
    """The kind of a partition, such as `STATUS` for `STATUS#pending`."""
    match = _PARTITION.match(partition)
    return match[0] if match else "rows"


def kind_of_ids(item_ids: Iterable[str]) -> str:
    """The kinds of several items, each once: `pending+event`."""
    return "+".join(dict.fromkeys(kind_of_id(each) for each in item_ids))


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request to DynamoDB and its answer.

    `outcome` is `ok`, `refused` (its condition failed), the name of a failure, or `unexpected`.
    """

    operation: str
    kind: str
    outcome: str
    seconds: float
    read_units: Mapping[str, float]
    write_units: Mapping[str, float]
    """Capacity units by `table` or by the name of an index, like `read_units`."""
    request_id: str


#: In answers to these operations `CapacityUnits` are write units; in others, read units.
_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem"})


def units_of(
    operation: str, answer: Mapping[str, Any]
) -> tuple[dict[str, float], dict[str, float]]:
    """Read units and write units of an answer, each by `table` or by the name of an index."""
    reads: dict[str, float] = defaultdict(float)
    writes: dict[str, float] = defaultdict(float)
    consumed = answer.get("ConsumedCapacity") or []
    for entry in consumed if isinstance(consumed, list) else [consumed]:
        indexes = entry.get("GlobalSecondaryIndexes", {})
        for name, part in {"table": entry.get("Table", {}), **indexes}.items():
            if operation == "TransactWriteItems":
                # Repeating a transaction with its token costs read units.
                writes[name] += part.get("WriteCapacityUnits", 0)
                reads[name] += part.get("ReadCapacityUnits", 0)
            elif operation in _WRITES:
                writes[name] += part.get("CapacityUnits", 0)
            else:
                reads[name] += part.get("ReadCapacityUnits", part.get("CapacityUnits", 0))
    return _without_zeros(reads), _without_zeros(writes)


def _without_zeros(units: Mapping[str, float]) -> dict[str, float]:
    return {resource: count for resource, count in units.items() if count}


class Metrics:
    """Passes calls to the outputs that are turned on. Any number of threads may record calls."""

    def __init__(self, *, embedded: bool = False) -> None:
        self._embedded = embedded
        if embedded:
            # They were asked for, whatever else the log leaves out.
            logger.setLevel(logging.INFO)
        self._recorder: Recorder | None = None

    def report_to(self, recorder: Recorder) -> None:
        """Count calls there from now on."""
        self._recorder = recorder

    def enable_prometheus(self) -> None:
        """Count calls for Prometheus alone from now on, starting at zero. Needs
        prometheus-client."""
        self._recorder = prometheus_recorder()

    def record(self, call: Call) -> None:
        """Count a call, and log it if that is turned on."""
        if self._recorder is not None:
            _count(self._recorder, call)
        if debug_logger.isEnabledFor(logging.DEBUG):
            debug_logger.debug(
                "%s %s: %s in %.1f ms, %g read units, %g write units, request %s",
                call.operation,
                call.kind,
                call.outcome,
                call.seconds * 1000,
                sum(call.read_units.values()),
                sum(call.write_units.values()),
                call.request_id or "unknown",
            )
        if self._embedded:
            logger.info(
                "%s %s: %s",
                call.operation,
                call.kind,
                call.outcome,
                extra={"fields": to_emf(call, time.time())},
            )

    def to_prometheus(self) -> str:
        """All counts in Prometheus's text format; empty before `enable_prometheus`."""
        return self._recorder.to_prometheus() if self._recorder is not None else ""


def _count(recorder: Recorder, call: Call) -> None:
    recorder.count(names.STORE_CALLS, call.operation, call.outcome)
    for kind, units in (("read", call.read_units), ("write", call.write_units)):
        for place, number in units.items():
            recorder.count(names.CAPACITY_UNITS, call.operation, kind, place, amount=number)
    recorder.observe(names.STORE_SECONDS, call.seconds, call.operation)


def to_emf(call: Call, now: float) -> dict[str, Any]:
    """The call in CloudWatch's embedded metric format; `now` in seconds since 1970."""
    metrics = {
        "Latency": ("Milliseconds", round(call.seconds * 1000, 3)),
        "ConsumedReadCapacityUnits": ("Count", sum(call.read_units.values())),
        "ConsumedWriteCapacityUnits": ("Count", sum(call.write_units.values())),
        "ThrottledRequests": ("Count", int(call.outcome == "throttled")),
        "Errors": ("Count", int(call.outcome not in ("ok", "refused", "throttled", "conflict"))),
    }
    return {
        "_aws": {
            "Timestamp": int(now * 1000),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["Operation"]],
                "Metrics": [{"Name": name, "Unit": unit} for name, (unit, _) in metrics.items()],
            }],
        },
        "Operation": call.operation,
        "ItemKind": call.kind,
        "Outcome": call.outcome,
        "AwsRequestId": call.request_id,
        **{name: value for name, (_, value) in metrics.items()},
    }  # fmt: skip
