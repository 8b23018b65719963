"""Sends what is due to every receiver: a slow or dead one holds up no other, and no mail."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime

from portal import records
from portal.outbox import Delivery, Schedule, Tally
from portal.outgoing import Caller
from portal.settings import Settings
from portal.stores import GSI4, Store
from portal.timestamps import format_timestamp
from portal.tracing import NoTracing, Tracing
from portal.webhooks.addresses import open_caller
from portal.webhooks.book import State, Subscription, UnknownSubscriptionError, read_book
from portal.webhooks.courier import WebhookCourier
from portal.webhooks.fan_out import fan_out
from portal.webhooks.pauses import end_pause, note_failure, read_pause
from portal.webhooks.rounds import LASTS
from portal.webhooks.signing import WebhookSecrets
from portal.webhooks.subscriptions import end_gone

logger = logging.getLogger(__name__)

_MINUTE, _HOUR = 60.0, 3600.0
#: Five seconds to three days. After the last pause there is one more attempt.
SCHEDULE = Schedule(
    pauses=(
        5.0, 30.0, 2 * _MINUTE, 10 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR,
        14 * _HOUR, 20 * _HOUR, 20 * _HOUR, 20 * _HOUR,
    ),
    attempt=15.0,
    lasts=LASTS.total_seconds(),
)  # fmt: skip
#: Receivers that are served at a time.
_AT_ONCE = 8
#: While a slow one is served, the others are looked at again after so many seconds.
_LOOK_SECONDS = 2.0
#: After so many seconds a receiver lets the next one have its turn.
_TURN_SECONDS = 20.0


#: Kind and state of a delivery.
Told = Callable[[str, str], None]


class WebhookSender:
    """Sends to all subscriptions. Any number of processes and machines may do so at once.

    Args:
        keys: The signing keys, the newest first: they open the secrets.
        caller: Makes the requests; as the settings say if omitted.
        tracing: Of each delivery; none if omitted.
        told: Learns the kind of each message that was tried, and what became of it.
        look_seconds: Between two looks at what is due while a receiver is slow.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        sealing: WebhookSecrets,
        clock: Callable[[], datetime],
        *,
        schedule: Schedule = SCHEDULE,
        caller: Caller | None = None,
        tracing: Tracing | None = None,
        told: Told | None = None,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        self._store, self._sealing, self._clock = store, sealing, clock
        self._tracing = tracing or NoTracing()
        self._told = told or (lambda _kind, _state: None)
        self._schedule, self._look_seconds = schedule, look_seconds
        self._caller = caller or open_caller(settings)

    def send_due(self, until: Callable[[], bool] = lambda: False) -> Tally:
        """Send what is due to each receiver that is not left alone just now.

        Args:
            until: Whether to stop before the next message.

        Raises:
            StoreError: The store failed. What was sent before that is written down.
        """
        total = Tally()
        running: dict[Future[Tally], str] = {}
        with ThreadPoolExecutor(_AT_ONCE) as executor:
            has_more, look_at = True, 0.0
            while running or has_more:
                if not until() and (has_more or time.monotonic() >= look_at):
                    for each in self._turns(until):
                        # The turn of a slow one goes on while others have many.
                        if each.id not in running.values():
                            running[executor.submit(self._turn, each, until)] = each.id
                    look_at = time.monotonic() + self._look_seconds
                has_more = False
                left = max(0.0, look_at - time.monotonic())
                done, _ = wait(running, self._look_seconds if until() else left, FIRST_COMPLETED)
                for turn in done:
                    del running[turn]
                    tally = turn.result()
                    total.add(replace(tally, is_down=False))
                    has_more |= bool(tally.handled) and not tally.is_down and not until()
        return total

    def _turns(self, until: Callable[[], bool]) -> list[Subscription]:
        """The receivers for which something is due."""
        book = read_book(self._store)
        if not book.subscriptions:
            return []
        fan_out(self._store, book, self._clock(), until)
        return [
            each for each in book.subscriptions if each.state is State.ON and self._is_due(each.id)
        ]

    def round(self, until: Callable[[], bool]) -> bool:
        """As `send_due`, for `portal.outbox.watch_rounds`."""
        self.send_due(until)
        return False

    def _may_go_on(self, courier: WebhookCourier) -> bool:
        """Looked at once before each message: what an admin has switched off, removed or given
        another secret counts from then on, also in the middle of a turn."""
        if courier.is_fresh:
            return True
        try:
            now = read_book(self._store).find(courier.subscription.id)
        except UnknownSubscriptionError:
            return False
        courier.subscription, courier.is_fresh = now, now.state is State.ON
        return courier.is_fresh

    def _is_due(self, subscription_id: str) -> bool:
        between = (" ", f"{format_timestamp(self._clock())}#{records.LAST}")
        partition = records.due_partition(subscription_id)
        return bool(self._store.query(GSI4, partition, between=between, limit=1).items)

    def _turn(self, subscription: Subscription, until: Callable[[], bool]) -> Tally:
        pause = read_pause(self._store, subscription.id)
        if not pause.is_over(self._clock()):
            return Tally()
        courier = WebhookCourier(subscription, self._caller, self._sealing)
        delivery = Delivery(
            store=self._store,
            post=courier,
            clock=self._clock,
            schedule=self._schedule,
            queue=subscription.id,
            tracing=self._tracing,
            told=self._told,
        )
        ends = time.monotonic() + _TURN_SECONDS
        tally = delivery.send_due(
            until=lambda: until() or time.monotonic() >= ends or not self._may_go_on(courier)
        )
        if courier.is_gone:
            end_gone(self._store, subscription.id, self._clock())
            logger.error(
                "A receiver of webhooks has answered that it is gone. Nothing is sent to it any"
                " more, until an admin switches it on.",
                extra={"fields": {"queue": subscription.id}},
            )
        elif tally.is_down:
            note_failure(self._store, subscription.id, pause, self._clock(), wait=courier.wait)
        elif tally.sent and pause.failures:
            end_pause(self._store, subscription.id, pause)
        return tally
