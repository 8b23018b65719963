"""For a damaged file: `portal store verify` looks at it, `portal store repair` rebuilds it.

The portal may keep running: both work under the store's lock. After a crash nobody needs them: the
portal recovers the journal by itself, see `journal_writer`.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from portal.stores.contract import Item, NewerFormatError, UnavailableError
from portal.stores.file import journal
from portal.stores.file.disk import Disk, LocalDisk, OpenFile, exists
from portal.stores.file.journal_writer import JournalWriter
from portal.stores.file.os_errors import unavailable
from portal.stores.file.snapshot import begin_generation, previous_path
from portal.stores.file.table import ItemTable
from portal.stores.format_version import FORMAT_ID, refuse_newer_items
from portal.stores.schema import KEY


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What the file holds. `problem` is `None` if the portal can use the file as it is."""

    items: int
    #: Number of the last whole commit.
    seq: int
    #: Bytes of a torn last line, which the portal will cut off and move to another file.
    torn: int
    problem: UnavailableError | None


@dataclass(frozen=True, slots=True)
class RepairResult:
    """What `repair_file` saved."""

    items: int
    seq: int
    #: Numbers of the lines, counted from 1, that nothing could replace.
    lost: tuple[int, ...]
    #: Numbers of the commits that no line holds any more.
    missing: tuple[int, ...]
    #: The path of the damaged file; `None` if there was no file.
    kept: Path | None


def verify_file(folder: Path, *, disk: Disk | None = None) -> VerifyResult:
    """Read the whole file. Changes nothing.

    Damage is no error here, but the `problem` of the result.

    Raises:
        BusyError: Another process held the lock for too long.
        NewerFormatError: A newer portal wrote the file. That is no damage.
        UnavailableError: The folder or the file cannot be read.
    """
    disk = disk or LocalDisk()
    writer = JournalWriter(folder.absolute(), disk)
    with _locked(writer):
        opened = _open(writer, disk)
    # Others write while this reads what the file held at that moment.
    result = _verify(writer, disk, opened)
    if result.problem is not None:
        # Perhaps there is none, and somebody has cut off a torn line meanwhile.
        with _locked(writer):
            result = _verify(writer, disk, _open(writer, disk))
    return result


#: An open file, its mark, and its size at that moment.
_Opened = tuple[OpenFile, journal.DurableMark | None, int]


def _open(writer: JournalWriter, disk: Disk) -> _Opened | None:
    """The file as it is while the lock is held; `None` if there is none."""
    if not exists(disk, writer.path):
        return None
    file = OpenFile.open_for_reading(disk, writer.path)
    return file, writer.lock.read_mark(), disk.size(file)


def _verify(writer: JournalWriter, disk: Disk, opened: _Opened | None) -> VerifyResult:
    if opened is None:
        return VerifyResult(0, 0, 0, journal.missing_error(writer.path))
    file, mark, size = opened
    try:
        table, position = writer.reader.tables.read(file, mark, size)
    except NewerFormatError:
        raise
    except UnavailableError as problem:
        salvage = _Salvage.read(disk, writer.path)
        return VerifyResult(len(salvage.table), salvage.seq, 0, problem)
    return VerifyResult(len(table), position.seq, max(size - position.size, 0), None)


def repair_file(
    folder: Path,
    now: datetime,
    *,
    disk: Disk | None = None,
    check: Callable[[Iterable[Item]], object] = lambda _: None,
) -> RepairResult:
    """Begin a generation with the content of all whole lines.

    If a line of the snapshot is bad, the previous generation replaces it: it leads to the same
    items. If a commit is lost, its items stay as they were before it, and the commits after it
    are applied. The damaged file is kept under a name that holds the time `now`.

    Args:
        check: Called with all items that the file will have, before anything is written. If it
            raises an error, nothing is.

    Raises:
        BusyError: Another process held the lock for too long.
        NewerFormatError: A newer portal wrote the file, also if it is damaged.
        UnavailableError: The folder cannot be read or written.
    """
    disk = disk or LocalDisk()
    writer = JournalWriter(folder.absolute(), disk)
    path, previous = writer.path, previous_path(writer.path)
    with _locked(writer):
        salvage = _Salvage.read(disk, path)
        if salvage.snapshot_lost and exists(disk, previous):
            salvage = _Salvage.read(disk, previous).followed_by(salvage)
        refuse_newer_items(salvage.table.get(FORMAT_ID), str(path))
        check(salvage.table.all())
        kept = None
        if exists(disk, path):
            kept = path.with_name(f"tenants.damaged-{now:%Y%m%dT%H%M%S}.jsonl")
            disk.link(path, kept)
        mark = writer.lock.read_mark()
        generation = max(salvage.generation, mark.generation if mark else 0) + 1
        salvage.table.index()
        _, header, _ = begin_generation(
            disk, path, salvage.table, generation=generation, continues=None, seq=salvage.seq
        )
        writer.lock.write_mark_durably(journal.DurableMark(generation, header.seq, header.end.size))
    return RepairResult(
        len(salvage.table), salvage.seq, tuple(salvage.lost), tuple(sorted(salvage.missing)), kept
    )


@contextmanager
def _locked(writer: JournalWriter) -> Iterator[None]:
    try:
        with writer.locked(preload=False):
            yield
    except OSError as error:
        raise unavailable(error, writer.path) from error
    finally:
        writer.close()


class _Salvage:
    """The content of all whole lines of one file."""

    def __init__(self) -> None:
        self.table = ItemTable()
        self.generation = 0
        self.seq = 0
        self.lost: list[int] = []
        self.missing: set[int] = set()
        self.snapshot_lost = True
        self._commits: list[tuple[int, journal.Changes]] = []

    @classmethod
    def read(cls, disk: Disk, path: Path) -> "_Salvage":
        salvage = cls()
        if not exists(disk, path):
            return salvage
        file = OpenFile.open_for_reading(disk, path)
        rows_expected, rows_read = None, 0
        for number, line in enumerate(journal.lines(disk, file, 0, disk.size(file)), 1):
            content = journal.decode_line(line.text) if line.whole else None
            if content is None:
                salvage.lost.append(number)
            elif "format" in content:
                journal.refuse_newer_format(content, path)
                rows_expected = content["rows"]
                salvage.generation, salvage.seq = content["generation"], content["seq"]
            elif "row" in content:
                rows_read += 1
                salvage.table.load({content["row"][KEY]: content["row"]})
            else:
                salvage._add_commit(content)
        salvage.snapshot_lost = rows_expected != rows_read
        return salvage

    def _add_commit(self, content: dict[str, Any]) -> None:
        seq = content["seq"]
        if self.seq:
            self.missing.update(range(self.seq + 1, seq))
        self._apply(seq, journal.commit_changes(content))

    def _apply(self, seq: int, changes: journal.Changes) -> None:
        self._commits.append((seq, changes))
        self.table.load(changes)
        self.seq = max(self.seq, seq)

    def followed_by(self, next_salvage: "_Salvage") -> "_Salvage":
        """This generation, and after it the commits of the next one, whose snapshot has bad lines.

        If commits are missing here, too, the whole rows of that snapshot are more recent, and
        replace the ones from here.
        """
        first = min((seq for seq, _ in next_salvage._commits), default=next_salvage.seq + 1)
        if self.lost or self.missing or self.seq + 1 < first:
            self.lost = next_salvage.lost
            for item in next_salvage.table.all():
                self.table.load({str(item[KEY]): item})
        for seq, changes in next_salvage._commits:
            if seq > self.seq:
                self._apply(seq, changes)
        self.generation = max(self.generation, next_salvage.generation)
        self.missing |= next_salvage.missing
        self.seq = max(self.seq, next_salvage.seq)
        return self
