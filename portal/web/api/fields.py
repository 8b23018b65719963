"""The texts of a request, read by the readers that forms use. A text that cannot be is refused with
the name of its field."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from portal import contact_readers
from portal.contact_fields import CONTACT_FIELDS, PHONE_LENGTH, ContactField, FieldKind
from portal.contact_readers import NAME_LENGTH, Problem, ProblemError
from portal.sealing import Secret
from portal.timestamps import read_timestamp
from portal.web.api.json_body import refused_field
from portal.web.forms import form_messages, line_reader, read_cluster, read_phone, read_secret

Value = TypeVar("Value")

#: Shorter numbers reach nobody from outside, like 110.
_FEWEST_DIGITS = 5
#: What people write between the digits of a number.
_BETWEEN = " ()/.-"
_FIELDS = {field.attribute: field for field in CONTACT_FIELDS}


def _read(
    name: str, text: str, reader: Callable[[str], Value], sentence: Callable[[Problem], str]
) -> Value:
    try:
        return reader(text)
    except ProblemError as error:
        raise refused_field(name, sentence(error.problem)) from error


def name_of(field: str, text: str, *, required: bool = False) -> str:
    """One line of text.

    Raises:
        RefusedBodyError: As for all functions here, the text cannot be.
    """
    return _read(field, text, line_reader(NAME_LENGTH, required=required), form_messages.text)


def cluster_of(field: str, text: str) -> str:
    """The host label."""
    return _read(field, text, read_cluster, form_messages.cluster)


def secret_of(field: str, text: str) -> Secret:
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        raise refused_field(field, form_messages.text(Problem.CHARACTERS))
    secret = _read(field, text, read_secret, form_messages.text)
    if secret is None:
        raise refused_field(field, form_messages.text(Problem.MISSING))
    return secret


def instant_of(field: str, text: str) -> datetime:
    """`20271231` is no instant: it says neither a time nor an offset."""
    instant, _canonical = read_timestamp(text)
    if instant is None:
        raise refused_field(
            field,
            "Send a date and time in ISO 8601 with an offset, like 2027-12-31T22:59:59.999Z.",
        )
    return instant


def contact_of(texts: dict[str, str]) -> dict[str, str]:
    """Attributes of `Contact`.

    texts: the field's name in JSON -> its text.
    """
    parts: dict[str, str] = {}
    for name, text in texts.items():
        field = _FIELDS[name]
        sentence = _sentence(field)
        match field.kind:
            case FieldKind.LINE:
                reader = line_reader(field.max_length, required=field.required)
                parts[field.name] = _read(name, text, reader, sentence)
            case FieldKind.EMAIL:
                parts[field.name] = _read(name, text, contact_readers.read_email, sentence)
            case FieldKind.PHONE:
                parts |= dict(zip(field.parts, _phone(name, text, sentence), strict=True))
    return parts


def _sentence(field: ContactField) -> Callable[[Problem], str]:
    return lambda problem: form_messages.contact_field(field, field.missing, problem)


def _phone(name: str, text: str, sentence: Callable[[Problem], str]) -> tuple[str, str, str]:
    """The number, the text as it was typed if that differs, and the extension.

    A number without a country code stays as it is: the application asks nobody for another one.
    """
    try:
        phone = read_phone(text)
    except ProblemError as error:
        if error.problem is Problem.PHONE_NO_COUNTRY or _is_national(text):
            reader = line_reader(PHONE_LENGTH, required=False)
            return _read(name, text, reader, sentence), "", ""
        raise refused_field(name, sentence(error.problem)) from error
    if phone is None:
        return "", "", ""
    typed = phone.typed if phone.typed != phone.e164 else ""
    return phone.e164, typed, phone.extension


def _is_national(text: str) -> bool:
    """Whether the text is digits and what people write between them, without a country code."""
    digits = sum(character.isdigit() for character in text)
    return (
        digits >= _FEWEST_DIGITS
        and text.isascii()
        and not text.lstrip().startswith("+")
        and all(character.isdigit() or character in _BETWEEN for character in text)
    )
