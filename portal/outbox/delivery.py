"""Delivers what is due: claims an entry, delivers it, and writes down what became of it."""

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from portal import logs, records
from portal.delivery_errors import DeliveryError, NothingToSayError, Retry
from portal.mail import MailError, Problem, message_key
from portal.outbox.entries import to_second_address
from portal.outbox.schedule import Schedule
from portal.outbox.unreadable import readable_entry
from portal.records import DeliveryState, OutboxEntry
from portal.stores import (
    GSI4,
    KEY,
    BusyError,
    Change,
    ItemNotFoundError,
    Remove,
    Replace,
    Store,
    StoreError,
    UnavailableError,
    VersionConflictError,
)
from portal.timestamps import format_timestamp
from portal.tracing import NoTracing, Outcome, Tracing

logger = logging.getLogger(__name__)

#: Entries that are looked up at once.
_BATCH = 25
_FIRST = " "
#: The first pause before the outcome of a delivery is written again; each further one is twice as
#: long.
_WRITE_PAUSE = 0.1


class Courier(Protocol):
    """Delivers entries of one kind: `portal.mail.Post` by mail."""

    @property
    def way(self) -> str:
        """How it leaves, such as `smtp`."""

    def mail(self, store: Store, entry: OutboxEntry, now: datetime) -> Any:
        """What is sent, made of what the store has now.

        Raises:
            DeliveryError: It cannot be made.
            NothingToSayError: There is nothing to send any more.
            StoreError: The store failed.
        """

    def send(self, mail: Any, *, seconds: float) -> None:
        """Have it leave. It takes no longer than `seconds`.

        Raises:
            DeliveryError: It did not leave, or nobody knows whether it did.
        """


@dataclass(slots=True)
class Tally:
    """What became of entries that were due."""

    sent: int = 0
    put_off: int = 0
    given_up: int = 0
    dropped: int = 0
    #: The other side does not work at all, so further attempts would fail as well.
    is_down: bool = False

    @property
    def handled(self) -> int:
        return self.sent + self.put_off + self.given_up + self.dropped

    def add(self, other: "Tally") -> None:
        self.sent += other.sent
        self.put_off += other.put_off
        self.given_up += other.given_up
        self.dropped += other.dropped
        self.is_down = other.is_down


@dataclass(kw_only=True)
class Delivery:
    """Delivers what is in one queue. Any number of processes and machines may do so at the same
    time. Without a name, the queue is that of the mails."""

    store: Store
    post: Courier
    clock: Callable[[], datetime]
    schedule: Schedule = field(default_factory=Schedule)
    queue: str = ""
    tracing: Tracing = field(default_factory=NoTracing)
    told: Callable[[str, str], None] = lambda _kind, _state: None
    """Learns the kind of each entry that was tried, and what became of it."""

    def send_due(self, *, until: Callable[[], bool] = lambda: False) -> Tally:
        """Deliver everything that is due now, the longest due first.

        It stops when the other side does not work at all: what is left stays due.

        Args:
            until: Whether to stop before the next entry.

        Raises:
            StoreError: The store failed. What was delivered before that is written down.
        """
        tally = Tally()
        while not until() and not tally.is_down:
            ids = self._due()
            batch = Tally()
            for entry_id in ids:
                if until() or batch.is_down:
                    break
                self._handle(entry_id, batch)
            tally.add(batch)
            if not batch.handled:
                # Nothing is due, or others have claimed it all.
                break
        return tally

    def _due(self) -> list[str]:
        """Ids of entries that are due. Shuffled, so that workers do not all want the same one."""
        now = format_timestamp(self.clock())
        partition, until = records.due_partition(self.queue), f"{now}#{records.LAST}"
        page = self.store.query(GSI4, partition, between=(_FIRST, until), limit=_BATCH)
        ids = [str(row[KEY]) for row in page.items]
        random.shuffle(ids)
        return ids

    def _handle(self, entry_id: str, tally: Tally) -> None:
        began = time.monotonic()
        claimed = self._claim(entry_id)
        if claimed is None:
            return
        # All that the log and a trace have of it leads to the request that caused it.
        request_id = logs.request_id.set(claimed.request_id)
        attributes = {"portal.kind": claimed.kind, "portal.request_id": claimed.request_id}
        try:
            what = "webhook" if self.queue else "mail"
            with self.tracing.operation(f"deliver {what}", **attributes) as span:
                self._handle_claimed(claimed, began, tally, span)
        finally:
            logs.request_id.reset(request_id)

    def _handle_claimed(
        self, claimed: OutboxEntry, began: float, tally: Tally, span: Outcome
    ) -> None:
        outcome, is_down = self._deliver(claimed)
        seconds = time.monotonic() - began
        if outcome is claimed:
            # Nothing was sent. It is due again when its lease ends.
            tally.put_off += 1
            return
        others: list[Change] = []
        if outcome.state is DeliveryState.GIVEN_UP and not outcome.queue:
            others = to_second_address(self.store, outcome, self.clock())
            outcome = replace(outcome, sent_again=outcome.sent_again or bool(others))
        self._write(outcome, others, self.schedule.lease - seconds)
        match outcome.state:
            case DeliveryState.SENT:
                tally.sent += 1
            case DeliveryState.GIVEN_UP:
                tally.given_up += 1
            case DeliveryState.DROPPED:
                tally.dropped += 1
            case _:
                tally.put_off += 1
        tally.is_down = is_down
        span.is_(outcome.state.value)
        self.told(outcome.kind, outcome.state.value)
        _log(outcome, seconds)

    def _claim(self, entry_id: str) -> OutboxEntry | None:
        """The entry, which nobody else delivers for as long as the lease; `None` if another worker
        has it, an index that lags behind still showed it, or it cannot be read."""
        try:
            item = self.store.get(entry_id)
        except ItemNotFoundError:
            return None
        entry, now = readable_entry(self.store, item), self.clock()
        if entry is None:
            return None
        if entry.state is not DeliveryState.DUE or entry.due_at is None or entry.due_at > now:
            return None
        claimed = replace(
            entry,
            version=entry.version + 1,
            tries=entry.tries + 1,
            due_at=now + timedelta(seconds=self.schedule.lease),
        )
        try:
            self.store.write([Replace(records.outbox_item(claimed), entry.version)])
        except VersionConflictError:
            return None
        return claimed

    def _deliver(self, claimed: OutboxEntry) -> tuple[OutboxEntry, bool]:
        """Deliver it. Returns the entry as it is to be written then, and whether every other
        attempt would fail as well. The same entry: the lease is nearly over, so that another
        worker may send it soon, and this one does not."""
        try:
            mail = self.post.mail(self.store, claimed, self.clock())
            # The store may have taken long, and the lease runs since the claim.
            seconds = min(self.schedule.attempt, self._left(claimed) - self.schedule.margin)
            if seconds < self.schedule.margin:
                logger.warning("The store took so long that nothing is sent in this lease.")
                return claimed, False
            self.post.send(mail, seconds=seconds)
        except NothingToSayError as nothing:
            return self._ended(claimed, DeliveryState.DROPPED, nothing.reason), False
        except DeliveryError as error:
            return self._failed(claimed, error), error.of_server
        except StoreError:
            # The entry is due again after the lease. Whoever runs this learns of the store.
            raise
        except Exception:
            # One entry that cannot be delivered must not keep all others from it.
            logger.exception("A delivery ended with an error that nobody expected.")
            unexpected = MailError(retry=Retry.LATER, problem=Problem.UNEXPECTED)
            return self._failed(claimed, unexpected), False
        return self._ended(claimed, DeliveryState.SENT, way=self.post.way), False

    def _left(self, claimed: OutboxEntry) -> float:
        """Seconds until another worker may deliver it."""
        return (claimed.due_at - self.clock()).total_seconds() if claimed.due_at else 0.0

    def _failed(self, claimed: OutboxEntry, error: DeliveryError) -> OutboxEntry:
        pause = None
        may_repeat = not error.may_have_arrived or claimed.tries < self.schedule.most_unknown
        if error.retry is not Retry.NEVER and may_repeat:
            patient = error.retry is Retry.LATER
            pause = self.schedule.pause(claimed.tries, patient=patient)
            pause = self._in_time(claimed, pause)
        if pause is None:
            return self._ended(claimed, DeliveryState.GIVEN_UP, error.reason)
        return replace(
            claimed,
            version=claimed.version + 1,
            due_at=self.clock() + pause,
            reason=error.reason,
        )

    def _in_time(self, claimed: OutboxEntry, pause: timedelta | None) -> timedelta | None:
        """The pause, so that the last attempt is made when the time of the entry is over."""
        if pause is None or self.schedule.lasts is None:
            return pause
        left = claimed.at + timedelta(seconds=self.schedule.lasts) - self.clock()
        return min(pause, left) if left > timedelta(0) else None

    def _ended(
        self, claimed: OutboxEntry, state: DeliveryState, reason: str = "", way: str = ""
    ) -> OutboxEntry:
        return replace(
            claimed,
            version=claimed.version + 1,
            state=state,
            due_at=None,
            ended_at=self.clock(),
            reason=reason,
            way=way,
        )

    def _write(self, outcome: OutboxEntry, others: Sequence[Change], seconds: float) -> None:
        """Write down what became of it. As long as the lease holds, a store that fails is tried
        again: otherwise what was sent would be sent twice.

        Raises:
            StoreError: It could not be written in `seconds`.
        """
        change: Change = (
            Remove(outcome.id, outcome.version - 1)
            if outcome.is_for_nobody
            else Replace(records.outbox_item(outcome), outcome.version - 1)
        )
        deadline, pause = time.monotonic() + seconds, _WRITE_PAUSE
        while True:
            try:
                self.store.write([change, *others])
            except VersionConflictError as conflict:
                # Either an earlier attempt succeeded after all, or the lease ran out and somebody
                # else has it: then what they write counts.
                # Or it was removed together with its tenant.
                if conflict.item and int(conflict.item["version"]) != outcome.version:
                    logger.warning("A delivery took longer than its lease.")
            except (BusyError, UnavailableError):
                if time.monotonic() + pause > deadline:
                    raise
                time.sleep(pause)
                pause *= 2
                continue
            return


def _log(outcome: OutboxEntry, seconds: float) -> None:
    """One line for each attempt. It names nobody."""
    level = logging.ERROR if outcome.state is DeliveryState.GIVEN_UP else logging.INFO
    fields = {
        **_name(outcome),
        "kind": outcome.kind,
        "state": outcome.state.value,
        "tries": outcome.tries,
        "seconds": round(seconds, 3),
        **({"reason": outcome.reason} if outcome.reason else {}),
        **({"way": outcome.way} if outcome.way else {}),
    }
    what = "webhook" if outcome.queue else "mail"
    logger.log(level, _SENTENCES[outcome.state], what, extra={"fields": fields})


def _name(outcome: OutboxEntry) -> dict[str, str]:
    """What the other side has in its log as well: the header `webhook-id`, or the beginning of the
    Message-ID."""
    if outcome.queue:
        return {"webhook": f"msg_{outcome.id.rpartition('-')[2]}", "queue": outcome.queue}
    return {"mail": message_key(outcome.id)}


_SENTENCES = {
    DeliveryState.SENT: "A %s was sent.",
    DeliveryState.DUE: "A %s was not sent. It is tried again.",
    DeliveryState.GIVEN_UP: "A %s was not sent, and is given up.",
    DeliveryState.DROPPED: "A %s was not sent, since there is nothing to say any more.",
}
