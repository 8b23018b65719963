"""The store in front of which no decision of this process passes unseen.

Access that a change takes away is forgotten before the change is written. So if the process is
killed, or nobody knows whether the change was saved, nothing is claimed that may be wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from portal import records
from portal.grace.last_known import LastKnown
from portal.grace.sighting import Sighting
from portal.stores import (
    KEY,
    Add,
    BusyError,
    Change,
    Item,
    ItemExistsError,
    ItemNotFoundError,
    ItemTooLargeError,
    LimitReachedError,
    Remove,
    Replace,
    Store,
    StoreWrapper,
    UnavailableError,
    VersionConflictError,
    version_of,
)
from portal.tenants import AccessStatus, access_status

_GIVES_ACCESS = frozenset({AccessStatus.VALID, AccessStatus.EXPIRING})


class RememberingStore(StoreWrapper):
    """A `Store` that tells `last_known` what each call shows about tenants with final ids."""

    only_looks = True

    def __init__(self, store: Store, last_known: LastKnown, clock: Callable[[], datetime]) -> None:
        super().__init__(store)
        self._last_known = last_known
        self._clock = clock

    def get(self, item_id: str) -> Item:
        """Whoever reads a tenant, for whatever reason, sees whether it has lost its access."""
        if not self._last_known.is_yes(item_id):
            return super().get(item_id)
        try:
            item = super().get(item_id)
        except ItemNotFoundError:
            self._last_known.saw_none(item_id, self._clock())
            raise
        self._saw(item)
        return item

    def get_many(self, item_ids: Sequence[str]) -> Mapping[str, Item]:
        """As `get`."""
        believed = [item_id for item_id in item_ids if self._last_known.is_yes(item_id)]
        items = super().get_many(item_ids)
        for item_id in believed:
            if item_id in items:
                self._saw(items[item_id])
            else:
                self._last_known.saw_none(item_id, self._clock())
        return items

    def write(self, changes: Sequence[Change]) -> None:
        watched = [change for change in changes if _is_of_final_tenant(change)]
        if not watched or not self._last_known.is_on:
            super().write(changes)
            return
        began = self._clock()
        doubtful = [change for change in watched if self._ends_access(change, began)]
        if doubtful:
            self._last_known.forget(_versions_before(doubtful), began)
        try:
            super().write(changes)
        except (ItemExistsError, VersionConflictError) as error:
            if error.item is not None and records.is_tenant(error.item):
                self._saw(error.item)
            raise
        except BaseException as error:
            if not _nothing_was_saved(error):
                self._last_known.forget(_versions_before(watched), self._clock())
            raise
        if doubtful:
            self._last_known.forget(_versions_before(doubtful), self._clock())
        for change in watched:
            # From before the write: what others decided after it is newer.
            if isinstance(change, Add | Replace) and self._last_known.is_yes(_id_of(change)):
                self._last_known.saw_yes(Sighting.of(change.item), began)

    def _ends_access(self, change: Change, now: datetime) -> bool:
        """Whether what is known may be wrong once this change is saved."""
        if not isinstance(change, Add | Replace):
            return True
        # What an added tenant was before: there is none, unless it was asked for and then removed.
        before = change.read if isinstance(change, Replace) else {}
        if not _gives_access(change.item, now):
            # An import may hold thousands that never had access.
            is_known = before is None or self._last_known.is_yes(_id_of(change))
            return is_known or _gives_access(before or {}, now)
        if before is None:
            known = self._last_known.last_yes(_id_of(change), now)
            before = known.item if known else None
        return before is not None and records.ends_access(before, change.item, now)

    def _saw(self, item: Item) -> None:
        now = self._clock()
        if not _gives_access(item, now):
            self._last_known.saw_no(str(item[KEY]), now, version_of(item) or 0)


def _nothing_was_saved(error: BaseException) -> bool:
    if isinstance(error, ItemTooLargeError | BusyError | LimitReachedError | ValueError):
        return True
    return isinstance(error, UnavailableError) and not error.outcome_unknown


def _gives_access(item: Item, now: datetime) -> bool:
    status = access_status(records.status_of(item), records.validity_of(item), now)
    return status in _GIVES_ACCESS


def _id_of(change: Change) -> str:
    return str(change.item[KEY]) if isinstance(change, Add | Replace) else change.item_id


def _versions_before(changes: Sequence[Change]) -> dict[str, int]:
    # Whoever gets the id of a tenant that is gone begins with version 1: there only time decides.
    return {
        _id_of(change): (change.expected if isinstance(change, Replace) else None) or 0
        for change in changes
    }


def _is_of_final_tenant(change: Change) -> bool:
    return isinstance(change, Add | Replace | Remove) and records.is_final_id(_id_of(change))
