"""What undoing an import did, or would do, as JSON; never a former value."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from portal.answer_diff import AnswerDiff
from portal.imports.jobs import UNDONE, FormerState, ImportJob, UndoOutcome
from portal.imports.undo.row_undo import RowUndo
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
    """Counts rows by what became of them.

    answers: whose answers from `validate` change, now and later.
    undone_before: rows that are not counted, since they were undone before.
    """

    answers: AnswerDiff
    undone_before: int = 0
    counts: Counter[UndoOutcome] = field(default_factory=Counter)

    @property
    def undone(self) -> int:
        return sum(self.counts[outcome] for outcome in UNDONE)

    @property
    def stays(self) -> int:
        return self.counts.total() - self.undone

    def add(self, row_undo: RowUndo) -> None:
        """A row that is not undone yet."""
        if row_undo.row.outcome:
            self.counts[row_undo.row.outcome] += 1
        self.answers.add_items(row_undo.before, row_undo.after)


def undo_report(
    rows: Iterable[FormerState], job: ImportJob, tally: UndoTally | None = None
) -> Iterator[str]:
    """Pieces of one JSON object: `rows`, then the totals.

    tally: whose answers the undoing of these rows changes, or has changed, if that is known.
    """
    counts: Counter[UndoOutcome] = Counter()
    yield '{"rows": ['
    separator = "\n"
    for row in rows:
        counts.update([row.outcome] if row.outcome else [])
        # ASCII only: no character of an id can control a terminal that shows the report.
        yield separator + json.dumps(_row_as_json(row))
        separator = ",\n"
    yield "\n]"
    totals: dict[str, Any] = {
        "importId": job.id,
        "undone": job.undo is not None and job.undo.is_over,
        "by": job.undo.by if job.undo else "",
        "counts": {outcome.value: counts[outcome] for outcome in UndoOutcome},
        "answerDiff": tally.answers.as_json() if tally else None,
        "undoneBefore": tally.undone_before if tally else 0,
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
