"""Writes down what is heard of a mail after it was sent: it came back, or it arrived."""

import logging
from dataclasses import replace
from datetime import datetime
from enum import Enum

from portal import records
from portal.mail import DELIVERED, Notice, Problem, problem_of
from portal.outbox.entries import to_second_address
from portal.records import DeliveryState, OutboxEntry
from portal.stores import (
    GSI3,
    KEY,
    Change,
    ItemNotFoundError,
    Replace,
    Store,
    VersionConflictError,
)

logger = logging.getLogger(__name__)

#: Notices about one mail that are told apart. Nobody sends more.
_MOST_NOTICES = 20
#: Others change an entry at most a few times a second.
_ATTEMPTS = 10


class Noted(Enum):
    """What became of a notice."""

    NOTED = "noted"
    REPEATED = "repeated"
    #: It is about no mail of this portal, or about one whose tenant was removed.
    UNKNOWN = "unknown"


def note_return(store: Store, notice: Notice, now: datetime) -> Noted:
    """Write down that a mail did not arrive, for ever or so far, or that it did. The same notice
    counts once.

    Raises:
        StoreError: It was not written, or nobody knows; the same call again is safe.
    """
    rows = store.query(GSI3, records.mail_partition(notice.key), limit=1).items
    if not rows:
        return Noted.UNKNOWN
    entry_id = str(rows[0][KEY])
    for attempt in range(_ATTEMPTS):
        try:
            entry = records.outbox_entry_of(store.get(entry_id))
        except ItemNotFoundError:
            return Noted.UNKNOWN
        if notice.id in entry.notices:
            return Noted.REPEATED
        after = _after(entry, notice, now)
        others: list[Change] = []
        # What was given up before has gone to the second address already, if there was one.
        if after.state is DeliveryState.CAME_BACK is not entry.state and not entry.sent_again:
            others = to_second_address(store, entry, now)
            after = replace(after, sent_again=after.sent_again or bool(others))
        try:
            store.write([Replace(records.outbox_item(after), entry.version), *others])
        except VersionConflictError:
            if attempt == _ATTEMPTS - 1:
                raise
            continue
        break
    if notice.reason == DELIVERED:
        return Noted.NOTED
    logger.log(
        logging.ERROR if notice.is_hard else logging.WARNING,
        "A mail came back." if notice.is_hard else "A mail did not arrive so far.",
        extra={"fields": {"mail": notice.key, "kind": entry.kind, "reason": notice.reason}},
    )
    return Noted.NOTED


def _after(entry: OutboxEntry, notice: Notice, now: datetime) -> OutboxEntry:
    is_delivered = notice.reason == DELIVERED
    noted = replace(
        entry,
        version=entry.version + 1,
        notices=(*entry.notices, notice.id)[-_MOST_NOTICES:],
        soft_bounces=entry.soft_bounces + (not notice.is_hard and not is_delivered),
    )
    match entry.state:
        case _ if is_delivered:
            # What was heard of it says more; and what is not written down as sent is sent later.
            says_more = problem_of(entry.reason)[0] is Problem.COMPLAINT
            is_sent = entry.state is DeliveryState.SENT and not says_more
            return replace(noted, reason=DELIVERED) if is_sent else noted
        case DeliveryState.CAME_BACK:
            # The first reason stands.
            return noted
        case DeliveryState.GIVEN_UP if not notice.is_hard:
            # Why it was given up is what staff act on, and says more than a delay.
            return noted
        case _ if notice.is_hard:
            return replace(noted, state=DeliveryState.CAME_BACK, ended_at=now, reason=notice.reason)
        case _:
            return replace(noted, reason=notice.reason)
