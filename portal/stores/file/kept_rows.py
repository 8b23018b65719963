"""What was made of items of the file store, kept beside their rows in memory.

It counts only while the row is the same object: whoever replaces an item, in whichever process,
replaces its row when this process reads the commit. And every read first looks whether there are
new commits, as all reads do. So this is no cache that could be out of date.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from portal.stores.contract import Item
from portal.stores.file.memory_table import MemoryTable
from portal.stores.file.packed_row import ItemInFile

if TYPE_CHECKING:
    from portal.stores.file.store import JsonFileStore

_T = TypeVar("_T")

#: Items of which something is kept: for answers of `validate`, about 65 MB.
MAX_KEPT = 50_000


class KeptRows(Generic[_T]):
    """Reads items of this store for what `make` makes of them."""

    def __init__(self, store: "JsonFileStore", make: Callable[[Item], _T], absent: _T) -> None:
        self._store = store
        self._make = make
        self._absent = absent
        #: The row, and what was made of its item. Those that came first go first.
        self._kept: dict[str, tuple[bytes, _T]] = {}

    def first(self, item_ids: Sequence[str]) -> _T:
        """What is made of the first of these items that is there, or what stands for none, as the
        latest acknowledged write left them."""
        reader = self._store.refreshed_reader()
        with reader.guard:
            made, in_file = self._first(reader.table, item_ids)
        if in_file is not None:
            # A long item. While it is read, others may go on.
            with self._store.errors_translated():
                return self._make(in_file.read())
        return self._absent if made is None else made

    def first_at_once(self, item_ids: Sequence[str]) -> _T | None:
        """The same without waiting; `None` if there are commits to read or another thread reads."""
        reader = self._store.reader_at_once()
        if reader is None or not reader.guard.acquire(False):
            return None
        try:
            made, in_file = self._first(reader.table, item_ids)
        finally:
            reader.guard.release()
        return self._absent if made is None and in_file is None else made

    def _first(
        self, table: MemoryTable, item_ids: Sequence[str]
    ) -> tuple[_T | None, ItemInFile | None]:
        """What is made of the first item, or where to read it. The caller holds the guard."""
        for item_id in item_ids:
            row = table.row(item_id)
            if row is None:
                continue
            kept = self._kept.get(item_id)
            if kept is not None and kept[0] is row:
                return kept[1], None
            found = table.find(item_id)
            if isinstance(found, ItemInFile):
                return None, found
            if found is not None:
                return self._keep(item_id, row, self._make(found)), None
        return None, None

    def _keep(self, item_id: str, row: bytes, made: _T) -> _T:
        self._kept[item_id] = row, made
        if len(self._kept) > MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        return made
