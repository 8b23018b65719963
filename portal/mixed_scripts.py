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
#: All others that the library knows. A word that is wholly in one of them mixes nothing.
_OTHERS = (
    "Adlm", "Aghb", "Ahom", "Armi", "Avst", "Bali", "Bamu", "Bass", "Batk", "Berf", "Bhks", "Brah",
    "Bugi", "Buhd", "Cakm", "Cans", "Cari", "Cham", "Cher", "Chrs", "Copt", "Cpmn", "Cprt", "Diak",
    "Dogr", "Dsrt", "Dupl", "Egyp", "Elba", "Elym", "Gara", "Glag", "Gong", "Gonm", "Goth", "Gran",
    "Gukh", "Hano", "Hatr", "Hluw", "Hmng", "Hmnp", "Hung", "Ital", "Java", "Jurc", "Kali", "Kawi",
    "Khar", "Khoj", "Kits", "Krai", "Kthi", "Lana", "Lepc", "Limb", "Lina", "Linb", "Lisu", "Lyci",
    "Lydi", "Mahj", "Maka", "Mand", "Mani", "Marc", "Medf", "Mend", "Merc", "Mero", "Modi", "Mong",
    "Mroo", "Mtei", "Mult", "Nagm", "Nand", "Narb", "Nbat", "Newa", "Nkoo", "Nshu", "Ogam", "Olck",
    "Onao", "Orkh", "Osge", "Osma", "Ougr", "Palm", "Pauc", "Perm", "Phag", "Phli", "Phlp", "Phnx",
    "Plrd", "Prti", "Rjng", "Rohg", "Runr", "Samr", "Sarb", "Saur", "Seal", "Sgnw", "Shaw", "Shrd",
    "Sidd", "Sidt", "Sind", "Sogd", "Sogo", "Sora", "Soyo", "Sund", "Sunu", "Sylo", "Syrc", "Tagb",
    "Takr", "Tale", "Talu", "Tang", "Tavt", "Tayo", "Tfng", "Tglg", "Tirh", "Tnsa", "Todr", "Tols",
    "Toto", "Tutg", "Ugar", "Vaii", "Vith", "Wara", "Wcho", "Xpeo", "Xsux", "Yezi", "Yiii", "Zanb",
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
    return [script for script in (*_SCRIPTS, *_OTHERS) if _letters(script).search(word)]


def _is_mixed(word: str) -> bool:
    alone = ((script,) for script in (*_SCRIPTS, *_OTHERS))
    allowed = (*_TOGETHER, *alone)
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
