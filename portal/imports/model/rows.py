"""The rows of an import: what it does with each entry, and the options that decide it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from portal.contact_fields import CONTACT_ATTRIBUTES
from portal.imports.model.entries import FieldMessage, FieldValue
from portal.imports.model.frozen import checked_dataclass


class RowKind(StrEnum):
    NEW = "new"
    SAME = "same"
    UPDATE = "update"
    CONFLICT = "conflict"
    DUPLICATE = "duplicate"
    INVALID = "invalid"


#: Applying a plan writes rows of these kinds, in this order.
WRITTEN_KINDS = (RowKind.NEW, RowKind.UPDATE)
#: A report that is imported again yields the rows of these kinds.
FAILED_KINDS = frozenset({RowKind.CONFLICT, RowKind.INVALID})


class Policy(StrEnum):
    """Which values count if the file and the store differ."""

    SKIP = "skip"
    NEWER_WINS = "newer-wins"
    OVERWRITE = "overwrite"


class AllowedChange(StrEnum):
    """A change that no policy makes unless it is asked for by name: of a status, which makes a
    tenant active again or undoes a decision of staff; and of a validity that staff set."""

    STATUS = "status"
    VALIDITY = "validity"


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    policy: Policy = Policy.SKIP
    allowed: frozenset[AllowedChange] = frozenset()


@checked_dataclass(frozen=True, slots=True)
class FieldChange:
    """A field's value in the store and its new value. Never the text of a secret: for
    `clientSecret`, `old` is "missing" or "set", and `new` is "set"."""

    field: str
    old: str
    new: str


@checked_dataclass(frozen=True, kw_only=True, slots=True)
class PlanRow:
    """One row of a plan.

    number: counts from 1, over all files.
    source: the file, counted from 0.
    reasons: why the row is not written.
    repairs: what was repaired in the entry.
    left_out: names of the entry's unknown fields.
    secret: "set" (the file's secret differs from the stored one or cannot be compared),
        "unchanged", "missing" (the file has none); empty if there is no candidate.
    duplicate_of: number of the row for the same tenant that counts instead of this one, or would
        count if it were valid; 0 if there is none.
    values: the fields without the secret.
    email_in_file: as in `Candidate`.
    sealed_secret, secret_fingerprint: the secret to write, sealed, and its fingerprint.
    expected_version, item_digest: of the stored item when the plan was made.
    place: name of the place where the entry was stored; empty if the file has only one place
        and does not name it.
    written: known only for rows of a stored job, which knows how far it has been applied.
    """

    number: int
    kind: RowKind
    source: int
    line: int
    column: int
    key: str = ""
    tenant_id: str = ""
    reasons: tuple[FieldMessage, ...] = ()
    repairs: tuple[FieldMessage, ...] = ()
    left_out: tuple[str, ...] = ()
    changes: tuple[FieldChange, ...] = ()
    secret: str = ""
    duplicate_of: int = 0
    values: Mapping[str, FieldValue] = field(default_factory=dict, repr=False)
    email_in_file: str = field(default="", repr=False)
    sealed_secret: str = field(default="", repr=False)
    secret_fingerprint: str = field(default="", repr=False)
    expected_version: int | None = None
    item_digest: str = ""
    place: str = ""
    written: bool = False

    @property
    def company(self) -> str:
        return str(self.values.get(CONTACT_ATTRIBUTES["company"], ""))

    @property
    def position(self) -> str:
        """In the file, in English."""
        return f"line {self.line}, column {self.column}"

    def packed(self) -> list[Any]:
        """For JSON; `unpacked` reads it. Stored jobs hold these lists: the order is fixed."""
        changes = [(change.field, change.old, change.new) for change in self.changes]
        return [
            self.number,
            self.kind.value,
            self.source,
            self.line,
            self.column,
            self.key,
            self.tenant_id,
            pack_messages(self.reasons),
            pack_messages(self.repairs),
            self.left_out,
            changes,
            self.secret,
            self.duplicate_of,
            self.values,
            self.email_in_file,
            self.sealed_secret,
            self.secret_fingerprint,
            self.expected_version,
            self.item_digest,
            # Version 1.0 reads rows without it alone.
            *([self.place] if self.place else ()),
        ]

    @classmethod
    def unpacked(cls, packed: list[Any]) -> "PlanRow":
        (
            number,
            kind,
            source,
            line,
            column,
            key,
            tenant_id,
            reasons,
            repairs,
            left_out,
            changes,
            secret,
            duplicate_of,
            values,
            email_in_file,
            sealed_secret,
            secret_fingerprint,
            expected_version,
            item_digest,
            # Rows that an earlier version stored end here.
            *later,
        ) = packed
        return cls(
            number=number,
            kind=RowKind(kind),
            source=source,
            line=line,
            column=column,
            key=key,
            tenant_id=tenant_id,
            reasons=tuple(map(FieldMessage.unpacked, reasons)),
            repairs=tuple(map(FieldMessage.unpacked, repairs)),
            left_out=tuple(left_out),
            changes=tuple(FieldChange(*change) for change in changes),
            secret=secret,
            duplicate_of=duplicate_of,
            values=values,
            email_in_file=email_in_file,
            sealed_secret=sealed_secret,
            secret_fingerprint=secret_fingerprint,
            expected_version=expected_version,
            item_digest=item_digest,
            place=later[0] if later else "",
        )


def pack_messages(messages: Iterable[FieldMessage]) -> list[tuple[str, Any]]:
    return [message.packed() for message in messages]
