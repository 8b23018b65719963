"""What was made of items of the file store, kept for as long as they are the same.

Every read first looks whether there are new commits, as all reads do, and if there are, whether one
of them has changed the item. So this is no cache that could be out of date.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from portal.stores.contract import Item
from portal.stores.file.table import TABLE_ERRORS, ItemInFile, ItemTable

if TYPE_CHECKING:
    from portal.stores.file.journal_reader import JournalReader
    from portal.stores.file.store import JsonFileStore

_T = TypeVar("_T")

#: Items of which something is kept: for answers of `validate`, about 65 MB.
MAX_KEPT = 50_000


@dataclass(frozen=True, slots=True)
class _Kept(Generic[_T]):
    """What was made of an item.

    Attributes:
        mark: The durable mark with which it was read. While that is the same object, nothing has
            been committed.
        table: The identity of the table. What is kept does not keep the table.
        seq: The number of the item's commit in `table`; `None` if there was no item.
        made: `None` if there was no item.
    """

    mark: bytes | None
    table: object
    seq: int | None
    made: _T | None


class KeptRows(Generic[_T]):
    """Reads items of this store for what `make` makes of them."""

    def __init__(self, store: "JsonFileStore", make: Callable[[Item], _T], absent: _T) -> None:
        self._store = store
        self._make = make
        self._absent = absent
        #: Those that came first go first.
        self._kept: dict[str, _Kept[_T]] = {}

    def first(self, item_ids: Sequence[str]) -> _T:
        """What is made of the first of these items that is there, or what stands for none, as the
        latest acknowledged write left them."""
        reader = self._store.refreshed_reader()
        table = reader.table
        try:
            return self._first(reader, item_ids)
        except TABLE_ERRORS as error:
            with reader.guard:
                reader.table_failed(table, error)
        return self._first(self._store.refreshed_reader(), item_ids)

    def _first(self, reader: "JournalReader", item_ids: Sequence[str]) -> _T:
        # In this order: what is read may be newer than the mark, and never older.
        mark = reader.mark_bytes
        table = reader.table
        for item_id in item_ids:
            kept = self._kept.get(item_id)
            if kept is None or kept.table is not table.identity or kept.mark is not mark:
                if (
                    kept is not None
                    and kept.table is table.identity
                    and table.seq_of(item_id) == kept.seq
                ):
                    kept = _Kept(mark, table.identity, kept.seq, kept.made)
                else:
                    row = table.find_row(item_id)
                    if row is not None and isinstance(row[1], ItemInFile):
                        # A long item.
                        with self._store.errors_translated():
                            return self._make(row[1].read())
                    kept = self._new(mark, table, row)
                self._keep(item_id, kept)
            if kept.made is not None:
                return kept.made
        return self._absent

    def first_at_once(self, item_ids: Sequence[str]) -> _T | None:
        """The same without waiting; `None` if there are commits to read or another thread reads."""
        reader = self._store.reader_at_once()
        if reader is None or not reader.guard.acquire(False):
            return None
        try:
            mark, table = reader.mark_bytes, reader.table
            for item_id in item_ids:
                kept = self._kept.get(item_id)
                if kept is None or kept.table is not table.identity or kept.mark is not mark:
                    is_known, row = table.find_row_at_once(item_id)
                    if not is_known or (row is not None and isinstance(row[1], ItemInFile)):
                        return None
                    kept = self._new(mark, table, row)
                    self._keep(item_id, kept)
                if kept.made is not None:
                    return kept.made
        finally:
            reader.guard.release()
        return self._absent

    def _new(
        self, mark: bytes | None, table: ItemTable, row: tuple[int, Item | ItemInFile] | None
    ) -> _Kept[_T]:
        if row is None or isinstance(row[1], ItemInFile):
            return _Kept(mark, table.identity, None, None)
        return _Kept(mark, table.identity, row[0], self._make(row[1]))

    def _keep(self, item_id: str, kept: _Kept[_T]) -> None:
        self._kept[item_id] = kept
        if len(self._kept) > MAX_KEPT:
            # Another thread may have taken it away.
            self._kept.pop(next(iter(self._kept)), None)
