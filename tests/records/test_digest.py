"""The text of an item that digests are made of never changes: digests are stored."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.records.digest import sorted_json

#: Also halves of characters, which the old application could store.
_TEXTS = st.text(st.characters(exclude_categories=()))
_NUMBERS = st.integers(-(2**63), 2**63 - 1)


@given(st.dictionaries(_TEXTS, st.one_of(_TEXTS, _NUMBERS, st.booleans())))
@example({})
@example({"b": "M\u00fcller", "a": "J\u00f6rg \u2013 Wei\u00df", "\u00e9": 1})
@example({"a": "line\n  end", "b": '",\n  "', "c": "\\x", "d": "\u00e9\\u00e9"})
@example({"a": "\x7f", "b": "\U0001f600", "c": "\U00010ffff", "d": "\ud83d"})
def test_it_is_that_of_the_json_module_with_sorted_keys(item):
    assert sorted_json(item) == json.dumps(item, sort_keys=True).encode()


@pytest.mark.parametrize("text", ["plain", "M\u00fcller", "\u20ac", '"', "\\", "\n", "\x7f"])
def test_each_way_of_escaping(text):
    assert sorted_json({"name": text}) == f'{{"name": {json.dumps(text)}}}'.encode()
