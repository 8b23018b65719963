"""What runs beside the requests: the outbox and the daily round. It costs a few reads, whatever is
stored."""

from dataclasses import dataclass
from datetime import datetime

from portal import records
from portal.records import OutboxEntry
from portal.stores import GSI4, KEY, Item, Store, find_item
from portal.timestamps import parse_timestamp

_LATEST = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Background:
    """What is left to do, and what was done last.

    Attributes:
        waiting, given_up: Entries of the outbox, counted up to a limit.
        unreadable: Those that cannot be read and are set aside, also of webhooks.
        due_since: Since when the entry is due that is due longest; `None`: none is.
        latest_given_up: The newest that were given up or came back.
        last_round: When the last daily round was made.
    """

    waiting: int
    due_since: datetime | None
    given_up: int
    unreadable: int
    latest_given_up: list[OutboxEntry]
    last_round: datetime | None


def background(store: Store, *, cap: int) -> Background:
    first = store.query(GSI4, records.OUTBOX_DUE, limit=1).items
    ended = store.query(GSI4, records.OUTBOX_GIVEN_UP, limit=_LATEST, newest_first=True).items
    items = [find_item(store, str(row[KEY])) for row in ended]
    last_round = find_item(store, records.DAILY_ROUND)
    return Background(
        waiting=store.count(GSI4, records.OUTBOX_DUE, cap=cap),
        due_since=_due_at(first[0]) if first else None,
        given_up=store.count(GSI4, records.OUTBOX_GIVEN_UP, cap=cap),
        unreadable=store.count(GSI4, records.OUTBOX_UNREADABLE, cap=cap),
        latest_given_up=[records.outbox_entry_of(item) for item in items if item],
        last_round=parse_timestamp(str(last_round.get("at", ""))) if last_round else None,
    )


def _due_at(row: Item) -> datetime | None:
    return parse_timestamp(str(row[GSI4.sort]).partition("#")[0])
