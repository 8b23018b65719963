"""The one compressed file that is read: an export of DynamoDB to S3, with gzip lines of
`{"Item": …}`. What comes out is limited as a file that was never compressed."""

import re
import zlib
from typing import Protocol

from portal.imports.model import Message, RefusedFileError, file_is_compressed, file_too_large
from portal.imports.tables.other_files import BINARY_ION, ION_TEXT, amazon_ion

GZIP_START = b"\x1f\x8b"

#: How all lines of an export begin.
_LINE_START = re.compile(rb'\s*\{\s*"Item"\s*:')
_START_BYTES = 64
_PIECE_BYTES = 64 * 1024
#: For `zlib`: a gzip header, then a window of any size.
_GZIP = 31


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end of the file."""


def export_lines(file: _Readable, start: bytes, limit: int) -> "_Unpacked":
    """The lines of an export to S3.

    start: the bytes that were read of the file already.
    limit: the most bytes of the file, and the most that come out of it.

    Raises:
        RefusedFileError: the file is compressed, but no such export.
    """
    unpacked = _Unpacked(file, start, limit)
    head = b""
    while len(head) < _START_BYTES and (piece := unpacked.read(_START_BYTES - len(head))):
        head += piece
    if head.startswith(BINARY_ION) or head.lstrip().startswith(ION_TEXT):
        raise amazon_ion()
    if not _LINE_START.match(head):
        raise file_is_compressed()
    unpacked.put_back(head)
    return unpacked


class _Unpacked:
    """A gzip file of one or several members, unpacked as it is read.

    Reading raises:
        RefusedFileError: the file is damaged, cut off or too large.
    """

    def __init__(self, file: _Readable, start: bytes, limit: int) -> None:
        self._file = file
        self._input = start
        self._limit = limit
        self._size = len(start)
        self._head = b""
        self._decoder = zlib.decompressobj(_GZIP)

    def put_back(self, head: bytes) -> None:
        self._head = head

    def read(self, size: int, /) -> bytes:
        if self._head:
            head, self._head = self._head[:size], self._head[size:]
            return head
        while True:
            if self._decoder.eof:
                self._input = self._decoder.unused_data or self._next_input()
                if not self._input:
                    return b""
                self._decoder = zlib.decompressobj(_GZIP)
            packed = self._input or self._next_input()
            try:
                unpacked = self._decoder.decompress(packed, size)
            except zlib.error as error:
                raise RefusedFileError(
                    Message("The compressed file is damaged. Download it again.")
                ) from error
            self._input = self._decoder.unconsumed_tail
            if unpacked:
                return unpacked
            if not packed and not self._decoder.eof:
                raise RefusedFileError(
                    Message("The compressed file ends too early. Download it again.")
                )

    def _next_input(self) -> bytes:
        piece = self._file.read(_PIECE_BYTES)
        self._size += len(piece)
        if self._size > self._limit:
            raise file_too_large(self._limit)
        return piece
