"""What is left of an entry: the fields that nobody knows, named; and what is kept of one that
cannot be imported, to be mended. Within bounds, since a row has to fit into an item of any store,
whatever stood in the file."""

from collections.abc import Mapping, Sequence
from typing import Any

from portal.imports.model.candidates import CheckedEntry, FieldMessage, Value
from portal.imports.model.entries import Entry
from portal.imports.model.errors import shown
from portal.imports.model.fields import EXPORTED_FIELDS, KNOWN, PREFIX
from portal.imports.model.messages import Message
from portal.imports.reading.strict_json import OUT_OF_RANGE

#: Of UTF-8. Whatever is longer cannot be right, neither whole nor cut.
VALUE_BYTES = 4_000
#: Two ids of 40 and what joins them: no key that could be right is longer.
_KEY_LENGTH = len(PREFIX) + 81
#: JavaScript counts exactly up to here, and DynamoDB not much further.
_LARGEST = 2**63 - 1
#: So many unknown fields are named; the rest is counted.
_NAMED = 20


def left_out_of(fields: Mapping[str, Any]) -> tuple[tuple[str, ...], list[FieldMessage]]:
    """The names of unknown fields, and what is wrong even with these."""
    if fields.keys() <= KNOWN:
        return (), []
    names = [name for name in fields if name not in KNOWN]
    too_large = [name for name in names if _is_too_large(fields[name])]
    more = [f"+{len(names) - _NAMED}"] if len(names) > _NAMED else []
    return (
        (*(shown(name) for name in names[:_NAMED]), *more),
        [FieldMessage(shown(name), OUT_OF_RANGE) for name in too_large[:_NAMED]],
    )


def _is_too_large(value: Any) -> bool:
    return type(value) is int and abs(value) > _LARGEST


def invalid(
    entry: Entry,
    reasons: Sequence[FieldMessage],
    repairs: Sequence[FieldMessage],
    fields: Mapping[str, Any],
    left_out: tuple[str, ...],
) -> CheckedEntry:
    values: dict[str, Value] = {}
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
    return CheckedEntry(
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
