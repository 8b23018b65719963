"""One entry of a file: a candidate for a tenant, or every reason why it is none.

Repairs are made only where nothing is lost, and each is said. The rules for contact details
are those of the forms.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from portal import contacts
from portal.contacts import COMPANY_LENGTH, NAME_LENGTH, PHONE_LENGTH, Problem, ProblemError
from portal.imports import quickly
from portal.imports.candidates import Candidate, Checked, Reason, Value
from portal.imports.fields import KNOWN, PREFIX, SECRET_FIELD, TOLD
from portal.imports.refusals import shown
from portal.imports.shapes import Entry
from portal.imports.strict import StrictError, value_of
from portal.imports.wording import kind_of, sentence_of
from portal.instants import to_instant, to_text
from portal.sealing import Secret

SECRET_LENGTH = 500
_CLUSTER_LENGTH = 40
_EXTENSION_LENGTH = 20
_ID = re.compile(r"[A-Za-z0-9]{1,40}", re.ASCII)
#: With a time and an offset: what else ISO 8601 knows does not name an instant.
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d(?::?\d\d)?)", re.ASCII
)
_AS_WRITTEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
#: JavaScript counts exactly up to here, and DynamoDB not much further.
_LARGEST = 2**63 - 1
#: So many unknown fields are named; the rest is counted.
_NAMED = 20


def check(entry: Entry, depth: int) -> Checked:
    """`depth`: how deep lists and objects may be in each other, as in the file itself."""
    repairs: list[Reason] = []
    if entry.problem:
        return _invalid(entry, [Reason("", entry.problem)], repairs, {}, ())
    try:
        fields = _fields(entry.value, depth, repairs)
    except StrictError as error:
        where = "In the value: " if isinstance(entry.value, str) else ""
        return _invalid(entry, [Reason("", f"{where}{error}")], repairs, {}, ())
    return _Check(entry, fields, repairs).result()


def id_in(checked: Checked) -> str:
    """Whom an entry is about that cannot be imported; empty where it does not say so, or where
    its key tells, with which the ids may disagree."""
    ids = [str(checked.values.get(name, "")) for name in ("accountId", "companyId")]
    return "_".join(ids) if not checked.key and all(map(_ID.fullmatch, ids)) else ""


def _fields(value: Any, depth: int, repairs: list[Reason]) -> dict[str, Any]:
    """The entry as an object, taken out of the texts that it may be in. `StrictError`."""
    if isinstance(value, str):
        value = value_of(value, depth)
        if isinstance(value, str):
            value = value_of(value, depth)
            repairs.append(Reason("", "The value was encoded twice."))
        if isinstance(value, str):
            raise StrictError("The value is encoded more than twice.")
    if not isinstance(value, dict):
        raise StrictError(f"A tenant is an object, and this is {kind_of(value)}.")
    return value


def _invalid(
    entry: Entry,
    reasons: list[Reason],
    repairs: list[Reason],
    fields: Mapping[str, Any],
    left_out: tuple[str, ...],
) -> Checked:
    values = {
        name: fields[name]
        for name in TOLD
        if isinstance(fields.get(name), str | bool) and _is_storable(fields[name])
    }
    return Checked(
        key=entry.key, line=entry.line, column=entry.column, reasons=tuple(reasons),
        repairs=tuple(repairs), left_out=left_out, values=values,
    )  # fmt: skip


class _Check:
    """One entry on its way through the checks, each of which adds values or reasons."""

    def __init__(self, entry: Entry, fields: dict[str, Any], repairs: list[Reason]) -> None:
        self.entry = entry
        self.fields = fields
        self.repairs = repairs
        self.reasons: list[Reason] = []
        self.values: dict[str, Value] = {}

    def result(self) -> Checked:
        self._ids()
        self._lines()
        email_written = self._email()
        self._phone()
        self._active()
        self._window()
        updated = self._times()
        secret = self._secret()
        left_out = self._left_out()
        if self.reasons:
            return _invalid(self.entry, self.reasons, self.repairs, self.fields, left_out)
        entry, values = self.entry, self.values
        return Checked(
            key=entry.key,
            line=entry.line,
            column=entry.column,
            candidate=Candidate(
                id=f"{values['accountId']}_{values['companyId']}",
                values=values,
                updated=updated,
                email_written=email_written,
                secret=secret,
            ),
            repairs=tuple(self.repairs),
            left_out=left_out,
        )

    def _bad(self, name: str, text: str) -> None:
        self.reasons.append(Reason(name, text))

    def _text(self, name: str, *, required: bool = False) -> str | None:
        """The field's text; `None` if it is missing, or is none, which is then said."""
        value = self.fields.get(name)
        if value is None or (required and value == ""):
            if required:
                self._bad(name, "This is missing.")
            return None
        if isinstance(value, str):
            return value
        self._bad(name, f"This must be a text, and is {kind_of(value)}.")
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
            self._bad(name, sentence_of(error.problem, text))
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
        if self.entry.key and self.entry.key != PREFIX + tenant_id:
            self._bad(
                "", f"The key {shown(self.entry.key)} disagrees with the ids inside, {tenant_id}."
            )
        if self.fields.get("tenantId", tenant_id) != tenant_id:
            self._bad("tenantId", f"This disagrees with the other ids, {tenant_id}.")

    def _lines(self) -> None:
        for name, most, required in _LINES:
            text = self.fields.get(name)
            if type(text) is str and quickly.is_plain_line(text, most):
                self.values[name] = text
            elif text is not None or required:
                self._read(name, _line_reader(most, required=required), required=required)

    def _email(self) -> str:
        address = self._read("contactEmailAddress", quickly.read_email, required=True)
        written = self.fields.get("contactEmailAddress")
        if address is None or written == address or written.strip() == address:  # type: ignore[union-attr]
            return ""
        self.repairs.append(
            Reason("contactEmailAddress", f"It was written as {shown(str(written))}.")
        )
        return str(written)

    def _phone(self) -> None:
        written = self._text("contactPhone")
        if written is None:
            return
        try:
            number, extension = quickly.read_phone(written)
        except ProblemError:
            kept = self._read("contactPhone", _read_phone_as_written)
            if kept is not None:
                self.repairs.append(
                    Reason("contactPhone", "This is not a phone number. It is kept as written.")
                )
            return
        self.values["contactPhone"] = number
        if number != written.strip():
            self.values.setdefault("contactPhoneTyped", written.strip())
        if extension:
            self.values.setdefault("contactPhoneExtension", extension)

    def _active(self) -> None:
        value = self.fields.get("isActive")
        if value in ("true", "false"):
            value = value == "true"
            self.repairs.append(Reason("isActive", "This was a text."))
        if isinstance(value, bool):
            self.values["isActive"] = value
        elif value is None:
            self.repairs.append(
                Reason("isActive", "This is missing, so a new tenant is not active.")
            )
        else:
            self._bad("isActive", "This must be true or false.")

    def _window(self) -> None:
        open_ended = self.fields.get("openEnded", False)
        if not isinstance(open_ended, bool):
            self._bad("openEnded", "This must be true or false.")
        elif open_ended:
            self.values["openEnded"] = True
        begin = self._instant("validFrom", required=open_ended is not True)
        end = self._instant("validTo", required=open_ended is not True)
        if begin and end and end < begin:
            self._bad("validTo", "This is before validFrom.")

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
                self.repairs.append(Reason("createdAt", f"This is missing. It is {source}'s."))
        if named[1] in (None, "") and created:
            self.values["updatedAt"] = self.values["createdAt"]
            self.repairs.append(Reason("updatedAt", "This is missing. It is createdAt's."))
        return str(self.values.get("updatedAt", ""))

    def _instant(self, name: str, *, required: bool = False) -> datetime | None:
        text = self._text(name, required=required)
        if not text:
            return None
        is_canonical = _AS_WRITTEN.fullmatch(text) is not None
        is_one = is_canonical or (len(text) <= 40 and _INSTANT.fullmatch(text))
        instant = to_instant(text) if is_one else None
        if instant is None:
            self._bad(
                name,
                "This is not a date and time of ISO 8601 with an offset, like"
                f" 2026-12-31T22:59:59.999Z: {shown(text)}",
            )
            return None
        self.values[name] = text if is_canonical else to_text(instant)
        return instant

    def _secret(self) -> Secret | None:
        text = self._text(SECRET_FIELD)
        if not text:
            return None
        # No sentence about it shows any of it.
        if len(text) > SECRET_LENGTH:
            self._bad(SECRET_FIELD, "This is longer than 500 characters.")
        elif not _is_storable(text) or "\0" in text:
            self._bad(SECRET_FIELD, "This contains characters that cannot be used.")
        return Secret(text)

    def _left_out(self) -> tuple[str, ...]:
        if self.fields.keys() <= KNOWN:
            return ()
        names = [name for name in self.fields if name not in KNOWN]
        for name in names:
            value = self.fields[name]
            if type(value) is int and abs(value) > _LARGEST:
                self._bad(shown(name), "Number out of range.")
        more = [f"and {len(names) - _NAMED:,} more"] if len(names) > _NAMED else []
        return (*(shown(name) for name in names[:_NAMED]), *more)


# ---- Readers


def _read_id(text: str) -> str:
    if _ID.fullmatch(text):
        return text
    raise ProblemError(Problem.ID)


def _read_phone_as_written(text: str) -> str:
    return contacts.read_line(text, most=PHONE_LENGTH, required=False)


def _line_reader(most: int, *, required: bool) -> Callable[[str], str]:
    return lambda text: contacts.read_line(text, most=most, required=required)


_LINES = (
    ("accountName", NAME_LENGTH, False),
    ("companyName", NAME_LENGTH, False),
    ("cluster", _CLUSTER_LENGTH, False),
    ("contactCompanyName", COMPANY_LENGTH, True),
    ("contactFullName", NAME_LENGTH, True),
    ("contactPhoneTyped", PHONE_LENGTH, False),
    ("contactPhoneExtension", _EXTENSION_LENGTH, False),
    ("clientId", NAME_LENGTH, False),
)


def _is_storable(value: str | bool) -> bool:
    """Whether it can be written as UTF-8: half of a pair of surrogates cannot."""
    try:
        return isinstance(value, bool) or bool(value.encode() or True)
    except UnicodeEncodeError:
        return False
