"""What one process shows of the file store: its rows, and how far it has read to know them."""

import threading
from contextlib import suppress
from pathlib import Path

from portal.stores.contract import CorruptStoreError, UnavailableError
from portal.stores.file import journal
from portal.stores.file.disk import Disk
from portal.stores.file.journal import Changes, DurableMark, JournalPosition
from portal.stores.file.lock_file import LockFile
from portal.stores.file.memory_table import MemoryTable
from portal.stores.file.snapshot import close_quietly


class JournalReader:
    """One process's view of the file at `path`.

    `guard` is held while `rows`, the position or the mark are looked at or changed; nobody
    waits for the disk's sync under it. To read on takes no lock.
    """

    def __init__(self, path: Path, lock: LockFile, disk: Disk) -> None:
        self.guard = threading.Lock()
        self.table = MemoryTable()
        #: Of the generation that was read last, and -1 before the first.
        self.fd = -1
        self.position = JournalPosition(0, 0, 0, 0)
        self.mark = DurableMark(0, 0, 0)
        #: The mark as bytes, as of what `rows` shows.
        self.mark_bytes = b""
        self._path = path
        self._lock = lock
        self._disk = disk

    def follow(self, mark_bytes: bytes) -> bool:
        """Read on up to this mark; `False` if that takes the lock. Wants `guard`."""
        if mark_bytes == self.mark_bytes:
            return True
        mark = DurableMark.decode(mark_bytes)
        if mark is None:
            return False
        if self.fd < 0:
            return self._load(mark)
        if mark.generation != self.position.generation and not self._switch_generation(mark):
            return self._load(mark)
        self.position = self.apply_commits(mark.size, mark).position
        if self.position.size != mark.size:
            return False
        self.mark, self.mark_bytes = mark, mark_bytes
        return True

    def apply_commits(self, end: int, mark: DurableMark | None) -> journal.Tail:
        """Apply the commits up to byte `end`. Wants `guard`."""
        return journal.read_commits(
            self._disk, self.fd, self._path, self.position, end, mark=mark, apply=self.table.apply
        )

    def _switch_generation(self, mark: DurableMark) -> bool:
        """Continue in the next generation, knowing what its snapshot says from the last one."""
        try:
            fd = self._disk.open(self._path)
        except FileNotFoundError:
            return False
        commits: list[Changes] = []
        try:
            header = journal.read_header(self._disk, fd, self._path)
            position = self.position
            if (header.generation, header.continues) != (mark.generation, position.generation):
                close_quietly(self._disk, fd)
                return False
            # The old file cannot be damaged for our purpose: either it leads to the snapshot,
            # or everything is loaded.
            with suppress(CorruptStoreError):
                end = self._disk.size(self.fd)
                journal.read_commits(
                    self._disk, self.fd, self._path, position, end, mark=None, apply=commits.append
                )
        except BaseException:
            close_quietly(self._disk, fd)
            raise
        # Behind the snapshot's commit there may be one that was refused.
        missing = header.seq - position.seq
        if not 0 <= missing <= len(commits):
            close_quietly(self._disk, fd)
            return False
        for changes in commits[:missing]:
            self.table.apply(changes)
        self.switch_file(fd, header.end)
        return True

    def _load(self, mark: DurableMark) -> bool:
        """Load everything, while others write: workers that start together do so at once."""
        try:
            fd = self._disk.open(self._path)
        except FileNotFoundError:
            return False
        try:
            table, position = self.read_file(fd, mark, end=mark.size)
        except UnavailableError:
            # Either a new generation came meanwhile, or whoever has the lock will say what it is.
            close_quietly(self._disk, fd)
            return False
        except BaseException:
            close_quietly(self._disk, fd)
            raise
        if (position.generation, position.size) != (mark.generation, mark.size):
            close_quietly(self._disk, fd)
            return False
        self.replace_table(table, fd, position)
        self.set_mark(mark)
        return True

    def read_file(
        self, fd: int, mark: DurableMark | None, end: int | None = None
    ) -> tuple[MemoryTable, JournalPosition]:
        """Rows without indexes, and where they end: at `end`, if it is of the mark's generation."""
        table, size = MemoryTable(), self._disk.size(fd)
        header = journal.read_header(self._disk, fd, self._path)
        if mark is not None and mark.generation > header.generation:
            raise self.truncated_error(size, header.end.line)
        journal.read_snapshot(self._disk, fd, self._path, header, table.load)
        if mark is None or mark.generation != header.generation:
            end = None
        elif size < mark.size:
            line = sum(each.whole for each in journal.lines(self._disk, fd, 0, size))
            raise self.truncated_error(size, line)
        tail = journal.read_commits(
            self._disk,
            fd,
            self._path,
            header.end,
            size if end is None else end,
            mark=mark,
            apply=table.load,
        )
        return table, tail.position

    def replace_table(self, table: MemoryTable, fd: int, position: JournalPosition) -> None:
        """Show these rows, which have no indexes yet and were read from `fd`."""
        table.index()
        self.table = table
        self.switch_file(fd, position)

    def switch_file(self, fd: int, position: JournalPosition) -> None:
        """Go on from here, in the file that is open as `fd`."""
        old, self.fd, self.position = self.fd, fd, position
        if old >= 0:
            close_quietly(self._disk, old)

    def set_mark(self, mark: DurableMark) -> None:
        """`rows` are as of this mark."""
        self.mark, self.mark_bytes = mark, mark.encode()

    def is_current_file(self) -> bool:
        """Whether the name still stands for the file that is open."""
        try:
            return self._disk.status(self._path).inode == self._disk.inode(self.fd)
        except FileNotFoundError:
            return False

    def close(self) -> None:
        if self.fd >= 0:
            close_quietly(self._disk, self.fd)
        self.fd = -1

    def truncated_error(self, size: int, line: int) -> CorruptStoreError:
        return CorruptStoreError(
            reason=(
                f"{self._path} is damaged: it ends behind line {line} (at byte {size}), before "
                f"commits that were durable, as {self._lock.path} knows."
            ),
            remedy=(
                "Nothing was overwritten. If an older copy was put back on purpose, or nothing "
                "better is left, `portal store restore` accepts it; `portal store verify` shows "
                "what it holds."
            ),
        )
