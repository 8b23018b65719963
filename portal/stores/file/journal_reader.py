"""Reads the journal into memory: the items of one process, and how far it has read."""

import logging
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from portal.stores.contract import BusyError, CorruptStoreError, UnavailableError
from portal.stores.file import journal
from portal.stores.file.disk import Disk, OpenFile
from portal.stores.file.journal import Changes, DurableMark, Header, JournalPosition, Location
from portal.stores.file.lock_file import LockFile
from portal.stores.file.table import ItemTable, OpenGeneration, TableState
from portal.stores.file.table_opener import INDEX_FROM, TableOpener
from portal.stores.waiting import remaining_seconds

logger = logging.getLogger("portal.store")

#: Changes, where their line is, and the number of the commit.
_Commit = tuple[Changes, Location, int]

#: Seconds that a thread waits for another one that reads a whole file, or for a disk that hangs.
_GUARD_TIMEOUT = 30.0
#: Of the last commits that were read: with their times and random ids, no two stores agree in them.
_COMPARED_BYTES = 4096


class Guard:
    """A lock between threads that is waited for until the deadline at most."""

    def __init__(self, path: Path) -> None:
        lock = threading.Lock()
        #: Each access check takes the guard, and these are faster than a `with`.
        self.acquire, self.release = lock.acquire, lock.release
        self._path = path

    def __enter__(self) -> None:
        if not self.acquire(False):
            self.wait()

    def __exit__(self, *_: object) -> None:
        self.release()

    def wait(self) -> None:
        """Take the guard, which another thread holds. `BusyError` after the deadline."""
        if not self.acquire(timeout=remaining_seconds(_GUARD_TIMEOUT)):
            raise BusyError(reason=f"{self._path} is being read by another thread.")


class JournalReader:
    """The items of the file at `path`, as one process knows them.

    Hold `guard` to read or change `table`, `position` or `mark`. No commit holds it during its
    sync. Reading new commits needs no lock between processes.
    """

    def __init__(
        self, path: Path, lock: LockFile, disk: Disk, *, index_from: int = INDEX_FROM
    ) -> None:
        self.guard = Guard(path)
        self.table = ItemTable()
        #: The generation that was read last; `None` before the first.
        self.file: OpenFile | None = None
        self.position = JournalPosition(0, 0, 0, 0)
        self.mark = DurableMark(0, 0, 0)
        #: The bytes of the mark to which `table` corresponds; `None` before anything was read.
        self.mark_bytes: bytes | None = None
        self._path = path
        self._lock = lock
        self._disk = disk
        #: Bytes of the file at which a table of this process looks for one that is shared.
        self._look_for_index_at = max(index_from, 1)
        self.tables = TableOpener(path, lock, disk, index_from)

    def follow(self, mark_bytes: bytes) -> bool:
        """Read up to this mark; `False` if that needs the lock. The caller holds `guard`."""
        if mark_bytes == self.mark_bytes:
            return True
        mark = DurableMark.decode(mark_bytes)
        if mark is None:
            return False
        if self.file is None or not self._look_at_shared_table():
            return self._load(mark)
        if mark.generation != self.position.generation and not self._switch_generation(mark):
            return self._load(mark)
        self.look_for_index()
        self.apply_commits(mark.size, mark)
        if self.table.is_shared and self.position.size > mark.size:
            # Somebody has brought the table further since the mark was read. If not, a commit that
            # the table has was taken back.
            mark_bytes = self._lock.read_mark_bytes()
            mark = DurableMark.decode(mark_bytes) or mark
        if (self.position.generation, self.position.size) != (mark.generation, mark.size):
            return False
        self.mark, self.mark_bytes = mark, mark_bytes
        return True

    def apply_commits(self, end: int, mark: DurableMark | None) -> None:
        """Apply the commits up to byte `end`. The caller holds `guard`."""
        if self.position.size >= end:
            return
        file = self.open_file()
        with self.table.changing() as change:
            start = self.position
            if self.table.is_shared:
                state = change.state
                if state is None or state.position.generation != start.generation:
                    return
                start = state.position
            position = journal.read_commits(
                self._disk, file, self._path, start, end, mark=mark, apply=change.apply
            )
            if self.table.is_shared and position != start:
                change.state = TableState.of(self._disk, file, position)
        self.position = position

    def look_for_index(self) -> None:
        """Whenever the file has doubled, look whether somebody has made an index file for it, and
        then give up the table of this process. The caller holds `guard`."""
        if self.table.is_shared or self.position.size < self._look_for_index_at:
            return
        self._look_for_index_at = 2 * self.position.size
        end, file = self.position, self.open_file()
        shared = self.tables.shared(file)
        if shared is not None:
            self.replace_table(shared[0], file, shared[1])
            self.apply_commits(end.size, None)

    def _look_at_shared_table(self) -> bool:
        """Find out how far others have brought the table. `False` if it is of no use any more."""
        if not self.table.is_shared:
            return True
        if not self.table.has_its_name():
            # It was made anew. Others bring only the new one up to date.
            return False
        state = self.table.stored_state()
        if state is None:
            return False
        if state.position.generation != self.position.generation:
            try:
                file = OpenFile.open_for_reading(self._disk, self._path)
            except FileNotFoundError:
                return False
            header = journal.read_header(self._disk, file, self._path)
            if header.generation != state.position.generation:
                return False
            self._go_on_in(file)
        self.position = state.position
        return True

    def make_index(self) -> None:
        """Make the index file of a large store, if there is none that fits, and use it. Takes as
        long as reading the file, and needs no lock.

        Raises:
            BusyError: Another process is making it.
            CorruptStoreError: The file is damaged.
        """
        with self.guard:
            file, mark, is_shared = self.file, self.mark, self.table.is_shared
        if file is not None and not is_shared:
            self.tables.make_index(file, mark)
            with self.guard:
                self._look_for_index_at = 1
                if self.file is not None:
                    self.look_for_index()

    def _go_on_in(self, file: OpenFile) -> None:
        self.table.go_on_in(OpenGeneration(self._disk, file, self._path))
        self.file = file

    def table_failed(self, table: ItemTable, error: Exception) -> None:
        """This shared table could not be read or changed. The caller holds `guard`.

        The next call opens another one.
        """
        if table is self.table and self.file is not None:
            self.tables.index_failed(error)
            self.forget()
        # Otherwise another thread has noticed it before, and the next table is not to blame.

    def open_file(self) -> OpenFile:
        """The generation that was read last."""
        if self.file is None:
            raise AssertionError("no file is open")
        return self.file

    def _switch_generation(self, mark: DurableMark) -> bool:
        """Continue in the next generation without reading its snapshot, which says nothing new."""
        try:
            file = OpenFile.open_for_reading(self._disk, self._path)
        except FileNotFoundError:
            return False
        commits: list[_Commit] = []
        header = journal.read_header(self._disk, file, self._path)
        position = self.position
        if (header.generation, header.continues) != (mark.generation, position.generation):
            return False
        # Damage in the old file does no harm here: if its commits do not reach the snapshot, the
        # new file is loaded as a whole.
        with suppress(CorruptStoreError):
            old = self.open_file()
            journal.read_commits(
                self._disk, old, self._path, position, self._disk.size(old),
                mark=None, apply=lambda *commit: commits.append(commit),
            )  # fmt: skip
        # The old file may hold one commit more than the snapshot, which was refused. The snapshot
        # may also be older than what was read from the old file: then the commits since are in
        # both files.
        missing = max(header.seq - position.seq, 0)
        if missing > len(commits):
            return False
        if missing:
            _, (offset, length), _ = commits[missing - 1]
            self.apply_commits(offset + length + 1, None)
        return self.continue_in(file, header, None, mark.size)

    def continue_in(
        self, file: OpenFile, header: Header, in_snapshot: Mapping[str, Location] | None, end: int
    ) -> bool:
        """Go on in this file, whose snapshot and commits up to byte `end` hold all that was read.

        Commits that were not read are applied. `False` if it is not known where the items are
        that stay in the file. The caller holds `guard`.

        Args:
            in_snapshot: Where those of them are that are in the snapshot; `None`: look for them.
        """
        new: list[_Commit] = []
        locations: dict[str, Location] = {}

        def take(changes: Changes, location: Location, seq: int) -> None:
            if seq > self.position.seq:
                new.append((changes, location, seq))
            else:
                locations.update(dict.fromkeys(changes, location))

        position = journal.read_commits(
            self._disk, file, self._path, header.end, end, mark=None, apply=take
        )
        if position.seq < self.position.seq:
            return False
        if self.table.is_shared:
            return self._continue_shared_in(file, position, new)
        if in_snapshot is None:
            wanted = self.table.ids_in_file - locations.keys()
            in_snapshot = journal.locate_rows(self._disk, file, header, wanted)
        generation_file = OpenGeneration(self._disk, file, self._path)
        if not self.table.relocate(generation_file, {**in_snapshot, **locations}):
            return False
        with self.table.changing() as change:
            for commit in new:
                change.apply(*commit)
        self.file, self.position = file, position
        return True

    def _continue_shared_in(
        self, file: OpenFile, position: JournalPosition, new: Sequence[_Commit]
    ) -> bool:
        with self.table.changing() as change:
            state = change.state
            if state is None:
                return False
            if state.position.generation == self.position.generation:
                for changes, location, seq in new:
                    if seq > state.position.seq:
                        change.apply(changes, location, seq)
                change.state = TableState.of(self._disk, file, position)
            elif state.position.generation == position.generation:
                # Another process was faster.
                position = state.position
            else:
                return False
        self._go_on_in(file)
        self.position = position
        return True

    def _load(self, mark: DurableMark) -> bool:
        """Load the whole file without the lock: workers that start together load it together."""
        try:
            file = OpenFile.open_for_reading(self._disk, self._path)
        except FileNotFoundError:
            return False
        try:
            table, position = self.tables.open(file, mark, end=mark.size)
        except UnavailableError:
            # A new generation may have begun meanwhile. If not, the caller finds the reason when
            # it holds the lock.
            return False
        if position.generation != mark.generation:
            return False
        if position.size != mark.size and not table.is_shared:
            return False
        self.refuse_other_store(file, position)
        self.replace_table(table, file, position)
        self.apply_commits(mark.size, mark)
        if self.position.size != mark.size:
            return False
        self.set_mark(mark)
        return True

    def load_for_reading(self) -> None:
        """Load a file that one may only read. The caller holds `guard`.

        What a crash has torn cannot be cut off here, and is passed over.
        """
        mark_bytes = self._lock.read_mark_bytes()
        mark = DurableMark.decode(mark_bytes)
        file = OpenFile.open_for_reading(self._disk, self._path)
        end = mark.size if mark is not None and mark.poisoned else None
        table, position = self.tables.read(file, mark, end)
        self.replace_table(table, file, position)
        self.mark_bytes = mark_bytes

    def refuse_other_store(self, file: OpenFile, position: JournalPosition) -> None:
        """Make sure that this file, read up to `position`, goes on from what was read before.

        A folder that was moved away may have got another one in its place, for example by a
        command that found none. What is written there is lost when the first one comes back.

        Raises:
            CorruptStoreError: It does not.
        """
        before = self.position
        if self.file is None or self._disk.inode(file) == self._disk.inode(self.file):
            # The same file may be shorter: a writer that could not write the mark takes back.
            return
        if position.generation > before.generation:
            # A later generation may be a restored one, which holds what could be rescued.
            return
        if position.generation == before.generation and position.size >= before.size:
            start = max(before.size - _COMPARED_BYTES, 0)
            length = before.size - start
            old, new = (self._disk.read(each, length, start) for each in (self.file, file))
            if old == new:
                return
        raise journal.other_store_error(self._path)

    def replace_table(self, table: ItemTable, file: OpenFile, position: JournalPosition) -> None:
        """Index this table, which was read from `file`, and show it from now on."""
        if not table.is_shared:
            table.index()
        self.table.close()
        self.table, self.file, self.position = table, file, position

    def forget(self) -> None:
        """Forget what was read. The next call loads the file anew.

        The table stays until then: to threads that are about to read it, an empty one would say
        that there are no items.
        """
        self.table.close()
        self.file, self.mark_bytes = None, None

    def set_mark(self, mark: DurableMark) -> None:
        """State that `table` corresponds to this mark."""
        self.mark, self.mark_bytes = mark, mark.encode()

    def is_current_file(self) -> bool:
        """Whether the path still leads to the file that is open."""
        try:
            return self._disk.status(self._path).inode == self._disk.inode(self.open_file())
        except FileNotFoundError:
            return False
