"""The rows of an import as JSON and as CSV, for people and for programs; never a secret.

What failed stands there with its values, so a report can be mended and imported again. No cell
of the CSV can be taken for a formula, and reading it again takes that protection off.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from portal.imports.jobs import ImportJob, JobState
from portal.imports.model import (
    EXPORTED_FIELDS,
    FAILED_KINDS,
    FieldValue,
    ImportOptions,
    PlanRow,
    RowKind,
)
from portal.imports.reading import EMPTY_TEXT, guard_cell
from portal.timestamps import format_timestamp

#: The first columns of a report as CSV; the values of rows that failed follow, to be mended.
REPORT_COLUMNS = (
    "row", "kind", "tenant", "key", "file", "line", "column", "reasons", "repairs", "leftOut",
    "changes", "secret", "duplicateOf",
)  # fmt: skip


def row_as_json(row: PlanRow, files: Sequence[str] = ()) -> dict[str, Any]:
    """The row for programs. `files`: their names, where they may be told."""
    told: dict[str, Any] = {
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
    if row.duplicate_of:
        told["duplicateOf"] = row.duplicate_of
    if row.kind in FAILED_KINDS:
        told["values"] = {name: row.values[name] for name in EXPORTED_FIELDS if name in row.values}
    return told


def report_as_json(
    rows: Iterable[PlanRow], rest: Callable[[], Mapping[str, Any]], files: Sequence[str] = ()
) -> Iterator[str]:
    """One object in pieces: `rows`, then what `rest` says once they have been seen."""
    yield '{"rows": ['
    separator = "\n"
    for row in rows:
        # ASCII alone: a terminal that shows it obeys nothing in it.
        yield separator + json.dumps(row_as_json(row, files))
        separator = ",\n"
    yield "\n]"
    for name, value in rest().items():
        yield f",\n{json.dumps(name)}: {json.dumps(value)}"
    yield "\n}\n"


def report_as_csv(rows: Iterable[PlanRow], files: Sequence[str] = ()) -> Iterator[str]:
    """A table in pieces, with a mark that tells spreadsheets that it is UTF-8.

    An empty cell is a value that is not there. A value that is empty is an apostrophe alone.
    """
    yield "\ufeff" + _line([*REPORT_COLUMNS, *EXPORTED_FIELDS], [])
    for row in rows:
        told = row_as_json(row, files)
        values = told.get("values", {})
        cells = [
            *(told[name] for name in REPORT_COLUMNS[:7]),
            "; ".join(f"{each.field}: {each.text}".removeprefix(": ") for each in row.reasons),
            "; ".join(f"{each.field}: {each.text}".removeprefix(": ") for each in row.repairs),
            ", ".join(row.left_out),
            "; ".join(f"{c.field}: {c.old} -> {c.new}" for c in row.changes),
            row.secret,
            row.duplicate_of or "",
        ]
        yield _line(cells, [values.get(name) for name in EXPORTED_FIELDS])


def plan_summary(
    choice: ImportOptions, counts: Mapping[RowKind, int], ignored_keys: int, shapes: Sequence[str]
) -> dict[str, Any]:
    """What a report says beside its rows, of a plan."""
    return {
        "counts": {kind.value: counts.get(kind, 0) for kind in RowKind},
        "ignoredKeys": ignored_keys,
        "shapes": list(shapes),
        "policy": choice.policy.value,
        "allowed": sorted(each.value for each in choice.allowed),
        "applied": False,
    }


def job_summary(job: ImportJob) -> dict[str, Any]:
    """What a report says beside its rows, of an import that is stored."""
    return {
        **plan_summary(job.choice, job.counts, job.ignored_keys, job.shapes),
        "applied": job.state is JobState.DONE,
        "importId": job.id,
        "state": job.state.value,
        "toWrite": job.to_write,
        "handled": job.processed,
        "at": format_timestamp(job.at),
        "by": job.by,
        "confirmedBy": job.confirmed_by,
        "endedBy": job.ended_by,
    }


def _line(cells: Iterable[object], values: Iterable[FieldValue | None]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow([*(guard_cell(str(cell)) for cell in cells), *map(_cell, values)])
    return text.getvalue()


def _cell(value: FieldValue | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value == "":
        return EMPTY_TEXT
    return guard_cell(value) if value else ""
