"""The lock file: one process at a time holds its lock and may write. It stores the durable mark.

The file is never deleted: two processes that lock two different files would both write.
"""

from pathlib import Path

from portal.stores.contract import BusyError
from portal.stores.file.disk import Disk, OpenFile, write_all
from portal.stores.file.journal import MARK_SIZE, DurableMark
from portal.stores.waiting import remaining_seconds

#: Seconds that a commit waits for other processes. A commit takes a millisecond, and a large
#: import or a compaction lets others in between its steps.
LOCK_TIMEOUT = 5.0


class LockFile:
    """Read the mark without the lock, and write it only while you hold the lock."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self.path = path
        #: `None` while the file is not open. It is replaced only by a file that could be opened.
        self.file: OpenFile | None = None
        self._disk = disk

    def open(self) -> None:
        """Open the file, and create it if it is missing."""
        self.file = OpenFile.open(self._disk, self.path, create=True)

    def open_for_reading(self) -> None:
        """Open the file. `FileNotFoundError` if it is missing: only a writer creates it."""
        self.file = OpenFile.open_for_reading(self._disk, self.path)

    def acquire(self, at_most: float = LOCK_TIMEOUT) -> None:
        """Take the lock.

        Raises:
            BusyError: Another process holds the lock for `at_most` seconds, or until the deadline
                of this request.
        """
        if self._open_file().is_read_only:
            self.open()
        while True:
            file = self._open_file()
            if not self._disk.lock(file, remaining_seconds(at_most)):
                raise BusyError(reason=f"Another process holds the lock {self.path}.")
            try:
                if self._disk.status(self.path).inode == self._disk.inode(file):
                    return
            except FileNotFoundError:
                pass
            except BaseException:
                self._disk.unlock(file)
                raise
            # Somebody deleted or replaced the file in spite of that, so the lock on it excludes
            # nobody. If the folder is gone as well, this fails, and readers keep what they have.
            self._disk.unlock(file)
            self.open()

    def release(self) -> None:
        self._disk.unlock(self._open_file())

    def read_mark_bytes(self) -> bytes:
        file = self.file
        if file is None:
            raise AssertionError("the lock file is not open")
        return self._disk.read(file, MARK_SIZE, 0)

    def read_mark_bytes_at_once(self) -> bytes | bytearray | None:
        """The same, or `None` if it would take more than a look into memory."""
        file = self.file
        return None if file is None else self._disk.read_at_once(file, MARK_SIZE, 0)

    def read_mark(self) -> DurableMark | None:
        return DurableMark.decode(self.read_mark_bytes())

    def write_mark(self, mark: DurableMark) -> None:
        write_all(self._disk, self._open_file(), mark.encode(), 0)

    def write_mark_durably(self, mark: DurableMark) -> None:
        """Write the mark and sync it."""
        self.write_mark(mark)
        self._disk.sync(self._open_file())

    def _open_file(self) -> OpenFile:
        if self.file is None:
            raise AssertionError("the lock file is not open")
        return self.file
