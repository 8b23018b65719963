"""Changes the journal: appends commits, compacts, and recovers after a crash.

Beside `tenants.jsonl` the folder holds `tenants.lock`, `tenants.previous.jsonl` (the previous
generation) and, after a crash, `tenants.torn` (the bytes that were cut off).
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from portal.stores.contract import NOTHING_SAVED, UnavailableError
from portal.stores.file import journal
from portal.stores.file.compaction import Compactions
from portal.stores.file.disk import Disk, OpenFile, exists, write_all
from portal.stores.file.folder_checks import check_folder, check_free_space
from portal.stores.file.journal import Changes, DurableMark, JournalPosition
from portal.stores.file.journal_reader import JournalReader
from portal.stores.file.lock_file import LOCK_TIMEOUT, LockFile
from portal.stores.file.os_errors import outcome_unknown, unavailable
from portal.stores.file.snapshot import begin_generation, previous_path, snapshot_size
from portal.stores.file.table import TABLE_ERRORS, ItemTable, TableState
from portal.stores.file.table_opener import INDEX_FROM

logger = logging.getLogger("portal.store")

#: The file of the store in its folder.
FILE_NAME = "tenants.jsonl"
#: The file beside it with the lock between processes and the durable mark.
LOCK_NAME = "tenants.lock"
#: A folder beside it while a backup is put back. As long as there is one and no file of the store,
#: nobody makes an empty one.
UNFINISHED_RESTORE = "restore.unfinished"


class JournalWriter:
    """The file of a folder: `reader` reads it, and `lock` excludes other writers.

    Call methods whose docstring says "Locked." only inside `locked()`.

    Args:
        may_make: Whether a folder or a file that is missing is made. It is not if they were there
            before this process: then they may come back with what they held.
        index_from: Bytes of the file from which on processes share an index file.
    """

    def __init__(
        self, folder: Path, disk: Disk, *, may_make: bool = True, index_from: int = INDEX_FROM
    ) -> None:
        self._may_make = may_make
        self.path = folder / FILE_NAME
        self.lock = LockFile(folder / LOCK_NAME, disk)
        self.reader = JournalReader(self.path, self.lock, disk, index_from=index_from)
        self._folder = folder
        self._disk = disk
        self._torn_path = folder / "tenants.torn"
        self.compactions = Compactions(self.path, self.reader, self.lock, disk)
        self._is_folder_checked = False

    def follow(self) -> bool:
        """Read all commits that were acknowledged; `False` if that needs the lock.

        The first reading needs it: after a power cut the mark may be too old.
        """
        if self.lock.file is None:
            return False
        with self.reader.guard:
            return self.reader.follow(self.lock.read_mark_bytes())

    def load_for_reading(self) -> None:
        """Read a file that is protected from writing."""
        with self.reader.guard:
            self.lock.open_for_reading()
            self.reader.load_for_reading()

    @contextmanager
    def locked(self, at_most: float = LOCK_TIMEOUT, *, preload: bool = True) -> Iterator[None]:
        """Exclude other processes. `BusyError` after `at_most` seconds, or the deadline.

        Args:
            preload: Load the file before waiting for the lock, if this is the first time.
        """
        if not self._is_folder_checked:
            # Later on nobody makes the folder.
            if self._may_make:
                self._disk.make_folder(self._folder)
            check_folder(self._disk, self._folder, self.path)
            self._is_folder_checked = True
        if self.lock.file is None:
            self.lock.open()
            if preload:
                # Workers that start together load the file together.
                self.follow()
        self.lock.acquire(at_most)
        try:
            yield
        finally:
            self.lock.release()

    def catch_up(self) -> None:
        """Read all commits, and settle what a killed writer left after the mark. Locked."""
        try:
            self._catch_up()
        except TABLE_ERRORS as error:
            with self.reader.guard:
                # What failed may be the one that was just opened.
                self.reader.table_failed(self.reader.table, error)
            self._catch_up()

    def _catch_up(self) -> None:
        reader = self.reader
        with reader.guard:
            mark_bytes = self.lock.read_mark_bytes()
            if not (
                reader.file is not None
                and not reader.file.is_read_only
                and DurableMark.decode(mark_bytes)
                and reader.follow(mark_bytes)
                and reader.is_current_file()
            ):
                self._load(DurableMark.decode(mark_bytes))
                return
            size = self._disk.size(reader.open_file())
            if size < reader.position.size:
                raise reader.tables.truncated_error(size, reader.position.line)
            if size > reader.position.size and not reader.mark.poisoned:
                self._recover(reader.mark)

    def _load(self, mark: DurableMark | None) -> None:
        reader = self.reader
        try:
            file = OpenFile.open(self._disk, self.path)
        except FileNotFoundError:
            self._create(mark)
            return
        # After a poisoned mark there are only commits that were refused.
        end = mark.size if mark is not None and mark.poisoned else None
        table, position = reader.tables.open(file, mark, end)
        reader.refuse_other_store(file, position)
        reader.replace_table(table, file, position)
        if mark is not None and mark.poisoned and mark.generation == position.generation:
            reader.set_mark(mark)
        else:
            self._recover(mark)

    def _recover(self, mark: DurableMark | None) -> None:
        """Accept the whole commits after the mark, and cut off the rest.

        A killed writer leaves both. A whole commit may have been acknowledged, if a power cut
        lost the mark; a torn one cannot have been.
        """
        reader, failure = self.reader, None
        if reader.table.is_shared:
            try:
                # Others see at once what is applied.
                self._disk.sync(reader.open_file())
            except OSError as error:
                failure = error
        reader.apply_commits(self._disk.size(reader.open_file()), mark)
        try:
            self._truncate_torn_tail()
        except OSError as error:
            # Reading must work on a full disk, too. The next commit tries this again.
            logger.warning("%s: a torn line could not be cut off (%s)", self.path, error.strerror)
        recovered = DurableMark(
            reader.position.generation, reader.position.seq, reader.position.size
        )
        try:
            if failure is not None:
                raise failure
            self._disk.sync(reader.open_file())
            if mark is None or mark.generation != reader.position.generation:
                self._disk.sync_folder(self._folder)
        except OSError:
            # A second sync of this file could succeed without having written anything.
            self.lock.write_mark(replace(recovered, poisoned=True))
            self._begin_generation()
            return
        if recovered != mark:
            self.lock.write_mark_durably(recovered)
        reader.set_mark(recovered)

    def _truncate_torn_tail(self) -> None:
        file = self.reader.open_file()
        start, end = self.reader.position.size, self._disk.size(file)
        if start == end:
            return
        torn = self._disk.read(file, end - start, start)
        torn_file = OpenFile.open(self._disk, self._torn_path, create=True)
        write_all(self._disk, torn_file, torn + b"\n", self._disk.size(torn_file))
        self._disk.sync(torn_file)
        self._disk.truncate(file, start)
        logger.warning(
            "%s: a crash tore the last line. Its %d bytes were moved to %s.",
            self.path, end - start, self._torn_path,
        )  # fmt: skip

    def _create(self, mark: DurableMark | None) -> None:
        reader = self.reader
        if exists(self._disk, self._folder / UNFINISHED_RESTORE):
            raise journal.unfinished_restore_error(self._folder)
        # A process that has read a file knows that there was one, also if the whole folder is gone.
        was_read = reader.position.generation > 0
        was_there = was_read or mark is not None or not self._may_make
        if was_there or exists(self._disk, previous_path(self.path)):
            raise journal.missing_error(self.path)
        reader.table, reader.file = ItemTable(), None
        reader.table.index()
        self._begin_generation()

    def append(self, commits: Sequence[Changes]) -> None:
        """Write and sync these commits, all or none. Locked, after `catch_up`.

        Raises:
            UnavailableError: None was saved, or (`outcome_unknown`) that is not certain.
        """
        reader = self.reader
        if reader.mark.poisoned:
            try:
                with reader.guard:
                    self._begin_generation()
            except OSError as error:
                raise unavailable(error, self.path, NOTHING_SAVED) from error
        start = reader.position
        try:
            with reader.guard:
                self._truncate_torn_tail()
        except OSError as error:
            raise unavailable(error, self.path, NOTHING_SAVED) from error
        file = reader.open_file()
        lines = [
            journal.commit_line(start.seq + number, start.seq, changes)
            for number, changes in enumerate(commits, 1)
        ]
        data = b"".join(lines)
        end = JournalPosition(
            start.generation, start.size + len(data), start.seq + len(commits),
            start.line + len(commits),
        )  # fmt: skip
        try:
            write_all(self._disk, file, data, start.size)
        except OSError as error:
            raise self._abort_append(error, poisoned=False) from error
        try:
            self._disk.sync(file)
        except OSError as error:
            raise self._abort_append(error, poisoned=True) from error
        mark = DurableMark(end.generation, end.seq, end.size)
        # The guard is held from here on: a reader that saw the new mark before the table has the
        # commits would apply them a second time.
        with reader.guard:
            try:
                self._show(mark, start, end, zip(commits, lines, strict=True))
            except TABLE_ERRORS as error:
                # The commits are saved, and only the table lacks them.
                reader.table_failed(reader.table, error)
                self._write_mark(mark)
                return
            reader.position = end
            reader.set_mark(mark)
            with suppress(*TABLE_ERRORS):
                reader.look_for_index()

    def _show(
        self,
        mark: DurableMark,
        start: JournalPosition,
        end: JournalPosition,
        commits: Iterable[tuple[Changes, bytes]],
    ) -> None:
        """Bring the table up to date, and write the mark. If one fails, the other is not done."""
        reader = self.reader
        offset = start.size
        with reader.table.changing() as change:
            for seq, (changes, line) in enumerate(commits, start.seq + 1):
                change.apply(changes, (offset, len(line) - 1), seq)
                offset += len(line)
            if reader.table.is_shared:
                change.state = TableState.of(self._disk, reader.open_file(), end)
            self._write_mark(mark)

    def _write_mark(self, mark: DurableMark) -> None:
        try:
            self.lock.write_mark(mark)
        except OSError as error:
            raise self._roll_back(error) from error

    def _abort_append(self, error: OSError, *, poisoned: bool) -> UnavailableError:
        """Cut off what was appended, so that it does not come back after a crash either."""
        reader = self.reader
        try:
            self._disk.truncate(reader.open_file(), reader.position.size)
            if not poisoned:
                self._disk.sync(reader.open_file())
        except OSError:
            poisoned = True
        if not poisoned:
            return unavailable(error, self.path, NOTHING_SAVED)
        with reader.guard:
            reader.mark = replace(reader.mark, poisoned=True)
            try:
                self.lock.write_mark_durably(reader.mark)
            except OSError:
                return outcome_unknown(error, self.path)
            reader.set_mark(reader.mark)
        return unavailable(error, self.path, NOTHING_SAVED)

    def _roll_back(self, error: OSError) -> UnavailableError:
        """Undo commits that are durable, since their mark could perhaps not be written."""
        reader = self.reader
        try:
            # Synced, since a mark ahead of its file looks like damage after a power cut.
            self.lock.write_mark_durably(reader.mark)
        except OSError:
            # Readers may have seen the new mark, so the commits must not be cut off.
            return outcome_unknown(error, self.path)
        try:
            self._disk.truncate(reader.open_file(), reader.position.size)
            self._disk.sync(reader.open_file())
        except OSError:
            return outcome_unknown(error, self.path)
        return unavailable(error, self.path, NOTHING_SAVED)

    # ---- Generations

    def _begin_generation(self) -> None:
        """Continue in a new file.

        After an `OSError` nothing has changed for this process. It still reads from the old file,
        and the next writer finds out which of the two files has the name.
        """
        reader = self.reader
        file, header, locations = begin_generation(
            self._disk,
            self.path,
            reader.table,
            generation=max(reader.position.generation, reader.mark.generation) + 1,
            continues=reader.position.generation or None,
            seq=reader.position.seq,
        )
        mark = DurableMark(header.generation, header.seq, header.end.size)
        self.lock.write_mark_durably(mark)
        if reader.continue_in(file, header, locations, header.end.size):
            reader.set_mark(mark)
        else:
            reader.forget()

    # ---- Check and close

    def check(self) -> None:
        """Find out whether `append` would succeed. Locked, after `catch_up`.

        Raises:
            UnavailableError: It would not.
        """
        needed = 16 * 1024
        if self.reader.mark.poisoned:
            needed += snapshot_size(self.reader.table)
        check_free_space(self._disk, self._folder, needed)

    def close(self) -> None:
        """Forget the files. A thread that is reading one keeps it open until it is done."""
        self.reader.forget()
        self.reader.table = ItemTable()
        self.lock.file = None

    def close_after_fork(self) -> None:
        """Close the files in a child, where no other thread exists that could be using them."""
        for file in (self.lock.file, self.reader.file):
            if file is not None:
                file.close_now()
        self.compactions.close_after_fork()
