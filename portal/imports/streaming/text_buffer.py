"""The part of a long text that is in memory, and a position in it."""

import re
from collections.abc import Iterator

from portal.imports.model import RefusedFileError, value_too_long
from portal.imports.streaming.decode import Limits

_SPACE = re.compile(r"[ \t\r\n]*")
#: Characters that `starts_with` looks at.
_START_LENGTH = 64
#: Characters that `start` returns.
_SHOWN_LENGTH = 1_000


class TextBuffer:
    """Reads a text piece by piece, and drops what is before the position.

    All methods raise `RefusedFileError` if a piece cannot be decoded or the file is too large.
    """

    def __init__(self, pieces: Iterator[str], limits: Limits) -> None:
        self._pieces = pieces
        self._limits = limits
        self._text = ""
        self._pos = 0
        self._ended = False
        # The line at `_counted_to`, and where it starts: negative if that part was dropped.
        self._line = 1
        self._line_start = 0
        self._counted_to = 0

    def line_and_column(self) -> tuple[int, int]:
        """Of the position, counted from 1; the column in characters."""
        lines = self._text.count("\n", self._counted_to, self._pos)
        if lines:
            self._line += lines
            self._line_start = self._text.rindex("\n", self._counted_to, self._pos) + 1
        self._counted_to = self._pos
        return self._line, self._pos - self._line_start + 1

    def next_char(self) -> str:
        """The next character that is no space; empty at the end. Skips the spaces before it."""
        while True:
            if self._text[self._pos : self._pos + 1] <= " ":
                self._pos = _SPACE.match(self._text, self._pos).end()  # type: ignore[union-attr] # it also matches no space
            if self._pos < len(self._text):
                return self._text[self._pos]
            if not self._read_more():
                return ""

    def starts_with(self, pattern: re.Pattern[str]) -> bool:
        """Whether the text at the position matches. The pattern may look at a few characters."""
        while len(self._text) - self._pos < _START_LENGTH and self._read_more():
            pass
        return pattern.match(self._text, self._pos) is not None

    def start(self) -> str:
        """A few lines from the position on, as far as they are in memory."""
        return self._text[self._pos : self._pos + _SHOWN_LENGTH]

    def read_lines(self) -> Iterator[str]:
        """Reads the rest of the text line by line, with the line ends.

        Raises:
            RefusedFileError: a line is too long.
        """
        while line := self._rest_of_line():
            self._pos += len(line)
            yield line

    def _rest_of_line(self) -> str:
        """With the line end.

        Raises:
            RefusedFileError: it is longer than the limit on values.
        """
        while (end := self._text.find("\n", self._pos)) < 0:
            if len(self._text) - self._pos > self._limits.value or not self._read_more():
                end = len(self._text)
                break
        if end - self._pos > self._limits.value:
            raise self._value_too_long()
        return self._text[self._pos : end + 1]

    def _value_too_long(self) -> RefusedFileError:
        return value_too_long(self._limits.value, *self.line_and_column())

    def _read_more(self) -> bool:
        """Reads at least as much text as is in memory, so that decoding a long value again and
        again takes linear time. `False` at the end."""
        piece = None if self._ended else next(self._pieces, None)
        if piece is None:
            # Nothing is dropped here: positions in the text stay valid.
            self._ended = True
            return False
        self._drop_read()
        pieces = [self._text]
        missing = len(self._text)
        while piece is not None:
            pieces.append(piece)
            missing -= len(piece)
            piece = next(self._pieces, None) if missing > 0 else None
        self._text = "".join(pieces)
        return True

    def _drop_read(self) -> None:
        """Drops the text before the position."""
        self.line_and_column()
        self._text = self._text[self._pos :]
        self._line_start -= self._pos
        self._pos = self._counted_to = 0
