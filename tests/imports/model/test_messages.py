"""A sentence is its English text, and a page can still say it in another language."""

import json

import pytest

from portal.imports.model.entries import FieldMessage
from portal.imports.model.messages import Message

INNER = Message("Key '%(key)s' appears twice.", key="100 %")


@pytest.mark.parametrize(
    ("sentence", "text"),
    [
        (Message("This is 100 % plain."), "This is 100 % plain."),
        (Message("It was written as %(text)s.", text="a %(b)s"), "It was written as a %(b)s."),
        (Message("In the value: %(s)s", s=INNER), "In the value: Key '100 %' appears twice."),
        (Message("%(words)s, %(cls)s", words="a", cls=""), "a, "),
    ],
)
def test_a_sentence_is_its_text_and_comes_back_from_json_as_it_was(sentence, text):
    assert sentence == text
    back = FieldMessage.unpacked(json.loads(json.dumps(FieldMessage("field", sentence).packed())))
    assert (back.field, back.text) == ("field", text)
    assert (back.text.words, back.text.values) == (sentence.words, sentence.values)
    inner = {name: isinstance(value, Message) for name, value in sentence.values.items()}
    assert {name: isinstance(back.text.values[name], Message) for name in inner} == inner


def test_a_plan_of_before_sentences_were_kept_so_is_still_read():
    assert FieldMessage.unpacked(["validTo", "This is before validFrom."]).text == (
        "This is before validFrom."
    )
