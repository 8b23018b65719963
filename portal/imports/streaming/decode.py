"""Decodes the bytes of a file into text, in pieces; enforces the limit on its size."""

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
from portal.imports.tables import BINARY_ION, GZIP_START, amazon_ion, export_lines
from portal.settings import Settings

_PIECE_BYTES = 64 * 1024
#: Somebody chooses among them in a form, whose number of fields has a limit.
_MAX_PLACES_OF_PAGE = 80

#: First bytes of compressed files: zip, empty zip, bzip2, xz, Zstandard, 7z, compress.
_COMPRESSED = (
    b"PK\x03\x04", b"PK\x05\x06", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd",
    b"7z\xbc\xaf", b"\x1f\x9d",
)  # fmt: skip
_UTF32_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Limits on one file.

    size: bytes.
    entries: entries, of the old application and of other programs.
    depth: levels of nested lists and objects.
    value: characters of one JSON value, or of one CSV row.
    places: places that hold tenants, over all files of an import.
    profile: bytes of all storages that are copied from the profile of a browser.
    """

    size: int
    entries: int
    depth: int
    value: int
    places: int = 1_000
    profile: int = 1_000_000_000

    @classmethod
    def of_page(cls, settings: Settings) -> Self:
        """For a file that is sent over the web."""
        return cls(
            size=settings.import_megabytes * 1_000_000,
            entries=settings.import_rows,
            depth=settings.import_depth,
            value=settings.import_value_characters,
            places=_MAX_PLACES_OF_PAGE,
        )

    @classmethod
    def of_command(cls, settings: Settings) -> Self:
        """For each file of the `import` command."""
        return cls(
            size=settings.import_command_megabytes * 1_000_000,
            entries=settings.import_command_rows,
            depth=settings.import_depth,
            value=settings.import_value_characters,
            profile=settings.import_profile_megabytes * 1_000_000,
        )


class Readable(Protocol):
    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end of the file."""


def decode_text(file: Readable, limits: Limits) -> Iterator[str]:
    """The file's text in pieces, without a byte-order mark.

    Raises:
        RefusedFileError: the file is compressed, and no export to S3; or it is too large, a web
            page, Amazon Ion, or no UTF-8 or UTF-16.
    """
    piece = _read_exactly(file, 4)
    if piece.startswith(GZIP_START):
        file = export_lines(file, piece, limits.size)
        piece = _read_exactly(file, 4)
    decoder = codecs.getincrementaldecoder(_encoding(piece))(errors="strict")
    size, has_content = len(piece), False
    while True:
        if size > limits.size:
            raise file_too_large(limits.size)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            raise file_not_text() from error
        if text and not has_content:
            start = text.lstrip()
            if start.startswith("<"):
                raise not_an_export(Message("It is a web page or an XML file."), 415)
            has_content = bool(start)
        if text:
            yield text
        if not piece:
            return
        piece = file.read(_PIECE_BYTES)
        size += len(piece)


def _encoding(head: bytes) -> str:
    """The encoding of a file that begins with these bytes.

    Raises:
        RefusedFileError: it is compressed, UTF-32, or UTF-16 without a byte-order mark.
    """
    if head.startswith(_COMPRESSED):
        raise file_is_compressed()
    if head.startswith(BINARY_ION):
        raise amazon_ion()
    if head.startswith(_UTF32_MARKS):
        raise file_not_text()
    if head.startswith(_UTF16_MARKS):
        return "utf-16"
    # In UTF-8, no JSON text has a NUL among its first characters: this is UTF-16 without a mark.
    if b"\0" in head:
        raise file_not_text()
    return "utf-8-sig"


def _read_exactly(file: Readable, size: int) -> bytes:
    """`size` bytes, or all that are left. One read of a pipe may return fewer."""
    head = b""
    while len(head) < size and (more := file.read(size - len(head))):
        head += more
    return head
