"""Staff clear doubtful sign-ups: many in one act, each of them removed whole or not at all."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from portal import records, search
from portal.onboarding.notes import note_removals, remove_notes
from portal.stores import KEY, Add, Change, Item, Remove, Store, StoreError, VersionConflictError
from portal.timestamps import utc_now

#: Sign-ups that one write removes. One that changed meanwhile costs a write for each of them.
_PER_WRITE = 25
#: What is written with so many sign-ups: who clears them.
Together = Callable[[int], Change]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cleared:
    """What became of them.

    Attributes:
        changed: Somebody decided on them, asked, or changed them after the list was read. They
            stay as they are.
        left: Nobody got to them.
        failed: The store failed, so nobody knows what became of those that it was asked for last.
    """

    removed: int = 0
    changed: int = 0
    left: int = 0
    failed: bool = False


def clear_doubtful(
    store: Store,
    rows: Sequence[Item],
    *,
    together: Together,
    enough: Callable[[], bool] = lambda: False,
) -> Cleared:
    """Removes sign-ups, with the notes about them. It may be stopped at any point and run again.

    What was due to their customers is not sent any more, and the links to them open nothing.

    Args:
        rows: Of `portal.queries.doubtful`. One with another version stays.
        together: What is written with each part of them.
        enough: Whether to stop before the next ones.

    Raises:
        StoreError: The store failed, and nothing was removed before.
    """
    clearing = _Clearing(store, together)
    done, failed = 0, False
    while done < len(rows) and not failed and not enough():
        try:
            clearing.remove(rows[done : done + _PER_WRITE])
        except StoreError:
            if not clearing.removed:
                raise
            failed = True
        done += _PER_WRITE
    if not failed and done >= len(rows):
        _forget(store, rows, enough)
    left = len(rows) - clearing.removed - clearing.changed
    return Cleared(removed=clearing.removed, changed=clearing.changed, left=left, failed=failed)


def _forget(store: Store, rows: Sequence[Item], enough: Callable[[], bool]) -> None:
    """Remove at once what search has of them. If there is no time, or the store fails, the
    background process does it some seconds later."""
    with suppress(StoreError):
        for row in rows:
            if enough():
                break
            search.refresh(store, str(row[KEY]), utc_now(), lease=search.AT_ONCE)


class _Clearing:
    """`together`: is still to be written with the next sign-ups."""

    def __init__(self, store: Store, together: Together) -> None:
        self._store = store
        self._together = together
        self.removed = self.changed = 0

    def remove(self, rows: Sequence[Item]) -> None:
        # Few have any notes. Then each is removed by itself.
        has_notes = any(note_removals(self._store, str(row[KEY])) for row in rows)
        if has_notes or not self._write(rows):
            for row in rows:
                self._remove_one(row)

    def _remove_one(self, row: Item) -> None:
        if self._write([row], note_removals(self._store, str(row[KEY]))) or self._write([row]):
            # One write removes a limited number of notes, and none if one of them is gone.
            remove_notes(self._store, str(row[KEY]))
        else:
            self.changed += 1

    def _write(self, rows: Sequence[Item], notes: Sequence[Change] = ()) -> bool:
        removals = [Remove(str(row[KEY]), int(row["version"])) for row in rows]
        # The round of the outbox removes their mails later.
        orphans = [Add(records.outbox_orphans_item(each.item_id)) for each in removals]
        try:
            self._store.write([*removals, *orphans, *notes, self._together(len(removals))])
        except VersionConflictError:
            return False
        self.removed += len(removals)
        return True
