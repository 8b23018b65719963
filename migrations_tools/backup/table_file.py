"""A file with all items of a table: JSON lines, in the form of DynamoDB's own exports.

    {"format":1,"needs":"1.1","table":"DynamoDB table …","begun":"2026-11-30T02:00:00.000Z"}
    {"Item":{"tenantId":{"S":"86810_104348"},"version":{"N":"3"},…}}      one line for each item
    {"end":{"items":1204,"sha256":"…","kept":1190,"sum":"…","ended":"…"}}

`sha256` is that of all lines before the end. `sum` adds up the digests of the items, in any order,
so that a table can be compared with the file in little memory. It leaves out items with a time to
live, which DynamoDB removes by itself; `kept` is the number of the others.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from migrations_tools.table_definition import TTL
from portal.stores import KEY
from portal.stores.dynamodb import attribute_from_json, attribute_to_json

FORMAT = 1
#: The first version of the tools that reads this format.
NEEDS = "1.1"
#: Bytes. An item has at most 400 KB, and in JSON every byte of it may take six.
_LONGEST_LINE = 4 * 1024 * 1024

#: Attributes as boto3's low-level client has them.
Attributes = Mapping[str, Mapping[str, Any]]


class TableFileError(Exception):
    """The file cannot be used, or written. The text says why, and what to do."""


class ItemSums:
    """Number and sum of items, in whatever order they come."""

    def __init__(self, kept: int = 0, total: str = "0") -> None:
        self.kept = kept
        self._total = int(total, 16)

    @property
    def sum(self) -> str:
        return f"{self._total:x}"

    def add(self, line: bytes, item: Attributes) -> None:
        """Count an item, whose line in a file is this."""
        if TTL in item:
            return
        self.kept += 1
        digest = hashlib.sha256(line).digest()
        self._total = (self._total + int.from_bytes(digest, "big")) % (1 << 256)


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """What the first line says."""

    table: str
    begun: str

    def line(self) -> bytes:
        content = {"format": FORMAT, "needs": NEEDS, "table": self.table, "begun": self.begun}
        return orjson.dumps(content) + b"\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    """What the last line says."""

    items: int
    sha256: str
    kept: int
    sum: str
    ended: str

    def line(self) -> bytes:
        return orjson.dumps({"end": {name: getattr(self, name) for name in self.__slots__}}) + b"\n"


def item_line(item: Attributes) -> bytes:
    """The line of an item. It depends on nothing but the item."""
    as_json = {name: attribute_to_json(value) for name, value in item.items()}
    return orjson.dumps({"Item": as_json}, option=orjson.OPT_SORT_KEYS) + b"\n"


def item_of(line: bytes) -> dict[str, Mapping[str, Any]]:
    """The item of a line.

    Raises:
        ValueError, TypeError, LookupError, AttributeError: It has none.
    """
    content = orjson.loads(line)
    item = {name: attribute_from_json(value) for name, value in content["Item"].items()}
    if not isinstance(item[KEY]["S"], str):
        raise TypeError("the key is no text")
    return item


def check_file(path: Path) -> tuple[Header, End]:
    """Read the whole file, line by line.

    Raises:
        TableFileError: It is no such file, a part of one, or damaged.
    """
    digest, sums = hashlib.sha256(), ItemSums()
    lines = _lines(path)
    header = _header(path, next(lines, b""))
    digest.update(header.line())
    for items, line in enumerate(lines):
        if line.startswith(b'{"end":'):
            end = _end(path, line)
            if next(lines, None) is not None:
                raise TableFileError(f"{path} goes on after its end. Take another file.")
            found = (items, digest.hexdigest(), sums.kept, sums.sum)
            if found != (end.items, end.sha256, end.kept, end.sum):
                raise TableFileError(
                    f"{path} is damaged: its sums differ from what was written. Take another file."
                )
            return header, end
        try:
            sums.add(line, item_of(line))
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise TableFileError(
                f"{path} is damaged: line {items + 2} is no item. Take another file."
            ) from error
        digest.update(line)
    raise TableFileError(
        f"{path} is a part of a backup: it has no end. Take another file, or have the command that"
        " made it go on."
    )


def item_lines(path: Path, after: int = 0) -> Iterator[bytes]:
    """The lines of the items of a file that was checked, without the first `after`."""
    lines = _lines(path)
    next(lines, None)
    for number, line in enumerate(lines, 1):
        if line.startswith(b'{"end":'):
            return
        if number > after:
            yield line


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while line := file.readline(_LONGEST_LINE):
                yield line
    except OSError as error:
        raise TableFileError(f"{path} cannot be read ({error.strerror}).") from error


def _header(path: Path, line: bytes) -> Header:
    refusal = TableFileError(f"{path} is no file of `backup to-file`.")
    try:
        content = json.loads(line)
        number, needs = content["format"], content["needs"]
        header = Header(table=content["table"], begun=content["begun"])
    except (ValueError, KeyError, TypeError) as error:
        raise refusal from error
    if number != FORMAT:
        raise TableFileError(
            f"{path} has format {number}, which these tools cannot read. It needs those of portal ≥"
            f" {needs}."
        )
    if header.line() != line:
        raise refusal
    return header


def _end(path: Path, line: bytes) -> End:
    try:
        return End(**json.loads(line)["end"])
    except (ValueError, KeyError, TypeError) as error:
        raise TableFileError(f"{path} is damaged: its end cannot be read.") from error
