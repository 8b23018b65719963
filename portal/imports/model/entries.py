"""One tenant of a file: an `Entry` as it was read, a `ValidatedEntry` after all checks, and the
`Candidate` that a valid one becomes."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Self

from portal.imports.model.frozen import checked_dataclass
from portal.imports.model.messages import Message
from portal.imports.model.places import UNNAMED_PLACE, Place
from portal.sealing import Secret

FieldValue = str | bool


@checked_dataclass(frozen=True, slots=True)
class Entry:
    """One entry as the file has it.

    key: in localStorage; empty if the format of the file has no keys.
    value: a JSON text, or the value that was decoded from one.
    line, column: where the entry begins, counted from 1.
    problem: why the entry could not be read at all.
    tenant_id: of a row of a report, the tenant that the row was about; else empty.
    lost_secret: the entry comes from a report, which never holds a secret, and the tenant had
        a secret or may have had one.
    place: where the entry was stored, as far as the file says.
    left_out: names of fields of a type that is not read.
    is_table_item: the entry is an item of a table, whose secret may be sealed.
    still_refused: of a row of a report, the names of what was refused and is not in the report.
    former_place: of a row of a report, the name of the place that the row was about; else empty.
    """

    key: str
    value: Any
    line: int
    column: int
    problem: Message | None = None
    tenant_id: str = ""
    lost_secret: bool = False
    place: Place = UNNAMED_PLACE
    left_out: tuple[str, ...] = ()
    is_table_item: bool = False
    still_refused: tuple[str, ...] = ()
    former_place: str = ""


@checked_dataclass(frozen=True, slots=True)
class FieldMessage:
    """A message about one field (empty: about the whole entry): why the entry cannot be
    imported, or what was repaired in it."""

    field: str
    text: Message

    def packed(self) -> tuple[str, Any]:
        """For JSON; `unpacked` reads it."""
        return self.field, self.text.packed()

    @classmethod
    def unpacked(cls, packed: Sequence[Any]) -> Self:
        return cls(packed[0], Message.unpacked(packed[1]))


@checked_dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """The tenant that a valid entry describes.

    values: the fields that the file has, as the store would hold them: texts, timestamps as
        `portal.timestamps` formats them, `isActive` and `openEnded` as booleans. A field that the
        file lacks leaves the stored value as it is.
    updated_at: when the record was last changed; empty if the file does not say.
    email_in_file: the address as the file has it, if reading normalised it; else empty.
    """

    id: str
    values: Mapping[str, FieldValue]
    updated_at: str
    email_in_file: str = ""
    secret: Secret | None = None


@checked_dataclass(frozen=True, kw_only=True, slots=True)
class ValidatedEntry:
    """An entry after all checks. It has a candidate exactly if it has no `reasons`.

    values: of an invalid entry, its fields as the file has them, without the secret, so that
        they can be corrected in a report and imported again.
    former_tenant_id: of an invalid row of a report, the tenant that the row was about; the fields
        may name another one. Else empty.
    """

    key: str
    line: int
    column: int
    candidate: Candidate | None = None
    reasons: tuple[FieldMessage, ...] = ()
    repairs: tuple[FieldMessage, ...] = ()
    left_out: tuple[str, ...] = ()
    values: Mapping[str, FieldValue] = field(default_factory=dict)
    former_tenant_id: str = ""
