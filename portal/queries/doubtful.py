"""Doubtful sign-ups that staff may clear in one act."""

from dataclasses import dataclass
from datetime import datetime

from portal import records
from portal.records import LAST
from portal.stores import GSI2, KEY, Item, Store
from portal.timestamps import format_timestamp

#: Sign-ups that are looked at: limits let in no more, so this is all of them.
_MOST = 1500
_FIRST = " "
#: What a text is looked for in.
_SEARCHED = ("contactCompanyName", "contactFullName", "contactEmailAddress", KEY)


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubtful:
    """Rows of doubtful sign-ups, the newest first.

    Attributes:
        robots: Of those whose sender a robot may be.
        waiting: Of those that their customers can still move into the queue themselves, by the
            proof of their address.
    """

    robots: list[Item]
    waiting: list[Item]


def doubtful(store: Store, *, until: datetime, text: str = "") -> Doubtful:
    """The doubtful sign-ups that hold this text in a name, the address or the id, and came no later
    than `until`. Those that somebody has seen to are left out: their address is proved, or they
    were asked a question. It costs the same however many tenants there are.
    """
    between = (_FIRST, format_timestamp(until) + LAST)
    page = store.query(GSI2, records.ASIDE, between=between, limit=_MOST, newest_first=True)
    wanted = records.normalised(text)
    rows = [row for row in page.items if not _is_seen_to(row) and wanted in _searched(row)]
    return Doubtful(
        robots=[row for row in rows if not records.is_waiting_for_address(row)],
        waiting=[row for row in rows if records.is_waiting_for_address(row)],
    )


def _is_seen_to(row: Item) -> bool:
    return records.is_confirmed(row) or records.is_asked(row) or records.is_answered(row)


def _searched(row: Item) -> str:
    return " ".join(records.normalised(str(row.get(name, ""))) for name in _SEARCHED)
