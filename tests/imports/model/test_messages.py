"""A sentence is its English text, and a page can still say it in another language."""

import json

import pytest

from portal.imports.model.candidates import Reason
from portal.imports.model.messages import Sentence

INNER = Sentence("Key '%(key)s' appears twice.", key="100 %")


@pytest.mark.parametrize(
    ("sentence", "text"),
    [
        (Sentence("This is 100 % plain."), "This is 100 % plain."),
        (Sentence("It was written as %(text)s.", text="a %(b)s"), "It was written as a %(b)s."),
        (Sentence("In the value: %(s)s", s=INNER), "In the value: Key '100 %' appears twice."),
        (Sentence("%(words)s, %(cls)s", words="a", cls=""), "a, "),
    ],
)
def test_a_sentence_is_its_text_and_comes_back_from_json_as_it_was(sentence, text):
    assert sentence == text
    back = Reason.unpacked(json.loads(json.dumps(Reason("field", sentence).packed())))
    assert (back.field, back.text) == ("field", text)
    assert (back.text.words, back.text.values) == (sentence.words, sentence.values)
    inner = {name: isinstance(value, Sentence) for name, value in sentence.values.items()}
    assert {name: isinstance(back.text.values[name], Sentence) for name in inner} == inner


def test_a_plan_of_before_sentences_were_kept_so_is_still_read():
    assert Reason.unpacked(["validTo", "This is before validFrom."]).text == (
        "This is before validFrom."
    )
