"""Changes the journal: appends commits, compacts, and recovers after a crash.

Beside `tenants.jsonl` the folder holds `tenants.lock`, `tenants.previous.jsonl` (the previous
generation) and, after a crash, `tenants.torn` (the bytes that were cut off).
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from portal.stores.contract import NOTHING_SAVED, UnavailableError
from portal.stores.file import journal
from portal.stores.file.disk import Disk, close_quietly, exists, write_all
from portal.stores.file.folder_checks import check_folder, check_free_space
from portal.stores.file.journal import Changes, DurableMark, JournalPosition
from portal.stores.file.journal_reader import JournalReader
from portal.stores.file.lock_file import LockFile
from portal.stores.file.memory_table import MemoryTable
from portal.stores.file.os_errors import outcome_unknown, unavailable
from portal.stores.file.snapshot import begin_generation, previous_path, snapshot_size

logger = logging.getLogger("portal.store")

#: Bytes. Less garbage than this is not worth a new file.
_MIN_GARBAGE = 1024 * 1024


class JournalWriter:
    """The file of a folder: `reader` reads it, and `lock` excludes other writers.

    Call methods whose docstring says "Locked." only inside `locked()`.
    """

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.path = folder / "tenants.jsonl"
        self.lock = LockFile(folder / "tenants.lock", disk)
        self.reader = JournalReader(self.path, self.lock, disk)
        self._folder = folder
        self._disk = disk
        self._torn_path = folder / "tenants.torn"
        self._compaction_threshold = _MIN_GARBAGE

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Exclude other processes. `BusyError` after `lock_file.LOCK_TIMEOUT` seconds."""
        if self.lock.fd < 0:
            self._disk.make_folder(self._folder)
            check_folder(self._disk, self._folder, self.path)
            self.lock.open()
            with self.reader.guard:
                self.reader.follow(self.lock.read_mark_bytes())
        self.lock.acquire()
        try:
            yield
        finally:
            self.lock.release()

    def catch_up(self) -> None:
        """Read all commits, and settle what a killed writer left after the mark. Locked."""
        reader = self.reader
        with reader.guard:
            mark_bytes = self.lock.read_mark_bytes()
            if not (
                reader.fd >= 0
                and DurableMark.decode(mark_bytes)
                and reader.follow(mark_bytes)
                and reader.is_current_file()
            ):
                self._load(DurableMark.decode(mark_bytes))
                return
            size = self._disk.size(reader.fd)
            if size < reader.position.size:
                raise reader.truncated_error(size, reader.position.line)
            if size > reader.position.size and not reader.mark.poisoned:
                self._recover(reader.mark)

    def _load(self, mark: DurableMark | None) -> None:
        reader = self.reader
        try:
            fd = self._disk.open(self.path)
        except FileNotFoundError:
            self._create(mark)
            return
        try:
            # After a poisoned mark there are only commits that were refused.
            end = mark.size if mark is not None and mark.poisoned else None
            table, position = reader.read_file(fd, mark, end)
        except BaseException:
            close_quietly(self._disk, fd)
            raise
        reader.replace_table(table, fd, position)
        if mark is not None and mark.poisoned and mark.generation == position.generation:
            reader.set_mark(mark)
        else:
            self._recover(mark)

    def _recover(self, mark: DurableMark | None) -> None:
        """Accept the whole commits after the mark, and cut off the rest.

        A killed writer leaves both. A whole commit may have been acknowledged, if a power cut
        lost the mark; a torn one cannot have been.
        """
        reader = self.reader
        reader.position = reader.apply_commits(self._disk.size(reader.fd), mark)
        try:
            self._truncate_torn_tail()
        except OSError as error:
            # Reading must work on a full disk, too. The next commit tries this again.
            logger.warning("%s: a torn line could not be cut off (%s)", self.path, error.strerror)
        recovered = DurableMark(
            reader.position.generation, reader.position.seq, reader.position.size
        )
        try:
            self._disk.sync(reader.fd)
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
        reader = self.reader
        start, end = reader.position.size, self._disk.size(reader.fd)
        if start == end:
            return
        torn = self._disk.read(reader.fd, end - start, start)
        fd = self._disk.open(self._torn_path, create=True)
        try:
            write_all(self._disk, fd, torn + b"\n", self._disk.size(fd))
            self._disk.sync(fd)
        finally:
            close_quietly(self._disk, fd)
        self._disk.truncate(reader.fd, start)
        logger.warning(
            "%s: a crash tore the last line. Its %d bytes were moved to %s.",
            self.path, end - start, self._torn_path,
        )  # fmt: skip

    def _create(self, mark: DurableMark | None) -> None:
        if mark is not None or exists(self._disk, previous_path(self.path)):
            raise journal.missing_error(self.path)
        self.reader.table = MemoryTable()
        self.reader.switch_file(-1, JournalPosition(0, 0, 0, 0))
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
        data = b"".join(
            journal.commit_line(start.seq + number, start.seq, changes)
            for number, changes in enumerate(commits, 1)
        )
        end = JournalPosition(
            start.generation, start.size + len(data), start.seq + len(commits),
            start.line + len(commits),
        )  # fmt: skip
        try:
            write_all(self._disk, reader.fd, data, start.size)
        except OSError as error:
            raise self._abort_append(error, poisoned=False) from error
        try:
            self._disk.sync(reader.fd)
        except OSError as error:
            raise self._abort_append(error, poisoned=True) from error
        mark = DurableMark(end.generation, end.seq, end.size)
        # The guard is held from here on: a reader that saw the new mark before the table has the
        # commits would apply them a second time.
        with reader.guard:
            try:
                self.lock.write_mark(mark)
            except OSError as error:
                raise self._roll_back(error) from error
            for changes in commits:
                reader.table.apply(changes)
            reader.position = end
            reader.set_mark(mark)

    def _abort_append(self, error: OSError, *, poisoned: bool) -> UnavailableError:
        """Cut off what was appended, so that it does not come back after a crash either."""
        reader = self.reader
        try:
            self._disk.truncate(reader.fd, reader.position.size)
            if not poisoned:
                self._disk.sync(reader.fd)
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
            self._disk.truncate(reader.fd, reader.position.size)
            self._disk.sync(reader.fd)
        except OSError:
            return outcome_unknown(error, self.path)
        return unavailable(error, self.path, NOTHING_SAVED)

    # ---- Generations

    @property
    def needs_compaction(self) -> bool:
        live = snapshot_size(self.reader.table)
        garbage = self.reader.position.size - live
        return garbage > max(live, self._compaction_threshold)

    def compact(self) -> None:
        """Begin a new generation if there is room for it. Locked, after `catch_up`."""
        try:
            with self.reader.guard:
                self._begin_generation()
        except OSError as error:
            logger.warning("%s was not compacted (%s)", self.path, error.strerror)
            self._compaction_threshold = self.reader.position.size + _MIN_GARBAGE
        else:
            self._compaction_threshold = _MIN_GARBAGE

    def _begin_generation(self) -> None:
        """Continue in a new file.

        After an `OSError` nothing has changed for this process. It still reads from the old file,
        and the next writer finds out which of the two files has the name.
        """
        reader = self.reader
        fd, header = begin_generation(
            self._disk,
            self.path,
            reader.table,
            generation=max(reader.position.generation, reader.mark.generation) + 1,
            continues=reader.position.generation or None,
            seq=reader.position.seq,
        )
        mark = DurableMark(header.generation, header.seq, header.end.size)
        try:
            self.lock.write_mark_durably(mark)
        except BaseException:
            close_quietly(self._disk, fd)
            raise
        reader.switch_file(fd, header.end)
        reader.set_mark(mark)

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
        self.reader.close()
        self.lock.close()
