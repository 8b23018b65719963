"""Tables as CSV: what keeps a cell from being a formula, and reading one again."""

import csv
from collections.abc import Iterator

from portal.imports.model import Message, RefusedFileError, value_too_long

#: A spreadsheet takes what begins with one of these for a formula.
FORMULA = "=+-@\t\r\n\0＝＋－＠"
#: A text that is empty, where an empty cell is a value that is not there. A guard of nothing:
#: `guarded` makes this of no cell.
EMPTY = "'"


def guarded(cell: str) -> str:
    """The cell, so that no spreadsheet calculates it."""
    return f"'{cell}" if needs_guard(cell) else cell


def unguarded(cell: str) -> str:
    """A cell of our own CSV without what keeps a spreadsheet from calculating it."""
    return cell[1:] if cell == EMPTY or (cell[:1] == "'" and needs_guard(cell[1:])) else cell


def needs_guard(cell: str) -> bool:
    """Whether a spreadsheet may take it for a formula; or for a guard of ours."""
    start = cell.lstrip(" \u00a0\u3000")[:1]
    return bool(start) and (start in FORMULA or cell.startswith("'"))


def cells_of(lines: "CountedLines") -> Iterator[list[str]]:
    """Row by row. `RefusedFileError`."""
    # The library's own limit is lower, and the same for everybody: it is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), lines.most))
    try:
        first = next(lines, "")
        separator = next((c for c in ",;\t" if c in first), ",")
        yield from csv.reader([first], delimiter=separator)
        for cells in csv.reader(lines, delimiter=separator):
            lines.size = 0
            yield cells
    except csv.Error as error:
        raise RefusedFileError(
            Message("Not valid CSV (line %(line)s).", line=str(lines.number))
        ) from error


class CountedLines:
    """Lines, counted as they are taken; `size` is the characters of one row, which may take
    several and yet no more than `most`. `RefusedFileError`."""

    def __init__(self, lines: Iterator[str], most: int) -> None:
        self._lines = lines
        self.most = most
        self.number = 0
        self.size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        self.size += len(line)
        if self.size > self.most:
            raise value_too_long(self.most, self.number, 1)
        return line
