"""The store in a file of JSON lines: for one machine, and up to 200,000 tenants."""

import logging
import os
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TypeVar, cast

from portal.stores.contract import (
    NOTHING_SAVED,
    OUTCOME_UNKNOWN,
    BusyError,
    Change,
    Cursor,
    Item,
    ItemNotFoundError,
    Page,
    Segment,
    StoreError,
    UnavailableError,
)
from portal.stores.file.compaction import Compaction
from portal.stores.file.disk import WRITE_PROTECTED, Disk, LocalDisk
from portal.stores.file.housekeeping import Housekeeping
from portal.stores.file.journal_reader import JournalReader
from portal.stores.file.journal_writer import JournalWriter
from portal.stores.file.kept_rows import KeptRows
from portal.stores.file.lock_file import LOCK_TIMEOUT
from portal.stores.file.os_errors import unavailable
from portal.stores.file.table import TABLE_ERRORS, ItemInFile, ItemTable
from portal.stores.file.table_opener import INDEX_FROM
from portal.stores.file.writer_queue import Commit, WriterQueue
from portal.stores.reading import CountedRange
from portal.stores.schema import Index
from portal.stores.validation import check_limit

logger = logging.getLogger("portal.store")

_WHOLE = Segment()
_T = TypeVar("_T")

#: Seconds that a check of the portal's health waits for the lock.
_CHECK_TIMEOUT = 2.0
#: Seconds that a compaction waits for another one.
_COMPACTION_TIMEOUT = 60.0


class JsonFileStore:
    """A `Store` in `folder`, which it creates if necessary and allowed (`may_make`).

    It opens files on its first call, and again after a fork: each process has its own lock and
    its own copy of the items in memory.
    """

    def __init__(
        self,
        folder: Path,
        *,
        disk: Disk | None = None,
        may_make: bool = True,
        index_from: int = INDEX_FROM,
    ) -> None:
        self._folder, self._may_make = folder.absolute(), may_make
        self._index_from = index_from
        self._disk = disk or LocalDisk()
        self._reset()
        _stores.add(self)

    def _reset(self) -> None:
        self._journal = JournalWriter(
            self._folder, self._disk, may_make=self._may_make, index_from=self._index_from
        )
        self._queue = WriterQueue()

    def get(self, item_id: str) -> Item:
        found = self.read_table(lambda table: table.find(item_id))
        if found is None:
            raise ItemNotFoundError(item_id=item_id)
        return self._read(found) if isinstance(found, ItemInFile) else found

    def get_many(self, item_ids: Sequence[str]) -> Mapping[str, Item]:
        found = self.read_table(lambda table: [table.find(item_id) for item_id in item_ids])
        return {
            item_id: self._read(item) if isinstance(item, ItemInFile) else item
            for item_id, item in zip(item_ids, found, strict=True)
            if item is not None
        }

    def query(
        self,
        index: Index,
        partition: str,
        *,
        between: tuple[str, str] | None = None,
        after: Cursor | None = None,
        limit: int = 50,
        newest_first: bool = False,
    ) -> Page:
        check_limit(limit)
        found, cursor = self.read_table(
            lambda table: table.query(
                index,
                partition,
                between=between,
                after=after,
                limit=limit,
                newest_first=newest_first,
            )
        )
        return self._page(found, cursor)

    def count(
        self, index: Index, partition: str, *, cap: int, between: tuple[str, str] | None = None
    ) -> int:
        check_limit(cap)
        return self.read_table(
            lambda table: table.count(index, partition, between=between, cap=cap)
        )

    def count_each(
        self, index: Index, ranges: Sequence[CountedRange], *, cap: int
    ) -> Sequence[int]:
        """As `count` of each range, all of them at the same time."""
        check_limit(cap)
        return self.read_table(lambda table: table.count_each(index, ranges, cap=cap))

    def scan(
        self, segment: Segment = _WHOLE, *, after: str | None = None, limit: int = 1000
    ) -> Page:
        check_limit(limit)
        found, cursor = self.read_table(lambda table: table.scan(segment, after, limit))
        return self._page(found, cursor)

    def write(self, changes: Sequence[Change]) -> None:
        commit = Commit(changes)
        if self._queue.lead_or_wait(commit):
            self._lead(commit)
        if commit.error is not None:
            raise commit.error

    def describe(self) -> str:
        return f"JSON file {self._journal.path}"

    def check(self) -> None:
        # Whoever asks for the health of the portal does not stand in line with the writers.
        if not self._queue.try_to_lead():
            if self._queue.is_stalled:
                raise BusyError(reason="Writers have been waiting for the file.")
            with self.errors_translated():
                self._journal.check()
            return
        got_through = False
        try:
            with self._locked(_CHECK_TIMEOUT):
                self._journal.check()
            got_through = True
        finally:
            self._queue.stop_leading(got_through=got_through)

    def compact(self) -> None:
        """Begin a new file without garbage, if there is room. The store also does so by itself.

        Others read and write meanwhile. `BusyError` if another compaction goes on for too long.
        """
        table = self._journal.reader.table
        try:
            self._compact()
        except TABLE_ERRORS as error:
            self._note(table, error)
            self._compact()

    def _compact(self) -> None:
        journal = self._journal
        compaction = journal.compactions.new()
        try:
            is_pinned = False
            while not is_pinned:
                compaction.claim(_COMPACTION_TIMEOUT)
                with self._queue.exclusive(), self._locked():
                    is_pinned = compaction.pin()
            self._complete(compaction)
        except OSError as error:
            journal.compactions.put_off(error.strerror)
        finally:
            journal.compactions.end(compaction)

    def purge_history(self) -> None:
        """Remove from the disk what was deleted or replaced: from the file, and from the previous
        generation beside it. If there is no room for that, the files stay, and it is logged."""
        for _ in ("the file", "the previous generation"):
            self.compact()
        if not self.read_table(lambda table: table.is_shared):
            # There may be one that this process does without, and that still holds it.
            self._journal.reader.tables.discard_index()
        if not self.read_table(lambda table: table.move_log(whole=True)):
            logger.warning("%s: the log of the index file is in use", self._journal.path)

    def keep_house(self, wait: Callable[[float], bool]) -> None:
        """Do what others would else have to do while somebody waits for them: compact the file,
        make the index file, and move its log into it. Until `wait` is true.

        Args:
            wait: Waits for so many seconds, or until this is to end; then it returns true.
        """
        Housekeeping(self, self._journal).go_on(wait)

    def compact_if_worthwhile(self) -> None:
        """As a writer does that finds much garbage."""
        journal, compaction = self._journal, None
        self._refresh()
        with self._table_errors_noted():
            if not journal.compactions.is_worthwhile():
                return
            with self._queue.exclusive(), self._locked():
                compaction = journal.compactions.begin()
        if compaction is not None:
            self._compact_after_commit(compaction)

    def close(self) -> None:
        self._journal.close()

    def kept_reads(self, make: Callable[[Item], _T], absent: _T) -> KeptRows[_T]:
        """Reads for what `make` makes of an item, which is kept while the item is the same."""
        return KeptRows(self, make, absent)

    def refreshed_reader(self) -> JournalReader:
        """What this process has read, with all commits that were acknowledged before this call."""
        self._refresh()
        return self._journal.reader

    def read_table(self, read: Callable[[ItemTable], _T]) -> _T:
        """What `read` finds in the table with all commits that were acknowledged before this call.

        If the table cannot be read, it asks another one, and `read` is called again.
        """
        self._refresh()
        reader = self._journal.reader
        table = reader.table
        try:
            return read(table)
        except TABLE_ERRORS as error:
            self._note(table, error)
        self._refresh()
        return read(reader.table)

    def reader_at_once(self) -> JournalReader | None:
        """The same, or `None` if that would take more than a look into memory."""
        journal = self._journal
        mark_bytes = journal.reader.mark_bytes
        if mark_bytes and journal.lock.read_mark_bytes_at_once() == mark_bytes:
            return journal.reader
        return None

    def _refresh(self) -> None:
        """Read all commits that any process acknowledged before this call."""
        journal = self._journal
        mark_bytes = journal.reader.mark_bytes
        try:
            if mark_bytes and journal.lock.read_mark_bytes() == mark_bytes:
                return
            with self._table_errors_noted():
                if journal.follow():
                    return
            # Who has the lock may be stopped, and reading the file needs none.
            with self._table_errors_noted():
                if journal.reader.file is None and journal.follow():
                    return
        except OSError as error:
            raise unavailable(error, journal.path) from error
        with self._queue.exclusive(), self.errors_translated():
            try:
                with journal.locked():
                    journal.catch_up()
            except OSError as error:
                if error.errno not in WRITE_PROTECTED:
                    raise
                journal.load_for_reading()

    def _page(self, found: Sequence[Item | ItemInFile], cursor: Cursor | None) -> Page:
        # Nearly always none of them is in the file.
        if ItemInFile in set(map(type, found)):
            found = [self._read(each) if isinstance(each, ItemInFile) else each for each in found]
        # The table may keep the list that it gave.
        return Page(cast(Sequence[Item], list(found)), cursor)

    def _read(self, item: ItemInFile) -> Item:
        with self.errors_translated():
            return item.read()

    @contextmanager
    def _locked(self, at_most: float = LOCK_TIMEOUT) -> Iterator[None]:
        """Exclude other processes, after reading what they wrote. This thread leads."""
        with self.errors_translated(), self._journal.locked(at_most):
            self._journal.catch_up()
            yield

    def _lead(self, commit: Commit) -> None:
        journal, queue = self._journal, self._queue
        batch, got_through, compaction = [commit], False, None
        try:
            with self.errors_translated(NOTHING_SAVED), journal.locked():
                # Not before: who waits for the lock too long can still leave.
                batch = queue.take()
                journal.catch_up()
                self._commit(batch)
                queue.finish(batch)
                got_through = True
                with suppress(StoreError), self._table_errors_noted():
                    if journal.compactions.needed:
                        compaction = journal.compactions.begin()
        except TABLE_ERRORS as error:
            with suppress(StoreError):
                self._note(journal.reader.table, error)
            for each in batch:
                if not each.done:
                    each.error = BusyError(reason=f"{journal.path} has to be read anew ({error}).")
        except StoreError as error:
            for each in batch:
                # This replaces refusals as well: their reason may be a commit that failed now.
                if not each.done:
                    each.error = error
        except BaseException:
            for each in batch:
                if not each.done:
                    each.error = UnavailableError(
                        reason=f"The write was interrupted. {OUTCOME_UNKNOWN}",
                        remedy="Read the portal's log.",
                        outcome_unknown=True,
                    )
            raise
        finally:
            queue.stop_leading(batch, got_through=got_through)
        if compaction is not None:
            self._compact_after_commit(compaction)

    def _compact_after_commit(self, compaction: Compaction) -> None:
        """Others go on meanwhile, and the commit is saved, so whatever fails here is no error."""
        journal = self._journal
        try:
            with self._table_errors_noted():
                self._complete(compaction)
        except OSError as error:
            journal.compactions.put_off(error.strerror)
        except StoreError as error:
            journal.compactions.put_off(str(error))
        finally:
            journal.compactions.end(compaction)

    def _complete(self, compaction: Compaction) -> None:
        compaction.copy()
        with self._queue.exclusive(), self._locked():
            try:
                compaction.finish()
            except OSError as error:
                self._journal.compactions.put_off(error.strerror)
            else:
                self._journal.compactions.succeeded()

    def _commit(self, batch: list[Commit]) -> None:
        table = self._journal.reader.table
        # The items after the earlier commits of this batch. Nobody else sees them before the sync.
        pending: dict[str, Item | None] = {}
        accepted: list[Mapping[str, Item | None]] = []
        for commit in batch:
            current = {
                item_id: pending[item_id] if item_id in pending else table.get(item_id)
                for item_id in commit.result
            }
            commit.error = commit.refusal(current)
            if commit.error is None:
                result = commit.result_after(current)
                accepted.append(result)
                pending.update(result)
        if accepted:
            self._journal.append(accepted)

    @contextmanager
    def _table_errors_noted(self) -> Iterator[None]:
        """After an error of the shared table the next call opens another one."""
        table = self._journal.reader.table
        try:
            yield
        except TABLE_ERRORS as error:
            self._note(table, error)

    def _note(self, table: ItemTable, error: Exception) -> None:
        reader = self._journal.reader
        with reader.guard:
            reader.table_failed(table, error)

    @contextmanager
    def errors_translated(self, outcome: str = "") -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise unavailable(error, self._journal.path, outcome) from error


_stores: "weakref.WeakSet[JsonFileStore]" = weakref.WeakSet()


def _reset_after_fork() -> None:
    # Reset every store, also if one cannot be closed: no store may keep its parent's lock.
    with ExitStack() as stores:
        for store in list(_stores):
            # While the child has the lock file open, it shares the parent's lock. And the parent's
            # threads, which may hold locks of ours, do not exist in the child.
            stores.callback(store._reset)
            stores.callback(store._journal.close_after_fork)


os.register_at_fork(after_in_child=_reset_after_fork)
