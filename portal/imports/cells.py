"""Tables as CSV: what keeps a cell from being a formula, and reading one again."""

import csv
from collections.abc import Iterator

from portal.imports.fields import FORMULA
from portal.imports.refusals import RefusedFileError


def guarded(cell: str) -> str:
    """The cell, so that no spreadsheet calculates it."""
    return f"'{cell}" if needs_guard(cell) else cell


def unguarded(cell: str) -> str:
    """A cell of our own CSV without what keeps a spreadsheet from calculating it."""
    return cell[1:] if cell.startswith("'") and needs_guard(cell[1:]) else cell


def needs_guard(cell: str) -> bool:
    """Whether a spreadsheet may take it for a formula; or for a guard of ours."""
    start = cell.lstrip(" \u00a0\u3000")[:1]
    return bool(start) and (start in FORMULA or cell.startswith("'"))


def cells_of(lines: "Counted") -> Iterator[list[str]]:
    try:
        first = next(lines, "")
        separator = next((c for c in ",;\t" if c in first), ",")
        yield from csv.reader([first], delimiter=separator)
        yield from csv.reader(lines, delimiter=separator)
    except csv.Error as error:
        raise RefusedFileError(f"Not valid CSV (line {lines.number}).") from error


class Counted:
    """Lines, counted as they are taken."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        return line
