"""One form for all spellings of a word, for the entries and for what somebody types.

It takes a text letter by letter from its beginning, so the beginning of a word has the beginning of
the word's form: who types `Muel` finds `Müller`.
"""

import re
import unicodedata

_APOSTROPHES = "'’‘‛ʼʻʹ′´`＇"
_HYPHENS = "-\N{SOFT HYPHEN}‐‑‒–—−﹣－"
_DOTS = ".·・"
#: Letters that Unicode does not take apart, as people without them write them.
_LETTERS = str.maketrans({
    "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ı": "i", "œ": "oe", "æ": "ae", "þ": "th", "ß": "ss",
    "ħ": "h", "ŧ": "t", "ŋ": "n",
})  # fmt: skip
_APART = str.maketrans(
    dict.fromkeys(_APOSTROPHES, "'") | dict.fromkeys(_HYPHENS, "-") | dict.fromkeys(_DOTS, ".")
)
#: `ä`, `ae` and `a` are one, so are the others: `Müller`, `Mueller` and `Muller`.
_UMLAUT = re.compile("([aou])e")
#: A word may hold signs that join its parts.
_WORD = re.compile(r"[^\W_](?:['.-]*[^\W_])*")
_JOINS = re.compile(r"['.-]+")
_NO_LETTERS = re.compile(r"[^\w@]|_")


def folded(text: str) -> str:
    """The text without case, accents and umlauts. It keeps spaces and signs."""
    # First, since Unicode takes some apostrophes apart into a space and an accent.
    plain = unicodedata.normalize("NFKD", text.translate(_APART)).casefold()
    letters = (c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    return _UMLAUT.sub(r"\1", "".join(map(_digit, letters)).translate(_LETTERS))


def _digit(c: str) -> str:
    """Digits of every script as 0 to 9."""
    return str(unicodedata.decimal(c)) if c.isdecimal() else c


def joined(text: str) -> str:
    """The folded text without spaces and signs, but `@`: `O'Neill` is `oneill`."""
    return _NO_LETTERS.sub("", folded(text))


def words_of(text: str) -> list[str]:
    """The words of a name, each as one: `Coca-Cola Ltd.` has `cocacola` and `ltd`."""
    return [_JOINS.sub("", word) for word in _WORD.findall(folded(text))]


def parts_of(text: str) -> list[str]:
    """The later parts of words that are joined of several. `words_of` finds the first part
    already: `Coca-Cola` has `cola`."""
    return [part for word in _WORD.findall(folded(text)) for part in _JOINS.split(word)[1:] if part]
