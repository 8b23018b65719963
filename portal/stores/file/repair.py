"""What an operator does about a damaged file: look at it, and make a whole one of what is left.

`portal store verify` and `portal store restore` call these. The portal need not be stopped:
both work under the store's lock.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from portal.stores.contract import UnavailableError
from portal.stores.file import journal
from portal.stores.file.disk import Disk, LocalDisk
from portal.stores.file.journal_writer import JournalWriter
from portal.stores.file.memory_table import MemoryTable
from portal.stores.file.os_errors import unavailable
from portal.stores.file.snapshot import begin_generation, exists, previous_of
from portal.stores.schema import KEY


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What the file holds. `problem` is `None` if the portal can use it as it is."""

    items: int
    #: The last whole commit.
    seq: int
    #: Bytes of a torn last line, which the portal will set aside.
    torn: int
    problem: UnavailableError | None


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """What `restore` saved. `lost` names the lines, counted from 1, that nothing could replace."""

    items: int
    seq: int
    lost: tuple[int, ...]
    #: Commits that no line held any more.
    missing: tuple[int, ...]
    #: Where the damaged file is now; `None` if there was none.
    kept: Path | None


def verify_file(folder: Path, *, disk: Disk | None = None) -> VerifyResult:
    """Read the whole file and change nothing. `BusyError`, `UnavailableError`."""
    disk = disk or LocalDisk()
    file = JournalWriter(folder.absolute(), disk)
    with _locked(file):
        if not exists(disk, file.path):
            reason, remedy = (
                f"{file.path} is missing.",
                "Put it back, or use `portal store restore`.",
            )
            return VerifyResult(0, 0, 0, UnavailableError(reason=reason, remedy=remedy))
        try:
            rows, position, torn = file.inspect()
        except UnavailableError as problem:
            found = _Salvage.read(disk, file.path)
            return VerifyResult(len(found.rows), found.seq, 0, problem)
    return VerifyResult(len(rows), position.seq, torn, None)


def restore_file(folder: Path, now: datetime, *, disk: Disk | None = None) -> RestoreResult:
    """Begin a generation with all that whole lines say. `BusyError`, `UnavailableError`.

    A snapshot with a bad line is replaced by the previous generation, which says the same.
    A commit that is lost leaves its items as they were before; those after it are applied.
    The damaged file is kept under a name with the time `now`.
    """
    disk = disk or LocalDisk()
    file = JournalWriter(folder.absolute(), disk)
    path, previous = file.path, previous_of(file.path)
    with _locked(file):
        found = _Salvage.read(disk, path)
        if found.snapshot_lost and exists(disk, previous):
            found = _Salvage.read(disk, previous).followed_by(found)
        kept = None
        if exists(disk, path):
            kept = path.with_name(f"tenants.damaged-{now:%Y%m%dT%H%M%S}.jsonl")
            disk.link(path, kept)
        mark = file.lock.read_mark()
        generation = max(found.generation, mark.generation if mark else 0) + 1
        found.rows.index()
        fd, header = begin_generation(
            disk, path, found.rows, generation=generation, continues=None, seq=found.seq
        )
        disk.close(fd)
        file.lock.keep_mark(journal.DurableMark(generation, header.seq, header.end.size))
    return RestoreResult(
        len(found.rows), found.seq, tuple(found.lost), tuple(sorted(found.missing)), kept
    )


@contextmanager
def _locked(file: JournalWriter) -> Iterator[None]:
    try:
        with file.locked():
            yield
    except OSError as error:
        raise unavailable(error, file.path) from error
    finally:
        file.close()


class _Salvage:
    """What the whole lines of one file say."""

    def __init__(self) -> None:
        self.rows = MemoryTable()
        self.generation = 0
        self.seq = 0
        self.lost: list[int] = []
        self.missing: set[int] = set()
        self.snapshot_lost = True
        self._commits: list[tuple[int, journal.Changes]] = []

    @classmethod
    def read(cls, disk: Disk, path: Path) -> "_Salvage":
        found = cls()
        if not exists(disk, path):
            return found
        fd = disk.open(path)
        try:
            expected, seen = None, 0
            for number, line in enumerate(journal.lines(disk, fd, 0, disk.size(fd)), 1):
                content = journal.decode_line(line.text) if line.whole else None
                if content is None:
                    found.lost.append(number)
                elif "format" in content:
                    expected = content["rows"]
                    found.generation, found.seq = content["generation"], content["seq"]
                elif "row" in content:
                    seen += 1
                    found.rows.load({content["row"][KEY]: content["row"]})
                else:
                    found._take(content)
            found.snapshot_lost = expected != seen
        finally:
            disk.close(fd)
        return found

    def _take(self, content: dict[str, Any]) -> None:
        seq = content["seq"]
        if self.seq:
            self.missing.update(range(self.seq + 1, seq))
        self._apply(seq, journal.changes_of(content))

    def _apply(self, seq: int, changes: journal.Changes) -> None:
        self._commits.append((seq, changes))
        self.rows.load(changes)
        self.seq = max(self.seq, seq)

    def followed_by(self, later: "_Salvage") -> "_Salvage":
        """This generation, and then the commits of the next one, whose snapshot is not whole.

        Unless commits are missing here, too: then a row of that snapshot is the better one.
        """
        first = min((seq for seq, _ in later._commits), default=later.seq + 1)
        if self.lost or self.missing or self.seq + 1 < first:
            self.lost = later.lost
            for item in later.rows.all():
                self.rows.load({str(item[KEY]): item})
        for seq, changes in later._commits:
            if seq > self.seq:
                self._apply(seq, changes)
        self.generation = max(self.generation, later.generation)
        self.missing |= later.missing
        self.seq = max(self.seq, later.seq)
        return self
