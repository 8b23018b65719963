"""Lines of a CSV file that a spreadsheet opens as it is: UTF-8 with a byte-order mark, all cells
quoted, and no cell that it takes for a formula."""

import csv
import io
from collections.abc import Iterable

from portal.imports.reading import guard_cell

#: Begins a file, and tells spreadsheets that it is UTF-8.
CSV_START = "\ufeff"


def guarded_line(cells: Iterable[str]) -> str:
    """The line with these texts. No spreadsheet takes one of them for a formula."""
    return csv_line(map(guard_cell, cells))


def csv_line(cells: Iterable[str]) -> str:
    """The line with these cells, as they are."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerow(cells)
    return text.getvalue()
