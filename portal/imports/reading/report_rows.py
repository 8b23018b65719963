"""Rows of the portal's own reports, corrected by somebody and imported again.

Only failed rows become entries. The other rows are in the store, or duplicates of rows that are.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from portal.imports.model import (
    EXPORTED_FIELDS,
    FAILED_KINDS,
    SECRET_FIELD,
    Entry,
    Message,
    read_refused,
)
from portal.imports.reading.csv_cells import CountedLines, read_rows, unguard_cell
from portal.imports.streaming import ParsedValue

_NO_VALUES = Message("The report has no values for this row. Import the original file.")
_BOOLEAN_FIELDS = ("isActive", "openEnded")
#: Spreadsheets write booleans in capitals.
_BOOLEANS = {"true": True, "false": False}
#: `PlanRow.secret` of rows whose secret is not lost in the report.
_NO_SECRET_LOST = ("unchanged", "missing")


def entry_of_json_row(row: Mapping[str, Any], parsed: ParsedValue) -> Entry | None:
    """`None` if the row did not fail. `parsed`: where the row begins."""
    # A tuple, since the value may be of a type that no set can look up.
    if row.get("kind") not in tuple(FAILED_KINDS):
        return None
    key, values = row.get("key"), row.get("values")
    return _entry(key if isinstance(key, str) else "", values, row, parsed.line, parsed.column)


def entries_of_csv(lines: Iterator[str], limit: int) -> Iterator[Entry | None]:
    """For each row an entry, or `None` if the row did not fail. Reads CSV as the portal writes
    it, and as spreadsheets save it again.

    limit: the most characters of a row.

    Raises:
        RefusedFileError: the text is not CSV, or a row is too long.
    """
    counted = CountedLines(lines, limit)
    heading: list[str] = []
    next_line = 1
    for cells in read_rows(counted):
        line, next_line = next_line, counted.number + 1
        heading = heading or cells
        if line == 1:
            continue
        row = dict(zip(heading, cells, strict=False))
        if row.get("kind") not in FAILED_KINDS:
            yield None
            continue
        texts = {name: unguard_cell(cell) for name, cell in row.items() if cell}
        values: dict[str, Any] = {name: texts[name] for name in EXPORTED_FIELDS if name in texts}
        for name in _BOOLEAN_FIELDS:
            if name in values:
                values[name] = _BOOLEANS.get(values[name].strip().casefold(), values[name])
        yield _entry(texts.get("key", ""), values, texts, line, 1)


def _entry(key: str, values: Any, row: Mapping[str, Any], line: int, column: int) -> Entry:
    # A report has no values of an entry that could not be read in the first place.
    problem = None if values else _NO_VALUES
    secret = values.get(SECRET_FIELD) if isinstance(values, dict) else None
    is_lost = not secret and row.get("secret", "") not in _NO_SECRET_LOST
    if isinstance(values, dict):
        values = {name: read_refused(value) for name, value in values.items()}
    tenant_id, place = row.get("tenant"), row.get("place")
    return Entry(
        key,
        values,
        line,
        column,
        problem,
        tenant_id=tenant_id if isinstance(tenant_id, str) else "",
        lost_secret=is_lost and not problem,
        still_refused=_names(row.get("refused")),
        former_place=place if isinstance(place, str) else "",
    )


def _names(refused: Any) -> tuple[str, ...]:
    """The names in a list, or in a cell of CSV."""
    names = refused.split(",") if isinstance(refused, str) else refused
    if not isinstance(names, list):
        return ()
    return tuple(name.strip() for name in names if isinstance(name, str) and name.strip())
