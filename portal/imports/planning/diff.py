"""Compares a candidate, field by field, with the stored tenant that has its id."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from portal import records
from portal.contact_fields import FieldKind, fields_of_kind
from portal.contact_readers import ProblemError, read_email, read_line
from portal.imports.model import FIELDS, SECRET_FIELD, Candidate, FieldChange, FieldValue
from portal.imports.planning.licence_totals import Licence
from portal.stores import Item
from portal.tenants import Status, Tenant, cluster_of
from portal.timestamps import format_timestamp

_TEXTS = (
    "accountName", "companyName", "cluster",
    *(field.attribute for field in fields_of_kind(FieldKind.LINE)),
    "clientId",
)  # fmt: skip
_EMAILS = [field.attribute for field in fields_of_kind(FieldKind.EMAIL)]
#: Names of number, typed text and extension of each phone.
_PHONES = [tuple(field.parts.values()) for field in fields_of_kind(FieldKind.PHONE)]
_DATES = ("validFrom", "validTo")
_RECORD_TIMES = ("createdAt", "updatedAt")
VALIDITY_FIELDS = frozenset({*_DATES, "openEnded"})
#: Characters of a stored text in a row. Stored texts have no limit, but a row must fit into an
#: item.
_MAX_OLD_LENGTH = 500


def changes_between(candidate: Candidate, item: Item) -> list[FieldChange]:
    """The differences of the candidate from the item, without the secret.

    These are no differences: a field that the file lacks, the times when the record was made and
    changed, and a value that is only written in another way.
    """
    values = candidate.values
    changes = [
        _change(name, old, str(new))
        for name in _TEXTS
        if (new := values.get(name)) is not None
        and (old := _text(item, name)) != new
        and (cluster_of(old) if name == "cluster" else _read_line(old)) != new
    ]
    for name in _EMAILS:
        if name in values:
            changes += _email_change(name, candidate, item)
    for names in _PHONES:
        if names[0] in values:
            changes += _phone_changes(names, values, item)
    changes += _validity_changes(values, item)
    is_active = records.status_of(item) is Status.ACTIVE
    if "isActive" in values and values["isActive"] is not is_active:
        changes.append(FieldChange("isActive", _boolean(is_active), _boolean(not is_active)))
    return changes


def differing_fields(candidate: Candidate, other: Candidate) -> list[str]:
    """The candidate's fields that `other` lacks or has with another value, without the times when
    the record was made and changed."""
    values, other_values = _with_secret(candidate), _with_secret(other)
    return [
        name
        for name in FIELDS
        if name in values and name not in _RECORD_TIMES and values[name] != other_values.get(name)
    ]


def _with_secret(candidate: Candidate) -> Mapping[str, FieldValue]:
    if candidate.secret is None:
        return candidate.values
    return {**candidate.values, SECRET_FIELD: candidate.secret.reveal()}


def changes_validity(changes: Iterable[FieldChange]) -> bool:
    return any(change.field in VALIDITY_FIELDS for change in changes)


def licence_after(values: Mapping[str, FieldValue], item: Item) -> Licence:
    """The licence of the item's tenant once the values, which have a validity, are written."""
    is_active = records.status_of(item) is Status.ACTIVE
    return {**values, "isActive": values.get("isActive", is_active)}


def is_newer(candidate: Candidate, tenant: Tenant) -> bool:
    """Whether the file's record was changed after the stored one."""
    stored = format_timestamp(tenant.updated_at) if tenant.updated_at else ""
    return candidate.updated_at > stored


def _email_change(name: str, candidate: Candidate, item: Item) -> Iterator[FieldChange]:
    new, old = str(candidate.values[name]), _text(item, name)
    if old not in (new, candidate.email_in_file) and _read_email(old) != new:
        yield _change(name, old, new)


def _phone_changes(
    names: Sequence[str], values: Mapping[str, FieldValue], item: Item
) -> Iterator[FieldChange]:
    name, typed_name, extension_name = names
    new, old = str(values[name]), _text(item, name)
    typed = values.get(typed_name)
    old_read = old if old in (new, typed) else _read_line(old)
    if old_read != new:
        if old_read and old_read == typed:
            # The store has the number as it was typed, with the extension in it.
            return
        yield _change(name, old, new)
    extension = str(values.get(extension_name, ""))
    if extension != (old_extension := _text(item, extension_name)):
        yield _change(extension_name, old_extension, extension)


def _validity_changes(values: Mapping[str, FieldValue], item: Item) -> list[FieldChange]:
    open_ended = values.get("openEnded") is True
    same_end = open_ended is (item.get("openEnded") is True)
    if same_end and all(item.get(name) == values.get(name) for name in _DATES):
        return []
    validity = records.validity_of(item)
    changes = []
    for name, instant in zip(_DATES, (validity.valid_from, validity.valid_to), strict=True):
        old = format_timestamp(instant) if instant else str(item.get(name, ""))
        new = values.get(name, "" if open_ended else None)
        if new is not None and old != new:
            changes.append(_change(name, old, str(new)))
    # Beside two dates `openEnded` has no effect: a file that lacks it removes it only together
    # with another change of the validity.
    if open_ended is not validity.open_ended and (open_ended or changes):
        changes.append(FieldChange("openEnded", _boolean(not open_ended), _boolean(open_ended)))
    return changes


def _change(name: str, old: str, new: str) -> FieldChange:
    shown = old if len(old) <= _MAX_OLD_LENGTH else f"{old[:_MAX_OLD_LENGTH]}…"
    return FieldChange(name, shown, new)


def _read_line(text: str) -> str:
    """A stored text as validation would read it from a file; unchanged if it would reject it."""
    try:
        return read_line(text, most=4 * len(text), required=False)
    except ProblemError:
        return text


def _read_email(text: str) -> str:
    try:
        return read_email(text)
    except ProblemError:
        return text


def _text(item: Item, name: str) -> str:
    value = item.get(name, "")
    return value if isinstance(value, str) else ""


def _boolean(value: bool) -> str:
    return "true" if value else "false"
