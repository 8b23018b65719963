"""Words whose letters come from several scripts, so that they may imitate another word.

With a Cyrillic a, `paypal` looks the same. The rule is the level "highly restrictive" of Unicode
Technical Standard 39 (https://www.unicode.org/reports/tr39/), for each word by itself: a company
may well have its legal form in one script and its name in another.
"""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regex import Pattern

#: The scripts that people write today, by their codes of ISO 15924:
#: https://www.unicode.org/reports/tr31/#Table_Recommended_Scripts
_SCRIPTS = (
    "Latn", "Cyrl", "Grek", "Arab", "Armn", "Beng", "Bopo", "Deva", "Ethi", "Geor", "Gujr", "Guru",
    "Hani", "Hang", "Hebr", "Hira", "Kana", "Khmr", "Knda", "Laoo", "Mlym", "Mymr", "Orya", "Sinh",
    "Taml", "Telu", "Thaa", "Thai", "Tibt",
)  # fmt: skip
#: Scripts that are written together: in Japan, in Taiwan, and in Korea.
_TOGETHER = (
    ("Latn", "Hani", "Hira", "Kana"), ("Latn", "Hani", "Bopo"), ("Latn", "Hani", "Hang"),
)  # fmt: skip


def mixed_words(text: str) -> list[str]:
    """The words of the text that mix scripts which nobody writes together."""
    if text.isascii():
        return []
    return [word for word in _words().findall(text) if not word.isascii() and _is_mixed(word)]


def scripts_of(word: str) -> list[str]:
    """The scripts of its letters, by their codes of ISO 15924: `["Latn", "Cyrl"]`."""
    return [script for script in _SCRIPTS if _letters(script).search(word)]


def _is_mixed(word: str) -> bool:
    allowed = (*((script,) for script in _SCRIPTS), *_TOGETHER)
    return not any(_letters(*scripts, "Common", "Inherited").fullmatch(word) for scripts in allowed)


@cache
def _letters(*scripts: str) -> "Pattern[str]":
    import regex  # noqa: PLC0415 - most texts need it not

    return regex.compile(
        "[" + "".join(rf"\p{{Script_Extensions={each}}}" for each in scripts) + "]+"
    )


@cache
def _words() -> "Pattern[str]":
    import regex  # noqa: PLC0415 - as above

    return regex.compile(r"[\p{L}\p{M}]+")
