"""Delivers once, or until it is stopped. The rounds are made in between, in parts, so that nothing
that is due waits for them."""

import logging
import random
import time
from collections.abc import Callable

from portal.outbox.daily import Until
from portal.outbox.delivery import Delivery, Tally
from portal.stores import StoreError

logger = logging.getLogger(__name__)

#: Seconds between two looks at what is due.
LOOK_SECONDS = 2.0
#: The longest pause while the mail server or the store does not work.
LONGEST_PAUSE_SECONDS = 60.0
#: After so many seconds a round stops, and goes on when what is due was sent.
ROUND_SECONDS = 5.0

#: Makes a part of what is done in rounds, and returns whether something may be due now, or is left
#: to do. It may raise `StoreError`.
Rounds = Callable[[Until], bool]


def send_once(delivery: Delivery, rounds: Rounds, *, until: Until = lambda: False) -> Tally:
    """Deliver what is due, make the rounds, and deliver what they wrote.

    Raises:
        StoreError: The store failed. What was delivered before that is written down.
    """
    tally = delivery.send_due(until=until)
    has_more = True
    while has_more and not until():
        has_more = rounds(_for_a_while(until))
        if has_more and not tally.is_down:
            tally.add(delivery.send_due(until=until))
    return tally


def watch(
    delivery: Delivery,
    wait: Callable[[float], bool],
    look_seconds: float = LOOK_SECONDS,
    *,
    rounds: Rounds = lambda _until: False,
) -> None:
    """Deliver what is due, again and again. While the other side or the store does not work, the
    pauses grow up to a minute. The rounds do not wait for the other side.

    Args:
        wait: Waits for that many seconds, and returns whether to stop.
        rounds: Is called after each look.
    """
    pause = mail_pause = look_seconds
    mail_at = float("-inf")

    def is_stopped() -> bool:
        return wait(0)

    while not wait(pause * random.uniform(0.8, 1.2)):  # noqa: S311 - not for secrets
        try:
            if time.monotonic() >= mail_at:
                is_down = delivery.send_due(until=is_stopped).is_down
                mail_pause = min(LONGEST_PAUSE_SECONDS, mail_pause * 2) if is_down else look_seconds
                mail_at = time.monotonic() + mail_pause if is_down else float("-inf")
            rounds(_for_a_while(is_stopped))
            pause = look_seconds
        except StoreError as error:
            logger.warning("The outbox could not be read or written: %s", type(error).__name__)
            pause = min(LONGEST_PAUSE_SECONDS, pause * 2)


def _for_a_while(until: Until) -> Until:
    end = time.monotonic() + ROUND_SECONDS
    return lambda: until() or time.monotonic() >= end
