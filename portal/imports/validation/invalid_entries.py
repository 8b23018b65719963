"""What is left of an entry: the fields that nobody knows, named; and what is kept of one that
cannot be imported, to be mended. Within bounds, since a row has to fit into an item of any store,
whatever stood in the file."""

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
    ValidatedEntry,
    printable_excerpt,
)
from portal.imports.reading import OUT_OF_RANGE
from portal.tenants import ID, is_id
from portal.timestamps import read_timestamp

#: Of UTF-8. Whatever is longer cannot be right, neither whole nor cut.
VALUE_BYTES = 4_000
#: Two ids of 40 and what joins them: no key that could be right is longer.
_KEY_LENGTH = len(KEY_PREFIX) + 81
#: JavaScript counts exactly up to here, and DynamoDB not much further.
_LARGEST = 2**63 - 1
#: So many unknown fields are named; the rest is counted.
_NAMED = 20


def left_out_of(fields: Mapping[str, Any]) -> tuple[tuple[str, ...], list[FieldMessage]]:
    """The names of unknown fields, and what is wrong even with these."""
    if fields.keys() <= KNOWN_FIELDS:
        return (), []
    names = [name for name in fields if name not in KNOWN_FIELDS]
    too_large = [name for name in names if _is_too_large(fields[name])]
    more = [f"+{len(names) - _NAMED}"] if len(names) > _NAMED else []
    return (
        (*(printable_excerpt(name) for name in names[:_NAMED]), *more),
        [FieldMessage(printable_excerpt(name), OUT_OF_RANGE) for name in too_large[:_NAMED]],
    )


def _is_too_large(value: Any) -> bool:
    return type(value) is int and abs(value) > _LARGEST


def invalid(
    entry: Entry,
    reasons: Sequence[FieldMessage],
    repairs: Sequence[FieldMessage],
    fields: Mapping[str, Any],
    left_out: tuple[str, ...],
) -> ValidatedEntry:
    values: dict[str, FieldValue] = {}
    said = list(repairs)
    for name in EXPORTED_FIELDS:
        value = fields.get(name)
        if isinstance(value, bool):
            values[name] = value
        elif isinstance(value, str) and is_storable(value):
            values[name] = kept = _cut(value)
            if kept != value:
                said.append(FieldMessage(name, Message("Only the beginning of this text is kept.")))
    key = entry.key if len(entry.key) <= _KEY_LENGTH else entry.key[: _KEY_LENGTH - 1] + "…"
    return ValidatedEntry(
        key=key, line=entry.line, column=entry.column, reasons=tuple(reasons),
        repairs=tuple(said), left_out=left_out, values=values,
    )  # fmt: skip


def is_storable(value: str) -> bool:
    """Whether it can be written as UTF-8: half of a pair of surrogates cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _cut(value: str) -> str:
    if len(value) * 4 <= VALUE_BYTES:
        return value
    whole = value.encode()
    return value if len(whole) <= VALUE_BYTES else whole[:VALUE_BYTES].decode(errors="ignore") + "…"


# ---- Whose it is

_KEY = re.compile(rf"{KEY_PREFIX}({ID}_{ID})", re.ASCII)


def id_in(checked: ValidatedEntry) -> str:
    """Whom an entry is about that cannot be imported; empty where it does not say so, or where
    its key tells, with which the ids may disagree."""
    return "" if checked.key else _id_inside(checked)


def ids_in(checked: ValidatedEntry) -> set[str]:
    """Everybody whom an entry that cannot be imported may be about: where its key and its ids
    disagree, that is two."""
    by_key = _KEY.fullmatch(checked.key)
    return {by_key[1] if by_key else "", _id_inside(checked)} - {""}


def updated_in(checked: ValidatedEntry) -> str:
    """When an entry that cannot be imported was changed last, as a candidate says it; empty if
    nobody can tell."""
    text = checked.values.get("updatedAt") or checked.values.get("createdAt")
    return read_timestamp(text)[1] if isinstance(text, str) else ""


def _id_inside(checked: ValidatedEntry) -> str:
    ids = [checked.values.get(name) for name in ("accountId", "companyId")]
    texts = [each for each in ids if isinstance(each, str) and is_id(each)]
    return "_".join(texts) if len(texts) == len(ids) else ""
