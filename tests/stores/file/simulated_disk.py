"""A disk in memory that loses data at a power cut: what was not synced, or parts of it.

Each sector of a file, each size and each name may have, after the cut, any of the values that it
had since its last sync: dropped, torn and out of order. A folder's names are synced together.
"""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from portal.stores.file.disk import FileStatus, ProcessUser

SECTOR = 512


class PowerCutError(BaseException):
    """Not an `Exception`, since no program can catch a power cut."""


@dataclass
class SimulatedFile:
    inode: int
    data: bytearray = field(default_factory=bytearray)
    #: Possible contents on the disk: for each sector those since the last sync, oldest first.
    sectors: dict[int, list[bytes]] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=lambda: [0])
    durable: bytes = b""

    def before(self, start: int, end: int) -> None:
        for number in range(start // SECTOR, (max(end, start + 1) - 1) // SECTOR + 1):
            if number not in self.sectors:
                self.sectors[number] = [self.sector(self.durable, number)]

    def after(self, start: int, end: int) -> None:
        for number in range(start // SECTOR, (max(end, start + 1) - 1) // SECTOR + 1):
            self.sectors[number].append(self.sector(bytes(self.data), number))
        self.sizes.append(len(self.data))

    @staticmethod
    def sector(data: bytes, number: int) -> bytes:
        return data[number * SECTOR : (number + 1) * SECTOR].ljust(SECTOR, b"\0")

    def sync(self) -> None:
        self.durable, self.sectors, self.sizes = bytes(self.data), {}, [len(self.data)]

    def cut(self, rng: Random) -> bytes:
        size = rng.choice(self.sizes)
        data = bytearray(max(size, len(self.durable)))
        data[: len(self.durable)] = self.durable
        for number, contents in self.sectors.items():
            data[number * SECTOR : (number + 1) * SECTOR] = rng.choice(contents)
        return bytes(data[:size].ljust(size, b"\0"))


class SimulatedDisk:
    """A `Disk`. `cut_at` names the call, counted from 1, in which the power fails.

    `fail` maps a call's number to the error that it raises instead of being carried out, and
    `fail_after` to one that it raises although it was. `syncs` and `folder_syncs` can be taken
    away, to see that somebody notices.
    """

    def __init__(self, *, syncs: bool = True, folder_syncs: bool = True) -> None:
        self.syncs, self.folder_syncs = syncs, folder_syncs
        self.calls = 0
        self.cut_at = 0
        self.fail: dict[int, int] = {}
        self.fail_after: dict[int, int] = {}
        self.fail_always_from = 0
        self.short_writes = False
        self.trace: list[str] = []
        #: Called once, after the next file was cut to no bytes: a compaction begins to copy then.
        self.when_emptied: Callable[[], object] | None = None
        #: The last call and its arguments, for debugging a seed that fails.
        self.last: tuple[str, tuple[object, ...]] = ("", ())
        self._files: dict[Path, SimulatedFile] = {}
        self._file_histories: dict[Path, list[SimulatedFile | None]] = {}
        self._durable_files: dict[Path, SimulatedFile | None] = {}
        self._open: dict[int, SimulatedFile] = {}
        self._locks: dict[int, int] = {}
        self._next = 100

    def _call(self, name: str, *arguments: object) -> "_SimulatedCall":
        self.calls += 1
        self.last = (name, arguments)
        self.trace.append(name)
        if self.cut_at and self.calls >= self.cut_at:
            raise PowerCutError
        code = self.fail.get(self.calls, 0)
        if self.fail_always_from and self.calls >= self.fail_always_from:
            code = errno.EIO
        if code and name != "unlock":
            raise OSError(code, "simulated")
        return _SimulatedCall(self.fail_after.get(self.calls, 0))

    def after_power_cut(self, rng: Random) -> "SimulatedDisk":
        """The disk that the machine finds when it starts again."""
        disk = SimulatedDisk(syncs=self.syncs, folder_syncs=self.folder_syncs)
        for path in self._durable_files.keys() | self._file_histories.keys():
            file = rng.choice([self._durable_files.get(path), *self._file_histories.get(path, [])])
            if file is not None:
                copy = disk._new_file()
                copy.data[:] = file.cut(rng)
                copy.sync()
                disk._files[path] = disk._durable_files[path] = copy
        return disk

    def content(self, path: Path) -> bytes:
        return bytes(self._files[path].data)

    def _new_file(self) -> SimulatedFile:
        self._next += 1
        return SimulatedFile(self._next)

    def _name(self, path: Path, file: SimulatedFile | None) -> None:
        self._file_histories.setdefault(path, []).append(file)
        if file is None:
            self._files.pop(path, None)
        else:
            self._files[path] = file

    def make_folder(self, path: Path) -> None:
        with self._call("make_folder", path):
            pass

    def open(self, path: Path, *, create: bool = False, read_only: bool = False) -> int:
        with self._call("open", path, read_only):
            if path not in self._files:
                if not create:
                    raise FileNotFoundError(errno.ENOENT, "simulated", str(path))
                self._name(path, self._new_file())
            self._next += 1
            self._open[self._next] = self._files[path]
            return self._next

    def close(self, fd: int) -> None:
        # It fails in no way that anybody could notice, and not at a moment that a test could name.
        self.trace.append("close")
        del self._open[fd]

    def status(self, path: Path) -> FileStatus:
        with self._call("status"):
            if path not in self._files:
                raise FileNotFoundError(errno.ENOENT, "simulated", str(path))
            return FileStatus(self._files[path].inode, os.geteuid(), os.getegid(), 0o600)

    def inode(self, fd: int) -> int:
        with self._call("inode"):
            return self._open[fd].inode

    def modified(self, fd: int) -> int:
        with self._call("modified", fd):
            return self.calls

    def size(self, fd: int) -> int:
        with self._call("size"):
            return len(self._open[fd].data)

    def read(self, fd: int, size: int, offset: int) -> bytes:
        with self._call("read"):
            return bytes(self._open[fd].data[offset : offset + size])

    def read_at_once(self, fd: int, size: int, offset: int) -> bytes | None:
        with self._call("read"):
            return bytes(self._open[fd].data[offset : offset + size])

    def write(self, fd: int, data: bytes, offset: int) -> int:
        with self._call("write"):
            file = self._open[fd]
            if self.short_writes and len(data) > 1:
                data = data[: len(data) // 2]
            # A power cut may tear this write, too, until it is synced.
            file.before(offset, offset + len(data))
            gap = offset - len(file.data)
            file.data.extend(b"\0" * max(0, gap))
            file.data[offset : offset + len(data)] = data
            file.after(offset, offset + len(data))
            return len(data)

    def truncate(self, fd: int, size: int) -> None:
        with self._call("truncate"):
            file = self._open[fd]
            end = max(len(file.data), size)
            file.before(size, end)
            del file.data[size:]
            file.data.extend(b"\0" * (size - len(file.data)))
            file.after(size, end)
        hook = self.when_emptied
        if size == 0 and hook is not None:
            self.when_emptied = None
            hook()

    def sync(self, fd: int) -> None:
        with self._call("sync"):
            if self.syncs:
                self._open[fd].sync()

    def sync_folder(self, path: Path) -> None:
        with self._call("sync_folder", path):
            if self.folder_syncs:
                self._durable_files = dict(self._files)
                self._file_histories = {}

    def rename(self, old: Path, new: Path) -> None:
        with self._call("rename"):
            self._name(new, self._files[old])
            self._name(old, None)

    def link(self, old: Path, new: Path) -> None:
        with self._call("link"):
            if new in self._files:
                raise FileExistsError(errno.EEXIST, "simulated", str(new))
            self._name(new, self._files[old])

    def remove(self, path: Path) -> None:
        with self._call("remove"):
            if path in self._files:
                self._name(path, None)

    def lock(self, fd: int, seconds: float) -> bool:
        with self._call("lock", fd, seconds):
            assert fd in self._open, "a closed descriptor was used"
            return True

    def unlock(self, fd: int) -> None:
        with self._call("unlock", fd):
            assert fd in self._open, "a closed descriptor was used"

    def free_bytes(self, path: Path) -> int:
        with self._call("free", path):
            return 1 << 40

    def is_writable(self, path: Path) -> bool:
        with self._call("writable", path):
            return True

    def process_user(self) -> ProcessUser:
        return ProcessUser(os.geteuid(), frozenset({os.getegid()}))

    def mount_info(self) -> str:
        return ""


class _SimulatedCall:
    """A call that may raise its error after it was carried out."""

    def __init__(self, code: int) -> None:
        self._code = code

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        if self._code and error[0] is None:
            raise OSError(self._code, "simulated")
