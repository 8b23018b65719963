"""Reads the fields of one entry by their types: text, line, boolean, timestamp."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from portal import contact_readers
from portal.contact_readers import ProblemError
from portal.imports.model import (
    MISSING,
    FieldMessage,
    FieldValue,
    Message,
    RefusedValue,
    json_type_in_words,
    printable_excerpt,
    problem_message,
    repair_message,
)
from portal.tenants import ActiveFlag, read_active
from portal.timestamps import read_timestamp


class FieldReader:
    """Collects the `values` that it reads, the `reasons` why the entry is invalid, and the
    `repairs`."""

    def __init__(self, fields: dict[str, Any], repairs: list[FieldMessage]) -> None:
        self.fields = fields
        self.repairs = repairs
        self.reasons: list[FieldMessage] = []
        self.values: dict[str, FieldValue] = {}

    def reject(self, name: str, message: Message) -> None:
        self.reasons.append(FieldMessage(name, message))

    def repaired(self, name: str, message: Message) -> None:
        self.repairs.append(FieldMessage(name, message))

    def text(self, name: str, *, required: bool = False) -> str | None:
        """The field's text; `None` if it is missing, or rejected because it is no text. Does not
        add it to `values`."""
        value = self.fields.get(name)
        if value is None or (required and value == ""):
            if required:
                self.reject(name, MISSING)
            return None
        if isinstance(value, str):
            return value
        if isinstance(value, RefusedValue):
            self._still_refused(name, value)
            return None
        kind = json_type_in_words(value)
        self.reject(name, Message("This must be a text, but it is %(kind)s.", kind=kind))
        return None

    def read(
        self, name: str, reader: Callable[[str], str], *, required: bool = False
    ) -> str | None:
        """What `reader` makes of the field's text; `None` if the field is missing or rejected.

        reader: raises `ProblemError` for a text to reject.
        """
        text = self.text(name, required=required)
        if text is None:
            return None
        try:
            value = reader(text)
        except ProblemError as error:
            self.reject(name, problem_message(error.problem, text))
            return None
        self.values[name] = value
        return value

    def read_lines(self, lines: Iterable[tuple[str, int, bool]]) -> None:
        """Reads one-line fields: name, most characters, and whether the field is required."""
        for name, most, required in lines:
            text = self.fields.get(name)
            if type(text) is str and contact_readers.is_plain_line(text, most):
                self.values[name] = text
            elif text is not None or required:
                line = self.read_line(name, most, required=required)
                if line is not None and line != text:
                    self.repaired(name, repair_message(str(text), line))

    def read_line(self, name: str, most: int, *, required: bool = False) -> str | None:
        return self.read(
            name,
            lambda text: contact_readers.read_line(text, most=most, required=required),
            required=required,
        )

    def boolean(self, name: str) -> bool | None:
        """The field's boolean; `None` if it is missing or rejected. Does not add it to
        `values`."""
        value = self.fields.get(name)
        if value is None or value is True or value is False:
            return value
        if isinstance(value, RefusedValue):
            self._still_refused(name, value)
            return None
        flag = read_active(value)
        if flag.is_text:
            self.repaired(name, Message("The file has this as a text."))
        elif flag is ActiveFlag.UNREADABLE:
            # Lists and objects may contain secrets.
            text = str(value) if isinstance(value, str | int | float) else json_type_in_words(value)
            self.reject(
                name,
                Message(
                    "This must be true or false. The file has: %(text)s",
                    text=printable_excerpt(text),
                ),
            )
        return flag.is_active

    def _still_refused(self, name: str, value: RefusedValue) -> None:
        message = Message(
            "An earlier import refused this, and nobody has replaced it: %(text)s",
            text=printable_excerpt(value.text),
        )
        self.reject(name, message)

    def timestamp(self, name: str, *, required: bool = False) -> datetime | None:
        """`None` if the field is missing or rejected."""
        text = self.text(name, required=required)
        if not text:
            return None
        instant, canonical = read_timestamp(text)
        if instant is None:
            message = Message(
                "Use a date and time in ISO 8601 with an offset, like 2026-12-31T22:59:59.999Z."
                " The file has: %(text)s",
                text=printable_excerpt(text),
            )
            self.reject(name, message)
            return None
        self.values[name] = canonical
        return instant
