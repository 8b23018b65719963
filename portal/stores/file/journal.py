"""The lines of the store's file, and what it means when one of them is not whole.

    {"crc":"…","format":1,"needs":"1.0","generation":3,"continues":2,"seq":17,"rows":2,"size":900}
    {"crc":"…","row":{…}}                                       a snapshot: the items, at seq 17
    {"crc":"…","row":{…}}
    {"crc":"…","seq":18,"durable":17,"put":[{…}],"remove":["…"]}     then commits, one a line

`crc` is the CRC-32 of the rest of its line. `durable` is the last commit that was known to be on
the disk when the line was written, so a bad line that a later one calls durable is damage and
not the remnant of a crash. A generation ends with the snapshot that begins the next one.
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
#: The first portal that reads this format.
NEEDS = "1.0"

#: `{"crc":"01234567",`
_CRC_SIZE = 18
_CHUNK = 256 * 1024

MARK_SIZE = 160

#: `None`: removed.
Changes = Mapping[str, Item | None]


def encode_line(content: Mapping[str, Any]) -> bytes:
    """The line for this content. `orjson.JSONEncodeError` for what JSON cannot say."""
    rest = orjson.dumps(content)[1:]
    return b'{"crc":"%08x",%b\n' % (crc32(rest), rest)


def decode_line(line: bytes) -> dict[str, Any] | None:
    """What the line, which has lost its newline, says; `None` if it is not as it was written."""
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
    """How far the file is durable: what the lock file holds, and all that readers look at.

    A reader shows nothing beyond it. So it never shows a commit whose sync then fails and
    that is cut off again, and it sees every commit that was acknowledged, since the mark is
    moved after the sync and before the answer. The mark itself needs no sync: after a power
    cut it is at most too old, and whoever opens the file moves it.
    """

    generation: int
    seq: int
    size: int
    #: A sync or a cut failed: the file takes no more, and nothing behind `size` is true.
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
    #: The generation whose state at `seq` the snapshot holds; `None` if it is not exactly that.
    continues: int | None
    seq: int
    rows: int
    #: Bytes of all rows' lines.
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
        """Where the commits begin."""
        return JournalPosition(self.generation, self.length + self.size, self.seq, 1 + self.rows)


#: By how much a snapshot's line is longer than its item.
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
    """What a commit's line changes."""
    changes: dict[str, Item | None] = dict.fromkeys(content.get("remove", ()))
    changes.update((item[KEY], item) for item in content.get("put", ()))
    return changes


@dataclass(frozen=True, slots=True)
class JournalPosition:
    """Behind which byte, commit and line of which generation one has read."""

    generation: int
    size: int
    seq: int
    line: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it lies in the file, without its newline; `whole` if there was one."""

    start: int
    text: bytes
    whole: bool

    @property
    def end(self) -> int:
        return self.start + len(self.text) + self.whole


def lines(disk: Disk, fd: int, start: int, end: int) -> Iterator[Line]:
    """The lines from `start` to `end`; only the last one may lack its newline."""
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
    """`CorruptStoreError`; `UnavailableError` for a file of a newer format."""
    line = next(lines(disk, fd, 0, min(disk.size(fd), 1024)), Line(0, b"", whole=False))
    content = decode_line(line.text) if line.whole else None
    if content is None or "format" not in content:
        raise corrupt_error(path, 1, 0, "does not begin as a store's file does")
    if content["format"] > FORMAT:
        raise UnavailableError(
            reason=f"{path} has format {content['format']}, which this portal cannot read.",
            remedy=f"Format {content['format']} needs portal ≥ {content['needs']}: start that one.",
        )
    return Header(
        content["generation"], content["continues"], content["seq"], content["rows"],
        content["size"], line.end,
    )  # fmt: skip


def read_snapshot(
    disk: Disk, fd: int, path: Path, header: Header, apply: Callable[[Changes], None]
) -> None:
    """Hand each item to `apply`. `CorruptStoreError`: a snapshot is whole or it has no name."""
    end, number = header.end, 1
    for line in lines(disk, fd, header.length, end.size):
        number += 1
        content = decode_line(line.text) if line.whole else None
        if content is None or "row" not in content:
            raise corrupt_error(path, number, line.start, "is not what was written")
        apply({content["row"][KEY]: content["row"]})
    if number != end.line:
        raise corrupt_error(path, number + 1, disk.size(fd), "is missing: the file is too short")


@dataclass(frozen=True, slots=True)
class Tail:
    """How far the commits are whole, and what lies behind them and may be cut off."""

    position: JournalPosition
    torn_bytes: int = 0


def read_commits(
    disk: Disk,
    fd: int,
    path: Path,
    start: JournalPosition,
    end: int,
    *,
    mark: DurableMark | None,
    apply: Callable[[Changes], None],
) -> Tail:
    """Hand the changes of each commit between `start` and byte `end` to `apply`.

    What is not whole ends it: as torn if nothing says that it ever was durable, else with
    `CorruptStoreError`. Without a mark nothing is known of the last commit; then a line that has
    its newline counts as durable.
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
                raise corrupt_error(path, position.line + 1, line.start, "is not what was written")
            return Tail(position, torn_bytes=end - line.start)
        if content["seq"] != position.seq + 1:
            raise corrupt_error(
                path, position.line + 1, line.start,
                f"is commit {content['seq']}, and {position.seq + 1} is missing",
            )  # fmt: skip
        apply(commit_changes(content))
        position = JournalPosition(start.generation, line.end, content["seq"], position.line + 1)
    return Tail(position)


def _durable_seq(line: Line) -> int:
    content = decode_line(line.text) if line.whole else None
    return int(content.get("durable", 0)) if content else 0


def corrupt_error(path: Path, line: int, byte: int, problem: str) -> CorruptStoreError:
    return CorruptStoreError(
        reason=f"{path} is damaged: line {line} (at byte {byte}) {problem}.",
        remedy=(
            "Nothing was overwritten. `portal store verify` shows what can still be read, and "
            "`portal store restore` makes a whole file of it and keeps the damaged one."
        ),
    )
