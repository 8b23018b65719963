"""The file store's folder: what changes it, and what a crash or a full disk leaves of a change.

Besides `tenants.jsonl` the folder holds `tenants.lock`, `tenants.previous.jsonl` (the
generation before) and, after a crash, `tenants.torn` (what was cut off).
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from portal.stores.contract import CorruptStoreError, UnavailableError
from portal.stores.file import journal
from portal.stores.file.disk import Disk
from portal.stores.file.folder_checks import check_folder, check_free_space
from portal.stores.file.journal import Changes, DurableMark, JournalPosition
from portal.stores.file.journal_reader import JournalReader
from portal.stores.file.lock_file import LockFile
from portal.stores.file.memory_table import MemoryTable
from portal.stores.file.os_errors import outcome_unknown, unavailable
from portal.stores.file.snapshot import (
    begin_generation,
    close_quietly,
    exists,
    previous_path,
    snapshot_size,
    write_all,
)

logger = logging.getLogger("portal.store")

#: Less garbage than this is not worth a new file.
_MIN_GARBAGE = 1024 * 1024


class JournalWriter:
    """The folder's file: it is read through `view`, and changed under `lock`.

    Methods that say "locked" want `locked()`.
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
        """Alone among the processes. `BusyError` after `lock_file.LOCK_TIMEOUT`."""
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
        """Know all that is true, and leave nothing behind it that could be cut off. Locked."""
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
            # Behind a spoilt mark lies only what was refused.
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
        """Make true what lies whole behind the mark, and cut off the rest.

        A writer that was killed leaves either. What is whole may have been acknowledged (if
        the mark was lost in a power cut), what is not cannot have been.
        """
        reader = self.reader
        reader.position = reader.apply_commits(self._disk.size(reader.fd), mark).position
        try:
            self._truncate_torn_tail()
        except OSError as error:
            # A full disk must not keep anybody from reading; the next commit tries again.
            logger.warning("%s: could not cut off a torn line (%s)", self.path, error.strerror)
        recovered = DurableMark(
            reader.position.generation, reader.position.seq, reader.position.size
        )
        try:
            self._disk.sync(reader.fd)
            if mark is None or mark.generation != reader.position.generation:
                self._disk.sync_folder(self._folder)
        except OSError:
            # A second sync could succeed without having written anything.
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
            "%s: the last line was torn by a crash; its %d bytes are now in %s",
            self.path, end - start, self._torn_path,
        )  # fmt: skip

    def _create(self, mark: DurableMark | None) -> None:
        if mark is not None or exists(self._disk, previous_path(self.path)):
            raise CorruptStoreError(
                reason=f"{self.path} is missing, and there was one.",
                remedy="Put it back, or let `portal store restore` make one of what is left.",
            )
        self.reader.table = MemoryTable()
        self.reader.switch_file(-1, JournalPosition(0, 0, 0, 0))
        self._begin_generation()

    def append(self, commits: Sequence[Changes]) -> None:
        """Make these true, all or none of them. Locked and caught up.

        `UnavailableError`: none is, or (its text says so) that is not certain.
        """
        reader = self.reader
        if reader.mark.poisoned:
            try:
                with reader.guard:
                    self._begin_generation()
            except OSError as error:
                raise unavailable(error, self.path, "Nothing was saved.") from error
        start = reader.position
        try:
            with reader.guard:
                self._truncate_torn_tail()
        except OSError as error:
            raise unavailable(error, self.path, "Nothing was saved.") from error
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
        # Under the guard already here: a reader that saw the mark alone would apply it, too.
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
        """Nothing behind the position shall become true, now or after a crash."""
        reader = self.reader
        try:
            self._disk.truncate(reader.fd, reader.position.size)
            if not poisoned:
                self._disk.sync(reader.fd)
        except OSError:
            poisoned = True
        if not poisoned:
            return unavailable(error, self.path, "Nothing was saved.")
        with reader.guard:
            reader.mark = replace(reader.mark, poisoned=True)
            try:
                self.lock.write_mark_durably(reader.mark)
            except OSError:
                return outcome_unknown(error, self.path)
            reader.set_mark(reader.mark)
        return unavailable(error, self.path, "Nothing was saved.")

    def _roll_back(self, error: OSError) -> UnavailableError:
        """The commits are durable, but their mark could not be set, or perhaps it was."""
        reader = self.reader
        try:
            # Durably: a mark that is ahead of its file looks like damage after a power cut.
            self.lock.write_mark_durably(reader.mark)
        except OSError:
            # Cut off, they would be missing for whoever saw the mark.
            return outcome_unknown(error, self.path)
        try:
            self._disk.truncate(reader.fd, reader.position.size)
            self._disk.sync(reader.fd)
        except OSError:
            return outcome_unknown(error, self.path)
        return unavailable(error, self.path, "Nothing was saved.")

    # Generations

    @property
    def needs_compaction(self) -> bool:
        live = snapshot_size(self.reader.table)
        garbage = self.reader.position.size - live
        return garbage > max(live, self._compaction_threshold)

    def compact(self) -> None:
        """Begin a new generation if there is room for it. Locked and caught up."""
        try:
            with self.reader.guard:
                self._begin_generation()
        except OSError as error:
            logger.warning("%s was not compacted: %s", self.path, error.strerror)
            self._compaction_threshold = self.reader.position.size + _MIN_GARBAGE
        else:
            self._compaction_threshold = _MIN_GARBAGE

    def _begin_generation(self) -> None:
        """Continue in a new file. `OSError`: nothing has changed for this process.

        Its descriptor of the old file stays to read with, and whoever writes next finds out
        which of the two files has the name.
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

    # The rest

    def inspect(self) -> tuple[MemoryTable, JournalPosition, int]:
        """What the file says, where it ends, and how many bytes behind that are torn. Locked."""
        fd = self._disk.open(self.path)
        try:
            table, position = self.reader.read_file(fd, self.lock.read_mark())
            return table, position, self._disk.size(fd) - position.size
        finally:
            close_quietly(self._disk, fd)

    def check(self) -> None:
        """`UnavailableError` if `append` would be refused. Locked and caught up."""
        needed = 16 * 1024
        if self.reader.mark.poisoned:
            needed += snapshot_size(self.reader.table)
        check_free_space(self._disk, self._folder, needed)

    def close(self) -> None:
        self.reader.close()
        self.lock.close()
