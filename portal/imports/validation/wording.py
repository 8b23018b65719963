"""What is wrong with a field, in a sentence about it."""

from typing import Any

from portal.contacts import Problem
from portal.imports.model.errors import shown
from portal.imports.model.messages import Message

MISSING = Message("This is missing.")


def kind_of(value: Any) -> Message:
    match value:
        case None:
            return Message("null")
        case bool():
            return Message("true or false")
        case int() | float():
            return Message("a number")
        case str():
            return Message("a text")
        case list():
            return Message("a list")
        case _:
            return Message("an object")


def sentence_of(problem: Problem, text: str) -> Message:
    match problem:
        case Problem.MISSING:
            return MISSING
        case Problem.TOO_LONG:
            return Message("This is too long: %(text)s", text=shown(text))
        case Problem.EMAIL:
            return Message("This is not an email address: %(text)s", text=shown(text))
        case Problem.ID:
            return Message(
                "An id is letters and digits only, at most 40: %(text)s", text=shown(text)
            )
        case _:
            return Message(
                "This contains characters that cannot be used: %(text)s", text=shown(text)
            )


def repair_of(text: str, read: str) -> Message:
    """What was mended in a line of text."""
    if not read:
        return Message("There was nothing in it that shows.")
    if text.strip() == read:
        return Message("Spaces around it were left out.")
    return Message("Its characters were written in another way (NFC).")
