"""One tenant as a file has it: an `Entry` as it was read, a `CheckedEntry` after validation, and
the `Candidate` that it may become."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from portal.imports.model.messages import Message
from portal.sealing import Secret

Value = str | bool


@dataclass(frozen=True, slots=True)
class Entry:
    """`value` is a JSON text or what was read of one.

    `key` is empty where the shape has none; `line` and `column` count from 1. `problem` is a
    sentence about what could not be read at all. `lost_secret`: it comes from a report, which
    holds no secret, and had one or may have had one.
    """

    key: str
    value: Any
    line: int
    column: int
    problem: Message | None = None
    lost_secret: bool = False


@dataclass(frozen=True, slots=True)
class FieldMessage:
    """Why an entry cannot be imported, or what was mended in it: the field (empty: the whole
    entry), and a sentence."""

    field: str
    text: Message

    def packed(self) -> tuple[str, Any]:
        """For JSON; `unpacked` is its other side."""
        return self.field, self.text.packed()

    @classmethod
    def unpacked(cls, packed: Sequence[Any]) -> Self:
        return cls(packed[0], Message.unpacked(packed[1]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """What an entry would be as a tenant.

    `values` are the fields that the file has, as they would be stored: texts, instants as
    `portal.timestamps` writes them, `isActive` and `openEnded` as booleans. A field that is
    missing in the file says nothing about the store's. `email_written`: if it was normalised.
    """

    id: str
    values: Mapping[str, Value]
    updated: str
    email_written: str = ""
    secret: Secret | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedEntry:
    """An entry after all checks: a candidate exactly if there are no `reasons`.

    `values`: of an invalid one, its fields as the file has them, without the secret, to be
    mended and imported again.
    """

    key: str
    line: int
    column: int
    candidate: Candidate | None = None
    reasons: tuple[FieldMessage, ...] = ()
    repairs: tuple[FieldMessage, ...] = ()
    left_out: tuple[str, ...] = ()
    values: Mapping[str, Value] = field(default_factory=dict)
