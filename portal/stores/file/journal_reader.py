"""Reads the journal into memory: the items of one process, and how far it has read."""

import threading
from contextlib import suppress
from pathlib import Path

from portal.stores.contract import CorruptStoreError, UnavailableError
from portal.stores.file import journal
from portal.stores.file.disk import Disk, close_quietly
from portal.stores.file.journal import Changes, DurableMark, JournalPosition
from portal.stores.file.lock_file import LockFile
from portal.stores.file.memory_table import MemoryTable


class JournalReader:
    """The items of the file at `path`, as one process knows them.

    Hold `guard` to read or change `table`, `position` or `mark`. Nobody holds it during a sync.
    Reading new commits needs no lock between processes.
    """

    def __init__(self, path: Path, lock: LockFile, disk: Disk) -> None:
        self.guard = threading.Lock()
        self.table = MemoryTable()
        #: Descriptor of the generation that was read last; -1 if none is open.
        self.fd = -1
        self.position = JournalPosition(0, 0, 0, 0)
        self.mark = DurableMark(0, 0, 0)
        #: The bytes of the mark to which `table` corresponds.
        self.mark_bytes = b""
        self._path = path
        self._lock = lock
        self._disk = disk

    def follow(self, mark_bytes: bytes) -> bool:
        """Read up to this mark; `False` if that needs the lock. The caller holds `guard`."""
        if mark_bytes == self.mark_bytes:
            return True
        mark = DurableMark.decode(mark_bytes)
        if mark is None:
            return False
        if self.fd < 0:
            return self._load(mark)
        if mark.generation != self.position.generation and not self._switch_generation(mark):
            return self._load(mark)
        self.position = self.apply_commits(mark.size, mark)
        if self.position.size != mark.size:
            return False
        self.mark, self.mark_bytes = mark, mark_bytes
        return True

    def apply_commits(self, end: int, mark: DurableMark | None) -> JournalPosition:
        """Apply the commits up to byte `end`. The caller holds `guard`."""
        return journal.read_commits(
            self._disk, self.fd, self._path, self.position, end, mark=mark, apply=self.table.apply
        )

    def _switch_generation(self, mark: DurableMark) -> bool:
        """Continue in the next generation without reading its snapshot, which says nothing new."""
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
            # Damage in the old file does no harm here: if its commits do not reach the snapshot,
            # the new file is loaded as a whole.
            with suppress(CorruptStoreError):
                end = self._disk.size(self.fd)
                journal.read_commits(
                    self._disk, self.fd, self._path, position, end, mark=None, apply=commits.append
                )
        except BaseException:
            close_quietly(self._disk, fd)
            raise
        # The old file may hold one commit more than the snapshot, which was refused.
        missing = header.seq - position.seq
        if not 0 <= missing <= len(commits):
            close_quietly(self._disk, fd)
            return False
        for changes in commits[:missing]:
            self.table.apply(changes)
        self.switch_file(fd, header.end)
        return True

    def _load(self, mark: DurableMark) -> bool:
        """Load the whole file without the lock: workers that start together load it together."""
        try:
            fd = self._disk.open(self._path)
        except FileNotFoundError:
            return False
        try:
            table, position = self.read_file(fd, mark, end=mark.size)
        except UnavailableError:
            # A new generation may have begun meanwhile. If not, the caller finds the reason when
            # it holds the lock.
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
        """The items, not yet indexed, and the position after the last commit.

        `end` limits the reading if the file is of the mark's generation.
        """
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
        position = journal.read_commits(
            self._disk,
            fd,
            self._path,
            header.end,
            size if end is None else end,
            mark=mark,
            apply=table.load,
        )
        return table, position

    def replace_table(self, table: MemoryTable, fd: int, position: JournalPosition) -> None:
        """Index this table, which was read from `fd`, and show it from now on."""
        table.index()
        self.table = table
        self.switch_file(fd, position)

    def switch_file(self, fd: int, position: JournalPosition) -> None:
        """Continue at this position of the file that is open as `fd`."""
        old, self.fd, self.position = self.fd, fd, position
        if old >= 0:
            close_quietly(self._disk, old)

    def set_mark(self, mark: DurableMark) -> None:
        """State that `table` corresponds to this mark."""
        self.mark, self.mark_bytes = mark, mark.encode()

    def is_current_file(self) -> bool:
        """Whether the path still leads to the file that is open."""
        try:
            return self._disk.status(self._path).inode == self._disk.inode(self.fd)
        except FileNotFoundError:
            return False

    def close(self) -> None:
        if self.fd >= 0:
            close_quietly(self._disk, self.fd)
        self.fd = -1

    def truncated_error(self, size: int, line: int) -> CorruptStoreError:
        """The error for a file that ends before its durable mark."""
        return CorruptStoreError(
            reason=(
                f"{self._path} is damaged: it ends after line {line} (at byte {size}), before "
                f"commits that were durable according to {self._lock.path}."
            ),
            remedy=(
                "Nothing was overwritten. `portal store verify` shows what the file holds. If you "
                "put an older copy back on purpose, or have nothing better, `portal store restore` "
                "accepts it."
            ),
        )
