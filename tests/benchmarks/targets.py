"""What the benchmarks have to reach: a row for each target, all in one table at the end.

A module bench_*.py that has targets has a function `targets() -> list[Row]`, which measures and
returns them. `make bench` calls it after `main()`; a module that has measured in `main()` already
keeps its figures for it.
"""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One target, and how far the portal gets.

    Attributes:
        work: What is done, and beside what: "get, beside SQLite".
        figures: One ratio for each round. Their median counts. None if it could not be measured;
            `work` then says why.
        target: What the median has to reach.
        at_most: Whether a lower figure is a better one.
    """

    work: str
    figures: Sequence[float]
    target: float
    at_most: bool = True

    @property
    def median(self) -> float:
        return statistics.median(self.figures)

    @property
    def is_reached(self) -> bool:
        if not self.figures:
            return False
        return self.median <= self.target if self.at_most else self.median >= self.target


def table(rows: Iterable[Row]) -> list[str]:
    """The rows as lines of text."""
    lines = [("Work", "Figure (lowest to highest)", "Target", "Reached")]
    lines += [
        (row.work, _figure(row), f"{_sign(row)} {_number(row.target)}", _reached(row))
        for row in rows
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def _figure(row: Row) -> str:
    if not row.figures:
        return "not measured"
    lowest, highest = _number(min(row.figures)), _number(max(row.figures))
    return f"{_number(row.median)} ({lowest} to {highest})"


def _sign(row: Row) -> str:
    return "≤" if row.at_most else "≥"


def _number(figure: float) -> str:
    """Three digits, or all of a large one."""
    return f"{figure:,.0f}" if figure >= 1000 else f"{figure:.3g}"


def _reached(row: Row) -> str:
    if not row.figures:
        return "?"
    return "yes" if row.is_reached else "no"
