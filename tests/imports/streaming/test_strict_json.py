"""Texts that another parser reads faster, held to what the standard library makes of them."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.imports.streaming.strict_json import StrictJsonError, decode_json
from tests.conftest import LONG

_TOKENS = st.sampled_from(
    [
        '"a"', '"b"', '""', '"\u00fc"', '"\\u0061"', '"\\ud83d\\ude00"', '"\\ud800"', '"\ud800"',
        '"a\\"b"', '"\t"', "true", "false", "null", "NaN", "7", "1.5", "1e999", "9" * 70,
        str(2**70), "{}", "[]", '{"a": 1}', "\u00a0", "\ufeff", "",
    ]
)  # fmt: skip
_MEMBERS = st.builds("{}:{}".format, _TOKENS, _TOKENS) | st.builds(
    '"{}": "{}"'.format, _TOKENS, _TOKENS
)
_OBJECTS = st.lists(_MEMBERS, max_size=4).map(", ".join).map("{{{}}}".format)
_TEXTS = _OBJECTS | st.builds("{}{}{}".format, _TOKENS, _OBJECTS, _TOKENS) | st.text('{}":a,\\ ')


def by_the_standard_library(text):
    """The value; None if it is refused."""

    def members(pairs):
        if len({key for key, _ in pairs}) < len(pairs):
            raise ValueError(pairs)
        return dict(pairs)

    def refused(constant):
        raise ValueError(constant)

    def short(digits):
        return int(digits) if len(digits) < 65 else refused(digits)

    try:
        value = json.loads(text, object_pairs_hook=members, parse_constant=refused, parse_int=short)
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        return None
    return [value]


@settings(max_examples=5000 if LONG else 800, deadline=None)
@given(text=_TEXTS)
def test_a_text_is_read_as_by_the_standard_library(text):
    try:
        value = [decode_json(text, 3)]
    except StrictJsonError:
        value = None
    expected = by_the_standard_library(text)
    assert json.dumps(value) == json.dumps(expected), text


@pytest.mark.parametrize(
    "text",
    ['{"a": "1", "a": "2"}', '{"a": "1", "b": null, "a": "1"}', '{"a": true, "\\u0061": false}'],
)
def test_equal_keys_are_refused_however_they_are_written(text):
    with pytest.raises(StrictJsonError, match="Key 'a' appears twice"):
        decode_json(text, 32)


def test_half_of_a_character_is_refused_however_it_is_written():
    for text in ('{"a": "\\ud800"}', '{"a": "\ud800"}', '{"\ud800": 1}', '["\\udc00\\ud800"]'):
        with pytest.raises(StrictJsonError, match="half of a character"):
            decode_json(text, 32)


def test_no_object_is_read_where_no_level_is_left():
    assert decode_json('{"a": "b"}', 1) == {"a": "b"}
    with pytest.raises(StrictJsonError, match="Nested too deeply"):
        decode_json('{"a": "b"}', 0)
