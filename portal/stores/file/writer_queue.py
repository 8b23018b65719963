"""The threads of one process that write: one leads, and the others wait for it.

Group commit: the leader writes all commits that are pending when it has the lock, and they share
one sync. While it waits for another process or for a disk that hangs, few others may wait: each of
them keeps a thread of the server from whoever only reads.
"""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from portal.stores.contract import (
    OUTCOME_UNKNOWN,
    Add,
    BusyError,
    Change,
    Count,
    Item,
    ItemExistsError,
    LimitReachedError,
    Remove,
    Replace,
    StoreError,
    UnavailableError,
    VersionConflictError,
)
from portal.stores.other_types import stored_version, version_of
from portal.stores.validation import counted, items_after, reached_limits
from portal.stores.waiting import remaining_seconds

#: Threads that wait behind a leader that gets no further: with it, half of those of a worker.
MAX_WAITING = 7
#: Seconds after which a leader counts as one that gets no further.
STALLED_SECONDS = 1.0
#: Seconds that a command waits, which has no deadline.
_WAIT_SECONDS = 60.0


class Commit:
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
            elif isinstance(change, Count):
                names = reached_limits(change, item)
                if names:
                    return LimitReachedError(item_id=item_id, names=names)
            elif item is None or not _is_as_expected(item, change):
                return VersionConflictError(item_id=item_id, item=item)
        return None

    def result_after(self, current: Mapping[str, Item | None]) -> Mapping[str, Item | None]:
        """The item of each id after this commit, given the `current` items."""
        result = dict(self.result)
        for change in self.changes:
            if isinstance(change, Count):
                new = self.result[change.item_id] or {}
                result[change.item_id] = counted(change, new, current[change.item_id])
        return result


def _is_as_expected(item: Item, change: Replace | Remove) -> bool:
    read = change.read if isinstance(change, Replace) else None
    if version_of(item) != change.expected:
        return False
    if change.expected is None and stored_version(item) != stored_version(read or {}):
        # What stands there is no version, and it must still be what the caller has read.
        return False
    return read is None or item.get("updatedAt") == read.get("updatedAt")


class WriterQueue:
    """Who leads, and which commits are pending.

    Args:
        stalled_seconds: Seconds after which a leader counts as one that gets no further.
    """

    def __init__(self, stalled_seconds: float = STALLED_SECONDS) -> None:
        self._stalled_seconds = stalled_seconds
        self._condition = threading.Condition(threading.Lock())
        self._pending: list[Commit] = []
        self._has_leader = False
        self._waiting = 0
        #: Since when nobody who led has got what it came for; `None` while all goes well.
        self._standing_since: float | None = None

    @property
    def pending(self) -> int:
        """The number of commits that no leader has taken yet."""
        return len(self._pending)

    @property
    def waiting(self) -> int:
        """The number of threads that wait for the leader."""
        return self._waiting

    @property
    def is_stalled(self) -> bool:
        """Whether nobody has got any further for a while."""
        since = self._standing_since
        return since is not None and time.monotonic() - since > self._stalled_seconds

    def lead_or_wait(self, commit: Commit) -> bool:
        """Wait until this thread leads (`True`), or until another one has done `commit`.

        Raises:
            BusyError: The deadline passed before anybody began to write it, or too many wait.
            UnavailableError: The deadline passed while it was being written: outcome unknown.
        """
        with self._condition:
            self._pending.append(commit)
            try:
                leads = self._wait_to_lead(commit)
            except BusyError as error:
                if commit in self._pending:
                    self._pending.remove(commit)
                    raise
                raise UnavailableError(
                    reason=f"The disk does not answer. {OUTCOME_UNKNOWN}",
                    remedy="Check the disk, and whether a process on this machine is stopped.",
                    outcome_unknown=True,
                ) from error
            return leads

    def take(self) -> list[Commit]:
        """All pending commits. The leader has the lock now, and writes them."""
        with self._condition:
            batch, self._pending = self._pending, []
        return batch

    def finish(self, batch: Sequence[Commit]) -> None:
        """These commits have their results. The leader goes on leading."""
        with self._condition:
            for commit in batch:
                commit.done = True
            self._condition.notify_all()

    def stop_leading(self, batch: Sequence[Commit] = (), *, got_through: bool) -> None:
        """Let the next one lead. These commits have their results, or will not be written.

        Args:
            got_through: This leader had the lock, and the disk answered.
        """
        with self._condition:
            self._has_leader = False
            for commit in batch:
                commit.done = True
                if commit in self._pending:
                    self._pending.remove(commit)
            if got_through:
                self._standing_since = None
            self._condition.notify_all()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Lead without a commit: exclude the other threads. They share the lock's descriptor.

        Raises:
            BusyError: The deadline passed, or too many wait.
        """
        with self._condition:
            self._wait_to_lead(None)
        got_through = False
        try:
            yield
            got_through = True
        finally:
            self.stop_leading(got_through=got_through)

    def try_to_lead(self) -> bool:
        """Lead without waiting; `False` if somebody else does. Call `stop_leading` afterwards."""
        with self._condition:
            if self._has_leader:
                return False
            self._begin_to_lead()
            return True

    def _begin_to_lead(self) -> None:
        self._has_leader = True
        if self._standing_since is None or not self._waiting:
            self._standing_since = time.monotonic()

    def _wait_to_lead(self, commit: Commit | None) -> bool:
        """Whether this thread leads now; `False` if `commit` is done. Holds the condition."""
        if not self._has_leader and not (commit and commit.done):
            self._begin_to_lead()
            return True
        deadline = time.monotonic() + remaining_seconds(_WAIT_SECONDS)
        self._waiting += 1
        try:
            while not (commit and commit.done):
                if not self._has_leader:
                    self._begin_to_lead()
                    return True
                self._wait(deadline)
            return False
        finally:
            self._waiting -= 1

    def _wait(self, deadline: float) -> None:
        if self.is_stalled and self._waiting > MAX_WAITING:
            raise BusyError(reason="Too many writers are waiting for the file.")
        now = time.monotonic()
        if now >= deadline:
            raise BusyError(reason="The file was busy with other writers for too long.")
        # Look again when the leader may count as stalled.
        self._condition.wait(min(deadline - now, self._stalled_seconds))
