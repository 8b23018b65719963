"""A candidate held against the tenant that the store has under its id, field by field."""

from collections.abc import Mapping

from portal import records
from portal.imports.candidates import Candidate, Value
from portal.imports.rows import FieldChange
from portal.instants import to_text
from portal.stores.contract import Item
from portal.tenants import Status, Tenant

_TEXTS = ("accountName", "companyName", "cluster", "contactCompanyName", "contactFullName",
          "clientId")  # fmt: skip
WINDOW = frozenset({"validFrom", "validTo"})


def changes_between(candidate: Candidate, item: Item) -> list[FieldChange]:
    """What is other in the file. A field that the file lacks, and when the records were made
    and changed, are no difference; nor is what is the same but written otherwise."""
    values = candidate.values
    found = [
        FieldChange(name, old, str(new))
        for name in _TEXTS
        if (new := values.get(name)) is not None and (old := _text(item, name)) != new
    ]
    email, old_email = str(values["contactEmailAddress"]), _text(item, "contactEmailAddress")
    if old_email not in (email, candidate.email_written):
        found.append(FieldChange("contactEmailAddress", old_email, email))
    if "contactPhone" in values and not _same_phone(values, item):
        old_phone = _text(item, "contactPhone")
        found.append(FieldChange("contactPhone", old_phone, str(values["contactPhone"])))
    found += _window(values, item)
    active = records.status_of(item) is Status.ACTIVE
    if "isActive" in values and values["isActive"] is not active:
        found.append(FieldChange("isActive", _word(active), _word(not active)))
    return found


def state_of(item: Item) -> str:
    """The status and the window of an item as one text; a date that cannot be read is none."""
    window = records.validity_of(item)
    ends = (to_text(end) if end else "" for end in (window.valid_from, window.valid_to))
    return " ".join((records.status_of(item).value, *ends))


def set_by_staff(item: Item) -> tuple[bool, bool]:
    """Whether staff set the status, and whether they set the window: what is not as an import
    left it. A record without `status` is as the old application left it."""
    if "status" not in item:
        return False, False
    imported = str(item.get(records.IMPORTED_STATE, "- - -")).partition(" ")
    now = state_of(item).partition(" ")
    return imported[0] != now[0], imported[2] != now[2]


def is_newer(candidate: Candidate, tenant: Tenant) -> bool:
    """Whether the file's record was changed after the store's."""
    stored = to_text(tenant.updated_at) if tenant.updated_at else ""
    return candidate.updated > stored


def _window(values: Mapping[str, Value], item: Item) -> list[FieldChange]:
    validity = records.validity_of(item)
    found = []
    for name, instant in (("validFrom", validity.valid_from), ("validTo", validity.valid_to)):
        old = to_text(instant) if instant else _text(item, name)
        new = values.get(name, "" if values.get("openEnded") else None)
        if new is not None and old != new:
            found.append(FieldChange(name, old, str(new)))
    return found


def _same_phone(values: Mapping[str, Value], item: Item) -> bool:
    old, typed = _text(item, "contactPhone"), values.get("contactPhoneTyped")
    if old == values["contactPhone"]:
        extension = values.get("contactPhoneExtension", "")
        return extension == _text(item, "contactPhoneExtension")
    return bool(old) and old == typed


def _text(item: Item, name: str) -> str:
    value = item.get(name, "")
    return value if isinstance(value, str) else ""


def _word(value: bool) -> str:
    return "true" if value else "false"
