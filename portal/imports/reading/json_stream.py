"""A long JSON text, read one value after another through a window over it.

No more of it is in memory than one value needs. Where a value is broken, how much is read again
does not grow with the text: reading takes time as the text is long, whatever it says.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from portal.imports.model import Message, RefusedFileError, invalid_json, value_too_long
from portal.imports.reading.decode import Limits
from portal.imports.reading.strict_json import (
    DEEP,
    ParsedValue,
    StrictJsonError,
    decoder,
    is_deeper,
    loose_decoder,
)

_SPACE = re.compile(r"[ \t\r\n]*")
#: What may stand in a string up to its end, or to the end of what is there of it.
_IN_STRING = re.compile(r'[^"\\\x00-\x1f]+|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})')
_SELF_ENDING = '{["'
#: As much as has to be seen to know a table by its heading.
_BEGINNING = 64
#: No name, escape or sign that is cut off is longer.
_CUT_OFF = 16
#: Not worth to be dropped by itself.
_PASSED = 64 * 1024


class _TooLongError(StrictJsonError):
    """A value is longer than is read."""


_TOO_LONG = Message("A value is too long.")


class InvalidLineError(ValueError):
    """A line, or a value over several, that is broken, and has been passed; its first line and
    column, and a sentence."""

    def __init__(self, line: int, column: int, sentence: Message) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.line = line
        self.column = column


class JsonStream:
    """A place in a long text, and as much of the text behind it as one value needs."""

    def __init__(self, pieces: Iterator[str], limits: Limits) -> None:
        self._pieces = pieces
        self._limits = limits
        self._text = ""
        self._at = 0
        self._ended = False
        # Lines are counted up to here, the place of the last line's start may be before it.
        self._counted = 0
        self._line = 1
        self._line_start = 0
        # So far a value over several lines was looked for in vain.
        self._in_vain = 0

    # ---- Where

    def place(self) -> tuple[int, int]:
        """Line and column, counted from 1, in characters."""
        lines = self._text.count("\n", self._counted, self._at)
        if lines:
            self._line += lines
            self._line_start = self._text.rindex("\n", self._counted, self._at) + 1
        self._counted = self._at
        return self._line, self._at - self._line_start + 1

    def _bad_at(self, at: int) -> RefusedFileError:
        self._at = min(at, len(self._text))
        return invalid_json(*self.place())

    def bad(self) -> RefusedFileError:
        """Not valid JSON, just here."""
        return self._bad_at(self._at)

    # ---- Reading

    def next_char(self) -> str:
        """The next character that is no space, which is not passed; empty at the end."""
        while True:
            if self._text[self._at : self._at + 1] <= " ":
                self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr] # it matches nothing, too
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def begins_with(self, pattern: re.Pattern[str]) -> bool:
        """Whether the text goes on like this, in a few characters; nothing is passed."""
        while len(self._text) - self._at < _BEGINNING and self._more():
            pass
        return pattern.match(self._text, self._at) is not None

    def take(self, char: str) -> None:
        """Passes this character, which must come next. `RefusedFileError`."""
        if self.next_char() != char:
            raise self.bad()
        self._at += 1

    def value(self, depth: int) -> ParsedValue:
        """The next value, passed. `depth`: how deep it may still go. `RefusedFileError`."""
        self.next_char()
        try:
            value, end = self._decode()
        except json.JSONDecodeError as error:
            raise self._bad_at(error.pos) from error
        except (StrictJsonError, RecursionError) as error:
            raise self._strictly(error) from error
        if is_deeper(value, depth):
            raise RefusedFileError(DEEP)
        found = self._found(value, end)
        self._at = end
        return found

    def peek(self, depth: int) -> ParsedValue | None:
        """The next value if there is a whole and good one, not passed."""
        self.next_char()
        try:
            value, end = self._decode()
        except (ValueError, RecursionError):
            # Not what the text itself is refused for: that counts wherever it shows.
            return None
        return None if is_deeper(value, depth) else self._found(value, end)

    def peek_line(self, depth: int) -> ParsedValue:
        """The next value, not passed, where each line is one, or some take several lines.
        `InvalidLineError`; `RefusedFileError`."""
        self.next_char()
        line, column = self.place()
        text = self._rest_of_line()
        try:
            value, size = decoder.raw_decode(text)
            end = self._at + size
        except (ValueError, RecursionError) as error:
            further = self._over_lines() if self._goes_on(text, error) else None
            if further is None:
                told = error.sentence if isinstance(error, StrictJsonError) else DEEP
                if isinstance(error, json.JSONDecodeError):
                    told = invalid_json(line, column + min(error.pos, len(text.rstrip()))).message
                raise self._broken(self._at + len(text), told) from error
            value, end = further
        if is_deeper(value, depth):
            raise self._broken(end, DEEP)
        return self._found(value, end)

    def bad_line(self, sentence: Message) -> InvalidLineError:
        """Passes the rest of the line, which is no value that could be meant."""
        return self._broken(self._at + len(self._rest_of_line()), sentence)

    def skip(self, found: ParsedValue) -> None:
        """Passes what was looked at."""
        self._at += len(found.text)

    def skip_string(self) -> None:
        """Passes a string without keeping it, however long it is. `RefusedFileError`."""
        self._at += 1
        while True:
            while match := _IN_STRING.match(self._text, self._at):
                self._at = match.end()
            if self._text.startswith('"', self._at):
                self._at += 1
                return
            # Nothing, or the beginning of an escape that is not all there.
            rest = self._text[self._at : self._at + 6]
            if (rest and not (rest.startswith("\\") and len(rest) < 6)) or not self._more():
                raise self.bad()

    def whole_lines(self) -> Iterator[str]:
        """The rest of the text, line by line with its ends, each passed. `RefusedFileError`."""
        while line := self._rest_of_line():
            self._at += len(line)
            yield line

    # ---- How

    def _found(self, value: Any, end: int) -> ParsedValue:
        return ParsedValue(value, self._text[self._at : end], *self.place())

    def _broken(self, end: int, sentence: Message) -> InvalidLineError:
        broken = InvalidLineError(*self.place(), sentence)
        self._at = end
        return broken

    def _rest_of_line(self) -> str:
        """With its end. `RefusedFileError`."""
        while (end := self._text.find("\n", self._at)) < 0:
            if len(self._text) - self._at > self._limits.value or not self._more():
                end = len(self._text)
                break
        if end - self._at > self._limits.value:
            raise value_too_long(self._limits.value, *self.place())
        return self._text[self._at : end + 1]

    def _goes_on(self, line: str, error: Exception) -> bool:
        """Whether a line that is broken like this may be the first of a value over several."""
        if self._at < self._in_vain:
            return False
        if isinstance(error, StrictJsonError):
            try:
                loose_decoder.raw_decode(line)
            except (ValueError, RecursionError) as loose:
                error = loose
        if not isinstance(error, json.JSONDecodeError):
            return False
        return error.pos >= len(line.rstrip()) and error.msg.startswith("Expecting")

    def _over_lines(self) -> tuple[Any, int] | None:
        """A value over several lines, and where it ends. `InvalidLineError` where it is whole,
        and says what nobody can mean; `RefusedFileError`."""
        if self._at > _PASSED:
            # Of an error the library tells the line, which it counts from the beginning.
            self._drop_passed()
        try:
            try:
                return self._decode()
            except _TooLongError:
                raise
            except StrictJsonError as error:
                raise self._broken(self._decode(loose_decoder)[1], error.sentence) from error
        except _TooLongError as error:
            raise self._strictly(error) from error
        except json.JSONDecodeError as error:
            self._in_vain = error.pos
        except RecursionError:
            self._in_vain = len(self._text)
        return None

    def _decode(self, by: json.JSONDecoder = decoder) -> tuple[Any, int]:
        """`JSONDecodeError`, `StrictJsonError`, `RecursionError`; `RefusedFileError`."""
        most = self._limits.value
        while True:
            try:
                value, end = by.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                # It may go on in what has not been read yet.
                is_cut_off = error.pos + _CUT_OFF >= len(self._text)
                if not is_cut_off and not error.msg.startswith("Unterminated"):
                    raise
                self._refuse_longer_than(most, len(self._text))
                if not self._more():
                    raise
                continue
            self._refuse_longer_than(most, end)
            self_ending = self._text[self._at] in _SELF_ENDING
            if self_ending or end < len(self._text) or not self._more():
                return value, end

    def _refuse_longer_than(self, most: int, end: int) -> None:
        if end - self._at > most:
            raise _TooLongError(_TOO_LONG)

    def _strictly(self, error: Exception) -> RefusedFileError:
        if isinstance(error, _TooLongError):
            return value_too_long(self._limits.value, *self.place())
        return RefusedFileError(error.sentence if isinstance(error, StrictJsonError) else DEEP)

    def _drop_passed(self) -> None:
        self.place()
        self._text = self._text[self._at :]
        self._line_start -= self._at
        self._in_vain -= self._at
        self._at = self._counted = 0

    def _more(self) -> bool:
        """Reads on, at least as much again as is here already; `False` at the end."""
        piece = None if self._ended else next(self._pieces, None)
        if piece is None:
            # Places in the text that is here stay what they are.
            self._ended = True
            return False
        self._drop_passed()
        kept = [self._text]
        wanted = len(self._text)
        while piece is not None:
            kept.append(piece)
            wanted -= len(piece)
            piece = next(self._pieces, None) if wanted > 0 else None
        self._text = "".join(kept)
        return True
