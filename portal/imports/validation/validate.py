"""One entry of a file: a candidate for a tenant, or every reason why it is none.

Repairs are made only where nothing is lost, and each is said. The rules for contact details
are those of the forms.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from portal import contacts
from portal.contact_fields import (
    CONTACT_FIELDS,
    EMAIL_LENGTH,
    ContactField,
    FieldKind,
    fields_of_kind,
)
from portal.contacts import NAME_LENGTH, Problem, ProblemError
from portal.imports.model import (
    KEY_PREFIX,
    MISSING,
    SECRET_FIELD,
    Candidate,
    Entry,
    FieldMessage,
    FieldValue,
    Message,
    ValidatedEntry,
    json_type_in_words,
    printable_excerpt,
    problem_message,
    repair_message,
)
from portal.imports.reading import StrictJsonError, decode_json
from portal.imports.validation.invalid_entries import invalid, is_storable, left_out_of
from portal.sealing import Secret, is_sealed
from portal.tenants import CLUSTER_LENGTH, SECRET_LENGTH, is_id
from portal.timestamps import read_timestamp

_SEALED = Message("This secret is sealed already. Enter the secret itself, or leave it out.")
_LOST = Message("The report holds no secret. Set it in the portal, or import the original file.")
#: Of an address before it was mended: with some spaces, and not with a million.
_WRITTEN_LENGTH = 4 * EMAIL_LENGTH
_EXTENSION_LENGTH = 20


def validate_entry(entry: Entry, depth: int) -> ValidatedEntry:
    """`depth`: how deep lists and objects may be in each other, as in the file itself."""
    repairs: list[FieldMessage] = []
    if entry.problem:
        return invalid(entry, [FieldMessage("", entry.problem)], repairs, {}, ())
    try:
        fields = _fields(entry.value, depth, repairs)
    except StrictJsonError as error:
        said = error.message
        if isinstance(entry.value, str):
            said = Message("In the value: %(sentence)s", sentence=said)
        return invalid(entry, [FieldMessage("", said)], repairs, {}, ())
    return _Check(entry, fields, repairs).result()


def _fields(value: Any, depth: int, repairs: list[FieldMessage]) -> dict[str, Any]:
    """The entry as an object, taken out of the texts that it may be in. `StrictJsonError`."""
    if isinstance(value, str):
        value = decode_json(value, depth)
        if isinstance(value, str):
            value = decode_json(value, depth)
            repairs.append(FieldMessage("", Message("The value was encoded twice.")))
        if isinstance(value, str):
            raise StrictJsonError(Message("The value is encoded more than twice."))
    if not isinstance(value, dict):
        raise StrictJsonError(
            Message("A tenant is an object, and this is %(kind)s.", kind=json_type_in_words(value))
        )
    return value


class _Check:
    """One entry on its way through the checks, each of which adds values or reasons."""

    def __init__(self, entry: Entry, fields: dict[str, Any], repairs: list[FieldMessage]) -> None:
        self.entry = entry
        self.fields = fields
        self.repairs = repairs
        self.reasons: list[FieldMessage] = []
        self.values: dict[str, FieldValue] = {}

    def result(self) -> ValidatedEntry:
        self._ids()
        self._lines()
        emails = [self._email(field) for field in fields_of_kind(FieldKind.EMAIL)]
        for field in fields_of_kind(FieldKind.PHONE):
            self._phone(field)
        self._active()
        self._window()
        updated = self._times()
        secret = self._secret()
        left_out, too_large = left_out_of(self.fields)
        self.reasons += too_large
        if self.reasons:
            return invalid(self.entry, self.reasons, self.repairs, self.fields, left_out)
        entry, values = self.entry, self.values
        return ValidatedEntry(
            key=entry.key,
            line=entry.line,
            column=entry.column,
            candidate=Candidate(
                id=f"{values['accountId']}_{values['companyId']}",
                values=values,
                updated_at=updated,
                email_in_file=emails[0],
                secret=secret,
            ),
            repairs=tuple(self.repairs),
            left_out=left_out,
        )

    def _bad(self, name: str, sentence: Message) -> None:
        self.reasons.append(FieldMessage(name, sentence))

    def _text(self, name: str, *, required: bool = False) -> str | None:
        """The field's text; `None` if it is missing, or is none, which is then said."""
        value = self.fields.get(name)
        if value is None or (required and value == ""):
            if required:
                self._bad(name, MISSING)
            return None
        if isinstance(value, str):
            return value
        self._bad(
            name, Message("This must be a text, and is %(kind)s.", kind=json_type_in_words(value))
        )
        return None

    def _read(
        self, name: str, reader: Callable[[str], str], *, required: bool = False
    ) -> str | None:
        text = self._text(name, required=required)
        if text is None:
            return None
        try:
            read = reader(text)
        except ProblemError as error:
            self._bad(name, problem_message(error.problem, text))
            return None
        self.values[name] = read
        return read

    def _ids(self) -> None:
        for name in ("accountId", "companyId"):
            self._read(name, _read_id, required=True)
        ids = (self.values.get("accountId"), self.values.get("companyId"))
        if None in ids:
            return
        tenant_id = f"{ids[0]}_{ids[1]}"
        if self.entry.key and self.entry.key != KEY_PREFIX + tenant_id:
            said = Message(
                "The key %(key)s disagrees with the ids inside, %(ids)s.",
                key=printable_excerpt(self.entry.key), ids=tenant_id,
            )  # fmt: skip
            self._bad("", said)
        if self.fields.get("tenantId") not in (None, tenant_id):
            self._bad(
                "tenantId",
                Message("This disagrees with the other ids, %(ids)s.", ids=tenant_id),
            )

    def _lines(self) -> None:
        for name, most, required in _LINES:
            text = self.fields.get(name)
            if type(text) is str and contacts.is_plain_line(text, most):
                self.values[name] = text
            elif text is not None or required:
                read = self._read(name, _line_reader(most, required=required), required=required)
                if read is not None and read != text:
                    self.repairs.append(FieldMessage(name, repair_message(str(text), read)))

    def _email(self, field: ContactField) -> str:
        """Reads the address; returns it as it was written if reading changed it, else empty."""
        name = field.attribute
        if self.fields.get(name) is None and not field.required:
            return ""
        address = self._read(name, contacts.read_email, required=field.required)
        written = self.fields.get(name)
        if address is None or written == address:
            return ""
        written = str(written)
        is_other = written.strip() != address
        message = (
            Message("It was written as %(text)s.", text=printable_excerpt(written))
            if is_other
            else repair_message(written, address)
        )
        self.repairs.append(FieldMessage(name, message))
        return written if len(written) <= _WRITTEN_LENGTH else ""

    def _phone(self, field: ContactField) -> None:
        number_name, typed_name, extension_name = field.parts.values()
        written = self._text(number_name)
        if written is None:
            return
        try:
            number, extension = contacts.read_international_phone(written)
        except ProblemError:
            kept = self._read(number_name, _line_reader(field.max_length, required=False))
            if kept is not None:
                message = Message("This is not a phone number. It is kept as written.")
                self.repairs.append(FieldMessage(number_name, message))
            return
        self.values[number_name] = number
        if number != written.strip():
            self.values.setdefault(typed_name, written.strip())
        if extension:
            self.values.setdefault(extension_name, extension)

    def _boolean(self, name: str) -> bool | None:
        """`None` if it is missing, or is none, which is then said."""
        value = self.fields.get(name)
        if value in ("true", "false"):
            value = value == "true"
            self.repairs.append(FieldMessage(name, Message("This was a text.")))
        if value is None or isinstance(value, bool):
            return value
        self._bad(name, Message("This must be true or false."))
        return None

    def _active(self) -> None:
        active = self._boolean("isActive")
        if active is not None:
            self.values["isActive"] = active
        elif self.fields.get("isActive") is None:
            said = Message("This is missing, so a new tenant is not active.")
            self.repairs.append(FieldMessage("isActive", said))

    def _window(self) -> None:
        open_ended = self._boolean("openEnded")
        if open_ended:
            self.values["openEnded"] = True
        begin = self._instant("validFrom", required=open_ended is not True)
        end = self._instant("validTo", required=open_ended is not True)
        if begin and end and end < begin:
            self._bad("validTo", Message("This is before validFrom."))

    def _times(self) -> str:
        """When the record was changed last, as text; empty if nothing says so."""
        created = self._instant("createdAt")
        updated = self._instant("updatedAt")
        named = self.fields.get("createdAt"), self.fields.get("updatedAt")
        if named[0] in (None, ""):
            source = "updatedAt" if updated else "validFrom"
            known = self.values.get(source)
            if known:
                self.values["createdAt"] = known
                said = Message("This is missing. Taken from %(field)s.", field=source)
                self.repairs.append(FieldMessage("createdAt", said))
        if named[1] in (None, "") and created:
            self.values["updatedAt"] = self.values["createdAt"]
            said = Message("This is missing. Taken from %(field)s.", field="createdAt")
            self.repairs.append(FieldMessage("updatedAt", said))
        return str(self.values.get("updatedAt", ""))

    def _instant(self, name: str, *, required: bool = False) -> datetime | None:
        text = self._text(name, required=required)
        if not text:
            return None
        instant, written = read_timestamp(text)
        if instant is None:
            said = Message(
                "This is not a date and time of ISO 8601 with an offset, like"
                " 2026-12-31T22:59:59.999Z: %(text)s",
                text=printable_excerpt(text),
            )
            self._bad(name, said)
            return None
        self.values[name] = written
        return instant

    def _secret(self) -> Secret | None:
        text = self._text(SECRET_FIELD)
        if not text:
            if self.entry.lost_secret:
                self.repairs.append(FieldMessage(SECRET_FIELD, _LOST))
            return None
        # No sentence about it shows any of it.
        if len(text) > SECRET_LENGTH:
            self._bad(SECRET_FIELD, Message("This is longer than 500 characters."))
        elif not is_storable(text) or "\0" in text:
            self._bad(SECRET_FIELD, Message("This contains characters that cannot be used."))
        elif is_sealed(text):
            self._bad(SECRET_FIELD, _SEALED)
        return Secret(text)


# ---- Readers


def _read_id(text: str) -> str:
    if is_id(text):
        return text
    raise ProblemError(Problem.ID)


def _line_reader(most: int, *, required: bool) -> Callable[[str], str]:
    return lambda text: contacts.read_line(text, most=most, required=required)


def _contact_lines() -> Iterator[tuple[str, int, bool]]:
    """Name, longest text and whether it is required, of each line of the contact."""
    for field in CONTACT_FIELDS:
        if field.kind is FieldKind.LINE:
            yield field.attribute, field.max_length, field.required
        if field.kind is FieldKind.PHONE:
            _, typed, extension = field.parts.values()
            yield typed, field.max_length, False
            yield extension, _EXTENSION_LENGTH, False


_LINES = (
    ("accountName", NAME_LENGTH, False),
    ("companyName", NAME_LENGTH, False),
    ("cluster", CLUSTER_LENGTH, False),
    *_contact_lines(),
    ("clientId", NAME_LENGTH, False),
)
