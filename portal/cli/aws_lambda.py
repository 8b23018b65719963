"""The entry for AWS Lambda: a function that a schedule calls, for example each minute."""

import os
import time
from typing import Protocol

from portal import logs
from portal.cli.outbox import rounds_of, sender_of
from portal.settings import Settings
from portal.signing_keys import resolve_secret_keys
from portal.stores import RetryingStore, open_store
from portal.timestamps import utc_now


class Context(Protocol):
    """What Lambda says about this call, as far as it is used."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends this call."""


def send_due(event: object, context: Context) -> dict[str, int]:
    """Deliver what is due, and stop while there is time left for the delivery under way.

    Returns:
        How many mails were sent, put off, given up, and not needed any more.
    """
    from portal.mail import Post  # noqa: PLC0415 - after the settings were read
    from portal.outbox import Delivery, Schedule, send_once  # noqa: PLC0415 - as above

    del event
    logs.configure()
    settings = Settings.from_environment(os.environ)
    store = open_store(settings)
    left = context.get_remaining_time_in_millis() / 1000 - Schedule().lease
    last_start = time.monotonic() + left
    try:
        retrying = RetryingStore(store)
        delivery = Delivery(
            store=retrying,
            post=Post(settings, resolve_secret_keys(settings)),
            clock=utc_now,
        )
        tally = send_once(
            delivery,
            rounds_of(settings, retrying),
            until=lambda: time.monotonic() > last_start,
        )
        webhooks = sender_of(settings, retrying)
        tally.add(webhooks.send_due(lambda: time.monotonic() > last_start))
    finally:
        store.close()
    return {
        "sent": tally.sent,
        "putOff": tally.put_off,
        "givenUp": tally.given_up,
        "dropped": tally.dropped,
    }
