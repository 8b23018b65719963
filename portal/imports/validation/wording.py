"""What is wrong with a field, in a sentence about it."""

from typing import Any

from portal.contacts import Problem
from portal.imports.model.errors import shown
from portal.imports.model.messages import Sentence

MISSING = Sentence("This is missing.")


def kind_of(value: Any) -> Sentence:
    match value:
        case None:
            return Sentence("null")
        case bool():
            return Sentence("true or false")
        case int() | float():
            return Sentence("a number")
        case str():
            return Sentence("a text")
        case list():
            return Sentence("a list")
        case _:
            return Sentence("an object")


def sentence_of(problem: Problem, text: str) -> Sentence:
    match problem:
        case Problem.MISSING:
            return MISSING
        case Problem.TOO_LONG:
            return Sentence("This is too long: %(text)s", text=shown(text))
        case Problem.EMAIL:
            return Sentence("This is not an email address: %(text)s", text=shown(text))
        case Problem.ID:
            return Sentence(
                "An id is letters and digits only, at most 40: %(text)s", text=shown(text)
            )
        case _:
            return Sentence(
                "This contains characters that cannot be used: %(text)s", text=shown(text)
            )


def repair_of(text: str, read: str) -> Sentence:
    """What was mended in a line of text."""
    if not read:
        return Sentence("There was nothing in it that shows.")
    if text.strip() == read:
        return Sentence("Spaces around it were left out.")
    return Sentence("Its characters were written in another way (NFC).")
