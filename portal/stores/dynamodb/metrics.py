"""Metrics of the calls to DynamoDB: capacity, latency and outcome.

A record names the operation and the kind of its items, never an id or a value. There are three
outputs, each of them off by default: the debug log, CloudWatch's embedded metrics in the log,
and Prometheus at `/metrics`.
"""

import logging
import os
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

#: Its name is the value of the setting `DEBUG` that turns it on.
debug_logger = logging.getLogger("fsm-appointment:tenant")
logger = logging.getLogger(__name__)

NAMESPACE = "FSMAppointmentManager/Portal"

#: Upper bounds in seconds. An attempt ends after about three seconds at the latest.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0)

#: The part of the portal's own ids before the first hyphen. Only these kinds may appear in
#: metrics, since an id may also be a text that somebody typed into a search.
KINDS = frozenset({
    "pending", "claim", "event", "note", "staff", "link", "session", "mail", "token", "import",
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
                reads[name] += part.get("CapacityUnits", 0)
    return _without_zeros(reads), _without_zeros(writes)


def _without_zeros(units: Mapping[str, float]) -> dict[str, float]:
    return {resource: count for resource, count in units.items() if count}


@dataclass(slots=True)
class _Histogram:
    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        resource = sum(seconds > bucket for bucket in BUCKETS)
        self.counts[resource] += 1
        self.total += seconds


class Metrics:
    """Records calls, from any number of threads, and sums them up since the start."""

    def __init__(self, *, embedded: bool = False) -> None:
        self._embedded = embedded
        self.begin()

    def begin(self) -> None:
        """Start counting at zero, also in a process that was just forked."""
        self._lock = threading.Lock()
        self._outcomes: Counter[tuple[str, str]] = Counter()
        self._units: dict[tuple[str, str, str], float] = defaultdict(float)
        self._histograms: dict[str, _Histogram] = {}

    def record(self, call: Call) -> None:
        """Count a call, and log it if that is turned on."""
        with self._lock:
            self._outcomes[call.operation, call.outcome] += 1
            for kind, units in (("read", call.read_units), ("write", call.write_units)):
                for resource, count in units.items():
                    self._units[call.operation, kind, resource] += count
            self._histograms.setdefault(call.operation, _Histogram()).add(call.seconds)
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

    def totals(self) -> tuple[float, float, int]:
        """Read units, write units, and calls."""
        with self._lock:
            read, write = (
                sum(units for (_, kind, _), units in self._units.items() if kind == wanted_kind)
                for wanted_kind in ("read", "write")
            )
            return read, write, self._outcomes.total()

    def to_prometheus(self) -> str:
        """The counts of this process in Prometheus's text format."""
        with self._lock:
            return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        # Each process counts for itself, and one of them answers the request.
        process = f'process="{os.getpid()}"'
        name = "portal_store_calls_total"
        yield f"# HELP {name} Calls to DynamoDB by operation and outcome."
        yield f"# TYPE {name} counter"
        for (operation, outcome), count in sorted(self._outcomes.items()):
            yield f'{name}{{{process},operation="{operation}",outcome="{outcome}"}} {count}'
        name = "portal_store_capacity_units_total"
        yield f"# HELP {name} Capacity units that DynamoDB says it charged."
        yield f"# TYPE {name} counter"
        for (operation, kind, resource), units in sorted(self._units.items()):
            labels = f'{process},operation="{operation}",kind="{kind}",place="{resource}"'
            yield f"{name}{{{labels}}} {units:g}"
        name = "portal_store_call_seconds"
        yield f"# HELP {name} How long calls to DynamoDB took."
        yield f"# TYPE {name} histogram"
        for operation, histogram in sorted(self._histograms.items()):
            labels = f'{process},operation="{operation}"'
            counts = list(accumulate(histogram.counts))
            for bucket, count in zip((*BUCKETS, "+Inf"), counts, strict=True):
                yield f'{name}_bucket{{{labels},le="{bucket}"}} {count}'
            yield f"{name}_sum{{{labels}}} {histogram.total:.6f}"
            yield f"{name}_count{{{labels}}} {counts[-1]}"


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
