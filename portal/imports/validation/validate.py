"""Checks one entry of a file: it becomes a candidate for a tenant, or invalid with every reason.

Contact details follow the rules of the forms. A value is repaired only if nothing is lost, and
the row names each repair.
"""

from collections.abc import Sequence
from typing import Any

from portal import contact_readers
from portal.contact_fields import EMAIL_LENGTH, ContactField
from portal.contact_readers import Problem, ProblemError
from portal.imports.model import (
    KEY_PREFIX,
    SECRET_FIELD,
    Candidate,
    Entry,
    FieldMessage,
    Message,
    ValidatedEntry,
    json_type_in_words,
    printable_excerpt,
    repair_message,
)
from portal.imports.streaming import StrictJsonError, decode_json
from portal.imports.validation.field_reader import FieldReader
from portal.imports.validation.invalid_entries import (
    MAX_NAMES,
    invalid_entry,
    is_storable,
    unknown_fields,
)
from portal.imports.validation.plain_entries import EMAILS, LINES, PHONES, plain_candidate
from portal.imports.validation.suspect_values import suspect_values, tenant_column_disagrees
from portal.sealing import Secret, is_sealed
from portal.tenants import SECRET_LENGTH, cluster_of, is_id

_SEALED = Message(
    "This secret is already sealed. Enter the unsealed secret or leave the field out."
)
_SEALED_IN_TABLE = Message(
    "The table holds this secret sealed, and only the key of its own portal opens it. The import"
    " leaves it out: a secret that is in the store stays; otherwise set it in the portal."
)
_LOST = Message(
    "Reports contain no secrets. Set the secret in the portal or import the original file."
)
#: A longer address is not kept as written: some spaces around it are, a million are not.
_MAX_EMAIL_IN_FILE = 4 * EMAIL_LENGTH


def validate_entry(entry: Entry, depth: int) -> ValidatedEntry:
    """`depth`: the most levels of nested lists and objects, as in the file itself."""
    repairs: list[FieldMessage] = []
    if entry.problem:
        return invalid_entry(entry, [FieldMessage("", entry.problem)], repairs, {}, ())
    try:
        fields = _fields(entry.value, depth, repairs)
    except StrictJsonError as error:
        message = error.message
        if isinstance(entry.value, str):
            message = Message("In the value: %(sentence)s", sentence=message)
        return invalid_entry(entry, [FieldMessage("", message)], repairs, {}, ())
    candidate = plain_candidate(entry, fields)
    if candidate is not None:
        return ValidatedEntry(
            key=entry.key,
            line=entry.line,
            column=entry.column,
            candidate=candidate,
            repairs=tuple(repairs),
        )
    return fully_checked(entry, fields, repairs)


def fully_checked(
    entry: Entry, fields: dict[str, Any], repairs: list[FieldMessage]
) -> ValidatedEntry:
    """An entry after all checks, one rule after another.

    fields: decoded from its value.
    repairs: what was repaired to decode them; more may be added.
    """
    return _EntryValidation(entry, fields, repairs).result()


def _fields(value: Any, depth: int, repairs: list[FieldMessage]) -> dict[str, Any]:
    """The fields of an entry, whose value may be JSON encoded once or twice.

    Raises:
        StrictJsonError: it is no JSON object.
    """
    if isinstance(value, str):
        value = decode_json(value, depth)
        if isinstance(value, str):
            value = decode_json(value, depth)
            repairs.append(FieldMessage("", Message("The value was encoded twice.")))
        if isinstance(value, str):
            raise StrictJsonError(Message("The value is encoded more than twice."))
    if not isinstance(value, dict):
        kind = json_type_in_words(value)
        raise StrictJsonError(
            Message("A tenant must be an object, but this is %(kind)s.", kind=kind)
        )
    return value


class _EntryValidation(FieldReader):
    def __init__(self, entry: Entry, fields: dict[str, Any], repairs: list[FieldMessage]) -> None:
        super().__init__(fields, repairs)
        self.entry = entry

    def result(self) -> ValidatedEntry:
        self.reasons += suspect_values(self.entry, self.fields)
        self._ids()
        self._cluster()
        self.read_lines(LINES)
        emails = [self._email(field) for field in EMAILS]
        for field, names in PHONES:
            self._phone(field, names)
        self._active()
        self._validity()
        self._times()
        secret = self._secret()
        left_out, too_large = unknown_fields(self.fields)
        left_out = (*left_out, *map(printable_excerpt, self.entry.left_out[:MAX_NAMES]))
        self.reasons += too_large
        if self.reasons:
            return invalid_entry(self.entry, self.reasons, self.repairs, self.fields, left_out)
        entry, values = self.entry, self.values
        return ValidatedEntry(
            key=entry.key,
            line=entry.line,
            column=entry.column,
            candidate=Candidate(
                id=f"{values['accountId']}_{values['companyId']}",
                values=values,
                updated_at=str(values.get("updatedAt", "")),
                email_in_file=emails[0],
                secret=secret,
            ),
            repairs=tuple(self.repairs),
            left_out=left_out,
        )

    def _ids(self) -> None:
        for name in ("accountId", "companyId"):
            self.read(name, _read_id, required=True)
        ids = (self.values.get("accountId"), self.values.get("companyId"))
        if None in ids:
            return
        tenant_id = f"{ids[0]}_{ids[1]}"
        if self.entry.key and self.entry.key != KEY_PREFIX + tenant_id:
            message = Message(
                "The key %(key)s does not match the ids in its value (%(ids)s).",
                key=printable_excerpt(self.entry.key), ids=tenant_id,
            )  # fmt: skip
            self.reject("", message)
        if self.entry.tenant_id not in ("", tenant_id):
            self.reasons.append(tenant_column_disagrees(self.entry, tenant_id))
        if self.fields.get("tenantId") not in (None, tenant_id):
            message = Message("This does not match the other ids (%(ids)s).", ids=tenant_id)
            self.reject("tenantId", message)

    def _cluster(self) -> None:
        cluster, text = self.read("cluster", _read_cluster), self.fields.get("cluster")
        if cluster is None or cluster == text:
            return
        message = (
            repair_message(str(text), cluster)
            if cluster in ("", str(text).strip())
            else Message(
                "The cluster is kept as its label. The file has %(text)s.",
                text=printable_excerpt(str(text)),
            )
        )
        self.repaired("cluster", message)

    def _email(self, field: ContactField) -> str:
        """Reads the address; returns it as the file has it if reading changed it, else empty."""
        name = field.attribute
        if self.fields.get(name) is None and not field.required:
            return ""
        address = self.read(name, contact_readers.read_email, required=field.required)
        text = self.fields.get(name)
        if address is None or text == address:
            return ""
        text = str(text)
        message = (
            repair_message(text, address)
            if contact_readers.without_meaningless(text) == address
            else Message(
                "The address was normalised. The file has %(text)s.", text=printable_excerpt(text)
            )
        )
        self.repaired(name, message)
        return text if len(text) <= _MAX_EMAIL_IN_FILE else ""

    def _phone(self, field: ContactField, names: Sequence[str]) -> None:
        number_name, typed_name, extension_name = names
        text = self.text(number_name)
        if text is None:
            return
        try:
            number, extension = contact_readers.read_international_phone(text)
        except ProblemError as error:
            if self.read_line(number_name, field.max_length) is not None:
                message = Message("This is not a phone number. It is kept as written.")
                if error.problem is Problem.PHONE_REMARK:
                    message = Message("This phone number has a remark. It is kept as written.")
                self.repaired(number_name, message)
            return
        self.values[number_name] = number
        if number != text.strip():
            self.values.setdefault(typed_name, text.strip())
        if extension:
            self.values.setdefault(extension_name, extension)

    def _active(self) -> None:
        active = self.boolean("isActive")
        if active is not None:
            self.values["isActive"] = active
        elif self.fields.get("isActive") is None:
            message = Message("This is missing, so a new tenant is not active.")
            self.repaired("isActive", message)

    def _validity(self) -> None:
        open_ended = self.boolean("openEnded")
        if open_ended:
            self.values["openEnded"] = True
        start = self.timestamp("validFrom", required=open_ended is not True)
        end = self.timestamp("validTo", required=open_ended is not True)
        if start and end and end < start:
            self.reject("validTo", Message("This is before validFrom."))

    def _times(self) -> None:
        """Reads when the record was made and changed; a missing time is taken from another."""
        created = self.timestamp("createdAt")
        updated = self.timestamp("updatedAt")
        if self.fields.get("createdAt") in (None, ""):
            self._take("createdAt", "updatedAt" if updated else "validFrom")
        if self.fields.get("updatedAt") in (None, "") and created:
            self._take("updatedAt", "createdAt")

    def _take(self, name: str, source: str) -> None:
        if value := self.values.get(source):
            self.values[name] = value
            message = Message("This is missing. The value of %(field)s is used.", field=source)
            self.repaired(name, message)

    def _secret(self) -> Secret | None:
        text = self.text(SECRET_FIELD)
        if not text:
            if self.entry.lost_secret:
                self.repaired(SECRET_FIELD, _LOST)
            return None
        # No message shows any of the secret.
        if len(text) > SECRET_LENGTH:
            self.reject(SECRET_FIELD, Message("This is longer than 500 characters."))
        elif not is_storable(text) or "\0" in text:
            self.reject(SECRET_FIELD, Message("This contains characters that cannot be used."))
        elif is_sealed(text) and self.entry.is_table_item:
            self.repaired(SECRET_FIELD, _SEALED_IN_TABLE)
            return None
        elif is_sealed(text):
            self.reject(SECRET_FIELD, _SEALED)
        return Secret(text)


def _read_id(text: str) -> str:
    if is_id(text):
        return text
    raise ProblemError(Problem.ID)


def _read_cluster(text: str) -> str:
    """The host label; empty if the text is, since old records may have no cluster."""
    if not text.strip():
        return ""
    cluster = cluster_of(text)
    if cluster is None:
        raise ProblemError(Problem.CLUSTER)
    return cluster
