"""Sentences about a file and its rows, in the reader's language."""

from portal.imports.model.messages import Message
from portal.web.i18n.numbers import format_number
from portal.web.i18n.translation import _


def translate_message(sentence: Message) -> str:
    return _(sentence.words, **{name: _value(each) for name, each in sentence.values.items()})


def _value(value: str | int) -> str:
    if isinstance(value, Message):
        return translate_message(value)
    return format_number(value) if isinstance(value, int) else value
