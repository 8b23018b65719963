"""Compaction: a new generation without garbage, written beside the old one while others work.

1. `claim`: one compaction at a time, of all processes.
2. `pin`, under the store's lock: the items as they are now. That takes milliseconds.
3. `copy`, without the lock: the items, and then the commits that were appended meanwhile.
4. `finish`, under the lock: the last commits, and the new file takes the name of the old one.

If the process is killed at any point, the new file is left, and the next compaction begins anew.
"""

import logging
from contextlib import suppress
from pathlib import Path

from portal.stores.contract import BusyError
from portal.stores.file.disk import Disk, OpenFile, write_all
from portal.stores.file.journal import DurableMark, Header, JournalPosition, Location
from portal.stores.file.journal_reader import JournalReader
from portal.stores.file.lock_file import LockFile
from portal.stores.file.snapshot import new_path, publish, snapshot_size, write_snapshot
from portal.stores.file.table import FrozenItems

logger = logging.getLogger("portal.store")

#: Bytes. Less garbage than this is not worth a new file.
_MIN_GARBAGE = 1024 * 1024
#: Who keeps house has so many times as much to do before others do it.
_PATIENCE = 4
_CHUNK = 256 * 1024
#: Bytes of commits that may be left for `finish`, and how often `copy` tries to get there.
_LEFT_FOR_FINISH = 1024 * 1024
_ROUNDS = 10


def keeper_path(path: Path) -> Path:
    """The file beside the store's that whoever keeps house has locked."""
    return path.with_name("tenants.keeper")


class Compaction:
    """A generation that is being written."""

    def __init__(self, path: Path, reader: JournalReader, lock: LockFile, disk: Disk) -> None:
        self._path = path
        self._reader = reader
        self._lock = lock
        self._disk = disk
        self._file: OpenFile | None = None
        self._items: FrozenItems | None = None
        self._old: OpenFile | None = None
        #: What `copy` has copied of the old file.
        self._copied = JournalPosition(0, 0, 0, 0)
        self._header = Header(0, None, 0, 0, 0)
        self._locations: dict[str, Location] = {}
        self._size = 0
        self._may_be_published = False

    def claim(self, seconds: float) -> None:
        """Exclude other compactions. `BusyError` if one goes on for so many seconds.

        Call it without the store's lock, which the other one needs, or with 0 seconds.
        """
        file = OpenFile.open(self._disk, new_path(self._path), create=True)
        if not self._disk.lock(file, seconds):
            raise BusyError(reason=f"{self._path} is being compacted.")
        self._file = file

    def pin(self) -> bool:
        """Take the items as they are now. The store's lock is held, after `catch_up`.

        `False` if the file that was claimed is not the right one any more: another compaction has
        just given it its final name, or a failed disk has needed a new generation meanwhile.
        """
        if not self._has_its_name():
            return False
        reader = self._reader
        with reader.guard:
            self._items = reader.table.frozen()
            self._old, self._copied = reader.open_file(), reader.position
            generation = max(reader.position.generation, reader.mark.generation) + 1
        self._header = Header(generation, None, 0, 0, 0)
        return True

    def copy(self) -> None:
        """Write the items and most of the commits since. Needs no lock."""
        file, position, items = self._open_file(), self._copied, self._items
        if items is None:
            raise AssertionError("nothing was pinned")
        self._disk.truncate(file, 0)
        self._header, self._locations = write_snapshot(
            self._disk, file, items,
            generation=self._header.generation, continues=position.generation, seq=position.seq,
        )  # fmt: skip
        self._size = self._header.end.size
        # A second copy of the table takes memory.
        items.close()
        for _ in range(_ROUNDS):
            with self._reader.guard:
                now = self._reader.position
            if now.generation != position.generation:
                return
            self._copy_commits(now)
            self._disk.sync(file)
            if self._reader.position.size - now.size < _LEFT_FOR_FINISH:
                return

    def finish(self) -> bool:
        """Replace the old file. The store's lock is held, after `catch_up`.

        `False` if somebody else has begun another generation meanwhile. After an `OSError` nothing
        has changed for this process. It still reads from the old file, and the next writer finds
        out which of the two files has the name.
        """
        file, reader = self._open_file(), self._reader
        end = reader.position
        if (
            end.generation != self._copied.generation
            or reader.mark.poisoned
            or not self._has_its_name()
        ):
            return False
        self._copy_commits(end)
        self._disk.sync(file)
        self._may_be_published = True
        publish(self._disk, self._path)
        mark = DurableMark(self._header.generation, end.seq, self._size)
        self._lock.write_mark_durably(mark)
        with reader.guard:
            if reader.continue_in(file, self._header, self._locations, self._size):
                reader.set_mark(mark)
            else:
                reader.forget()
        return True

    def end(self) -> None:
        """Let other compactions begin. Call it in any case."""
        file, self._file = self._file, None
        if self._items is not None:
            self._items.close()
        if file is None:
            return
        with suppress(OSError):
            # Before `pin`, somebody else may be writing to it. It stays, empty, since whoever
            # removed the name could hit a file of somebody else.
            if self._old is not None and not self._may_be_published:
                self._disk.truncate(file, 0)
        with suppress(OSError):
            # The new generation stays open, so its lock would stay, too.
            self._disk.unlock(file)

    def close_now(self) -> None:
        """Close the file in a child after a fork: the child shares its lock with the parent."""
        if self._file is not None:
            self._file.close_now()

    def _copy_commits(self, end: JournalPosition) -> None:
        """Copy the lines of the old file up to this position. They are durable, and stay."""
        if self._old is None:
            raise AssertionError("nothing was pinned")
        offset = self._copied.size
        while offset < end.size:
            data = self._disk.read(self._old, min(_CHUNK, end.size - offset), offset)
            write_all(self._disk, self._open_file(), data, self._size)
            self._size += len(data)
            offset += len(data)
        self._copied = end

    def _open_file(self) -> OpenFile:
        if self._file is None:
            raise AssertionError("nothing was claimed")
        return self._file

    def _has_its_name(self) -> bool:
        return self._has_name(self._open_file())

    def _has_name(self, file: OpenFile) -> bool:
        try:
            return self._disk.status(new_path(self._path)).inode == self._disk.inode(file)
        except FileNotFoundError:
            return False


class Compactions:
    """When this process compacts, and the compaction that it is making."""

    def __init__(self, path: Path, reader: JournalReader, lock: LockFile, disk: Disk) -> None:
        self._path = path
        self._reader = reader
        self._lock = lock
        self._disk = disk
        self._threshold = _MIN_GARBAGE
        self._under_way: Compaction | None = None

    @property
    def needed(self) -> bool:
        """Whether there is more garbage than items, and nobody else looks after that. The store's
        lock is held."""
        return self.is_worthwhile() and (self.is_worthwhile(_PATIENCE) or not self._is_kept())

    def is_worthwhile(self, times: int = 1) -> bool:
        """Whether there is more garbage than items, or so many times more."""
        if self._reader.file is None:
            # The table has failed, and says nothing.
            return False
        live = snapshot_size(self._reader.table)
        garbage = self._reader.position.size - live
        return garbage > times * max(live, self._threshold)

    def _is_kept(self) -> bool:
        """Whether a process keeps house, which serves no requests."""
        try:
            file = OpenFile.open(self._disk, keeper_path(self._path))
            is_free = self._disk.lock(file, 0)
            if is_free:
                self._disk.unlock(file)
        except OSError:
            return False
        return not is_free

    def begin(self) -> Compaction | None:
        """Pin a new generation, unless another one is under way. The store's lock is held, after
        `catch_up`."""
        if self._under_way is not None:
            return None
        compaction = self.new()
        try:
            compaction.claim(0)
            if compaction.pin():
                return compaction
        except BusyError:
            pass
        except OSError as error:
            self.put_off(error.strerror)
        except BaseException:
            self.end(compaction)
            raise
        self.end(compaction)
        return None

    def new(self) -> Compaction:
        """A compaction, which is to be claimed. Hand it to `end` in any case."""
        self._under_way = Compaction(self._path, self._reader, self._lock, self._disk)
        return self._under_way

    def end(self, compaction: Compaction) -> None:
        compaction.end()
        if self._under_way is compaction:
            self._under_way = None

    def put_off(self, problem: str | None) -> None:
        """It failed. Try again only when there is more garbage."""
        logger.warning("%s was not compacted (%s)", self._path, problem)
        self._threshold = self._reader.position.size + _MIN_GARBAGE

    def succeeded(self) -> None:
        self._threshold = _MIN_GARBAGE

    def close_after_fork(self) -> None:
        """Close the file in a child, where no other thread exists that could be using it."""
        if self._under_way is not None:
            self._under_way.close_now()
