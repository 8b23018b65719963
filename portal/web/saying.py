"""Sentences about a file and its rows, in the reader's language."""

from portal.imports.sentences import Sentence
from portal.web import numbers
from portal.web.translate import _


def said(sentence: Sentence) -> str:
    return _(sentence.words, **{name: _value(each) for name, each in sentence.values.items()})


def _value(value: str | int) -> str:
    if isinstance(value, Sentence):
        return said(value)
    return numbers.written(value) if isinstance(value, int) else value
