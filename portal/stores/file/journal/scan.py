"""Reads the store's file, and decides when a bad line is damage and not the remnant of a crash."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from portal.stores.contract import CorruptStoreError, Item
from portal.stores.file.disk import Disk
from portal.stores.file.journal.format import (
    FORMAT,
    Apply,
    DurableMark,
    Header,
    JournalPosition,
    Location,
    commit_changes,
    decode_line,
    has_right_sum,
)
from portal.stores.format_version import newer_format_error
from portal.stores.schema import KEY

_CHUNK = 256 * 1024
_ID_KEY = b'"%b":"' % KEY.encode()

_DAMAGE_REMEDY = (
    "Nothing was overwritten. `portal store verify` shows what can still be read. "
    "`portal store repair` rebuilds the file from that, and keeps the damaged file."
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file without its newline. `whole`: it ended with a newline."""

    start: int
    text: bytes
    whole: bool

    @property
    def end(self) -> int:
        return self.start + len(self.text) + self.whole

    @property
    def location(self) -> Location:
        return self.start, len(self.text)


def lines(disk: Disk, fd: int, start: int, end: int) -> Iterator[Line]:
    """The lines between two offsets. Only the last one may lack its newline."""
    rest, offset = b"", start
    while offset < end:
        chunk = disk.read(fd, min(_CHUNK, end - offset), offset)
        if not chunk:
            break
        offset += len(chunk)
        *complete, rest = (rest + chunk).split(b"\n")
        for text in complete:
            yield Line(start, text, whole=True)
            start += len(text) + 1
    if rest:
        yield Line(start, rest, whole=False)


def read_header(disk: Disk, fd: int, path: Path) -> Header:
    """The first line.

    Raises:
        CorruptStoreError: It is damaged.
        NewerFormatError: A newer portal wrote the file.
    """
    line = next(lines(disk, fd, 0, min(disk.size(fd), 1024)), Line(0, b"", whole=False))
    content = decode_line(line.text) if line.whole else None
    if content is None or "format" not in content:
        raise corrupt_error(path, 1, 0, "is not the first line of a store's file")
    refuse_newer_format(content, path)
    return Header(
        content["generation"], content["continues"], content["seq"], content["rows"],
        content["size"], line.end,
    )  # fmt: skip


def refuse_newer_format(content: Mapping[str, Any], path: Path) -> None:
    """
    Args:
        content: Of the first line.

    Raises:
        NewerFormatError: A newer portal wrote the file.
    """
    if content["format"] > FORMAT:
        raise newer_format_error(str(path), content["format"], content["needs"], FORMAT)


def read_snapshot(disk: Disk, fd: int, path: Path, header: Header, apply: Apply) -> None:
    """Pass each item to `apply`.

    Raises:
        CorruptStoreError: A line is bad or missing. A crash cannot be the reason: a file is given
            its name after its snapshot was synced.
    """
    end, number = header.end, 1
    for line in lines(disk, fd, header.length, end.size):
        number += 1
        content = decode_line(line.text) if line.whole else None
        if content is None or "row" not in content:
            raise corrupt_error(path, number, line.start, "differs from what was written")
        apply({content["row"][KEY]: content["row"]}, line.location, header.seq)
    if number != end.line:
        raise corrupt_error(path, number + 1, disk.size(fd), "is missing: the file is too short")


def read_commits(
    disk: Disk,
    fd: int,
    path: Path,
    start: JournalPosition,
    end: int,
    *,
    mark: DurableMark | None,
    apply: Apply,
) -> JournalPosition:
    """Pass the changes of each commit between `start` and byte `end` to `apply`.

    Returns the position after the last whole commit; the bytes after it may be cut off.

    Reading ends at the first bad line. The line is torn by a crash, unless the mark or a later
    line says that it was durable. Without a mark, a line with a newline counts as durable.

    Raises:
        CorruptStoreError: A bad line was durable, or a commit is missing.
    """
    position = start
    remaining = lines(disk, fd, start.size, end)
    for line in remaining:
        content = decode_line(line.text) if line.whole else None
        if content is None or "seq" not in content:
            durable_size = mark.size if mark and mark.generation == start.generation else 0
            durable = line.start < durable_size or (mark is None and line.whole)
            later_durable_seq = max((_durable_seq(each) for each in remaining), default=0)
            if durable or later_durable_seq > position.seq:
                raise corrupt_error(
                    path, position.line + 1, line.start, "differs from what was written"
                )
            return position
        if content["seq"] != position.seq + 1:
            raise corrupt_error(
                path, position.line + 1, line.start,
                f"is commit {content['seq']}, but commit {position.seq + 1} is missing",
            )  # fmt: skip
        apply(commit_changes(content), line.location, content["seq"])
        position = JournalPosition(start.generation, line.end, content["seq"], position.line + 1)
    return position


def is_whole(disk: Disk, fd: int, end: int) -> bool:
    """Whether each line up to byte `end` is as it was written. It does not look at the content,
    so it takes a tenth of the time of reading it."""
    offset = 0
    for line in lines(disk, fd, 0, end):
        if not line.whole or not has_right_sum(line.text):
            return False
        offset = line.end
    return offset == end


def read_items(disk: Disk, fd: int, path: Path, location: Location) -> Sequence[Item]:
    """The items that the line at this location holds.

    Raises:
        CorruptStoreError: The line differs from what was written.
    """
    offset, length = location
    content = decode_line(disk.read(fd, length, offset))
    if content is None:
        raise CorruptStoreError(
            reason=f"{path} is damaged: the line at byte {offset} differs from what was written.",
            remedy=_DAMAGE_REMEDY,
        )
    items: Sequence[Item] = content.get("put", ())
    return [content["row"]] if "row" in content else items


def locate_rows(disk: Disk, fd: int, header: Header, ids: Set[str]) -> dict[str, Location]:
    """Where the rows with these ids are in the snapshot. It has them at its beginning.

    It does not check the lines, which takes as long as loading them: reading an item does.
    """
    found: dict[str, Location] = {}
    rest, offset, start = b"", header.length, header.length
    # A `Line` for each of a hundred thousand rows would take as long as all the rest.
    while len(found) < len(ids) and offset < header.end.size:
        chunk = disk.read(fd, min(_CHUNK, header.end.size - offset), offset)
        if not chunk:
            break
        offset += len(chunk)
        *complete, rest = (rest + chunk).split(b"\n")
        for text in complete:
            item_id = _row_id(text)
            if item_id in ids:
                found[item_id] = (start, len(text))
            start += len(text) + 1
    return found


def _row_id(line: bytes) -> str:
    # Items are flat, and a text would have a backslash before these quotes.
    start = line.find(_ID_KEY) + len(_ID_KEY)
    encoded = line[start : line.find(b'"', start)]
    if b"\\" not in encoded:
        return encoded.decode()
    row_id: str = orjson.loads(line)["row"][KEY]
    return row_id


def _durable_seq(line: Line) -> int:
    content = decode_line(line.text) if line.whole else None
    return int(content.get("durable", 0)) if content else 0


def corrupt_error(path: Path, line: int, byte: int, problem: str) -> CorruptStoreError:
    """The error for a bad line; `problem` continues the sentence "line 7 (at byte 900) …"."""
    return CorruptStoreError(
        reason=f"{path} is damaged: line {line} (at byte {byte}) {problem}.",
        remedy=_DAMAGE_REMEDY,
    )


def other_store_error(path: Path) -> CorruptStoreError:
    """The error for a file in the place of the one that this process has read."""
    return CorruptStoreError(
        reason=f"{path} is another store than before: what was read is not in it.",
        remedy="Put the data folder back. If this one is right, start the portal again.",
    )


def missing_error(path: Path) -> CorruptStoreError:
    """The error for a store whose file is gone."""
    return CorruptStoreError(
        reason=f"{path} is missing.",
        remedy="Put it back, or run `portal store repair` to rebuild it from what is left.",
    )


def unfinished_restore_error(folder: Path) -> CorruptStoreError:
    """The error for a folder that a backup was to fill, and whose restore was stopped."""
    return CorruptStoreError(
        reason=f"A restore of {folder} was begun and has not ended.",
        remedy="Run `portal restore` with the same backup again. It begins anew.",
    )
