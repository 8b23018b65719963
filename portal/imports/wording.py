"""What is wrong with a field, in a sentence about it."""

from typing import Any

from portal.contacts import Problem
from portal.imports.refusals import shown


def kind_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "an object"


def sentence_of(problem: Problem, text: str) -> str:
    match problem:
        case Problem.MISSING:
            return "This is missing."
        case Problem.TOO_LONG:
            return f"This is too long: {shown(text)}"
        case Problem.EMAIL:
            return f"This is not an email address: {shown(text)}"
        case Problem.ID:
            return f"An id is letters and digits only, at most 40: {shown(text)}"
        case _:
            return f"This contains characters that cannot be used: {shown(text)}"


def repair_of(text: str, read: str) -> str:
    """What was mended in a line of text."""
    if not read:
        return "There was nothing in it that shows."
    if text.strip() == read:
        return "Spaces around it were left out."
    return "Its characters were written in another way (NFC)."
