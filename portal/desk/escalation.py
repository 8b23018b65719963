"""Sign-ups that somebody has looked after for too long are reported to another person, once."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from portal import records
from portal.auth import Person, active_person, id_of_address
from portal.mail import DeskMail, desk_entry
from portal.records import Desk
from portal.stores import (
    GSI2,
    KEY,
    Add,
    Cursor,
    Replace,
    Store,
    VersionConflictError,
    find_item,
)
from portal.tenants import Status

logger = logging.getLogger(__name__)

#: Seconds between two looks of one process.
_LOOK_SECONDS = 900.0
_PAGE = 50


@dataclass(kw_only=True)
class Escalation:
    """Looks for them. Any number of processes and machines may do so at the same time.

    Attributes:
        days: After so many days; 0: never.
        to: The address of the person who is told; empty: nobody is.
    """

    store: Store
    clock: Callable[[], datetime]
    days: int
    to: str
    seconds: Callable[[], float] = time.monotonic
    _look_at: float = field(default=float("-inf"), init=False)

    def run_if_due(self, until: Callable[[], bool] = lambda: False) -> int:
        """Report what is due, at most every 15 minutes. Returns how many were.

        Raises:
            StoreError: The store failed. What was reported before that stays reported.
        """
        if not self.days or not self.to or self.seconds() < self._look_at:
            return 0
        person = active_person(self.store, id_of_address(self.store, self.to))
        told = 0
        if person is None:
            logger.warning("Nobody with access has the address of PORTAL_ESCALATE_TO.")
        else:
            told = escalate_old(
                self.store, person, self.clock(), after=timedelta(days=self.days), until=until
            )
        self._look_at = self.seconds() + _LOOK_SECONDS
        return told


def escalate_old(
    store: Store,
    to: Person,
    now: datetime,
    *,
    after: timedelta,
    until: Callable[[], bool] = lambda: False,
) -> int:
    """Reports each sign-up that somebody has looked after for so long. Returns how many. It may be
    stopped at any point and run again: what was reported is not reported again.

    Raises:
        StoreError: The store failed.
    """
    told = 0
    cursor: Cursor | None = None
    while True:
        page = store.query(
            GSI2, records.assigned_partition(Status.PENDING), after=cursor, limit=_PAGE
        )
        for row in page.items:
            if _is_due(records.desk_of(row), to, now, after):
                told += _escalate(store, str(row[KEY]), to, now, after)
        cursor = page.after
        if cursor is None or until():
            return told


def _is_due(desk: Desk, to: Person, now: datetime, after: timedelta) -> bool:
    is_old = desk.at is not None and now - desk.at >= after
    return is_old and desk.escalated_at is None and desk.owner not in ("", to.id)


def _escalate(store: Store, item_id: str, to: Person, now: datetime, after: timedelta) -> bool:
    """Whether it was reported. An index may lag behind, and others look as well."""
    item = find_item(store, item_id)
    if item is None:
        return False
    desk = records.desk_of(item)
    if not _is_due(desk, to, now, after) or not _is_pending(store, desk.tenant_id):
        return False
    told = replace(desk, version=desk.version + 1, escalated_at=now, escalated_to=to.id)
    entry = desk_entry(DeskMail.ESCALATED, to.id, desk.tenant_id, now, by="")
    try:
        store.write(
            [
                Replace(records.desk_item(told), desk.version),
                Add(records.outbox_item(entry)),
            ]
        )
    except VersionConflictError:
        return False
    return True


def _is_pending(store: Store, tenant_id: str) -> bool:
    item = find_item(store, tenant_id)
    if item is None or not records.is_tenant(item):
        return False
    return records.status_of(item) is Status.PENDING
