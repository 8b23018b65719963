"""Reads a long JSON text one value at a time.

Memory holds no more of the text than one value needs. Time grows linearly with the text, whatever
it contains: an invalid value never makes the stream read the rest of the text again.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from portal.imports.model import Message, RefusedFileError, invalid_json
from portal.imports.streaming.decode import Limits
from portal.imports.streaming.strict_json import (
    TOO_DEEP,
    ParsedValue,
    StrictJsonError,
    is_deeper,
    lenient_decoder,
    strict_decoder,
)
from portal.imports.streaming.text_buffer import TextBuffer

#: Part of a string: plain characters, or one escape.
_IN_STRING = re.compile(r'[^"\\\x00-\x1f]+|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})')
#: A value that begins with one of these shows its own end; a number does not.
_SELF_ENDING = '{["'
#: No literal, escape or sign is longer: an error further from the end of the text that was read
#: does not come from a value that continues.
_LONGEST_TOKEN = 16
#: Characters: less text than this is not worth dropping.
_DROP_FROM = 64 * 1024
#: Characters of a string that are read at a time.
_PIECE = 64 * 1024
_HIGH_HALF = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}")


class _TooLongError(ValueError):
    """The value is longer than the limit."""


class InvalidLineError(ValueError):
    """An invalid line, or an invalid value over several lines. The stream is now after it.

    line, column: where it begins, counted from 1.
    """

    def __init__(self, line: int, column: int, message: Message) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class JsonStream(TextBuffer):
    """Methods named "read", "expect" and "skip" move the position; "peek" and "next" move it over
    spaces only."""

    def __init__(self, pieces: Iterator[str], limits: Limits) -> None:
        super().__init__(pieces, limits)
        # Up to here, no value over several lines begins: one was tried, and did not end.
        self._tried_to = 0

    def _drop_read(self) -> None:
        self._tried_to -= self._pos
        super()._drop_read()

    def invalid_here(self) -> RefusedFileError:
        """An error: no valid JSON at the position."""
        return self._invalid_at(self._pos)

    def _invalid_at(self, pos: int) -> RefusedFileError:
        self._pos = min(pos, len(self._text))
        return invalid_json(*self.line_and_column())

    # ---- Reading

    def expect(self, char: str) -> None:
        """Reads this character.

        Raises:
            RefusedFileError: another character comes next.
        """
        if self.next_char() != char:
            raise self.invalid_here()
        self._pos += 1

    def read_value(self, depth: int) -> ParsedValue:
        """Reads a value of at most `depth` levels.

        Raises:
            RefusedFileError: the value is invalid, ambiguous, too deep or too long.
        """
        self.next_char()
        try:
            value, end = self._decode()
        except json.JSONDecodeError as error:
            raise self._invalid_at(error.pos) from error
        except _TooLongError as error:
            raise self._value_too_long() from error
        except StrictJsonError as error:
            raise RefusedFileError(error.message) from error
        except RecursionError as error:
            raise RefusedFileError(TOO_DEEP) from error
        if is_deeper(value, depth):
            raise RefusedFileError(TOO_DEEP)
        parsed = self._parsed(value, end)
        self._pos = end
        return parsed

    def peek_value(self, depth: int) -> ParsedValue | None:
        """The next value; `None` if it is invalid, ambiguous, too deep or too long."""
        self.next_char()
        try:
            value, end = self._decode()
        except (ValueError, RecursionError):
            # No refusal yet: the value may be an object that is read key by key.
            return None
        return None if is_deeper(value, depth) else self._parsed(value, end)

    def peek_line(self, depth: int) -> ParsedValue:
        """The next value of JSON Lines, where a value may also span several lines.

        Raises:
            InvalidLineError: the value is invalid, ambiguous or too deep. It is skipped.
            RefusedFileError: the value is too long.
        """
        self.next_char()
        line, column = self.line_and_column()
        text = self._rest_of_line()
        try:
            value, size = strict_decoder.raw_decode(text)
            end = self._pos + size
        except (ValueError, RecursionError) as error:
            several_lines = self._decode_lines() if self._may_continue(text, error) else None
            if several_lines is None:
                message = error.message if isinstance(error, StrictJsonError) else TOO_DEEP
                if isinstance(error, json.JSONDecodeError):
                    position = min(error.pos, len(text.rstrip()))
                    message = invalid_json(line, column + position).message
                raise self._skip_invalid(self._pos + len(text), message) from error
            value, end = several_lines
        if is_deeper(value, depth):
            raise self._skip_invalid(end, TOO_DEEP)
        return self._parsed(value, end)

    def skip_invalid_line(self, message: Message) -> InvalidLineError:
        """Skips the rest of the line; returns the error to raise."""
        return self._skip_invalid(self._pos + len(self._rest_of_line()), message)

    def skip(self, parsed: ParsedValue) -> None:
        """Skips a value that was peeked at."""
        self._pos += len(parsed.text)

    def skip_string(self) -> None:
        """Skips a string of any length without holding it.

        Raises:
            RefusedFileError: the string is invalid.
        """
        self._pos += 1
        while True:
            while match := _IN_STRING.match(self._text, self._pos):
                self._pos = match.end()
            if self._text.startswith('"', self._pos):
                self._pos += 1
                return
            # Nothing is left in memory, or the beginning of an escape, or an invalid character.
            rest = self._text[self._pos : self._pos + 6]
            is_cut_off = not rest or (rest.startswith("\\") and len(rest) < 6)
            if not is_cut_off or not self._read_more():
                raise self.invalid_here()

    def read_string(self) -> Iterator[str]:
        """Reads a string of any length, without its escapes, in pieces. Whoever begins must
        iterate to the end.

        Raises:
            RefusedFileError: the string is invalid.
        """
        self._pos += 1
        start = self._pos
        while True:
            while self._pos - start < _PIECE and (match := _IN_STRING.match(self._text, self._pos)):
                self._pos = match.end()
            is_end = self._text.startswith('"', self._pos)
            rest = self._text[self._pos : self._pos + 6]
            is_cut_off = not rest or (rest.startswith("\\") and len(rest) < 6)
            # Both halves of a pair belong together.
            end = self._pos if is_end else self._pos - _half_of_pair(self._text[start : self._pos])
            piece = self._text[start:end]
            if piece:
                yield json.loads(f'"{piece}"')
            start = end
            if is_end:
                self._pos += 1
                return
            if is_cut_off:
                position, self._pos = self._pos, start
                if not self._read_more():
                    self._pos = position
                    raise self.invalid_here()
                self._pos += position - start
                start = self._pos - (position - start)
            elif not _IN_STRING.match(self._text, self._pos):
                raise self.invalid_here()

    # ---- Details

    def _parsed(self, value: Any, end: int) -> ParsedValue:
        return ParsedValue(value, self._text[self._pos : end], *self.line_and_column())

    def _skip_invalid(self, end: int, message: Message) -> InvalidLineError:
        error = InvalidLineError(*self.line_and_column(), message)
        self._pos = end
        return error

    def _may_continue(self, line: str, error: Exception) -> bool:
        """Whether a line with this error may be the first line of a value over several lines."""
        if self._pos < self._tried_to:
            return False
        if isinstance(error, StrictJsonError):
            try:
                lenient_decoder.raw_decode(line)
            except (ValueError, RecursionError) as lenient_error:
                error = lenient_error
        if not isinstance(error, json.JSONDecodeError):
            return False
        return error.pos >= len(line.rstrip()) and error.msg.startswith("Expecting")

    def _decode_lines(self) -> tuple[Any, int] | None:
        """A value over several lines, and where it ends; `None` if there is none.

        Raises:
            InvalidLineError: the value ends, but is ambiguous. It is skipped.
            RefusedFileError: the value is too long.
        """
        if self._pos > _DROP_FROM:
            # On an error the json module counts the lines from the beginning of the text.
            self._drop_read()
        try:
            try:
                return self._decode()
            except StrictJsonError as error:
                end = self._decode(lenient_decoder)[1]
                raise self._skip_invalid(end, error.message) from error
        except _TooLongError as error:
            raise self._value_too_long() from error
        except json.JSONDecodeError as error:
            self._tried_to = error.pos
        except RecursionError:
            self._tried_to = len(self._text)
        return None

    def _decode(self, decoder: json.JSONDecoder = strict_decoder) -> tuple[Any, int]:
        """The next value, and where it ends.

        Raises:
            JSONDecodeError: the value is invalid.
            StrictJsonError: the value is ambiguous.
            RecursionError: the value is nested too deeply for the decoder.
            _TooLongError: the value is longer than the limit.
        """
        while True:
            try:
                value, end = decoder.raw_decode(self._text, self._pos)
            except json.JSONDecodeError as error:
                # The value may continue in text that has not been read yet.
                is_cut_off = error.pos + _LONGEST_TOKEN >= len(self._text)
                if not is_cut_off and not error.msg.startswith("Unterminated"):
                    raise
                self._check_length(len(self._text))
                if not self._read_more():
                    raise
                continue
            self._check_length(end)
            is_self_ending = self._text[self._pos] in _SELF_ENDING
            if is_self_ending or end < len(self._text) or not self._read_more():
                return value, end

    def _check_length(self, end: int) -> None:
        if end - self._pos > self._limits.value:
            raise _TooLongError


def _half_of_pair(raw: str) -> int:
    """Length of an escape at the end that is the first half of a surrogate pair; else 0."""
    if not _HIGH_HALF.fullmatch(raw[-6:]):
        return 0
    before = raw[:-6]
    # After an odd number of backslashes, the last one is escaped.
    return 0 if (len(before) - len(before.rstrip("\\"))) % 2 else 6
