"""What is said of a file and its rows: in English, and in such a way that a page can say it in
its reader's language."""

from typing import Any, Self

from portal.contacts import Problem


class Message(str):
    """A text in English that remembers its `words`, with `%(name)s` in them, and the `values`
    that stand there: texts as they are, numbers, and sentences."""

    __slots__ = ("values", "words")

    words: str
    values: dict[str, str | int]

    def __new__(cls, words: str, /, **values: str | int) -> Self:
        told = {
            name: f"{each:,}" if isinstance(each, int) else each for name, each in values.items()
        }
        sentence = super().__new__(cls, words % told if told else words)
        sentence.words = words
        sentence.values = values
        return sentence

    def packed(self) -> Any:
        """For JSON: `[words, {name: [text or number] or a packed sentence}]`, or just the words."""
        if not self.values:
            return self.words
        values = {
            name: value.packed() if isinstance(value, Message) else [value]
            for name, value in self.values.items()
        }
        return [self.words, values]

    @classmethod
    def unpacked(cls, packed: Any) -> Self:
        if isinstance(packed, str):
            return cls(packed)
        words, values = packed
        return cls(words, **{name: cls._value(value) for name, value in values.items()})

    @classmethod
    def _value(cls, packed: Any) -> str | int:
        is_plain = isinstance(packed, list) and len(packed) == 1
        return packed[0] if is_plain else cls.unpacked(packed)


# ---- What stands in them

#: Characters of a value in a message; the rest is cut off.
SHOWN = 80


def size_in_words(size: int) -> str:
    """`5 MB`, or bytes where it is no whole number of them."""
    megabytes, rest = divmod(size, 1_000_000)
    return f"{size:,} bytes" if rest or not megabytes else f"{megabytes:,} MB"


def printable_excerpt(text: str) -> str:
    """A text of the file in a sentence: cut, and with what does not print escaped, so that it
    can neither move a terminal's cursor nor begin a line in a log."""
    cut = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in cut)


# ---- What is wrong with a field

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


def problem_message(problem: Problem, text: str) -> Message:
    match problem:
        case Problem.MISSING:
            return MISSING
        case Problem.TOO_LONG:
            return Message("This is too long: %(text)s", text=printable_excerpt(text))
        case Problem.EMAIL:
            return Message("This is not an email address: %(text)s", text=printable_excerpt(text))
        case Problem.ID:
            return Message(
                "An id is letters and digits only, at most 40: %(text)s",
                text=printable_excerpt(text),
            )
        case _:
            return Message(
                "This contains characters that cannot be used: %(text)s",
                text=printable_excerpt(text),
            )


def repair_message(text: str, read: str) -> Message:
    """What was mended in a line of text."""
    if not read:
        return Message("There was nothing in it that shows.")
    if text.strip() == read:
        return Message("Spaces around it were left out.")
    return Message("Its characters were written in another way (NFC).")
