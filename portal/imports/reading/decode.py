"""The bytes of a file as text, a piece at a time."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, Self

from portal.imports.model import (
    Message,
    file_is_compressed,
    file_not_text,
    file_too_large,
    not_an_export,
)
from portal.settings import Settings

_PIECE = 64 * 1024

#: What compressed files begin with: gzip, zip, bzip2, xz, Zstandard, 7z, compress.
_COMPRESSED = (
    b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd",
    b"7z\xbc\xaf", b"\x1f\x9d",
)  # fmt: skip
_UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How much one file may be: `size` in bytes, `entries` of any program, `depth` of lists and
    objects in each other, `value` in characters."""

    size: int
    entries: int
    depth: int
    value: int

    @classmethod
    def of_page(cls, settings: Settings) -> Self:
        """For what is sent over the web."""
        return cls(
            size=settings.import_megabytes * 1_000_000,
            entries=settings.import_rows,
            depth=settings.import_depth,
            value=settings.import_value_characters,
        )

    @classmethod
    def of_command(cls, settings: Settings) -> Self:
        """For each file of the operators' command."""
        return cls(
            size=settings.import_command_megabytes * 1_000_000,
            entries=settings.import_command_rows,
            depth=settings.import_depth,
            value=settings.import_value_characters,
        )


class Readable(Protocol):
    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""


def text_of(file: Readable, limits: Limits) -> Iterator[str]:
    """The file's text in pieces, without a byte-order mark. `RefusedFileError`."""
    head = _exactly(file, 4)
    decoder = codecs.getincrementaldecoder(_encoding(head))(errors="strict")
    size, begun = len(head), False
    piece = head
    while True:
        if size > limits.size:
            raise file_too_large(limits.size)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            raise file_not_text() from error
        if text and not begun:
            start = text.lstrip()
            if start.startswith("<"):
                raise not_an_export(Message("It is a web page or XML."), 415)
            begun = bool(start)
        if text:
            yield text
        if not piece:
            return
        piece = file.read(_PIECE)
        size += len(piece)


def _encoding(head: bytes) -> str:
    if head.startswith(_COMPRESSED):
        raise file_is_compressed()
    if head.startswith(_UTF32):
        raise file_not_text()
    if head.startswith(_UTF16):
        return "utf-16"
    # No JSON begins with a NUL character or has one second: that is UTF-16 without a mark.
    if b"\0" in head:
        raise file_not_text()
    return "utf-8-sig"


def _exactly(file: Readable, size: int) -> bytes:
    """A pipe may give less at once."""
    head = b""
    while len(head) < size and (more := file.read(size - len(head))):
        head += more
    return head
