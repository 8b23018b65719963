"""Messages about a file and its rows: English texts that a page can translate."""

from typing import Any, Self

from portal.contact_readers import Problem, without_meaningless


class Message(str):
    """An English text that keeps what a translation needs: its `words` with `%(name)s`
    placeholders, and the `values` for them: texts, numbers, or other messages."""

    __slots__ = ("values", "words")

    words: str
    values: dict[str, str | int]

    def __new__(cls, words: str, /, **values: str | int) -> Self:
        texts = {
            name: f"{value:,}" if isinstance(value, int) else value
            for name, value in values.items()
        }
        message = super().__new__(cls, words % texts if texts else words)
        message.words = words
        message.values = values
        return message

    def packed(self) -> Any:
        """For JSON: the words alone if there are no values; else
        `[words, {name: [text or number], or a packed message}]`."""
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


# ---- Values in messages

#: The most characters of a file's text in a message; the rest is cut off.
_EXCERPT_LENGTH = 80


def size_in_words(size: int) -> str:
    """`5 MB` for a whole number of megabytes (10^6 bytes), else `5,000,001 bytes`."""
    megabytes, rest = divmod(size, 1_000_000)
    return f"{size:,} bytes" if rest or not megabytes else f"{megabytes:,} MB"


def printable_excerpt(text: str) -> str:
    """The beginning of a file's text, for a message. Characters that do not print are escaped:
    they could move a terminal's cursor or begin a line in a log."""
    excerpt = text if len(text) <= _EXCERPT_LENGTH else text[: _EXCERPT_LENGTH - 1] + "…"
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in excerpt)


# ---- Messages about fields

MISSING = Message("This is missing.")


def json_type_in_words(value: Any) -> Message:
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
                "Use only letters and digits in an id, at most 40: %(text)s",
                text=printable_excerpt(text),
            )
        case Problem.CLUSTER:
            return Message(
                "A cluster is at most 20 letters, digits and hyphens, like eu: %(text)s",
                text=printable_excerpt(text),
            )
        case _:
            return Message(
                "This contains characters that cannot be used: %(text)s",
                text=printable_excerpt(text),
            )


def repair_message(text: str, repaired: str) -> Message:
    """How `text`, one line of a file, was repaired."""
    if not repaired:
        return Message("This had no visible characters. It is imported as empty.")
    if text.strip() == repaired:
        return Message("Spaces at the start or end were removed.")
    if without_meaningless(text) == repaired:
        return Message("Invisible characters were removed.")
    return Message("The characters were normalised (Unicode NFC).")
