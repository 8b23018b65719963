"""For backups: the store's file as it is at one moment, and a whole file put into an empty folder.

A generation only grows, and nothing changes in it up to its durable mark. A compaction begins
another file and takes the name away, but a file that is open keeps its content. So whoever holds
the open file and its mark can copy it without a lock, however long that takes.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from portal.stores.contract import CorruptStoreError, Item, UnavailableError
from portal.stores.file import journal
from portal.stores.file.disk import Disk, LocalDisk, OpenFile, exists
from portal.stores.file.journal import DurableMark
from portal.stores.file.journal_writer import FILE_NAME, LOCK_NAME, JournalWriter
from portal.stores.file.lock_file import LockFile
from portal.stores.file.os_errors import unavailable

_CHUNK = 256 * 1024
#: Seconds to wait for the lock: nobody waits for a backup.
_LOCK_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class HeldFile:
    """The store's file with all commits that were acknowledged before it was held.

    Attributes:
        locked_seconds: How long it kept others from writing.
    """

    mark: DurableMark
    locked_seconds: float
    _file: OpenFile = field(repr=False)
    _disk: Disk = field(repr=False)

    def chunks(self) -> Iterator[bytes]:
        """The content, in parts.

        Raises:
            CorruptStoreError: Somebody has cut it off meanwhile.
            OSError: It cannot be read.
        """
        offset = 0
        while offset < self.mark.size:
            chunk = self._disk.read(self._file, min(_CHUNK, self.mark.size - offset), offset)
            if not chunk:
                raise CorruptStoreError(
                    reason="The store's file became shorter while it was copied.",
                    remedy="Run `portal store verify`, and look what else writes to it.",
                )
            yield chunk
            offset += len(chunk)

    def lock_file_content(self) -> bytes:
        """What the lock file beside a copy has to hold."""
        return self.mark.encode()


def hold_file(folder: Path, *, disk: Disk | None = None) -> HeldFile:
    """Take the file as it is now. It locks others out for some system calls only.

    What a killed writer left after the mark is settled first, as the next writer would.

    Raises:
        BusyError: Another process held the lock for too long.
        UnavailableError: The file is missing or damaged, or cannot be read.
    """
    disk = disk or LocalDisk()
    writer = JournalWriter(folder.absolute(), disk, may_make=False)
    try:
        with writer.locked(_LOCK_TIMEOUT, preload=False):
            began = time.perf_counter()
            held = _settled(writer, disk)
            if held is None:
                writer.catch_up()
                held = writer.reader.open_file(), writer.reader.mark
            seconds = time.perf_counter() - began
    except OSError as error:
        raise unavailable(error, writer.path) from error
    finally:
        writer.close()
    file, mark = held
    return HeldFile(replace(mark, poisoned=False), seconds, file, disk)


def _settled(writer: JournalWriter, disk: Disk) -> tuple[OpenFile, DurableMark] | None:
    """The file and its mark; `None` if the mark is not where the file ends. Locked."""
    mark = writer.lock.read_mark()
    if mark is None or not exists(disk, writer.path):
        return None
    file = OpenFile.open_for_reading(disk, writer.path)
    if journal.read_header(disk, file, writer.path).generation != mark.generation:
        return None
    # Behind a poisoned mark are only commits that were refused.
    if disk.size(file) == mark.size or (mark.poisoned and disk.size(file) > mark.size):
        return file, mark
    return None


def read_copy(folder: Path, *, disk: Disk | None = None) -> Iterator[Item]:
    """All items of a copy, to which nobody writes. Before the first, every line was checked.

    Raises:
        CorruptStoreError: A line is bad or missing, or there is more than was copied.
        UnavailableError: The copy cannot be read.
    """
    disk = disk or LocalDisk()
    writer = JournalWriter(folder.absolute(), disk, may_make=False)
    try:
        writer.lock.open_for_reading()
        mark = writer.lock.read_mark()
        file = OpenFile.open_for_reading(disk, writer.path)
        table, position = writer.reader.tables.read(file, mark)
        held = DurableMark(position.generation, position.seq, position.size)
        if mark != held or disk.size(file) != position.size:
            raise journal.corrupt_error(
                writer.path, position.line + 1, position.size, "is not where the copy ends"
            )
    except OSError as error:
        raise unavailable(error, writer.path) from error
    return table.all()


def put_file(
    folder: Path, new_file: Path, before: Callable[[], object], *, disk: Disk | None = None
) -> None:
    """Give a whole file, which is on the same file system, its name in a folder without a store.

    The lock file beside `new_file` has its mark. The last step is the one that counts: before it
    there is no store, and after it there is a whole one.

    Args:
        before: Called before that, when it is certain that there is no store, and nobody makes one.

    Raises:
        BusyError: Another process held the lock for too long.
        UnavailableError: There is a store, or the file cannot be put there.
    """
    disk = disk or LocalDisk()
    path = folder.absolute() / FILE_NAME
    lock = LockFile(path.with_name(LOCK_NAME), disk)
    try:
        mark = _mark_of(disk, new_file)
        lock.open()
        lock.acquire(_LOCK_TIMEOUT)
        try:
            if exists(disk, path):
                raise UnavailableError(
                    reason=f"{path} was made meanwhile, so it was left as it is.",
                    remedy="Stop the portal, move the data folder away, and run this again.",
                )
            before()
            lock.write_mark_durably(mark)
            disk.sync_folder(path.parent)
            disk.rename(new_file, path)
            disk.sync_folder(path.parent)
        finally:
            lock.release()
    except OSError as error:
        raise unavailable(error, path) from error


def _mark_of(disk: Disk, file: Path) -> DurableMark:
    lock = LockFile(file.with_name(LOCK_NAME), disk)
    lock.open_for_reading()
    mark = lock.read_mark()
    if mark is None:
        raise journal.missing_error(lock.path)
    return mark
