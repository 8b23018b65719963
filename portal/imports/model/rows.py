"""What an import would do with each entry: its rows, their kinds, and what may be chosen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from portal.imports.model.entries import FieldMessage, Value


class RowKind(StrEnum):
    NEW = "new"
    SAME = "same"
    UPDATE = "update"
    CONFLICT = "conflict"
    DUPLICATE = "duplicate"
    INVALID = "invalid"


#: What is written when the plan is applied, in this order.
WRITTEN_KINDS = (RowKind.NEW, RowKind.UPDATE)


class Policy(StrEnum):
    """Which of the two counts where the file and the store differ."""

    SKIP = "skip"
    NEWER_WINS = "newer-wins"
    OVERWRITE = "overwrite"


class AllowedChange(StrEnum):
    """What no policy does unless it is asked for by name: to change a status, so that somebody
    becomes active again or a decision of staff is undone; to move a validity that staff set."""

    STATUS = "status"
    VALIDITY = "validity"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field as it is in the store, and as it would be. Never the secret's text: `clientSecret`
    goes from "missing" or "set" to "set"."""

    field: str
    old: str
    new: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanRow:
    """One entry of the plan. `number` counts from 1 over all files, `source` files from 0.

    `secret`: "set" (the file's is another, or cannot be compared), "unchanged", "missing" (the
    file has none); empty for what is no candidate. `duplicate_of`: the row of the same tenant that
    counts instead, or would if it could be imported. `values`: the fields without the secret.
    `sealed`, `mark`, `expected` and `digest` are the engine's: the sealed secret, what tells it
    again, and how the store was when the plan was made. `written`: known of the rows of an
    import that is stored, which says how far it has come.
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
    values: Mapping[str, Value] = field(default_factory=dict, repr=False)
    email_written: str = field(default="", repr=False)
    sealed: str = field(default="", repr=False)
    secret_fingerprint: str = field(default="", repr=False)
    expected: int | None = None
    digest: str = ""
    written: bool = False

    @property
    def company(self) -> str:
        return str(self.values.get("contactCompanyName", ""))

    @property
    def place(self) -> str:
        return f"line {self.line}, column {self.column}"

    def packed(self) -> list[Any]:
        """For JSON; `unpacked` is its other side."""
        pairs = [packed_reasons(part) for part in (self.reasons, self.repairs)]
        changes = [(change.field, change.old, change.new) for change in self.changes]
        return [
            self.number,
            self.kind.value,
            self.source,
            self.line,
            self.column,
            self.key,
            self.tenant_id,
            *pairs,
            self.left_out,
            changes,
            self.secret,
            self.duplicate_of,
            self.values,
            self.email_written,
            self.sealed,
            self.secret_fingerprint,
            self.expected,
            self.digest,
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
            email_written,
            sealed,
            secret_fingerprint,
            expected,
            digest,
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
            email_written=email_written,
            sealed=sealed,
            secret_fingerprint=secret_fingerprint,
            expected=expected,
            digest=digest,
        )


def packed_reasons(reasons: Iterable[FieldMessage]) -> list[tuple[str, Any]]:
    return [reason.packed() for reason in reasons]
