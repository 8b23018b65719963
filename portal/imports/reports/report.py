"""The rows of an import as JSON and CSV, for people and for programs; never a secret.

Failed rows include their values, so that a report can be corrected and imported again. No
spreadsheet takes a CSV cell for a formula; importing the report removes the guard.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from portal.answer_diff import AnswerDiff
from portal.imports.jobs import ImportJob, JobState, UndoProgress
from portal.imports.model import (
    EXPORTED_FIELDS,
    FAILED_KINDS,
    FieldMessage,
    FieldValue,
    ImportOptions,
    Message,
    PlaceSummary,
    PlanRow,
    RowKind,
)
from portal.imports.reading import EMPTY_TEXT, guard_cell
from portal.imports.reports.csv_lines import CSV_START, csv_line
from portal.timestamps import format_timestamp

#: Columns of a CSV report. The columns of `EXPORTED_FIELDS` follow, filled for failed rows. The
#: later ones are the last ones: programs may count the columns of earlier versions.
_COLUMNS = (
    "row", "kind", "tenant", "key", "file", "line", "column", "reasons", "repairs", "leftOut",
    "changes", "secret", "duplicateOf",
)  # fmt: skip
#: The first columns, which a CSV report takes from `_row_as_json` as they are.
_PLAIN_COLUMNS = _COLUMNS[:7]


def _row_as_json(row: PlanRow, files: Sequence[str] = ()) -> dict[str, Any]:
    """`files`: names of the files; none if the report must not name them."""
    fields: dict[str, Any] = {
        "row": row.number,
        "kind": row.kind.value,
        "tenant": row.tenant_id,
        "key": row.key,
        "file": files[row.source] if row.source < len(files) else "",
        "line": row.line,
        "column": row.column,
        "reasons": [{"field": each.field, "message": each.text} for each in row.reasons],
        "repairs": [{"field": each.field, "message": each.text} for each in row.repairs],
        "leftOut": list(row.left_out),
        "changes": [
            {"field": change.field, "old": change.old, "new": change.new} for change in row.changes
        ],
        "secret": row.secret,
        "written": row.written,
    }
    if row.place:
        fields["place"] = row.place
    if row.duplicate_of:
        fields["duplicateOf"] = row.duplicate_of
    if row.kind in FAILED_KINDS:
        fields["values"] = {
            name: row.values[name] for name in EXPORTED_FIELDS if name in row.values
        }
        if refused := _refused_beside_values(row):
            fields["refused"] = refused
    return fields


def _refused_beside_values(row: PlanRow) -> list[str]:
    """What of the row was refused and is not in its values, such as its secret. The row stays
    invalid until somebody removes the name, so that nobody imports it by accident."""
    names = (each.field for each in row.reasons)
    return [*dict.fromkeys(name for name in names if name and name not in EXPORTED_FIELDS)]


def report_as_json(
    rows: Iterable[PlanRow], summary: Callable[[], Mapping[str, Any]], files: Sequence[str] = ()
) -> Iterator[str]:
    """Pieces of one JSON object: `rows`, then the fields of `summary()`, which is called after
    the last row."""
    yield '{"rows": ['
    separator = "\n"
    for row in rows:
        # ASCII only: no character of a file can control a terminal that shows the report.
        yield separator + json.dumps(_row_as_json(row, files))
        separator = ",\n"
    yield "\n]"
    for name, value in summary().items():
        yield f",\n{json.dumps(name)}: {json.dumps(value)}"
    yield "\n}\n"


def report_as_csv(
    rows: Iterable[PlanRow],
    files: Sequence[str] = (),
    *,
    has_places: bool = False,
    has_refused: bool = True,
) -> Iterator[str]:
    """Pieces of a table, with a byte-order mark that tells spreadsheets that it is UTF-8.

    has_places: whether there is a column for the place of each row.
    has_refused: whether there is one for what was refused of each; rows of 1.0 do not know.

    An empty cell is a missing value; an apostrophe alone is an empty value.
    """
    place, refused = ["place"] * has_places, ["refused"] * has_refused
    yield CSV_START + _line([*_COLUMNS, *EXPORTED_FIELDS, *place, *refused], [])
    for row in rows:
        fields = _row_as_json(row, files)
        values = fields.get("values", {})
        cells = [
            *(fields[name] for name in _PLAIN_COLUMNS),
            _messages(row.reasons),
            _messages(row.repairs),
            ", ".join(row.left_out),
            "; ".join(f"{each.field}: {each.old} -> {each.new}" for each in row.changes),
            row.secret,
            row.duplicate_of or "",
        ]
        last = [row.place or None] if has_places else []
        if has_refused:
            last.append(", ".join(fields.get("refused", ())) or None)
        yield _line(cells, [*(values.get(name) for name in EXPORTED_FIELDS), *last])


def plan_summary(
    options: ImportOptions,
    counts: Mapping[RowKind, int],
    ignored_keys: int,
    shapes: Sequence[str],
    answers: AnswerDiff | None,
    *,
    places: Sequence[PlaceSummary] = (),
    notes: Sequence[Message] = (),
) -> dict[str, Any]:
    """The fields of a plan's report beside its rows.

    answers: whose answers it changes; `None` where an earlier version made the plan.
    """
    summary: dict[str, Any] = {
        "counts": {kind.value: counts.get(kind, 0) for kind in RowKind},
        "ignoredKeys": ignored_keys,
        "shapes": list(shapes),
        "policy": options.policy.value,
        "allowed": sorted(each.value for each in options.allowed),
        **({"answerDiff": answers.as_json()} if answers else {}),
        "applied": False,
    }
    # Without these, a report is what earlier versions wrote.
    if places:
        summary["places"] = places_as_json(places)
    if notes:
        summary["notes"] = [str(note) for note in notes]
    return summary


def job_summary(job: ImportJob) -> dict[str, Any]:
    """The fields of a job's report beside its rows."""
    return {
        **plan_summary(
            job.options,
            job.counts,
            job.ignored_keys,
            job.formats,
            job.answers,
            places=job.places,
            notes=job.notes,
        ),
        "applied": job.state is JobState.DONE,
        "importId": job.id,
        "state": job.state.value,
        "toWrite": job.to_write,
        "handled": job.processed,
        "at": format_timestamp(job.at),
        "by": job.by,
        "confirmedBy": job.confirmed_by,
        "endedBy": job.ended_by,
        **({"undo": _undo_as_json(job.undo)} if job.undo else {}),
    }


def _undo_as_json(undo: UndoProgress) -> dict[str, Any]:
    """How far the import is undone, and by whom that was begun."""
    return {
        "by": undo.by,
        "at": format_timestamp(undo.moved_at or undo.at),
        "isOver": undo.is_over,
        "undone": undo.undone,
        "stayed": undo.processed - undo.undone,
    }


def places_as_json(places: Sequence[PlaceSummary]) -> list[dict[str, Any]]:
    return [
        {"place": each.name, "entries": each.entries, "lastChange": each.last_change}
        for each in places
    ]


def _messages(messages: Iterable[FieldMessage]) -> str:
    return "; ".join(f"{each.field}: {each.text}".removeprefix(": ") for each in messages)


def _line(cells: Iterable[object], values: Iterable[FieldValue | None]) -> str:
    return csv_line([*(guard_cell(str(cell)) for cell in cells), *map(_value_cell, values)])


def _value_cell(value: FieldValue | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value == "":
        return EMPTY_TEXT
    return guard_cell(value) if value else ""
