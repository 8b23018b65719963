"""How far the undoing of an import has come. It is stored in the import itself, so that one write
says what was undone and how far that is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from portal.timestamps import format_timestamp, parse_timestamp


class UndoOutcome(StrEnum):
    """What becomes of a row that an import wrote, when the import is undone."""

    #: The tenant is again as it was before the import.
    BACK = "back"
    #: The import had made the tenant: it is gone again.
    REMOVED = "removed"
    # ---- The tenant stays as it is:
    #: Somebody has changed it since.
    CHANGED = "changed"
    #: It has another id by now, or was removed.
    GONE = "gone"
    #: The import made it, and since then somebody has written a note or looks after it.
    NOTED = "noted"
    #: The import made it, and a customer asks for access with its ids.
    ASKED = "asked"
    #: Its former state was too large to be kept.
    NOT_KEPT = "notKept"


class AccessChange(StrEnum):
    """How the answer to whether a tenant may use the application changes now."""

    LOST = "lost"
    GAINED = "gained"


#: With these, nothing is left of the import.
UNDONE = frozenset({UndoOutcome.BACK, UndoOutcome.REMOVED})


@dataclass(frozen=True, kw_only=True, slots=True)
class UndoProgress:
    """An undoing that has begun.

    by, at: who began it, and when.
    is_over: whether no row is left, or nobody can go on.
    ended_by: who ended it before its last row: retention, which removes the former states.
    item, offset: where it goes on: the item of former states, and the row in it.
    counts: rows by what became of them.
    moved_at: when rows were last undone.
    """

    by: str
    at: datetime
    is_over: bool = False
    ended_by: str = ""
    item: int = 0
    offset: int = 0
    counts: Mapping[UndoOutcome, int] = field(default_factory=dict)
    moved_at: datetime | None = None

    @property
    def processed(self) -> int:
        return sum(self.counts.values())

    @property
    def undone(self) -> int:
        return sum(self.counts.get(outcome, 0) for outcome in UNDONE)

    def packed(self) -> dict[str, Any]:
        return {
            "by": self.by,
            "at": format_timestamp(self.at),
            "isOver": self.is_over,
            "endedBy": self.ended_by,
            "item": self.item,
            "offset": self.offset,
            "counts": dict(self.counts),
            "movedAt": format_timestamp(self.moved_at) if self.moved_at else "",
        }

    @classmethod
    def unpacked(cls, packed: Mapping[str, Any]) -> "UndoProgress":
        at = parse_timestamp(packed["at"])
        if at is None:
            raise ValueError("an undoing without a time")
        return cls(
            by=packed["by"],
            at=at,
            is_over=packed["isOver"],
            ended_by=packed["endedBy"],
            item=packed["item"],
            offset=packed["offset"],
            counts={UndoOutcome(name): number for name, number in packed["counts"].items()},
            moved_at=parse_timestamp(packed["movedAt"]),
        )
