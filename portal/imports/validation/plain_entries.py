"""Tenants that are plainly right: what all checks make of them, in a third of their time.

Nearly all tenants of a file are. Everything else goes through the checks, one rule after another;
tests compare both ways.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from portal import contact_readers
from portal.contact_fields import CONTACT_FIELDS, FieldKind, fields_of_kind
from portal.contact_readers import NAME_LENGTH
from portal.imports.model import KEY_PREFIX, SECRET_FIELD, Candidate, Entry, FieldValue
from portal.imports.validation.invalid_entries import is_storable
from portal.imports.validation.suspect_values import MADE_UP_IDS, REPLACEMENT
from portal.sealing import Secret, is_sealed
from portal.tenants import SECRET_LENGTH, is_cluster, is_id
from portal.timestamps import read_timestamp

_EXTENSION_LENGTH = 20


def _contact_lines() -> Iterator[tuple[str, int, bool]]:
    for field in CONTACT_FIELDS:
        if field.kind is FieldKind.LINE:
            yield field.attribute, field.max_length, field.required
        if field.kind is FieldKind.PHONE:
            _, typed, extension = field.parts.values()
            yield typed, field.max_length, False
            yield extension, _EXTENSION_LENGTH, False


#: Name, most characters, and whether the field is required.
LINES = (
    ("accountName", NAME_LENGTH, False),
    ("companyName", NAME_LENGTH, False),
    *_contact_lines(),
    ("clientId", NAME_LENGTH, False),
)
EMAILS = fields_of_kind(FieldKind.EMAIL)
#: Each with the names of its number, typed text and extension.
PHONES = [(field, tuple(field.parts.values())) for field in fields_of_kind(FieldKind.PHONE)]

#: What is read here. An entry with any other field is left to the checks.
_READ = frozenset(
    {
        "accountId", "companyId", "cluster", "isActive", "openEnded", "validFrom", "validTo",
        "createdAt", "updatedAt", SECRET_FIELD, *(name for name, _, _ in LINES),
        *(field.attribute for field in EMAILS), *(names[0] for _, names in PHONES),
    }
)  # fmt: skip


def plain_candidate(entry: Entry, fields: Mapping[str, Any]) -> Candidate | None:
    """The candidate of an entry in which nothing has to be repaired; `None` for all others."""
    is_of_report = entry.tenant_id or entry.lost_secret or entry.still_refused
    if is_of_report or entry.left_out or not fields.keys() <= _READ:
        return None
    tenant_id = _tenant_id(entry, fields)
    if tenant_id is None:
        return None
    values: dict[str, FieldValue] = {
        "accountId": fields["accountId"],
        "companyId": fields["companyId"],
    }
    # In the order in which the checks read.
    if not (
        _add_lines(fields, values) and _add_contact(fields, values) and _add_access(fields, values)
    ):
        return None
    secret = fields.get(SECRET_FIELD)
    if secret is not None and not _is_plain_secret(secret):
        return None
    return Candidate(
        id=tenant_id,
        values=values,
        updated_at=str(values["updatedAt"]),
        secret=Secret(secret) if secret else None,
    )


def _tenant_id(entry: Entry, fields: Mapping[str, Any]) -> str | None:
    ids = fields.get("accountId"), fields.get("companyId")
    for each in ids:
        if type(each) is not str or not is_id(each) or each.casefold() in MADE_UP_IDS:
            return None
    tenant_id = f"{ids[0]}_{ids[1]}"
    is_its_key = not entry.key or entry.key == KEY_PREFIX + tenant_id
    return tenant_id if is_its_key else None


def _add_lines(fields: Mapping[str, Any], values: dict[str, FieldValue]) -> bool:
    """Adds the cluster and what is one line of text. Whether all of it is plain."""
    cluster = fields.get("cluster")
    if cluster is not None:
        if type(cluster) is not str or not is_cluster(cluster):
            return False
        values["cluster"] = cluster
    for name, most, required in LINES:
        line = fields.get(name)
        if type(line) is str:
            if not contact_readers.is_plain_line(line, most) or REPLACEMENT in line:
                return False
            values[name] = line
        elif line is not None or required:
            return False
    return True


def _add_contact(fields: Mapping[str, Any], values: dict[str, FieldValue]) -> bool:
    """Adds addresses and phone numbers. Whether all of them are plain."""
    for field in EMAILS:
        address = fields.get(field.attribute)
        if type(address) is str:
            if not contact_readers.is_plain_email(address):
                return False
            values[field.attribute] = address
        elif address is not None or field.required:
            return False
    for _, (name, typed_name, _) in PHONES:
        typed = fields.get(name)
        if typed is not None:
            number = contact_readers.plain_phone(typed) if type(typed) is str else None
            if number is None:
                return False
            values[name] = number
            if number != typed:
                values.setdefault(typed_name, typed)
    return True


def _add_access(fields: Mapping[str, Any], values: dict[str, FieldValue]) -> bool:
    """Adds what decides access, and the times. Whether all of them are plain."""
    is_active = fields.get("isActive")
    if type(is_active) is not bool:
        return False
    values["isActive"] = is_active
    open_ended = fields.get("openEnded")
    if open_ended is not None and open_ended is not False:
        # Then dates may be missing, which is for the checks.
        return False
    for name in ("validFrom", "validTo", "createdAt", "updatedAt"):
        text = fields.get(name)
        canonical = read_timestamp(text)[1] if type(text) is str else ""
        if not canonical:
            return False
        values[name] = canonical
    # As canonical texts, instants sort as themselves.
    return str(values["validFrom"]) <= str(values["validTo"])


def _is_plain_secret(secret: Any) -> bool:
    """Whether a secret, or an empty text in its place, can be taken as it is."""
    return (
        type(secret) is str
        and len(secret) <= SECRET_LENGTH
        and is_storable(secret)
        and "\0" not in secret
        and REPLACEMENT not in secret
        and not is_sealed(secret)
    )
