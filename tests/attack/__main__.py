"""`make attack`: runs the scenarios and prints their table. Status 1 if a promise does not hold.

python -m tests.attack [--short] [--workers 1,2] [--seconds 25] [--rounds 15] [SCENARIO ...]
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tests.attack.scenario import HEADINGS, SHORT, Row, Size
from tests.attack.scenarios import SCENARIOS


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if unknown := set(options.scenarios) - set(SCENARIOS):
        parser.error(f"no scenario {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}")
    size = SHORT if options.short else Size()
    given = {
        name: value
        for name in ("workers", "seconds", "rounds")
        if (value := getattr(options, name)) is not None
    }
    size = replace(size, **given)
    started = time.monotonic()
    rows = list(_rows(options.scenarios or list(SCENARIOS), size))
    print(table(rows))
    print(f"\n{time.monotonic() - started:.0f} seconds")
    for row in rows:
        for promise in row.broken:
            print(f"{row.scenario}, {row.workers} workers: {promise}")
    return 1 if any(row.broken for row in rows) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.attack")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS))
    parser.add_argument("--short", action="store_true", help="a few seconds for each scenario")
    parser.add_argument("--workers", type=_numbers, help="one run with each, for example 1,2")
    parser.add_argument("--seconds", type=float, help="how long an attack lasts")
    parser.add_argument("--rounds", type=int, help="how often processes are killed")
    return parser


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _rows(names: Sequence[str], size: Size) -> Iterator[Row]:
    for name in names:
        for workers in size.workers:
            # Progress, since it takes minutes.
            print(f"{name}, {workers} workers ...", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory() as folder:
                yield SCENARIOS[name](Path(folder), workers, size)


def table(rows: Sequence[Row]) -> str:
    """In Markdown, as it stands in the documents."""
    lines = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |"
        for line in lines
    )


if __name__ == "__main__":
    sys.exit(main())
