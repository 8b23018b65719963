"""The file store's folder: who may write, how far the file is true, and what changes it.

Besides `tenants.jsonl` the folder holds `tenants.lock` (never deleted: two processes that
lock two files both think that they are alone), `tenants.previous.jsonl` (the generation
before) and, after a crash, `tenants.torn` (what was cut off).
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from portal.stores import journal
from portal.stores.contract import BusyError, DamagedError, UnavailableError
from portal.stores.disk import Disk
from portal.stores.failures import unavailable, undecided
from portal.stores.journal import Changes, Mark, Position
from portal.stores.places import refuse_strangers
from portal.stores.rows import Rows
from portal.stores.snapshot import (
    begin_generation,
    close_quietly,
    exists,
    previous_of,
    size_of,
    write_all,
)

log = logging.getLogger("portal.store")

#: Seconds that a commit waits for other processes. One takes a millisecond, a compaction of
#: 100,000 tenants a second.
PATIENCE = 5.0

#: Less garbage than this is not worth a new file.
_GARBAGE = 1024 * 1024


class JournalFile:
    """One process's view of the folder.

    `guard` is held while `rows`, the position or the mark are looked at or changed; nobody
    waits for the disk's sync under it. Methods that say "locked" want `locked()` as well.
    """

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.path = folder / "tenants.jsonl"
        self.guard = threading.Lock()
        self.rows = Rows()
        #: The mark as bytes, as of what `rows` shows.
        self.seen = b""
        self._folder = folder
        self._disk = disk
        self._lock_path = folder / "tenants.lock"
        self._torn_path = folder / "tenants.torn"
        self.lock_fd = -1
        self._fd = -1
        self._mark = Mark(0, 0, 0)
        self._position = Position(0, 0, 0, 0)
        self._compact_beyond = _GARBAGE

    # Reading, which takes no lock

    def mark_text(self) -> bytes:
        return self._disk.read(self.lock_fd, journal.MARK_SIZE, 0)

    def follow(self, text: bytes) -> bool:
        """Read on up to this mark; `False` if that takes the lock. Wants `guard`."""
        if text == self.seen:
            return True
        mark = Mark.read(text)
        if mark is None:
            return False
        if self._fd < 0:
            return self._load_up_to(mark)
        if mark.generation != self._position.generation and not self._change_over(mark):
            return self._load_up_to(mark)
        self._position = self._read_on(mark.size, mark).position
        if self._position.size != mark.size:
            return False
        self._mark, self.seen = mark, text
        return True

    def _read_on(self, end: int, mark: Mark | None) -> journal.Tail:
        return journal.read_commits(
            self._disk, self._fd, self.path, self._position, end, mark=mark, take=self.rows.apply
        )

    def _change_over(self, mark: Mark) -> bool:
        """Continue in the next generation, knowing what its snapshot says from the last one."""
        try:
            fd = self._disk.open(self.path)
        except FileNotFoundError:
            return False
        rest: list[Changes] = []
        try:
            header = journal.read_header(self._disk, fd, self.path)
            start = self._position
            if (header.generation, header.continues) != (mark.generation, start.generation):
                close_quietly(self._disk, fd)
                return False
            # The old file cannot be damaged for our purpose: either it leads to the snapshot,
            # or everything is loaded.
            with suppress(DamagedError):
                end = self._disk.size(self._fd)
                journal.read_commits(
                    self._disk, self._fd, self.path, start, end, mark=None, take=rest.append
                )
        except BaseException:
            close_quietly(self._disk, fd)
            raise
        # Behind the snapshot's commit there may be one that was refused.
        missing = header.seq - start.seq
        if not 0 <= missing <= len(rest):
            close_quietly(self._disk, fd)
            return False
        for changes in rest[:missing]:
            self.rows.apply(changes)
        self._take(fd, header.end)
        return True

    def _load_up_to(self, mark: Mark) -> bool:
        """Load everything, while others write: workers that start together do so at once."""
        try:
            fd = self._disk.open(self.path)
        except FileNotFoundError:
            return False
        try:
            rows, position = self._read_file(fd, mark, end=mark.size)
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
        self._use(rows, fd, position)
        self._mark, self.seen = mark, mark.text()
        return True

    def _use(self, rows: Rows, fd: int, position: Position) -> None:
        rows.index()
        self.rows = rows
        self._take(fd, position)

    def _take(self, fd: int, position: Position) -> None:
        old, self._fd, self._position = self._fd, fd, position
        if old >= 0:
            close_quietly(self._disk, old)

    # The lock

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone among the processes. `BusyError` after `PATIENCE`."""
        if self.lock_fd < 0:
            self._disk.make_folder(self._folder)
            refuse_strangers(self._disk, self._folder, self.path)
            self.lock_fd = self._disk.open(self._lock_path, create=True)
            with self.guard:
                self.follow(self.mark_text())
        self._lock()
        try:
            yield
        finally:
            self._disk.unlock(self.lock_fd)

    def _lock(self) -> None:
        while True:
            if not self._disk.lock(self.lock_fd, PATIENCE):
                raise BusyError(reason=f"Another process has held {self._lock_path} for long.")
            try:
                if self._disk.status(self._lock_path).inode == self._disk.inode(self.lock_fd):
                    return
            except FileNotFoundError:
                pass
            except BaseException:
                self._disk.unlock(self.lock_fd)
                raise
            # Somebody deleted it after all, and this one excludes nobody.
            close_quietly(self._disk, self.lock_fd)
            self.lock_fd = self._disk.open(self._lock_path, create=True)

    # Under the lock

    def catch_up(self) -> None:
        """Know all that is true, and leave nothing behind it that could be cut off. Locked."""
        with self.guard:
            text = self.mark_text()
            if not (self._fd >= 0 and Mark.read(text) and self.follow(text) and self._is_named()):
                self._load(Mark.read(text))
                return
            size = self._disk.size(self._fd)
            if size < self._position.size:
                raise self._too_short(size, self._position.line)
            if size > self._position.size and not self._mark.spoilt:
                self._settle(self._mark)

    def _is_named(self) -> bool:
        try:
            return self._disk.status(self.path).inode == self._disk.inode(self._fd)
        except FileNotFoundError:
            return False

    def _load(self, mark: Mark | None) -> None:
        try:
            fd = self._disk.open(self.path)
        except FileNotFoundError:
            self._create(mark)
            return
        try:
            # Behind a spoilt mark lies only what was refused.
            end = mark.size if mark is not None and mark.spoilt else None
            rows, position = self._read_file(fd, mark, end)
        except BaseException:
            close_quietly(self._disk, fd)
            raise
        self._use(rows, fd, position)
        if mark is not None and mark.spoilt and mark.generation == position.generation:
            self._mark, self.seen = mark, mark.text()
        else:
            self._settle(mark)

    def _read_file(
        self, fd: int, mark: Mark | None, end: int | None = None
    ) -> tuple[Rows, Position]:
        """Rows without indexes, and where they end: at `end`, if it is of the mark's generation."""
        rows, size = Rows(), self._disk.size(fd)
        header = journal.read_header(self._disk, fd, self.path)
        if mark is not None and mark.generation > header.generation:
            raise self._too_short(size, header.end.line)
        journal.read_snapshot(self._disk, fd, self.path, header, rows.load)
        if mark is None or mark.generation != header.generation:
            end = None
        elif size < mark.size:
            line = sum(each.whole for each in journal.lines(self._disk, fd, 0, size))
            raise self._too_short(size, line)
        tail = journal.read_commits(
            self._disk,
            fd,
            self.path,
            header.end,
            size if end is None else end,
            mark=mark,
            take=rows.load,
        )
        return rows, tail.position

    def _settle(self, mark: Mark | None) -> None:
        """Make true what lies whole behind the mark, and cut off the rest.

        A writer that was killed leaves either. What is whole may have been acknowledged (if
        the mark was lost in a power cut), what is not cannot have been.
        """
        self._position = self._read_on(self._disk.size(self._fd), mark).position
        try:
            self._cut_torn()
        except OSError as error:
            # A full disk must not keep anybody from reading; the next commit tries again.
            log.warning("%s: could not cut off a torn line (%s)", self.path, error.strerror)
        here = Mark(self._position.generation, self._position.seq, self._position.size)
        try:
            self._disk.sync(self._fd)
            if mark is None or mark.generation != self._position.generation:
                self._disk.sync_folder(self._folder)
        except OSError:
            # A second sync could succeed without having written anything.
            self._set_mark(replace(here, spoilt=True))
            self._begin_generation()
            return
        if here != mark:
            self._set_mark(here)
            self._disk.sync(self.lock_fd)
        self._mark, self.seen = here, here.text()

    def _cut_torn(self) -> None:
        start, end = self._position.size, self._disk.size(self._fd)
        if start == end:
            return
        torn = self._disk.read(self._fd, end - start, start)
        fd = self._disk.open(self._torn_path, create=True)
        try:
            write_all(self._disk, fd, torn + b"\n", self._disk.size(fd))
            self._disk.sync(fd)
        finally:
            close_quietly(self._disk, fd)
        self._disk.truncate(self._fd, start)
        log.warning(
            "%s: the last line was torn by a crash; its %d bytes are now in %s",
            self.path, end - start, self._torn_path,
        )  # fmt: skip

    def _create(self, mark: Mark | None) -> None:
        if mark is not None or exists(self._disk, previous_of(self.path)):
            raise DamagedError(
                reason=f"{self.path} is missing, and there was one.",
                mend="Put it back, or let `portal store restore` make one of what is left.",
            )
        self.rows = Rows()
        self._take(-1, Position(0, 0, 0, 0))
        self._begin_generation()

    def append(self, commits: Sequence[Changes]) -> None:
        """Make these true, all or none of them. Locked and caught up.

        `UnavailableError`: none is, or (its text says so) that is not certain.
        """
        if self._mark.spoilt:
            try:
                with self.guard:
                    self._begin_generation()
            except OSError as error:
                raise unavailable(error, self.path, "Nothing was saved.") from error
        start = self._position
        try:
            with self.guard:
                self._cut_torn()
        except OSError as error:
            raise unavailable(error, self.path, "Nothing was saved.") from error
        data = b"".join(
            journal.commit_line(start.seq + number, start.seq, changes)
            for number, changes in enumerate(commits, 1)
        )
        end = Position(
            start.generation, start.size + len(data), start.seq + len(commits),
            start.line + len(commits),
        )  # fmt: skip
        try:
            write_all(self._disk, self._fd, data, start.size)
        except OSError as error:
            raise self._cut_off(error, spoilt=False) from error
        try:
            self._disk.sync(self._fd)
        except OSError as error:
            raise self._cut_off(error, spoilt=True) from error
        mark = Mark(end.generation, end.seq, end.size)
        # Under the guard already here: a reader that saw the mark alone would apply it, too.
        with self.guard:
            try:
                self._set_mark(mark)
            except OSError as error:
                raise self._take_back(error) from error
            for changes in commits:
                self.rows.apply(changes)
            self._position, self._mark, self.seen = end, mark, mark.text()

    def _cut_off(self, error: OSError, *, spoilt: bool) -> UnavailableError:
        """Nothing behind the position shall become true, now or after a crash."""
        try:
            self._disk.truncate(self._fd, self._position.size)
            if not spoilt:
                self._disk.sync(self._fd)
        except OSError:
            spoilt = True
        if not spoilt:
            return unavailable(error, self.path, "Nothing was saved.")
        with self.guard:
            self._mark = replace(self._mark, spoilt=True)
            try:
                self._set_mark(self._mark)
                self._disk.sync(self.lock_fd)
            except OSError:
                return undecided(error, self.path)
            self.seen = self._mark.text()
        return unavailable(error, self.path, "Nothing was saved.")

    def _take_back(self, error: OSError) -> UnavailableError:
        """The commits are durable, but their mark could not be set, or perhaps it was."""
        try:
            self._set_mark(self._mark)
            # A mark that is ahead of its file looks like damage after a power cut.
            self._disk.sync(self.lock_fd)
        except OSError:
            # Cut off, they would be missing for whoever saw the mark.
            return undecided(error, self.path)
        try:
            self._disk.truncate(self._fd, self._position.size)
            self._disk.sync(self._fd)
        except OSError:
            return undecided(error, self.path)
        return unavailable(error, self.path, "Nothing was saved.")

    def _set_mark(self, mark: Mark) -> None:
        write_all(self._disk, self.lock_fd, mark.text(), 0)

    # Generations

    @property
    def wants_compaction(self) -> bool:
        live = size_of(self.rows)
        garbage = self._position.size - live
        return garbage > max(live, self._compact_beyond)

    def compact(self) -> None:
        """Begin a new generation if there is room for it. Locked and caught up."""
        try:
            with self.guard:
                self._begin_generation()
        except OSError as error:
            log.warning("%s was not compacted: %s", self.path, error.strerror)
            self._compact_beyond = self._position.size + _GARBAGE
        else:
            self._compact_beyond = _GARBAGE

    def _begin_generation(self) -> None:
        """Continue in a new file. `OSError`: nothing has changed for this process.

        Its descriptor of the old file stays to read with, and whoever writes next finds out
        which of the two files has the name.
        """
        fd, header = begin_generation(
            self._disk,
            self.path,
            self.rows,
            generation=max(self._position.generation, self._mark.generation) + 1,
            continues=self._position.generation or None,
            seq=self._position.seq,
        )
        mark = Mark(header.generation, header.seq, header.end.size)
        try:
            self._set_mark(mark)
            self._disk.sync(self.lock_fd)
        except BaseException:
            close_quietly(self._disk, fd)
            raise
        self._take(fd, header.end)
        self._mark, self.seen = mark, mark.text()

    # The rest

    def inspect(self) -> tuple[Rows, Position, int]:
        """What the file says, where it ends, and how many bytes behind that are torn. Locked."""
        fd = self._disk.open(self.path)
        try:
            rows, position = self._read_file(fd, self.read_mark())
            return rows, position, self._disk.size(fd) - position.size
        finally:
            close_quietly(self._disk, fd)

    def read_mark(self) -> Mark | None:
        return Mark.read(self.mark_text())

    def write_mark(self, mark: Mark) -> None:
        """Durably. Locked."""
        self._set_mark(mark)
        self._disk.sync(self.lock_fd)

    def check(self) -> None:
        """`UnavailableError` if `append` would be refused. Locked and caught up."""
        needed = 16 * 1024
        if self._mark.spoilt:
            needed += size_of(self.rows)
        if self._disk.free(self._folder) < needed:
            raise UnavailableError(
                reason=f"The disk with {self._folder} is full. Reading goes on.",
                mend="Make room; writing works again by itself.",
            )
        if not self._disk.writable(self._folder):
            raise UnavailableError(
                reason=f"{self._folder} may not be written to.",
                mend="Give the portal's user the right to write there.",
            )

    def close(self) -> None:
        for fd in (self._fd, self.lock_fd):
            if fd >= 0:
                close_quietly(self._disk, fd)
        self._fd = self.lock_fd = -1

    def _too_short(self, size: int, line: int) -> DamagedError:
        return DamagedError(
            reason=(
                f"{self.path} is damaged: it ends behind line {line} (at byte {size}), before "
                f"commits that were durable, as {self._lock_path} knows."
            ),
            mend=(
                "Nothing was overwritten. If an older copy was put back on purpose, or nothing "
                "better is left, `portal store restore` accepts it; `portal store verify` shows "
                "what it holds."
            ),
        )
