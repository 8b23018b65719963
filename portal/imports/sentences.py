"""What is said of a file and its rows: in English, and in such a way that a page can say it in
its reader's language."""

from typing import Any, Self


class Sentence(str):
    """A text in English that remembers its `words`, with `%(name)s` in them, and the `values`
    that stand there: texts as they are, and sentences."""

    __slots__ = ("values", "words")

    words: str
    values: dict[str, str]

    def __new__(cls, words: str, /, **values: str) -> Self:
        sentence = super().__new__(cls, words % values if values else words)
        sentence.words = words
        sentence.values = values
        return sentence

    def packed(self) -> Any:
        """For JSON: `[words, {name: [text] or a packed sentence}]`, or the words alone."""
        if not self.values:
            return self.words
        values = {
            name: value.packed() if isinstance(value, Sentence) else [value]
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
    def _value(cls, packed: Any) -> str:
        is_text = isinstance(packed, list) and len(packed) == 1
        return str(packed[0]) if is_text else cls.unpacked(packed)
