"""What undoing an import did, or would do, as JSON; never a former value."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from portal.imports.jobs import UNDONE, AccessChange, FormerState, ImportJob, UndoOutcome
from portal.timestamps import format_timestamp

#: Why a row did not go back, for people who read English.
UNDO_REASONS = {
    UndoOutcome.CHANGED: "Somebody has changed the tenant since, so it stays as it is.",
    UndoOutcome.GONE: "The tenant is not there any more, or has another id.",
    UndoOutcome.NOTED: "Staff have written a note about the tenant, or somebody looks after it.",
    UndoOutcome.ASKED: "A customer asks for access with the ids of the tenant.",
    UndoOutcome.NOT_KEPT: "What the tenant was before was too large to be kept.",
}


@dataclass
class UndoTally:
    """Counts rows by what became of them, and answers by how they change."""

    counts: Counter[UndoOutcome] = field(default_factory=Counter)
    access: Counter[AccessChange] = field(default_factory=Counter)

    @property
    def undone(self) -> int:
        return sum(self.counts[outcome] for outcome in UNDONE)

    @property
    def stays(self) -> int:
        return self.counts.total() - self.undone

    @property
    def same_answer(self) -> int:
        return self.counts.total() - self.access.total()

    def add(self, row: FormerState) -> None:
        if row.outcome:
            self.counts[row.outcome] += 1
        if row.access:
            self.access[row.access] += 1


def undo_report(rows: Iterable[FormerState], job: ImportJob) -> Iterator[str]:
    """Pieces of one JSON object: `rows`, then the totals."""
    tally = UndoTally()
    yield '{"rows": ['
    separator = "\n"
    for row in rows:
        tally.add(row)
        # ASCII only: no character of an id can control a terminal that shows the report.
        yield separator + json.dumps(_row_as_json(row))
        separator = ",\n"
    yield "\n]"
    totals: dict[str, Any] = {
        "importId": job.id,
        "undone": job.undo is not None and job.undo.is_over,
        "by": job.undo.by if job.undo else "",
        "counts": {outcome.value: tally.counts[outcome] for outcome in UndoOutcome},
        "answers": {
            "same": tally.same_answer,
            **{change.value: tally.access[change] for change in AccessChange},
        },
    }
    for name, value in totals.items():
        yield f",\n{json.dumps(name)}: {json.dumps(value)}"
    yield "\n}\n"


def _row_as_json(row: FormerState) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "row": row.number,
        "tenant": row.tenant_id,
        "outcome": row.outcome,
        "access": row.access or "same",
    }
    if row.outcome in UNDO_REASONS:
        at = format_timestamp(row.at) if row.at else ""
        fields |= {"reason": UNDO_REASONS[row.outcome], "changedBy": row.by, "changedAt": at}
    return fields
