"""A candidate held against the tenant that the store has under its id, field by field."""

from collections.abc import Iterable, Iterator, Mapping

from portal import records
from portal.contact_fields import ContactField, FieldKind, fields_of_kind
from portal.contacts import ProblemError, read_email, read_line
from portal.imports.model import FIELDS, SECRET_FIELD, Candidate, FieldChange, FieldValue
from portal.imports.planning.licence_totals import Licence
from portal.stores import Item
from portal.tenants import Status, Tenant
from portal.timestamps import format_timestamp

_TEXTS = (
    "accountName", "companyName", "cluster",
    *(field.attribute for field in fields_of_kind(FieldKind.LINE)),
    "clientId",
)  # fmt: skip
_DATES = ("validFrom", "validTo")
_TIMES = ("createdAt", "updatedAt")
WINDOW = frozenset({*_DATES, "openEnded"})
#: Characters of a text of the store: no check has bounded it, and a row has to fit into an item.
_SHOWN = 500


def changes_between(candidate: Candidate, item: Item) -> list[FieldChange]:
    """What is other in the file. A field that the file lacks, and when the records were made
    and changed, are no difference; nor is what is the same but written otherwise."""
    values = candidate.values
    found = [
        _change(name, old, str(new))
        for name in _TEXTS
        if (new := values.get(name)) is not None
        and (old := _text(item, name)) != new
        and _line(old) != new
    ]
    for field in fields_of_kind(FieldKind.EMAIL):
        if field.attribute in values:
            found += _email_change(field, candidate, item)
    for field in fields_of_kind(FieldKind.PHONE):
        if field.attribute in values:
            found += _phone_changes(field, values, item)
    found += _window(values, item)
    active = records.status_of(item) is Status.ACTIVE
    if "isActive" in values and values["isActive"] is not active:
        found.append(FieldChange("isActive", _word(active), _word(not active)))
    return found


def differing_fields(candidate: Candidate, planned: Candidate) -> list[str]:
    """The fields of the candidate that are other in the one that is planned, or missing there;
    but for when the records were made and changed."""
    values, beside = _with_secret(candidate), _with_secret(planned)
    return [
        name
        for name in FIELDS
        if name in values and name not in _TIMES and values[name] != beside.get(name)
    ]


def _with_secret(candidate: Candidate) -> Mapping[str, FieldValue]:
    if candidate.secret is None:
        return candidate.values
    return {**candidate.values, SECRET_FIELD: candidate.secret.reveal()}


def moves_window(changes: Iterable[FieldChange]) -> bool:
    return any(change.field in WINDOW for change in changes)


def licence_after(values: Mapping[str, FieldValue], item: Item) -> Licence:
    """What the item's status and window are once the values are there, which name a window."""
    active = records.status_of(item) is Status.ACTIVE
    return {**values, "isActive": values.get("isActive", active)}


def is_newer(candidate: Candidate, tenant: Tenant) -> bool:
    """Whether the file's record was changed after the store's."""
    stored = format_timestamp(tenant.updated_at) if tenant.updated_at else ""
    return candidate.updated_at > stored


def _email_change(field: ContactField, candidate: Candidate, item: Item) -> Iterator[FieldChange]:
    name = field.attribute
    new, old = str(candidate.values[name]), _text(item, name)
    if old not in (new, candidate.email_in_file) and _email(old) != new:
        yield _change(name, old, new)


def _phone_changes(
    field: ContactField, values: Mapping[str, FieldValue], item: Item
) -> Iterator[FieldChange]:
    name, typed_name, extension_name = field.parts.values()
    new, old = str(values[name]), _text(item, name)
    typed = values.get(typed_name)
    read = old if old in (new, typed) else _line(old)
    if read != new:
        if read and read == typed:
            # As it was typed, with its extension in it.
            return
        yield _change(name, old, new)
    extension = str(values.get(extension_name, ""))
    if extension != (old_extension := _text(item, extension_name)):
        yield _change(extension_name, old_extension, extension)


def _window(values: Mapping[str, FieldValue], item: Item) -> list[FieldChange]:
    opens = values.get("openEnded") is True
    as_stored = opens is (item.get("openEnded") is True)
    if as_stored and all(item.get(name) == values.get(name) for name in _DATES):
        return []
    validity = records.validity_of(item)
    found = []
    for name, instant in zip(_DATES, (validity.valid_from, validity.valid_to), strict=True):
        old = format_timestamp(instant) if instant else str(item.get(name, ""))
        new = values.get(name, "" if opens else None)
        if new is not None and old != new:
            found.append(_change(name, old, str(new)))
    # Between two dates it means nothing, and who writes none of it takes nothing back.
    if opens is not validity.open_ended and (opens or found):
        found.append(FieldChange("openEnded", _word(not opens), _word(opens)))
    return found


def _change(name: str, old: str, new: str) -> FieldChange:
    return FieldChange(name, old if len(old) <= _SHOWN else f"{old[:_SHOWN]}…", new)


def _line(text: str) -> str:
    """A text of the store as the checks read one of a file; as it is if they refuse it."""
    try:
        return read_line(text, most=4 * len(text), required=False)
    except ProblemError:
        return text


def _email(text: str) -> str:
    try:
        return read_email(text)
    except ProblemError:
        return text


def _text(item: Item, name: str) -> str:
    value = item.get(name, "")
    return value if isinstance(value, str) else ""


def _word(value: bool) -> str:
    return "true" if value else "false"
