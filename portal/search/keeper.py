"""Works off the marks: the part of the background process that keeps the entries up to date."""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal import records
from portal.records import LAST, SEARCH_DUE, SearchMark
from portal.search.keeping import LEASE, refresh
from portal.stores import (
    GSI4,
    KEY,
    Add,
    BusyError,
    ItemNotFoundError,
    Remove,
    Store,
    StoreError,
    VersionConflictError,
)
from portal.timestamps import format_timestamp, parse_timestamp

logger = logging.getLogger(__name__)

#: Whether to stop here.
Until = Callable[[], bool]

#: Marks that are looked up at once.
_BATCH = 25
_FIRST = " "
#: A mark whose tenant cannot be read waits so long: it must not keep others from their turn.
_PUT_OFF = timedelta(minutes=10)


@dataclass(kw_only=True)
class Keeper:
    """Works off what is marked. Any number of processes and machines may do so at the same time,
    and a mark may be worked off twice: the second time changes nothing.

    Attributes:
        lease: So long the claim of somebody else is left alone.
        also: What else follows a change of a tenant; called with its id. It may be called twice,
            and raise what `work_off` raises.
    """

    store: Store
    clock: Callable[[], datetime]
    lease: timedelta = LEASE
    also: Callable[[str], None] = lambda _tenant_id: None

    def work_off(self, until: Until = lambda: False) -> bool:
        """Work off all marks that are due, the longest due first. Returns whether some are left
        because of `until`.

        Raises:
            StoreError: The store failed. The next call goes on.
        """
        while True:
            worked_off = 0
            for mark_id in self._due():
                if until():
                    return True
                worked_off += self._work_off(mark_id, until)
            if not worked_off:
                # Nothing is due, or others are at it.
                return False

    def _due(self) -> list[str]:
        """Ids of marks that are due. Shuffled, so that processes do not all want the same one."""
        until = f"{format_timestamp(self.clock())}#{LAST}"
        page = self.store.query(GSI4, SEARCH_DUE, between=(_FIRST, until), limit=_BATCH)
        ids = [str(row[KEY]) for row in page.items]
        random.shuffle(ids)
        return ids

    def _work_off(self, mark_id: str, until: Until) -> bool:
        """Whether the mark is done and gone."""
        try:
            mark = records.search_mark_of(self.store.get(mark_id))
        except ItemNotFoundError:
            # An index that lags behind still showed it.
            return False
        try:
            done = [self._refresh(each, mark) for each in mark.tenant_ids if not until()]
        except BusyError:
            return False
        except StoreError:
            # Whoever runs this learns of the store.
            raise
        except Exception as error:  # noqa: BLE001 - one tenant must not keep all others waiting
            # The text of the error may hold a word of the tenant.
            kind = type(error).__name__
            logger.error("A tenant could not be indexed for search: %s", kind)  # noqa: TRY400
            self._put_off(mark)
            return False
        if len(done) < len(mark.tenant_ids) or not all(done):
            return False
        self._remove(mark)
        return True

    def _refresh(self, tenant_id: str, mark: SearchMark) -> bool:
        now = self.clock()
        self.also(tenant_id)
        return refresh(self.store, tenant_id, now, doubtful=mark.doubtful, lease=self.lease)

    def _remove(self, mark: SearchMark) -> None:
        try:
            self.store.write([Remove(mark.id, 1)])
        except VersionConflictError:
            # Another process did the same at this moment.
            return

    def _put_off(self, mark: SearchMark) -> None:
        later = records.new_search_mark(mark.tenant_ids, self.clock() + _PUT_OFF, mark.doubtful)
        try:
            self.store.write([Remove(mark.id, 1), Add(records.search_mark_item(later))])
        except VersionConflictError:
            return


@dataclass(frozen=True, slots=True)
class Backlog:
    """Marks that wait, at most as many as were counted, and since when the oldest is due."""

    waiting: int
    oldest: datetime | None


def backlog(store: Store, now: datetime, *, cap: int) -> Backlog:
    """What waits to be worked off now.

    Raises:
        StoreError: The store failed.
    """
    between = (_FIRST, f"{format_timestamp(now)}#{LAST}")
    waiting = store.count(GSI4, SEARCH_DUE, cap=cap, between=between)
    rows = store.query(GSI4, SEARCH_DUE, between=between, limit=1).items if waiting else ()
    due = [str(row[KEY]).removeprefix("search-due-")[:24] for row in rows]
    return Backlog(waiting, parse_timestamp(due[0]) if due else None)
