"""Staff clear doubtful sign-ups: many in one act, each of them removed whole or not at all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from portal import records
from portal.stores import GSI2, KEY, Change, Item, Remove, Store, VersionConflictError

#: Sign-ups that one write removes. One that changed meanwhile costs a write for each of them.
_TOGETHER = 25
#: Notes that one write removes together with their sign-up.
_NOTES_PER_WRITE = 90


@dataclass(frozen=True, kw_only=True, slots=True)
class Cleared:
    """What became of them.

    Attributes:
        changed: Somebody decided on them, asked, or changed them after the list was read. They
            stay as they are.
        left: Nobody got to them.
    """

    removed: int = 0
    changed: int = 0
    left: int = 0


def clear_doubtful(
    store: Store,
    rows: Sequence[Item],
    *,
    together: Change,
    enough: Callable[[], bool] = lambda: False,
) -> Cleared:
    """Removes sign-ups, with the notes about them. It may be stopped at any point and run again.

    What was due to their customers is not sent any more, and the links to them open nothing.

    Args:
        rows: Of `portal.queries.doubtful`. One with another version stays.
        together: Is written with the first of them: who does this.
        enough: Whether to stop before the next ones.

    Raises:
        StoreError: The store failed. What was removed before that stays removed.
    """
    clearing = _Clearing(store, [together])
    done = 0
    while done < len(rows) and not enough():
        clearing.remove(rows[done : done + _TOGETHER])
        done += _TOGETHER
    return Cleared(
        removed=clearing.removed, changed=clearing.changed, left=max(0, len(rows) - done)
    )


class _Clearing:
    """`together`: is still to be written with the next sign-up."""

    def __init__(self, store: Store, together: list[Change]) -> None:
        self._store = store
        self._together = together
        self.removed = self.changed = 0

    def remove(self, rows: Sequence[Item]) -> None:
        changes: list[Change] = []
        for row in rows:
            changes.append(_removal(row))
            if self._notes(row):
                # Few have any. Then each is removed by itself.
                changes.clear()
                break
        if not changes or not self._write(changes):
            for row in rows:
                self._remove_one(row)

    def _remove_one(self, row: Item) -> None:
        notes = self._notes(row)
        if not self._write([_removal(row), *notes]):
            self.changed += 1
            return
        # One write removes a limited number of notes; the rest needs further writes.
        while notes := self._notes(row):
            self._store.write(notes)

    def _write(self, changes: list[Change]) -> bool:
        try:
            self._store.write([*changes, *self._together])
        except VersionConflictError:
            return False
        self._together = []
        ids = {change.item_id for change in changes if isinstance(change, Remove)}
        self.removed += sum(records.item_kind(item_id) == "tenant" for item_id in ids)
        return True

    def _notes(self, row: Item) -> list[Change]:
        partition = records.notes_partition(str(row[KEY]))
        notes = self._store.query(GSI2, partition, limit=_NOTES_PER_WRITE).items
        return [Remove(str(note[KEY]), 1) for note in notes]


def _removal(row: Item) -> Remove:
    return Remove(str(row[KEY]), int(row["version"]))
