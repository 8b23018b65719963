"""Random texts hold every character of their alphabet alike, at every place."""

import string
from collections import Counter

from portal.random_texts import as_digits, random_text

LETTERS = string.ascii_lowercase


def test_it_has_its_length_and_its_characters():
    texts = {random_text(LETTERS, 26) for _ in range(200)}
    assert len(texts) == 200
    assert {len(text) for text in texts} == {26}
    assert set("".join(texts)) <= set(LETTERS)


def test_each_character_comes_at_each_place():
    texts = [random_text("ab", 8) for _ in range(2000)]
    for place in range(8):
        counts = Counter(text[place] for text in texts)
        # A fair coin leaves these bounds once in 10^18 tries.
        assert all(800 < count < 1200 for count in counts.values())


def test_digits_are_those_of_the_number():
    assert as_digits(6, "01", 4) == "0110"
    assert as_digits(16, "01", 4) == "0000"
