"""One form for all spellings of a word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.search.folding import folded, joined, parts_of, words_of


@pytest.mark.parametrize(
    "spellings",
    [
        ["Müller", "Mueller", "Muller", "MÜLLER", "mu\u0308ller"],
        ["O'Neill", "ONeill", "O’Neill", "O´Neill", "o`neill", "OʼNeill"],
        ["Łódź", "lodz", "LODZ"],
        ["Straße", "strasse", "STRASSE"],
        ["Søren", "Soeren", "soren"],
        ["Æther", "aether", "ather"],
        ["Œuvre", "oeuvre", "ouvre"],
        ["Þór", "thor"],
        ["Đorđe", "dorde"],
        ["Sigurður", "sigurdur"],
        ["Işık", "isik", "IŞIK", "ISIK"],
        ["Coca-Cola", "Coca‐Cola", "Coca–Cola", "cocacola"],
        ["Ａｃｍｅ", "acme"],
        ["ﬁrma", "firma"],
        ["٤٢", "42"],
    ],
)
def test_all_spellings_of_a_word_are_one(spellings: list[str]) -> None:
    assert {tuple(words_of(each)) for each in spellings} == {tuple(words_of(spellings[0]))}
    assert len(words_of(spellings[0])) == 1


@pytest.mark.parametrize(
    ("name", "words", "parts"),
    [
        ("Coca-Cola Ltd.", ["cocacola", "ltd"], ["cola"]),
        ("Meyer & Söhne (Nord) GmbH/Co_KG", ["meyer", "sohne", "nord", "gmbh", "co", "kg"], []),
        ("A.B.C. Solar+Wind", ["abc", "solar", "wind"], ["b", "c"]),
        ("--- ' . !", [], []),
        ("株式会社 山田", ["株式会社", "山田"], []),
        ("", [], []),
    ],
)
def test_a_name_is_taken_apart_into_words(name: str, words: list[str], parts: list[str]) -> None:
    assert words_of(name) == words
    assert parts_of(name) == parts


def test_an_address_and_its_domain_are_one_word_each() -> None:
    assert joined("Bernd.Meier@My-Firma.DE") == "berndmeier@myfirmade"


@given(st.text("aeouäöüßœæŒÆbe'-. ", max_size=12), st.integers(0, 12))
def test_the_beginning_of_a_word_has_the_beginning_of_its_form(text: str, cut: int) -> None:
    assert joined(text).startswith(joined(text[:cut]))


@given(st.text(max_size=30))
def test_a_form_is_its_own_form(text: str) -> None:
    for word in words_of(text):
        assert "#" not in word
        assert folded(word) == folded(folded(word)) or "e" in word
