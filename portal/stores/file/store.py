"""The store in a file of JSON lines: for one machine, and up to 200,000 tenants."""

import os
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from portal.stores.contract import (
    NOTHING_SAVED,
    OUTCOME_UNKNOWN,
    Add,
    Change,
    Cursor,
    Item,
    ItemExistsError,
    ItemNotFoundError,
    Page,
    Remove,
    Replace,
    Segment,
    StoreError,
    UnavailableError,
    VersionConflictError,
)
from portal.stores.file.disk import Disk, LocalDisk
from portal.stores.file.journal_writer import JournalWriter
from portal.stores.file.os_errors import unavailable
from portal.stores.schema import Index
from portal.stores.validation import check_limit, items_after

_WHOLE = Segment()


class JsonFileStore:
    """A `Store` in `folder`, which it creates if necessary.

    It opens files on its first call, and again after a fork: each process has its own lock and
    its own copy of the items in memory.
    """

    def __init__(self, folder: Path, *, disk: Disk | None = None) -> None:
        self._folder = folder.absolute()
        self._disk = disk or LocalDisk()
        self._reset()
        _stores.add(self)

    def _reset(self) -> None:
        self._journal = JournalWriter(self._folder, self._disk)
        # Group commit: one thread, the leader, writes all commits that are pending when it
        # begins, and they share one sync. The other threads wait for the condition.
        self._condition = threading.Condition(threading.Lock())
        self._pending: list[_Commit] = []
        self._has_leader = False

    def get(self, item_id: str) -> Item:
        self._refresh()
        reader = self._journal.reader
        with reader.guard:
            item = reader.table.get(item_id)
        if item is None:
            raise ItemNotFoundError(item_id=item_id)
        return item

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
        self._refresh()
        reader = self._journal.reader
        with reader.guard:
            return reader.table.query(
                index,
                partition,
                between=between,
                after=after,
                limit=limit,
                newest_first=newest_first,
            )

    def count(
        self, index: Index, partition: str, *, cap: int, between: tuple[str, str] | None = None
    ) -> int:
        check_limit(cap)
        self._refresh()
        reader = self._journal.reader
        with reader.guard:
            return reader.table.count(index, partition, between=between, cap=cap)

    def scan(
        self, segment: Segment = _WHOLE, *, after: str | None = None, limit: int = 1000
    ) -> Page:
        check_limit(limit)
        self._refresh()
        reader = self._journal.reader
        with reader.guard:
            return reader.table.scan(segment, after, limit)

    def write(self, changes: Sequence[Change]) -> None:
        commit = _Commit(changes)
        with self._condition:
            self._pending.append(commit)
            while self._has_leader and not commit.done:
                self._condition.wait()
            if not commit.done:
                self._has_leader = True
                batch, self._pending = self._pending, []
        if not commit.done:
            self._lead(batch)
        if commit.error is not None:
            raise commit.error

    def describe(self) -> str:
        return f"JSON file {self._folder / 'tenants.jsonl'}"

    def check(self) -> None:
        with self._exclusive(), self._translate_os_errors(), self._journal.locked():
            self._journal.catch_up()
            self._journal.check()

    def compact(self) -> None:
        """Begin a new file without garbage, if there is room. The store also does so by itself."""
        with self._exclusive(), self._translate_os_errors(), self._journal.locked():
            self._journal.catch_up()
            self._journal.compact()

    def purge_history(self) -> None:
        """Remove from the disk what was deleted or replaced: from the file, and from the previous
        generation beside it. If there is no room for that, the files stay, and it is logged."""
        for _ in ("the file", "the previous generation"):
            self.compact()

    def close(self) -> None:
        self._journal.close()

    def _refresh(self) -> None:
        """Read all commits that any process acknowledged before this call."""
        journal = self._journal
        lock, reader = journal.lock, journal.reader
        try:
            if lock.fd >= 0 and lock.read_mark_bytes() == reader.mark_bytes:
                return
            with reader.guard:
                if lock.fd >= 0 and reader.follow(lock.read_mark_bytes()):
                    return
        except OSError as error:
            raise unavailable(error, journal.path) from error
        with self._exclusive(), self._translate_os_errors(), journal.locked():
            journal.catch_up()

    def _lead(self, batch: "list[_Commit]") -> None:
        journal = self._journal
        try:
            with self._translate_os_errors(NOTHING_SAVED), journal.locked():
                journal.catch_up()
                self._commit(batch)
                self._finish(batch)
                # After the answer, so that nobody waits for it.
                if journal.needs_compaction:
                    journal.compact()
        except StoreError as error:
            for commit in batch:
                # This replaces refusals as well: their reason may be a commit that failed now.
                if not commit.done:
                    commit.error = error
        except BaseException:
            for commit in batch:
                if not commit.done:
                    commit.error = UnavailableError(
                        reason=f"The write was interrupted. {OUTCOME_UNKNOWN}",
                        remedy="Read the portal's log.",
                        outcome_unknown=True,
                    )
            raise
        finally:
            self._finish(batch)
            with self._condition:
                self._has_leader = False
                self._condition.notify_all()

    def _commit(self, batch: "list[_Commit]") -> None:
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
                accepted.append(commit.result)
                pending.update(commit.result)
        if accepted:
            self._journal.append(accepted)

    def _finish(self, batch: "list[_Commit]") -> None:
        with self._condition:
            for commit in batch:
                commit.done = True
            self._condition.notify_all()

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Exclude the other threads of this process: they share the descriptor of the lock."""
        with self._condition:
            while self._has_leader:
                self._condition.wait()
            self._has_leader = True
        try:
            yield
        finally:
            with self._condition:
                self._has_leader = False
                self._condition.notify_all()

    @contextmanager
    def _translate_os_errors(self, outcome: str = "") -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise unavailable(error, self._journal.path, outcome) from error


class _Commit:
    """One call of `write`: its changes, and its result."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self.result = items_after(changes)
        self.changes = changes
        self.error: StoreError | None = None
        self.done = False

    def refusal(self, current: Mapping[str, Item | None]) -> StoreError | None:
        """The error of the first change whose condition fails, given the `current` items."""
        for change, item_id in zip(self.changes, self.result, strict=True):
            item = current[item_id]
            if isinstance(change, Add):
                if item is not None:
                    return ItemExistsError(item_id=item_id, item=item)
            elif item is None or not _is_as_expected(item, change):
                return VersionConflictError(item_id=item_id, item=item)
        return None


def _is_as_expected(item: Item, change: Replace | Remove) -> bool:
    if item.get("version") != change.expected:
        return False
    read = change.read if isinstance(change, Replace) else None
    return read is None or item.get("updatedAt") == read.get("updatedAt")


_stores: "weakref.WeakSet[JsonFileStore]" = weakref.WeakSet()


def _reset_after_fork() -> None:
    # Reset every store, also if one cannot be closed: no store may keep its parent's lock.
    with ExitStack() as stores:
        for store in list(_stores):
            # While the child has the lock file open, it shares the parent's lock. And the parent's
            # threads, which may hold locks of ours, do not exist in the child.
            stores.callback(store._reset)
            stores.callback(store._journal.close)


os.register_at_fork(after_in_child=_reset_after_fork)
