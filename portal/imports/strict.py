"""JSON, read strictly, one value after another through a window over the text.

The standard library's decoder reads each value, with hooks for what it would let pass: keys
that appear twice, NaN, numbers out of range. What it still takes is refused by orjson: lone
surrogates. It tells where a value ends, so nothing has to be found out twice, and no more than
one value is ever in memory. (ijson is no faster, turns a lone surrogate into a question mark,
keeps the last of two equal keys, takes 1e999, and does not tell where in the file it is.)
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson

from portal.imports.refusals import RefusedFileError, not_json, shown, too_long
from portal.imports.text import Limits

_SPACE = re.compile(r"[ \t\r\n]*")
#: What may stand in a string up to its end, or to the end of what is there of it.
_IN_STRING = re.compile(r'[^"\\\x00-\x1f]+|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})')
_SELF_ENDING = '{["'
#: A longer number is none of a tenant's, and costs time to convert.
_DIGITS = 64
#: As much as has to be seen to know a table by its heading.
_BEGINNING = 64


class StrictError(ValueError):
    """JSON that says something nobody can mean; the text is a sentence."""


class _TooLongError(StrictError):
    """A value is longer than is read."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        left = Counter(key for key, _ in pairs)
        twice = next(key for key, _ in pairs if left[key] > 1)
        raise StrictError(f"Key '{shown(twice)}' appears twice.")
    return found


def _refuse_number(_text: str) -> Any:
    raise StrictError("Number out of range.")


def _float(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse_number(text)


def _int(text: str) -> int:
    return int(text) if len(text) <= _DIGITS else _refuse_number(text)


_decoder = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_constant=_refuse_number, parse_float=_float, parse_int=_int
)


def value_of(text: str, depth: int) -> Any:
    """The value of a whole JSON text. `StrictError` with a sentence."""
    try:
        value = _decoder.decode(text)
        orjson.loads(text)
    except json.JSONDecodeError as error:
        raise StrictError(f"Not valid JSON (line {error.lineno}, column {error.colno}).") from error
    except RecursionError as error:
        raise StrictError("Nested too deeply.") from error
    if is_deeper(value, depth):
        raise StrictError("Nested too deeply.")
    return value


def is_deeper(value: Any, most: int) -> bool:
    """Whether there are more than `most` lists and objects in each other."""
    level = [value] if type(value) in (dict, list) else []
    for _ in range(most):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) in (dict, list)
        ]
        if not level:
            return False
    return bool(level)


class Window:
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
        return not_json(*self.place())

    def bad(self) -> RefusedFileError:
        """Not valid JSON, just here."""
        return self._bad_at(self._at)

    # ---- Reading

    def next_char(self) -> str:
        """The next character that is no space, which is not passed; empty at the end."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
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

    def value(self, depth: int) -> "Found":
        """The next value, passed. `depth`: how deep it may still go. `RefusedFileError`."""
        self.next_char()
        try:
            value, end = self._decode()
        except json.JSONDecodeError as error:
            raise self._bad_at(error.pos) from error
        except (StrictError, RecursionError) as error:
            raise self._strictly(error) from error
        if is_deeper(value, depth):
            raise RefusedFileError("Nested too deeply.")
        found = Found(value, self._text[self._at : end], *self.place())
        self._at = end
        return found

    def peek(self, depth: int) -> "Found | None":
        """The next value if there is a whole and good one, not passed."""
        self.next_char()
        try:
            value, end = self._decode()
        except (ValueError, RecursionError):
            # Not what the text itself is refused for: that counts wherever it shows.
            return None
        if is_deeper(value, depth):
            return None
        return Found(value, self._text[self._at : end], *self.place())

    def skip(self, found: "Found") -> None:
        """Passes what `peek` found."""
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

    def bad_line(self) -> str:
        """Passes the rest of the line, and says in a sentence what is wrong with it; empty if it
        holds one value."""
        line, column = self.place()
        text = next(self.whole_lines(), "")
        try:
            _decoder.decode(text)
        except json.JSONDecodeError as error:
            return not_json(line, column + min(error.pos, len(text.rstrip()))).message
        except (StrictError, RecursionError) as error:
            return self._strictly(error).message
        return ""

    def whole_lines(self) -> Iterator[str]:
        """The rest of the text, line by line with its ends, each passed. `RefusedFileError`."""
        while True:
            while (end := self._text.find("\n", self._at)) < 0:
                if len(self._text) - self._at > self._limits.value:
                    raise too_long(self._limits.value, *self.place())
                if not self._more():
                    break
            line = self._text[self._at : end + 1 if end >= 0 else len(self._text)]
            if not line:
                return
            self._at += len(line)
            yield line

    # ---- How

    def _decode(self) -> tuple[Any, int]:
        """`JSONDecodeError`, `StrictError`, `RecursionError`; `RefusedFileError` of the text."""
        most = self._limits.value
        while True:
            try:
                value, end = _decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError:
                # It may go on in what has not been read yet.
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
            raise _TooLongError

    def _strictly(self, error: Exception) -> RefusedFileError:
        if isinstance(error, _TooLongError):
            return too_long(self._limits.value, *self.place())
        if isinstance(error, StrictError):
            return RefusedFileError(str(error))
        return RefusedFileError("Nested too deeply.")

    def _more(self) -> bool:
        """Reads on, at least as much again as is here already; `False` at the end."""
        piece = None if self._ended else next(self._pieces, None)
        if piece is None:
            # Places in the text that is here stay what they are.
            self._ended = True
            return False
        self.place()
        kept = [self._text[self._at :]]
        self._line_start -= self._at
        self._at = self._counted = 0
        wanted = len(kept[0])
        while piece is not None:
            kept.append(piece)
            wanted -= len(piece)
            piece = next(self._pieces, None) if wanted > 0 else None
        self._text = "".join(kept)
        return True


class Found:
    """A value, its text, and where it begins."""

    __slots__ = ("column", "line", "text", "value")

    def __init__(self, value: Any, text: str, line: int, column: int) -> None:
        self.value = value
        self.text = text
        self.line = line
        self.column = column

    def gate(self) -> None:
        """Refuses what only orjson sees: lone surrogates. `RefusedFileError`."""
        try:
            orjson.loads(self.text)
        except ValueError as error:
            raise not_json(self.line, self.column) from error
