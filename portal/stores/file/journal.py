"""The format of the store's file, and the rule by which a bad line is damage.

    {"crc":"…","format":1,"needs":"1.0","generation":3,"continues":2,"seq":17,"rows":2,"size":900}
    {"crc":"…","row":{…}}                                       a snapshot: all items at seq 17
    {"crc":"…","row":{…}}
    {"crc":"…","seq":18,"durable":17,"put":[{…}],"remove":["…"]}     then commits, one per line

`crc` is the CRC-32 of the rest of the line. `durable` is the last commit that was known to be on
the disk when the line was written: if a later line says that a bad line was durable, the bad
line is damage and not the remnant of a crash. A generation ends with the snapshot that begins
the next one.

encode_line, decode_line  one line
DurableMark               how far the file is durable; stored in the lock file
Header                    the first line of a generation
commit_line               the line of a commit
lines, read_header, read_snapshot, read_commits
                          reading, with `CorruptStoreError` for damage
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson

from portal.stores.contract import CorruptStoreError, Item, UnavailableError
from portal.stores.file.disk import Disk
from portal.stores.schema import KEY

FORMAT = 1
#: The first version of the portal that reads this format.
NEEDS = "1.0"

#: `{"crc":"01234567",`
_CRC_SIZE = 18
_CHUNK = 256 * 1024

MARK_SIZE = 160

#: The items of some ids after a commit; `None`: removed.
Changes = Mapping[str, Item | None]


def encode_line(content: Mapping[str, Any]) -> bytes:
    """The line with this content. `orjson.JSONEncodeError` if JSON cannot express it."""
    rest = orjson.dumps(content)[1:]
    return b'{"crc":"%08x",%b\n' % (crc32(rest), rest)


def decode_line(line: bytes) -> dict[str, Any] | None:
    """The content of a line without its newline; `None` if the checksum is wrong."""
    if line[:8] != b'{"crc":"' or line[16:_CRC_SIZE] != b'",':
        return None
    if b"%08x" % crc32(line[_CRC_SIZE:]) != line[8:16]:
        return None
    try:
        content: dict[str, Any] = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return content


@dataclass(frozen=True, slots=True)
class DurableMark:
    """How far the file is durable. The lock file holds it, and readers look at nothing else.

    A reader shows no commit beyond the mark. So it never shows a commit whose sync fails and
    that is then cut off. It shows every acknowledged commit, since the writer moves the mark
    after the sync and before it answers. The mark itself needs no sync: after a power cut it is
    too old at worst, and the next process that opens the file moves it.
    """

    generation: int
    seq: int
    size: int
    #: A sync or a truncation failed: nothing may be appended, and the bytes after `size` do not
    #: count.
    poisoned: bool = False

    def encode(self) -> bytes:
        line = encode_line({
            "generation": self.generation, "seq": self.seq, "size": self.size,
            "spoilt": self.poisoned,
        })  # fmt: skip
        return line[:-1].ljust(MARK_SIZE - 1) + b"\n"

    @classmethod
    def decode(cls, encoded: bytes) -> "DurableMark | None":
        content = decode_line(encoded.rstrip())
        if content is None or len(encoded) != MARK_SIZE:
            return None
        return cls(
            content["generation"], content["seq"], content["size"], poisoned=content["spoilt"]
        )


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a generation."""

    generation: int
    #: The generation whose exact state at `seq` the snapshot holds; `None` after a restore.
    continues: int | None
    seq: int
    rows: int
    #: Bytes of the lines of all rows.
    size: int
    #: Bytes of this line.
    length: int = 0

    def line(self) -> bytes:
        return encode_line({
            "format": FORMAT, "needs": NEEDS, "generation": self.generation,
            "continues": self.continues, "seq": self.seq, "rows": self.rows, "size": self.size,
        })  # fmt: skip

    @property
    def end(self) -> "JournalPosition":
        """The position where the commits begin."""
        return JournalPosition(self.generation, self.length + self.size, self.seq, 1 + self.rows)


#: Bytes that a line of a snapshot has in addition to its item.
ROW_EXTRA = len(encode_line({"row": {}})) - len(b"{}")


def commit_line(seq: int, durable: int, changes: Changes) -> bytes:
    content: dict[str, Any] = {"seq": seq, "durable": durable}
    put = [item for item in changes.values() if item is not None]
    remove = [item_id for item_id, item in changes.items() if item is None]
    if put:
        content["put"] = put
    if remove:
        content["remove"] = remove
    return encode_line(content)


def commit_changes(content: Mapping[str, Any]) -> Changes:
    """The changes that the line of a commit holds."""
    changes: dict[str, Item | None] = dict.fromkeys(content.get("remove", ()))
    changes.update((item[KEY], item) for item in content.get("put", ()))
    return changes


@dataclass(frozen=True, slots=True)
class JournalPosition:
    """How far a file was read: bytes, last commit and number of lines."""

    generation: int
    size: int
    seq: int
    line: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file without its newline. `whole`: it ended with a newline."""

    start: int
    text: bytes
    whole: bool

    @property
    def end(self) -> int:
        return self.start + len(self.text) + self.whole


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
        UnavailableError: A newer portal wrote the file.
    """
    line = next(lines(disk, fd, 0, min(disk.size(fd), 1024)), Line(0, b"", whole=False))
    content = decode_line(line.text) if line.whole else None
    if content is None or "format" not in content:
        raise corrupt_error(path, 1, 0, "is not the first line of a store's file")
    if content["format"] > FORMAT:
        raise UnavailableError(
            reason=f"{path} has format {content['format']}, which this portal cannot read.",
            remedy=f"Format {content['format']} needs portal ≥ {content['needs']}. Start that one.",
        )
    return Header(
        content["generation"], content["continues"], content["seq"], content["rows"],
        content["size"], line.end,
    )  # fmt: skip


def read_snapshot(
    disk: Disk, fd: int, path: Path, header: Header, apply: Callable[[Changes], None]
) -> None:
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
        apply({content["row"][KEY]: content["row"]})
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
    apply: Callable[[Changes], None],
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
        apply(commit_changes(content))
        position = JournalPosition(start.generation, line.end, content["seq"], position.line + 1)
    return position


def _durable_seq(line: Line) -> int:
    content = decode_line(line.text) if line.whole else None
    return int(content.get("durable", 0)) if content else 0


def corrupt_error(path: Path, line: int, byte: int, problem: str) -> CorruptStoreError:
    """The error for a bad line; `problem` continues the sentence "line 7 (at byte 900) …"."""
    return CorruptStoreError(
        reason=f"{path} is damaged: line {line} (at byte {byte}) {problem}.",
        remedy=(
            "Nothing was overwritten. `portal store verify` shows what can still be read. "
            "`portal store restore` rebuilds the file from that, and keeps the damaged file."
        ),
    )


def missing_error(path: Path) -> CorruptStoreError:
    """The error for a store whose file is gone."""
    return CorruptStoreError(
        reason=f"{path} is missing.",
        remedy="Put it back, or run `portal store restore` to rebuild it from what is left.",
    )
