"""Marks what each write changes, so that the background process brings the entries up to date.

The mark is part of the write: either both are there or none. It is a new item, so it never makes a
write wait for another one, or fail.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from portal import records
from portal.stores import KEY, Add, Change, Count, Remove, Store, StoreWrapper
from portal.timestamps import utc_now


class MarkingStore(StoreWrapper):
    """A `Store` that adds one mark to each write that changes tenants, or adds notes about them.
    Every verb, import and command writes through it, so none can forget the mark."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = utc_now) -> None:
        super().__init__(store)
        self._clock = clock

    def write(self, changes: Sequence[Change]) -> None:
        super().write([*changes, *marks_of(changes, self._clock())])


def marks_of(changes: Sequence[Change], now: datetime) -> list[Change]:
    """The mark of a write; none if it changes no tenant. It comes last: whoever learns that their
    write was refused looks at the first condition that failed."""
    ids = dict.fromkeys(_changed_tenants(changes))
    return [Add(records.search_mark_item(records.new_search_mark(ids, now)))] if ids else []


def _changed_tenants(changes: Sequence[Change]) -> list[str]:
    # A forward has the id of the sign-up whose place it takes.
    ids = [
        change.item_id if isinstance(change, Remove) else str(change.item[KEY])
        for change in changes
        if not isinstance(change, Count)
    ]
    # A list says which tenants have notes.
    noted = [
        records.note_tenant_id(change.item)
        for change in changes
        if isinstance(change, Add) and records.item_kind(str(change.item[KEY])) == "note"
    ]
    return [item_id for item_id in ids if records.item_kind(item_id) == "tenant"] + noted
