"""Rows of the portal's own reports, mended by somebody and handed in again.

Only what failed is an entry: the rest is in the store, or another row's duplicate.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from portal.imports.model import EXPORTED_FIELDS, FAILED_KINDS, SECRET_FIELD, Entry, Message
from portal.imports.reading.csv_cells import CountedLines, cells_of, unguarded
from portal.imports.reading.strict_json import ParsedValue

#: What a spreadsheet writes in its own way; in English also in capitals.
_BOOLEANS = ("isActive", "openEnded")
_TRUTH = {"true": True, "false": False}
#: What a report says of a secret that is no loss.
_NO_LOSS = ("unchanged", "missing")


def entry_of_json(row: Mapping[str, Any], found: ParsedValue) -> Entry | None:
    """`None` for what is not imported again. `found`: where the row is."""
    # What stands there may be anything, also what no set can hold.
    if row.get("kind") not in tuple(FAILED_KINDS):
        return None
    key, values = row.get("key"), row.get("values")
    return _entry(key if isinstance(key, str) else "", values, row, found.line, found.column)


def entries_of_csv(lines: Iterator[str], most: int) -> Iterator[Entry | None]:
    """As the portal wrote it, or as a spreadsheet saved it again; `None` for each row that is
    not imported again. `most`: the characters of a row. `RefusedFileError`."""
    counted = CountedLines(lines, most)
    heading: list[str] = []
    begins = 1
    for cells in cells_of(counted):
        line, begins = begins, counted.number + 1
        heading = heading or cells
        if line == 1:
            continue
        row = dict(zip(heading, cells, strict=False))
        if row.get("kind") not in FAILED_KINDS:
            yield None
            continue
        plain = {name: unguarded(cell) for name, cell in row.items() if cell}
        values: dict[str, Any] = {name: plain[name] for name in EXPORTED_FIELDS if name in plain}
        for name in _BOOLEANS:
            if name in values:
                values[name] = _TRUTH.get(values[name].strip().casefold(), values[name])
        yield _entry(plain.get("key", ""), values, plain, line, 1)


def _entry(key: str, values: Any, row: Mapping[str, Any], line: int, column: int) -> Entry:
    # What could not be read at first has nothing to be mended here.
    problem = None if values else Message("The report holds no values of this row.")
    given = values.get(SECRET_FIELD) if isinstance(values, dict) else None
    lost = not given and row.get("secret", "") not in _NO_LOSS
    return Entry(key, values, line, column, problem, lost_secret=lost and not problem)
