"""What is said of a file and its rows: in English, and in such a way that a page can say it in
its reader's language."""

from typing import Any, Self


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
