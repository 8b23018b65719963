"""The format of the store's file.

    {"crc":"…","format":1,"needs":"1.0","generation":3,"continues":2,"seq":17,"rows":2,"size":900}
    {"crc":"…","row":{…}}                                       a snapshot: all items at seq 17
    {"crc":"…","row":{…}}
    {"crc":"…","seq":18,"durable":17,"put":[{…}],"remove":["…"]}     then commits, one per line

`crc` is the CRC-32 of the rest of the line. `durable` is the last commit that was known to be on
the disk when the line was written: if a later line says that a bad line was durable, the bad
line is damage and not the remnant of a crash. A generation ends with the snapshot that begins
the next one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import orjson

from portal.stores.contract import Item
from portal.stores.schema import KEY

FORMAT = 1
#: The first version of the portal that reads this format.
NEEDS = "1.0"

#: `{"crc":"01234567",`
_CRC_SIZE = 18
MARK_SIZE = 160

#: The items of some ids after a commit; `None`: removed.
Changes = Mapping[str, Item | None]

#: The line of a file that holds an item: its offset, and its length without the newline.
Location = tuple[int, int]

#: Takes the changes of one line, where that line is, and the number of its commit.
Apply = Callable[[Changes, Location, int], object]


def encode_line(content: Mapping[str, Any]) -> bytes:
    """The line with this content. `orjson.JSONEncodeError` if JSON cannot express it."""
    return _with_sum(orjson.dumps(content)[1:])


def row_line(item: bytes) -> bytes:
    """The line of a snapshot with this item, which is JSON."""
    return _with_sum(b'"row":%b}' % item)


def _with_sum(rest: bytes) -> bytes:
    return b'{"crc":"%08x",%b\n' % (crc32(rest), rest)


def has_right_sum(line: bytes) -> bool:
    """Whether a line without its newline is as it was written."""
    return (
        line[:8] == b'{"crc":"'
        and line[16:_CRC_SIZE] == b'",'
        and b"%08x" % crc32(line[_CRC_SIZE:]) == line[8:16]
    )


def decode_line(line: bytes) -> dict[str, Any] | None:
    """The content of a line without its newline; `None` if the checksum is wrong."""
    if not has_right_sum(line):
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
