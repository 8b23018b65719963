"""Opens the table of a store's file: reads the file into memory, or finds its index file."""

import logging
from pathlib import Path

from portal.stores.contract import CorruptStoreError
from portal.stores.file import journal
from portal.stores.file.disk import Disk, OpenFile
from portal.stores.file.journal import DurableMark, Header, JournalPosition
from portal.stores.file.lock_file import LockFile
from portal.stores.file.table import (
    TABLE_ERRORS,
    IndexFile,
    ItemTable,
    OpenGeneration,
    ReplacedTableError,
    is_damage,
    is_shortage,
)
from portal.stores.format_version import FORMAT_ID, refuse_newer_items
from portal.stores.waiting import remaining_seconds

logger = logging.getLogger("portal.store")

#: Bytes of the store's file. A smaller one is read into memory in a moment.
INDEX_FROM = 4 * 1024 * 1024
#: Seconds to wait for a process that makes the index file.
_MAKE_TIMEOUT = 30.0
#: An index file that is damaged again and again is not made any more.
_MAX_DAMAGES = 3


class TableOpener:
    """Opens tables of the file at `path`.

    Args:
        index_from: Bytes of the file from which on processes share an index file.
    """

    def __init__(self, path: Path, lock: LockFile, disk: Disk, index_from: int) -> None:
        self._path = path
        self._lock = lock
        self._disk = disk
        self._index_from = index_from
        #: `None` once it has failed in this process.
        self._index: IndexFile | None = IndexFile(path, disk)
        self._damages = 0

    def give_up_index(self) -> None:
        """From now on this process reads the file into memory."""
        self._index = None

    def discard_index(self) -> None:
        """Remove the index file, also if this process does without it."""
        IndexFile(self._path, self._disk).discard()

    def index_failed(self, error: Exception) -> None:
        """Have the index file made anew if it is damaged, or else do without it."""
        if isinstance(error, ReplacedTableError) or is_shortage(error):
            # The next table may be as good as ever.
            return
        if self._index is not None and is_damage(error) and self._damages < _MAX_DAMAGES:
            self._damages += 1
            logger.warning("The index file beside %s is damaged, and is made anew", self._path)
            self._index.discard()
        else:
            logger.warning("The index file beside %s is not used any more (%s)", self._path, error)
            self.give_up_index()

    def open(
        self, file: OpenFile, mark: DurableMark | None, end: int | None = None
    ) -> tuple[ItemTable, JournalPosition]:
        """The items, and how far of the file they were read: of a large file from the index file,
        which may lack commits, or have more of them than `end` says.

        Raises:
            BusyError: Another process is making the index file.
            CorruptStoreError: The file is damaged.
            NewerFormatError: A newer portal wrote the file, or its items.
        """
        index = self._index
        size = self._disk.size(file)
        if index is None or file.is_read_only:
            return self.read(file, mark, end)
        is_small = size < self._index_from
        if is_small and not index.exists():
            return self.read(file, mark, end)
        header = self._checked_header(file, mark)
        if mark is not None and mark.generation == header.generation and size < mark.size:
            # It is damaged. Reading it says where.
            return self.read(file, mark, end)
        generation = OpenGeneration(self._disk, file, self._path)
        table = index.open(generation, header)
        if table is None and is_small:
            # Nobody would use it, and it may hold what was erased.
            index.discard()
            return self.read(file, mark, end)
        if table is None:
            table = index.make(
                generation, header, lambda apply: self._read_all(file, header, mark, end, apply),
                remaining_seconds(_MAKE_TIMEOUT),
            )  # fmt: skip
        try:
            state = table.stored_state() if table is not None else None
            newest = table.get(FORMAT_ID) if table is not None else None
        except TABLE_ERRORS as error:
            self.index_failed(error)
            return self.read(file, mark, end)
        if table is None or state is None:
            self.give_up_index()
            return self.read(file, mark, end)
        refuse_newer_items(newest, str(self._path))
        return table, state.position

    def read(
        self, file: OpenFile, mark: DurableMark | None, end: int | None = None
    ) -> tuple[ItemTable, JournalPosition]:
        """The items in memory, not yet indexed, and the position after the last commit.

        `end` limits the reading if the file is of the mark's generation.

        Raises:
            CorruptStoreError: It is damaged.
            NewerFormatError: A newer portal wrote the file, or its items.
        """
        header = self._checked_header(file, mark)
        table = ItemTable(OpenGeneration(self._disk, file, self._path))
        position = self._read_all(file, header, mark, end, table.load)
        refuse_newer_items(table.get(FORMAT_ID), str(self._path))
        return table, position

    def _checked_header(self, file: OpenFile, mark: DurableMark | None) -> Header:
        """The header of a file that is no older than its mark."""
        size = self._disk.size(file)
        header = journal.read_header(self._disk, file, self._path)
        if mark is not None and mark.generation > header.generation:
            raise self.truncated_error(size, header.end.line)
        return header

    def _read_all(
        self,
        file: OpenFile,
        header: Header,
        mark: DurableMark | None,
        end: int | None,
        apply: journal.Apply,
    ) -> JournalPosition:
        size = self._disk.size(file)
        journal.read_snapshot(self._disk, file, self._path, header, apply)
        if mark is None or mark.generation != header.generation:
            end = None
        elif size < mark.size:
            line = sum(each.whole for each in journal.lines(self._disk, file, 0, size))
            raise self.truncated_error(size, line)
        return journal.read_commits(
            self._disk,
            file,
            self._path,
            header.end,
            size if end is None else end,
            mark=mark,
            apply=apply,
        )

    def shared(self, file: OpenFile) -> tuple[ItemTable, JournalPosition] | None:
        """The table of the index file, if somebody has made one, and how far it has read `file`."""
        if self._index is None:
            return None
        header = journal.read_header(self._disk, file, self._path)
        table = self._index.open(OpenGeneration(self._disk, file, self._path), header)
        state = table.stored_state() if table is not None else None
        return None if table is None or state is None else (table, state.position)

    def make_index(self, file: OpenFile, mark: DurableMark) -> None:
        """Make the index file of a large store, if there is none that fits.

        Raises:
            BusyError: Another process is making it.
            CorruptStoreError: The file is damaged.
        """
        index = self._index
        if index is None or file.is_read_only or mark.size < self._index_from:
            return
        header = journal.read_header(self._disk, file, self._path)
        table = index.make(
            OpenGeneration(self._disk, file, self._path), header,
            lambda apply: self._read_all(file, header, mark, mark.size, apply), 0,
        )  # fmt: skip
        if table is not None:
            table.close()

    def truncated_error(self, size: int, line: int) -> CorruptStoreError:
        """The error for a file that ends before its durable mark."""
        return CorruptStoreError(
            reason=(
                f"{self._path} is damaged: it ends after line {line} (at byte {size}), before "
                f"commits that were durable according to {self._lock.path}."
            ),
            remedy=(
                "Nothing was overwritten. `portal store verify` shows what the file holds. If you "
                "put an older copy back on purpose, or have nothing better, `portal store repair` "
                "accepts it."
            ),
        )
