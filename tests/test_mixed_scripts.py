"""Words that mix scripts, by Unicode Technical Standard 39."""

import sys

import pytest
import regex

from portal.mixed_scripts import mixed_words, scripts_of

CYRILLIC_A, GREEK_OMEGA = "\u0430", "\u03a9"


@pytest.mark.parametrize(
    ("text", "mixed", "scripts"),
    [
        (f"p{CYRILLIC_A}yp{CYRILLIC_A}l GmbH", f"p{CYRILLIC_A}yp{CYRILLIC_A}l", ["Latn", "Cyrl"]),
        (f"info@p{CYRILLIC_A}ypal.example", f"p{CYRILLIC_A}ypal", ["Latn", "Cyrl"]),
        (f"Solar {GREEK_OMEGA}mega", f"{GREEK_OMEGA}mega", ["Latn", "Grek"]),
        ("Москвa", "Москвa", ["Latn", "Cyrl"]),
        ("アイПром", "アイПром", ["Cyrl", "Kana"]),
        # Cherokee has capitals that look like Latin ones.
        ("\u13aapple", "\u13aapple", ["Latn", "Cher"]),
    ],
)
def test_a_word_of_several_scripts_is_named(text: str, mixed: str, scripts: list[str]) -> None:
    assert mixed_words(text) == [mixed]
    assert scripts_of(mixed) == scripts


@pytest.mark.parametrize(
    "text",
    [
        "Müller Söhne & Co. KG",
        "Łódź Dźwigi",
        "O’Neill",
        "e\u0301cole",
        "ООО Siemens",
        "株式会社ABCアイ",
        "한국ABC",
        "हिन्दी",
        "Αθήνα 24",
        "مصاعد القاهرة",
        "10\u00b5m",
        "\u13e3\u13b3\u13a9",
        "\u0723\u0718\u072a\u071d\u071d\u0710",
        "\u2c98\u2c89\u2ca7\u2ca3\u2c89\u2c99",
        "\ua997\ua9ae",
        "\u07d2\u07de\u07cf",
        "x" * 10_000,
        "ü" * 10_000,
        "",
    ],
)
def test_what_people_write_has_no_mark(text: str) -> None:
    assert mixed_words(text) == []


def test_no_letter_alone_is_a_mix() -> None:
    every = "".join(map(chr, range(0x80, sys.maxunicode)))
    letters = regex.findall(r"\p{L}", every)
    assert len(letters) > 100_000
    assert mixed_words(" ".join(letters)) == []
