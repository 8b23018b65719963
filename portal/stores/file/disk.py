"""The system calls of the file store, as an argument of the store.

A test passes a disk that fails, fills up or loses its power, and patches nothing.
"""

import errno
import fcntl
import os
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

#: Only Linux can say that a read must not wait.
_AT_ONCE: int | None = getattr(os, "RWF_NOWAIT", None)
#: What the system says if a file may only be read.
WRITE_PROTECTED = (errno.EROFS, errno.EACCES, errno.EPERM)


@dataclass(frozen=True, slots=True)
class FileStatus:
    """The file or folder behind a path."""

    inode: int
    owner: int
    group: int
    mode: int


@dataclass(frozen=True, slots=True)
class ProcessUser:
    """On whose behalf this process runs."""

    user: int
    groups: frozenset[int]


class Disk(Protocol):
    """System calls. Each may raise `OSError`. Offsets and sizes are in bytes."""

    def make_folder(self, path: Path) -> None:
        """Make a folder with mode 0700; no error if it exists."""

    def open(self, path: Path, *, create: bool = False, read_only: bool = False) -> int:
        """A descriptor for reading and, usually, writing. A new file has mode 0600."""

    def close(self, fd: int) -> None: ...

    def status(self, path: Path) -> FileStatus: ...

    def inode(self, fd: int) -> int: ...

    def size(self, fd: int) -> int: ...

    def modified(self, fd: int) -> int:
        """When the file was changed last, in nanoseconds."""

    def read(self, fd: int, size: int, offset: int) -> bytes: ...

    def read_at_once(self, fd: int, size: int, offset: int) -> bytes | bytearray | None:
        """What is in memory already; `None` if a read might wait for the device or a lock."""

    def write(self, fd: int, data: bytes, offset: int) -> int:
        """The number of bytes written, which may be fewer than `data` has."""

    def truncate(self, fd: int, size: int) -> None: ...

    def sync(self, fd: int) -> None:
        """Return when content and size of the file are durable."""

    def sync_folder(self, path: Path) -> None:
        """Return when the names in the folder are durable."""

    def rename(self, old: Path, new: Path) -> None: ...

    def link(self, old: Path, new: Path) -> None: ...

    def remove(self, path: Path) -> None:
        """Delete a file; no error if it does not exist."""

    def lock(self, fd: int, seconds: float) -> bool:
        """Take the lock that excludes other processes; `False` if that takes longer."""

    def unlock(self, fd: int) -> None: ...

    def free_bytes(self, path: Path) -> int:
        """Free bytes for an ordinary user."""

    def is_writable(self, path: Path) -> bool:
        """Whether this user may create files in the folder."""

    def process_user(self) -> ProcessUser: ...

    def mount_info(self) -> str:
        """The text of `/proc/self/mountinfo`; empty on systems without it."""


class LocalDisk:
    """The real operating system."""

    # A Python frame around each call would take as long as the call itself, and every access
    # check calls `read`.
    read = staticmethod(os.pread)
    write = staticmethod(os.pwrite)

    def read_at_once(self, fd: int, size: int, offset: int) -> bytes | bytearray | None:
        if _AT_ONCE is None:
            return None
        found = bytearray(size)
        try:
            length = os.preadv(fd, (found,), offset, _AT_ONCE)
        except OSError:
            # It would wait, or this file system cannot tell.
            return None
        return found if length == size else found[:length]

    def make_folder(self, path: Path) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def open(self, path: Path, *, create: bool = False, read_only: bool = False) -> int:
        flags = (os.O_RDONLY if read_only else os.O_RDWR) | os.O_CLOEXEC | os.O_NOFOLLOW
        return os.open(path, flags | os.O_CREAT if create else flags, 0o600)

    def close(self, fd: int) -> None:
        os.close(fd)

    def status(self, path: Path) -> FileStatus:
        result = path.stat()
        mode = stat.S_IMODE(result.st_mode)
        return FileStatus(result.st_ino, result.st_uid, result.st_gid, mode)

    def inode(self, fd: int) -> int:
        return os.fstat(fd).st_ino

    def size(self, fd: int) -> int:
        return os.fstat(fd).st_size

    def modified(self, fd: int) -> int:
        return os.fstat(fd).st_mtime_ns

    def truncate(self, fd: int, size: int) -> None:
        os.ftruncate(fd, size)

    def sync(self, fd: int) -> None:
        os.fdatasync(fd)

    def sync_folder(self, path: Path) -> None:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def rename(self, old: Path, new: Path) -> None:
        old.rename(new)

    def link(self, old: Path, new: Path) -> None:
        new.hardlink_to(old)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def lock(self, fd: int, seconds: float) -> bool:
        # flock has no timeout, and a process that hangs while it holds the lock must not hang
        # all others. So this polls, with longer and longer pauses.
        deadline, pause = time.monotonic() + seconds, 0.00005
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EWOULDBLOCK):
                    raise
            else:
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(pause)
            pause = min(pause * 1.5, 0.0005)

    def unlock(self, fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)

    def free_bytes(self, path: Path) -> int:
        result = os.statvfs(path)
        return result.f_bavail * result.f_frsize

    def is_writable(self, path: Path) -> bool:
        return os.access(path, os.W_OK)

    def process_user(self) -> ProcessUser:
        return ProcessUser(os.geteuid(), frozenset({os.getegid(), *os.getgroups()}))

    def mount_info(self) -> str:
        try:
            return Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""


class OpenFile(int):
    """The descriptor of an open file. The file is closed when nothing refers to it any more.

    The system gives the number of a closed file to whatever is opened next: to the connection of
    a client, say. A thread that passed the bare number to a call would then read from that client,
    lock or close it. A call that is passed an `OpenFile` refers to it until it returns, so no
    other thread can close the file meanwhile. To be done with a file, forget it.
    """

    is_read_only: bool
    _disk: Disk
    _is_closed: bool

    @classmethod
    def open(
        cls, disk: Disk, path: Path, *, create: bool = False, read_only: bool = False
    ) -> "OpenFile":
        file = cls(disk.open(path, create=create, read_only=read_only))
        file._disk, file._is_closed, file.is_read_only = disk, False, read_only
        return file

    @classmethod
    def open_for_reading(cls, disk: Disk, path: Path) -> "OpenFile":
        """Open it for writing as well, if it is not protected from that."""
        try:
            return cls.open(disk, path)
        except OSError as error:
            if error.errno not in WRITE_PROTECTED:
                raise
            return cls.open(disk, path, read_only=True)

    def close_now(self) -> None:
        """Close it although something may refer to it. No thread may be using it, or use it later.

        All that counts was synced before, and the number is gone even after an error.
        """
        if not self._is_closed:
            self._is_closed = True
            with suppress(OSError):
                self._disk.close(int(self))

    __del__ = close_now


def write_all(disk: Disk, fd: int, data: bytes, offset: int) -> None:
    """Write all of `data`, also if that takes several calls."""
    written = disk.write(fd, data, offset)
    while written < len(data):
        # After a short write, writing the rest succeeds or raises the reason.
        written += disk.write(fd, data[written:], offset + written)


def exists(disk: Disk, path: Path) -> bool:
    """Whether there is a file at `path`."""
    try:
        disk.status(path)
    except FileNotFoundError:
        return False
    return True
