"""The lock file: one process at a time holds its lock and may write. It stores the durable mark.

The file is never deleted: two processes that lock two different files would both write.
"""

from pathlib import Path

from portal.stores.contract import BusyError
from portal.stores.file.disk import Disk, close_quietly, write_all
from portal.stores.file.journal import MARK_SIZE, DurableMark

#: Seconds that a commit waits for other processes. A commit takes a millisecond, and a compaction
#: of 100,000 tenants takes a second.
LOCK_TIMEOUT = 5.0


class LockFile:
    """Read the mark without the lock, and write it only while you hold the lock."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self.path = path
        #: -1 while the file is not open.
        self.fd = -1
        self._disk = disk

    def open(self) -> None:
        self.fd = self._disk.open(self.path, create=True)

    def acquire(self) -> None:
        """Take the lock. `BusyError` after `LOCK_TIMEOUT` seconds."""
        while True:
            if not self._disk.lock(self.fd, LOCK_TIMEOUT):
                raise BusyError(
                    reason=f"Another process has held the lock {self.path} for more than"
                    f" {LOCK_TIMEOUT:g} seconds."
                )
            try:
                if self._disk.status(self.path).inode == self._disk.inode(self.fd):
                    return
            except FileNotFoundError:
                pass
            except BaseException:
                self._disk.unlock(self.fd)
                raise
            # Somebody deleted the file in spite of that, so the lock on it excludes nobody.
            close_quietly(self._disk, self.fd)
            self.open()

    def release(self) -> None:
        self._disk.unlock(self.fd)

    def read_mark_bytes(self) -> bytes:
        return self._disk.read(self.fd, MARK_SIZE, 0)

    def read_mark(self) -> DurableMark | None:
        return DurableMark.decode(self.read_mark_bytes())

    def write_mark(self, mark: DurableMark) -> None:
        write_all(self._disk, self.fd, mark.encode(), 0)

    def write_mark_durably(self, mark: DurableMark) -> None:
        """Write the mark and sync it."""
        self.write_mark(mark)
        self._disk.sync(self.fd)

    def close(self) -> None:
        if self.fd >= 0:
            close_quietly(self._disk, self.fd)
        self.fd = -1
