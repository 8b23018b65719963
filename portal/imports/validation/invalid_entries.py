"""Entries that cannot be imported: which of their values the report keeps, and which tenant they
may belong to.

What is kept is bounded, whatever the file contains: a row must fit into an item of any store.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from portal.imports.model import (
    EXPORTED_FIELDS,
    KEY_PREFIX,
    KNOWN_FIELDS,
    Entry,
    FieldMessage,
    FieldValue,
    Message,
    RefusedValue,
    ValidatedEntry,
    printable_excerpt,
    refused_text,
)
from portal.imports.streaming import OUT_OF_RANGE
from portal.tenants import ID, is_id
from portal.timestamps import read_timestamp

#: Bytes of UTF-8 that are kept of a value. No valid value is longer.
_MAX_VALUE_BYTES = 4_000
#: The longest valid key: two ids of 40 characters and an underscore.
_MAX_KEY_LENGTH = len(KEY_PREFIX) + 81
#: Signed 64 bits. A larger integer makes an entry invalid even in an unknown field.
_MAX_INTEGER = 2**63 - 1
#: The only fields that hold true or false.
_BOOLEANS = ("isActive", "openEnded")
#: Unknown fields that are named; further ones are counted.
MAX_NAMES = 20


def unknown_fields(fields: Mapping[str, Any]) -> tuple[tuple[str, ...], list[FieldMessage]]:
    """Names of the unknown fields, and a message for each that has too large an integer."""
    if fields.keys() <= KNOWN_FIELDS:
        return (), []
    names = [name for name in fields if name not in KNOWN_FIELDS]
    too_large = [name for name in names if _is_too_large(fields[name])]
    more = [f"+{len(names) - MAX_NAMES}"] if len(names) > MAX_NAMES else []
    return (
        (*(printable_excerpt(name) for name in names[:MAX_NAMES]), *more),
        [FieldMessage(printable_excerpt(name), OUT_OF_RANGE) for name in too_large[:MAX_NAMES]],
    )


def _is_too_large(value: Any) -> bool:
    return type(value) is int and abs(value) > _MAX_INTEGER


def invalid_entry(
    entry: Entry,
    reasons: Sequence[FieldMessage],
    repairs: Sequence[FieldMessage],
    fields: Mapping[str, Any],
    left_out: tuple[str, ...],
) -> ValidatedEntry:
    values: dict[str, FieldValue] = {}
    notes = list(repairs)
    for name in EXPORTED_FIELDS:
        value = fields.get(name)
        if isinstance(value, RefusedValue):
            values[name] = value.text
        elif isinstance(value, bool) and name in _BOOLEANS:
            values[name] = value
        elif isinstance(value, str) and is_storable(value):
            values[name] = shortened = _shortened(value)
            if shortened != value:
                note = Message("Only the beginning of this text is kept.")
                notes.append(FieldMessage(name, note))
        elif value is not None:
            values[name] = refused_text(value)
    key = entry.key if len(entry.key) <= _MAX_KEY_LENGTH else entry.key[: _MAX_KEY_LENGTH - 1] + "…"
    return ValidatedEntry(
        key=key, line=entry.line, column=entry.column, reasons=tuple(reasons),
        repairs=tuple(notes), left_out=left_out, values=values,
        former_tenant_id=printable_excerpt(entry.tenant_id),
    )  # fmt: skip


def is_storable(value: str) -> bool:
    """Whether the text can be encoded as UTF-8: a lone surrogate cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shortened(value: str) -> str:
    if len(value) * 4 <= _MAX_VALUE_BYTES:
        return value
    encoded = value.encode()
    if len(encoded) <= _MAX_VALUE_BYTES:
        return value
    return encoded[:_MAX_VALUE_BYTES].decode(errors="ignore") + "…"


# ---- The tenant of an invalid entry

_KEY = re.compile(rf"{KEY_PREFIX}({ID}_{ID})", re.ASCII)


def tenant_id_of(entry: ValidatedEntry) -> str:
    """Tenant id from the report that the entry was in, so that the next report keeps it; else from
    the fields; empty if absent, or if the entry has a key: the row then shows the key, and the
    fields may disagree with it."""
    return entry.former_tenant_id or ("" if entry.key else _id_of_fields(entry))


def possible_tenant_ids(entry: ValidatedEntry) -> set[str]:
    """Tenant ids from the key and from the fields: two if they disagree."""
    key = _KEY.fullmatch(entry.key)
    return {key[1] if key else "", _id_of_fields(entry)} - {""}


def updated_at_of(entry: ValidatedEntry) -> str:
    """When the record was last changed, as in `Candidate`; empty if unknown."""
    text = entry.values.get("updatedAt") or entry.values.get("createdAt")
    return read_timestamp(text)[1] if isinstance(text, str) else ""


def _id_of_fields(entry: ValidatedEntry) -> str:
    ids = [entry.values.get(name) for name in ("accountId", "companyId")]
    valid_ids = [each for each in ids if isinstance(each, str) and is_id(each)]
    return "_".join(valid_ids) if len(valid_ids) == len(ids) else ""
