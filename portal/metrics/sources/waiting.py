"""Reads how much waits: in the queue, in the outbox, and for each receiver of webhooks.

It reads the first row and a bounded count of a few index partitions, never the whole table: so it
costs the same whatever is stored. All processes of a server together read twice a minute, and once
in five minutes while much waits, since a count costs by its rows.
"""

import logging
import math
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

from portal import records
from portal.metrics.names import (
    OLDEST_WAIT,
    OUTBOX_ENTRIES,
    OUTBOX_LATE,
    QUEUE_LENGTH,
    WEBHOOK_ENTRIES,
    WEBHOOK_LATE,
    WEBHOOK_RECEIVERS,
    Metric,
)
from portal.metrics.recorder import Recorder
from portal.metrics.shared_folder import Turns
from portal.stores import (
    GSI2,
    GSI4,
    PUBLIC_ATTEMPTS,
    Index,
    Store,
    StoreError,
    clear_deadline,
    retry_attempts,
    set_deadline,
)
from portal.tenants import Status
from portal.timestamps import format_timestamp, parse_timestamp
from portal.webhooks import Book, State, read_book

logger = logging.getLogger(__name__)

READ_SECONDS, LARGE_SECONDS = 30.0, 300.0
#: More rows than this cost more than a few read units to count.
_LARGE = 100
_CAP = 1000
_FIRST = " "
#: Each number by its metric and its label.
Numbers = Mapping[tuple[Metric, tuple[str, ...]], float]
_ALL = (
    (QUEUE_LENGTH, ("pending",)),
    (QUEUE_LENGTH, ("doubtful",)),
    (QUEUE_LENGTH, ("waiting_for_address",)),
    (OLDEST_WAIT, ()),
    (OUTBOX_ENTRIES, ("due",)),
    (OUTBOX_ENTRIES, ("given_up",)),
    (OUTBOX_LATE, ()),
    (WEBHOOK_ENTRIES, ("waiting",)),
    (WEBHOOK_ENTRIES, ("given_up",)),
    (WEBHOOK_LATE, ()),
    *((WEBHOOK_RECEIVERS, (state.value,)) for state in State),
)


class WaitingGauges:
    """Sets the gauges when it is this process's turn to read them."""

    def __init__(
        self,
        store: Store,
        recorder: Recorder,
        clock: Callable[[], datetime],
        turns: Turns | None = None,
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._clock = clock
        self._turns = turns or Turns()

    def read_if_due(self) -> None:
        """While the store does not answer, the gauges are no numbers: what was read before may have
        been wrong for hours."""
        if not self._turns.is_due():
            return
        self._turns.put_off(READ_SECONDS)
        attempts = retry_attempts.set(PUBLIC_ATTEMPTS)
        set_deadline()
        try:
            numbers = self._read()
        except StoreError as error:
            logger.warning("It could not be read how much waits: %s", type(error).__name__)
            numbers = dict.fromkeys(_ALL, math.nan)
        finally:
            clear_deadline()
            retry_attempts.reset(attempts)
        for (metric, labels), value in numbers.items():
            self._recorder.set(metric, value, *labels)
        if any(value > _LARGE for (metric, _), value in numbers.items() if metric in _COUNTED):
            self._turns.put_off(LARGE_SECONDS)

    def _read(self) -> Numbers:
        now = self._clock()
        pending = records.status_partition(Status.PENDING)
        due = (_FIRST, f"{format_timestamp(now)}#{records.LAST}")
        count = self._store.count
        values = (
            count(GSI2, pending, cap=_CAP),
            count(GSI2, records.ASIDE, cap=_CAP),
            count(GSI2, records.WAITING, cap=_CAP),
            self._age(GSI2, pending, now),
            count(GSI4, records.OUTBOX_DUE, cap=_CAP, between=due),
            count(GSI4, records.OUTBOX_GIVEN_UP, cap=_CAP),
            self._age(GSI4, records.OUTBOX_DUE, now),
            *self._webhooks(read_book(self._store), now),
        )
        return dict(zip(_ALL, map(float, values), strict=True))

    def _webhooks(self, book: Book, now: datetime) -> tuple[float, ...]:
        """What waits for each receiver; how late the first of those is that are to be sent now; and
        how many receivers there are. A book has few of them, and all are counted up to one limit.
        """
        waiting = given_up = 0
        late = 0.0
        states = Counter(each.state for each in book.subscriptions)
        if book.subscriptions:
            events = records.due_partition(records.EVENT_QUEUE)
            waiting, late = self._count_more(events, 0), self._age(GSI4, events, now)
        for each in book.subscriptions:
            due = records.due_partition(each.id)
            waiting = self._count_more(due, waiting)
            given_up = self._count_more(records.given_up_partition(each.id), given_up)
            # Nothing is sent to the others.
            if each.state is State.ON:
                late = max(late, self._age(GSI4, due, now))
        return (waiting, given_up, late, *(states[state] for state in State))

    def _count_more(self, partition: str, count: int) -> int:
        more = self._store.count(GSI4, partition, cap=_CAP - count) if count < _CAP else 0
        return count + more

    def _age(self, index: Index, partition: str, now: datetime) -> float:
        """How long ago the time of the first row was; 0 without a row, and if it is yet to come."""
        rows = self._store.query(index, partition, limit=1).items
        at = parse_timestamp(str(rows[0][index.sort]).partition("#")[0]) if rows else None
        return max(0.0, (now - at).total_seconds()) if at else 0.0


_COUNTED = (QUEUE_LENGTH, OUTBOX_ENTRIES, WEBHOOK_ENTRIES)
