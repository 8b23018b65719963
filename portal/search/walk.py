"""The walk over all tenants: it makes what no mark has asked for.

Tenants of an earlier version have no entries, and processes of an earlier version leave no marks
while machines are updated one after the other. So after an update the walk brings every tenant up
to date, in the background and in parts, and once more a day later.

One item holds how far it is. Whoever looks next goes on there; if two do so at once, one of them
stops after a page.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from portal import records
from portal.queries import IndexRange, PageCursor, Tab, page, ranges_of_tab
from portal.records import SEARCH_WALK
from portal.search.keeper import Until
from portal.search.keeping import refresh
from portal.stores import (
    GSI2,
    GSI3,
    KEY,
    Add,
    BusyError,
    Item,
    ItemExistsError,
    ItemNotFoundError,
    Replace,
    Store,
    VersionConflictError,
)
from portal.tenants import Status
from portal.timestamps import format_timestamp, parse_timestamp

logger = logging.getLogger(__name__)

#: Counts what the walk makes: first entries and documents, then also places in lists.
LAYOUT = 2
_WITH_DOCUMENTS = 1

#: Rows that are read at once.
_PAGE = 25
#: How long after its end the walk is made once more.
_AGAIN_AFTER = timedelta(days=1)
_WALKS = 2
#: Seconds between two looks of one process whether there is anything to do.
_LOOK_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class WalkState:
    """How far the walk is.

    Attributes:
        layout: Of the entries that it makes.
        made: The layout of which all tenants have entries; 0 if it has never come to its end.
        ended: How often it has come to its end since it was begun.
        ended_at: When it did so last.
        after: The last row that it has seen, if it is under way.
        seen: Rows that it has seen since its beginning. Most tenants are seen twice: in their list,
            and in the list of changes.
    """

    layout: int
    made: int = 0
    version: int = 0
    ended: int = 0
    ended_at: datetime | None = None
    after: PageCursor | None = None
    seen: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether all tenants have entries, documents and places."""
        return self.made >= LAYOUT

    @property
    def has_changes(self) -> bool:
        """Whether all tenants are in the list of changes."""
        return self.made >= _WITH_DOCUMENTS

    def is_due(self, now: datetime) -> bool:
        if self.layout > LAYOUT:
            # A newer version is at work.
            return False
        if self.layout < LAYOUT or self.ended == 0 or self.after is not None:
            return True
        return (
            self.ended < _WALKS
            and self.ended_at is not None
            and now >= self.ended_at + _AGAIN_AFTER
        )


@dataclass(kw_only=True)
class Walk:
    """Makes the walk. Any number of processes and machines may do so at the same time."""

    store: Store
    clock: Callable[[], datetime]
    seconds: Callable[[], float] = time.monotonic
    _look_at: float = field(default=float("-inf"), init=False)

    def run_if_due(self, until: Until = lambda: False) -> bool:
        """Go on with the walk if it is due. Returns whether it is still under way.

        It asks the store at most every five minutes, unless the walk is under way.

        Raises:
            StoreError: The store failed. The walk goes on at the next call.
        """
        if self.seconds() < self._look_at:
            return False
        state = walk_state(self.store)
        while state.is_due(self.clock()):
            try:
                state = self._part(state)
            except (ItemExistsError, VersionConflictError):
                # Another process is at it.
                return False
            if until():
                return state.after is not None
        self._look_at = self.seconds() + _LOOK_SECONDS
        return False

    def _part(self, state: WalkState) -> WalkState:
        """See the next rows. Returns how far the walk is then."""
        if state.layout < LAYOUT:
            state = WalkState(layout=LAYOUT, made=state.made, version=state.version)
        now = self.clock()
        rows = page(self.store, _ranges(now), after=state.after, limit=_PAGE)
        for row in rows.rows:
            try:
                refresh(self.store, _tenant_id(row), now)
            except BusyError:
                # Whoever interferes has a mark of their own.
                continue
        seen = (state.seen if state.after else 0) + len(rows.rows)
        if rows.after:
            return self._keep(replace(state, after=rows.after, seen=seen), state)
        ended = replace(
            state, made=LAYOUT, ended=state.ended + 1, ended_at=now, after=None, seen=seen
        )
        kept = self._keep(ended, state)
        logger.info("All tenants are indexed for search.", extra={"fields": {"rows": seen}})
        return kept

    def _keep(self, state: WalkState, before: WalkState) -> WalkState:
        kept = replace(state, version=before.version + 1)
        item = _item_of(kept)
        self.store.write([Replace(item, before.version) if before.version else Add(item)])
        return kept


def _ranges(now: datetime) -> list[IndexRange]:
    """All tenants by their lists, then all documents: one whose tenant is gone is removed, and its
    place in lists with it."""
    partitions = [*(records.changes_partition(status) for status in Status), records.CHANGES_ASIDE]
    documents = [IndexRange(GSI3, partition) for partition in partitions]
    return [*ranges_of_tab(Tab.ALL, now), *documents]


def _tenant_id(row: Item) -> str:
    return str(row[KEY]) if GSI2.partition in row else records.document_tenant_id(row)


def walk_state(store: Store) -> WalkState:
    """How far the walk is; layout 0 if it has never begun.

    Raises:
        StoreError: The store failed.
    """
    try:
        item = store.get(SEARCH_WALK)
    except ItemNotFoundError:
        return WalkState(layout=0)
    after = None
    if "range" in item:
        position = (str(item["after"]), str(item["afterId"])) if "after" in item else None
        after = PageCursor(int(item["range"]), position)
    return WalkState(
        layout=int(item["layout"]),
        made=int(item["made"]),
        version=int(item["version"]),
        ended=int(item["ended"]),
        ended_at=parse_timestamp(str(item.get("endedAt", ""))),
        after=after,
        seen=int(item["seen"]),
    )


def begin_anew(store: Store) -> None:
    """Let the walk begin anew: the background process makes it.

    Raises:
        StoreError: The store failed.
    """
    while True:
        before = walk_state(store)
        item = _item_of(WalkState(layout=LAYOUT, made=before.made, version=before.version + 1))
        try:
            store.write([Replace(item, before.version) if before.version else Add(item)])
        except (ItemExistsError, VersionConflictError):
            continue
        return


def _item_of(state: WalkState) -> Item:
    item: dict[str, str | int] = {
        KEY: SEARCH_WALK,
        "version": state.version,
        "layout": state.layout,
        "made": state.made,
        "ended": state.ended,
        "seen": state.seen,
    }
    if state.ended_at:
        item["endedAt"] = format_timestamp(state.ended_at)
    if state.after:
        item["range"] = state.after.index_range
        if state.after.position:
            item["after"], item["afterId"] = state.after.position
    return item
