"""JSON, read strictly: what nobody can mean is refused, and no number is guessed.

The standard library's decoder reads each value, with hooks for what it would let pass: keys
that appear twice, NaN, numbers out of range. What it still takes is refused by orjson: lone
surrogates. It tells where a value ends, so nothing has to be found out twice, and no more than
one value is ever in memory. (ijson is no faster, turns a lone surrogate into a question mark,
keeps the last of two equal keys, takes 1e999, and does not tell where in the file it is.)
"""

import json
import math
from collections import Counter
from typing import Any

import orjson

from portal.imports.model import Message, invalid_json, printable_excerpt

#: A longer number is none of a tenant's, and costs time to convert.
_DIGITS = 64
DEEP = Message("Nested too deeply.")
OUT_OF_RANGE = Message("Number out of range.")


def twice_in_it(key: str) -> Message:
    return Message("Key '%(key)s' appears twice.", key=printable_excerpt(key))


class StrictJsonError(ValueError):
    """JSON that says something nobody can mean."""

    def __init__(self, sentence: Message) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class ParsedValue:
    """A value, its text, and where it begins."""

    __slots__ = ("column", "line", "text", "value")

    def __init__(self, value: Any, text: str, line: int, column: int) -> None:
        self.value = value
        self.text = text
        self.line = line
        self.column = column

    def is_text(self) -> bool:
        """Whether it holds no lone surrogate, which only orjson sees."""
        try:
            orjson.loads(self.text)
        except ValueError:
            return False
        return True


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        left = Counter(key for key, _ in pairs)
        twice = next(key for key, _ in pairs if left[key] > 1)
        raise StrictJsonError(twice_in_it(twice))
    return found


def _refuse_number(_text: str) -> Any:
    raise StrictJsonError(OUT_OF_RANGE)


def _float(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse_number(text)


def _int(text: str) -> int:
    return int(text) if len(text) <= _DIGITS else _refuse_number(text)


#: Of one value, at a place: the value, and where it ends. Of a whole text with `decode`.
decoder = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_constant=_refuse_number, parse_float=_float, parse_int=_int
)
#: Takes what is JSON by its form alone, to tell where it ends; its values mean nothing.
loose_decoder = json.JSONDecoder(parse_constant=len, parse_float=len, parse_int=len)


def value_of(text: str, depth: int) -> Any:
    """The value of a whole JSON text. `StrictJsonError` with a sentence."""
    try:
        value = decoder.decode(text)
        orjson.loads(text)
    except json.JSONDecodeError as error:
        raise StrictJsonError(invalid_json(error.lineno, error.colno).message) from error
    except RecursionError as error:
        raise StrictJsonError(DEEP) from error
    if is_deeper(value, depth):
        raise StrictJsonError(DEEP)
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
