"""Every metric: its name, its labels, and what it counts.

Names and labels are promised: dashboards and alerts are made of them. A label never holds an id, an
address or a name, and its values are few: routes, methods, kinds and outcomes that the code names.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    COUNTER = "counter"
    HISTOGRAM = "histogram"
    GAUGE = "gauge"


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A number that is counted, measured or read.

    Attributes:
        buckets: Upper bounds in seconds, of a histogram.
    """

    name: str
    kind: Kind
    text: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


#: `validate` takes less than a millisecond, and whoever waits gets an answer after eight seconds.
_REQUEST_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 8.0)
#: An attempt ends after about three seconds at the latest.
STORE_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0)

REQUESTS = Metric(
    name="portal_requests_total",
    kind=Kind.COUNTER,
    text="Answers by route, method and status.",
    labels=("route", "method", "status"),
)
REQUEST_SECONDS = Metric(
    name="portal_request_seconds",
    kind=Kind.HISTOGRAM,
    text="From the arrival of a whole request to its answer.",
    labels=("route",),
    buckets=_REQUEST_BUCKETS,
)
SIGN_UPS = Metric(
    name="portal_sign_ups_total",
    kind=Kind.COUNTER,
    text="Sign-ups by what became of them at first.",
    labels=("outcome",),
)
DECISIONS = Metric(
    name="portal_decisions_total",
    kind=Kind.COUNTER,
    text="Decisions that were saved, by verb.",
    labels=("verb",),
)
QUEUE_LENGTH = Metric(
    name="portal_queue_length",
    kind=Kind.GAUGE,
    text="Sign-ups that wait, by list, counted up to 1000.",
    labels=("list",),
)
OLDEST_WAIT = Metric(
    name="portal_queue_oldest_wait_seconds",
    kind=Kind.GAUGE,
    text="How long the sign-up has waited that has waited longest for a decision.",
)
OUTBOX_ENTRIES = Metric(
    name="portal_outbox_entries",
    kind=Kind.GAUGE,
    text="Mails that are due now, and those that were given up, counted up to 1000.",
    labels=("state",),
)
OUTBOX_LATE = Metric(
    name="portal_outbox_oldest_due_seconds",
    kind=Kind.GAUGE,
    text="For how long the mail has been due that is due longest.",
)
WEBHOOK_ENTRIES = Metric(
    name="portal_webhook_entries",
    kind=Kind.GAUGE,
    text="Webhooks that wait, and those that were given up, of all receivers, up to 1000.",
    labels=("state",),
)
WEBHOOK_LATE = Metric(
    name="portal_webhook_oldest_due_seconds",
    kind=Kind.GAUGE,
    text="For how long the webhook has been due that is due longest.",
)
WEBHOOK_RECEIVERS = Metric(
    name="portal_webhook_receivers",
    kind=Kind.GAUGE,
    text="Receivers of webhooks: switched on, switched off, and gone by their own answer.",
    labels=("state",),
)
DELIVERIES = Metric(
    name="portal_deliveries_total",
    kind=Kind.COUNTER,
    text="Attempts to deliver, by kind and outcome.",
    labels=("kind", "outcome"),
)
STORE_CALLS = Metric(
    name="portal_store_calls_total",
    kind=Kind.COUNTER,
    text="Calls to the store by operation and outcome.",
    labels=("operation", "outcome"),
)
STORE_SECONDS = Metric(
    name="portal_store_call_seconds",
    kind=Kind.HISTOGRAM,
    text="How long calls to the store took.",
    labels=("operation",),
    buckets=STORE_BUCKETS,
)
CAPACITY_UNITS = Metric(
    name="portal_store_capacity_units_total",
    kind=Kind.COUNTER,
    text="Capacity units that DynamoDB says it charged.",
    labels=("operation", "kind", "place"),
)
SIGN_IN_FAILURES = Metric(
    name="portal_sign_in_failures_total",
    kind=Kind.COUNTER,
    text="Sign-in links, sign-ins at the provider and API tokens that were refused.",
    labels=("kind",),
)
RATE_LIMITED = Metric(
    name="portal_rate_limited_total",
    kind=Kind.COUNTER,
    text="Requests that a limit refused, by route.",
    labels=("route",),
)
LOST_LOG_LINES = Metric(
    name="portal_lost_log_lines_total",
    kind=Kind.COUNTER,
    text="Log lines that were dropped because nobody read them.",
)
PROCESS_DEATHS = Metric(
    name="portal_process_deaths_total",
    kind=Kind.COUNTER,
    text="Processes of the portal that ended without being asked to.",
    labels=("process",),
)

ALL = (
    REQUESTS, REQUEST_SECONDS, SIGN_UPS, DECISIONS, QUEUE_LENGTH, OLDEST_WAIT, OUTBOX_ENTRIES,
    OUTBOX_LATE, WEBHOOK_ENTRIES, WEBHOOK_LATE, WEBHOOK_RECEIVERS, DELIVERIES, STORE_CALLS,
    STORE_SECONDS, CAPACITY_UNITS, SIGN_IN_FAILURES, RATE_LIMITED, LOST_LOG_LINES, PROCESS_DEATHS,
)  # fmt: skip
