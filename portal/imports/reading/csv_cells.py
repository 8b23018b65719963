"""CSV cells: read, and guarded so that no spreadsheet takes one for a formula."""

import csv
from collections.abc import Iterator

from portal.imports.model import Message, RefusedFileError, value_too_long

#: A spreadsheet takes a cell that begins with one of these for a formula.
_FORMULA_STARTS = "=+-@\t\r\n\0＝＋－＠"
#: Encodes an empty text; an empty cell is a missing value. `guard_cell` never yields it.
EMPTY_TEXT = "'"


def guard_cell(cell: str) -> str:
    """The cell with an apostrophe before it if a spreadsheet might calculate it."""
    return f"'{cell}" if _needs_guard(cell) else cell


def unguard_cell(cell: str) -> str:
    """Undoes `guard_cell`, and decodes `EMPTY_TEXT`."""
    is_guarded = cell == EMPTY_TEXT or (cell[:1] == "'" and _needs_guard(cell[1:]))
    return cell[1:] if is_guarded else cell


def _needs_guard(cell: str) -> bool:
    """Whether a spreadsheet may take the cell for a formula, or `unguard_cell` may take its
    first apostrophe for a guard."""
    start = cell.lstrip(" \u00a0\u3000")[:1]
    return bool(start) and (start in _FORMULA_STARTS or cell.startswith("'"))


class CountedLines:
    """Lines with a count of them and of the characters in the current CSV row, which may span
    several lines.

    Iterating raises:
        RefusedFileError: the row has more than `limit` characters.
    """

    def __init__(self, lines: Iterator[str], limit: int) -> None:
        self._lines = lines
        self.limit = limit
        self.number = 0
        self.row_size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        self.row_size += len(line)
        if self.row_size > self.limit:
            raise value_too_long(self.limit, self.number, 1)
        return line


def read_rows(lines: CountedLines) -> Iterator[list[str]]:
    """The cells of one row after another.

    Raises:
        RefusedFileError: the text is not CSV, or a row is too long.
    """
    # The csv module has one limit for the whole process, so it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), lines.limit))
    try:
        heading = next(lines, "")
        delimiter = next((char for char in ",;\t" if char in heading), ",")
        yield from csv.reader([heading], delimiter=delimiter)
        for cells in csv.reader(lines, delimiter=delimiter):
            lines.row_size = 0
            yield cells
    except csv.Error as error:
        raise RefusedFileError(
            Message("Not valid CSV (line %(line)s).", line=str(lines.number))
        ) from error
