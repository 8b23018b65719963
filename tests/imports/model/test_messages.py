"""A message is its English text, and keeps what a translation needs."""

import json

import pytest

from portal.imports.model.entries import FieldMessage
from portal.imports.model.messages import Message

INNER = Message("Key '%(key)s' appears twice.", key="100 %")


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (Message("This is 100 % plain."), "This is 100 % plain."),
        (Message("It was written as %(text)s.", text="a %(b)s"), "It was written as a %(b)s."),
        (Message("In the value: %(s)s", s=INNER), "In the value: Key '100 %' appears twice."),
        (Message("%(words)s, %(cls)s", words="a", cls=""), "a, "),
    ],
)
def test_a_message_is_its_text_and_survives_json(message, text):
    assert message == text
    unpacked = FieldMessage.unpacked(
        json.loads(json.dumps(FieldMessage("field", message).packed()))
    )
    assert (unpacked.field, unpacked.text) == ("field", text)
    assert (unpacked.text.words, unpacked.text.values) == (message.words, message.values)
    is_message = {name: isinstance(value, Message) for name, value in message.values.items()}
    values = unpacked.text.values
    assert {name: isinstance(values[name], Message) for name in is_message} == is_message


def test_a_plain_text_of_an_earlier_version_is_still_read():
    assert FieldMessage.unpacked(["validTo", "This is before validFrom."]).text == (
        "This is before validFrom."
    )
