"""The lock file: whoever holds it writes alone, and it says how far the journal is true.

It is never deleted: two processes that lock two files both think that they are alone.
"""

from pathlib import Path

from portal.stores.contract import BusyError
from portal.stores.file.disk import Disk
from portal.stores.file.journal import MARK_SIZE, DurableMark
from portal.stores.file.snapshot import close_quietly, write_all

#: Seconds that a commit waits for other processes. One takes a millisecond, a compaction of
#: 100,000 tenants a second.
LOCK_TIMEOUT = 5.0


class LockFile:
    """The mark in it is read without the lock, and set under it."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self.path = path
        #: -1 while it is not open.
        self.fd = -1
        self._disk = disk

    def open(self) -> None:
        self.fd = self._disk.open(self.path, create=True)

    def acquire(self) -> None:
        """Alone among the processes. `BusyError` after `LOCK_TIMEOUT`."""
        while True:
            if not self._disk.lock(self.fd, LOCK_TIMEOUT):
                raise BusyError(reason=f"Another process has held {self.path} for long.")
            try:
                if self._disk.status(self.path).inode == self._disk.inode(self.fd):
                    return
            except FileNotFoundError:
                pass
            except BaseException:
                self._disk.unlock(self.fd)
                raise
            # Somebody deleted it after all, and this one excludes nobody.
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
        """Durably."""
        self.write_mark(mark)
        self._disk.sync(self.fd)

    def close(self) -> None:
        if self.fd >= 0:
            close_quietly(self._disk, self.fd)
        self.fd = -1
