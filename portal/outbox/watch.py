"""Delivers once, or until it is stopped, and makes the rounds beside that, in parts."""

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
    delivery: Delivery, wait: Callable[[float], bool], look_seconds: float = LOOK_SECONDS
) -> None:
    """Deliver what is due, again and again. While the mail server or the store does not work, the
    pauses grow up to a minute.

    Args:
        wait: Waits for that many seconds, and returns whether to stop.
    """

    def look() -> bool:
        return not delivery.send_due(until=lambda: wait(0)).is_down

    _repeat(look, wait, look_seconds)


def watch_rounds(
    rounds: Rounds,
    wait: Callable[[float], bool],
    look_seconds: float = LOOK_SECONDS,
    round_seconds: float = ROUND_SECONDS,
) -> None:
    """Make the rounds, again and again, in a thread of their own: none of them waits for a mail
    server. While the store does not work, the pauses grow up to a minute.

    Args:
        wait: As in `watch`.
        round_seconds: After so many a round is to stop.
    """

    def look() -> bool:
        rounds(_for_a_while(lambda: wait(0), round_seconds))
        return True

    _repeat(look, wait, look_seconds)


def _repeat(look: Callable[[], bool], wait: Callable[[float], bool], look_seconds: float) -> None:
    """`look` returns whether all worked."""
    pause = look_seconds
    chance = random.SystemRandom()
    while not wait(pause * chance.uniform(0.8, 1.2)):
        try:
            has_worked = look()
        except StoreError as error:
            logger.warning("The outbox could not be read or written: %s", type(error).__name__)
            has_worked = False
        pause = look_seconds if has_worked else min(LONGEST_PAUSE_SECONDS, pause * 2)


def _for_a_while(until: Until, seconds: float = ROUND_SECONDS) -> Until:
    end = time.monotonic() + seconds
    return lambda: until() or time.monotonic() >= end
