"""Values that are well formed, and yet not what somebody once entered: damaged before the file was
written, made up by the old application, or refused before."""

from collections.abc import Iterator, Mapping
from typing import Any

from portal.imports.model import (
    KNOWN_FIELDS,
    SECRET_FIELD,
    Entry,
    FieldMessage,
    Message,
    ValidatedEntry,
    printable_excerpt,
)

#: What programs put in place of bytes that they could not read.
REPLACEMENT = "\ufffd"
_DAMAGED = Message(
    "This was damaged before the file was written: � stands in place of a character that was lost."
    " Enter the right text."
)
#: Ids that the old application made of nothing: its own word, and how JavaScript writes nothing.
MADE_UP_IDS = frozenset({"unknown", "undefined", "null", "nan"})
_MADE_UP_ID = Message(
    "The old application made this id up, because it did not know the right one. Whoever has no id"
    " would get the access of this tenant. Enter the right id, or leave the row out."
)
#: The field of a message about the column `tenant` of a report.
TENANT_COLUMN = "tenant"


def suspect_values(entry: Entry, fields: Mapping[str, Any]) -> Iterator[FieldMessage]:
    """Why values of the entry cannot be used as they are."""
    if REPLACEMENT in entry.key:
        yield FieldMessage("", _DAMAGED)
    for name, value in fields.items():
        if type(value) is str and REPLACEMENT in value and name in KNOWN_FIELDS:
            yield FieldMessage(name, _DAMAGED)
    for name in ("accountId", "companyId"):
        value = fields.get(name)
        if type(value) is str and value.casefold() in MADE_UP_IDS:
            yield FieldMessage(name, _MADE_UP_ID)
    for name in entry.still_refused:
        if name == SECRET_FIELD and fields.get(SECRET_FIELD):
            continue
        yield FieldMessage(name, _STILL_REFUSED)


_STILL_REFUSED = Message(
    "An earlier import refused this, and the report cannot hold it. Look at the original file. Once"
    " the row is right, remove this name from its column refused."
)


def tenant_column_disagrees(entry: Entry, tenant_id: str) -> FieldMessage:
    """The message about a row of a report that names two tenants: a spreadsheet saves 007 as 7,
    which would be another one."""
    message = Message(
        "The column tenant says %(tenant)s, but the ids are %(ids)s. If a spreadsheet"
        " changed the ids, write them as they were; if you changed them, empty the column"
        " tenant.",
        tenant=printable_excerpt(entry.tenant_id), ids=tenant_id,
    )  # fmt: skip
    return FieldMessage(TENANT_COLUMN, message)


def names_two_tenants(entry: ValidatedEntry) -> bool:
    """Whether nothing else is wrong with the entry than its column `tenant`: then it is a conflict
    of two tenants, and not invalid."""
    return bool(entry.reasons) and all(each.field == TENANT_COLUMN for each in entry.reasons)
