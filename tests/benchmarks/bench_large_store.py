"""What grows with the number of tenants in the file store, beside SQLite and an earlier build.

    python -m tests.benchmarks.bench_large_store

Each figure is made by a new process, see file_store_work.py; the builds take turns.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks import earlier_build, file_store_work
from tests.benchmarks.bench_file_store import Sqlite, writing_rounds
from tests.benchmarks.earlier_build import (
    NAME,
    ROUNDS,
    NoEarlierBuildError,
    in_turn,
    output_of,
    ratios,
)
from tests.benchmarks.targets import Row, table
from tests.serving import ROOT

_WORK = file_store_work.__name__
_TENANTS = 100_000
_FEW, _MANY = 10_000, 200_000
_WRITERS_ROUNDS = 7
_Pairs = list[tuple[Mapping[str, float], Mapping[str, float]]]


def targets() -> list[Row]:
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        return [*_opening(Path(folder)), *_writing(Path(folder)), *_scanning(Path(folder))]


def _opening(folder: Path) -> list[Row]:
    """First answer, memory, and a get after a commit, with 100,000 tenants."""
    first = f"first answer with {_TENANTS:,} tenants"
    try:
        _in_turn("fill", folder, rounds=1)
        for build in ("today", "earlier"):
            Sqlite(folder / build).fill(_TENANTS)
        openings = _in_turn("first_answer", folder)
        gets = _in_turn("get_after_commit", folder)
    except NoEarlierBuildError as error:
        return [Row(f"{first} ({error})", [], 0.2)]
    today = [now for now, _before in openings]
    _print_details(openings, gets)
    return [
        Row(f"{first}, beside {NAME}", ratios(openings, "seconds"), 0.2),
        Row(
            f"{first}, beside opening SQLite",
            [now["seconds"] / now["sqlite_seconds"] for now in today],
            15,
        ),
        Row(
            f"own memory at {_TENANTS:,} tenants, beside the file's size",
            [now["own_bytes"] / now["bytes"] for now in today],
            0.3,
        ),
        Row(
            "get after another process's commit, beside a plain get",
            [now["after_commit"] / now["plain"] for now, _before in gets],
            5,
        ),
    ]


def _print_details(openings: _Pairs, gets: _Pairs) -> None:
    print(f"The file store with {_TENANTS:,} tenants: median (lowest to highest)")
    builds: tuple[tuple[str, int], ...] = (("today", 0), (NAME, 1))
    for name, place in builds:
        spread = earlier_build.spread
        found = [pair[place] for pair in openings]
        print(f"{name}:")
        for label, key, factor in (
            ("first answer, ms of CPU", "seconds", 1e3),
            ("memory of its own, MB", "own_bytes", 1e-6),
            ("memory with its share of mapped files, MB", "all_bytes", 1e-6),
            ("the file, MB", "bytes", 1e-6),
        ):
            print(f"  {label:<46}{spread([each[key] * factor for each in found])}")
        for label, key in (
            ("get, µs", "plain"),
            ("get after a wait, µs", "after_nothing"),
            ("get after another process's commit, µs", "after_commit"),
        ):
            print(f"  {label:<46}{spread([pair[place][key] * 1e6 for pair in gets])}")


def _in_turn(work: str, folder: Path, *, rounds: int = ROUNDS) -> _Pairs:
    return in_turn(_WORK, work, str(folder / "{build}"), str(_TENANTS), rounds=rounds)


def _writing(folder: Path) -> list[Row]:
    rounds = writing_rounds(folder / "writing", _FEW, _WRITERS_ROUNDS)
    stores, others = [pair[0] for pair in rounds], [pair[1] for pair in rounds]
    rows = [
        Row(
            f"four processes writing, {_FEW:,} tenants, beside SQLite WAL FULL",
            [ours.per_second / theirs.per_second for ours, theirs in rounds],
            0.9,
            at_most=False,
        )
    ]
    print("The process that wrote least, beside the one that wrote most")
    for name, found in (("file store", stores), ("SQLite", others)):
        print(f"  {name:<12}{earlier_build.spread([each.fairness for each in found])}")
    fairness = "fairness of four processes writing"
    try:
        _fill_few(folder)
        pairs = in_turn(
            _WORK, "writers", str(folder / "few-{build}"), str(_FEW), rounds=_WRITERS_ROUNDS
        )
    except NoEarlierBuildError as error:
        return [*rows, Row(f"{fairness} ({error})", [], 1, at_most=False)]
    figures = ratios(pairs, "fairness")
    return [*rows, Row(f"{fairness}, beside {NAME}", figures, 1, at_most=False)]


def _fill_few(folder: Path) -> None:
    in_turn(_WORK, "fill", str(folder / "few-{build}"), str(_FEW), rounds=1)


def _scanning(folder: Path) -> list[Row]:
    for number in (_FEW, _MANY):
        _today("fill", folder / f"scan-{number}", number)
    figures = []
    for _ in range(ROUNDS):
        many, few = (_today("scan", folder / f"scan-{size}", size) for size in (_MANY, _FEW))
        figures.append(many["seconds"] / few["seconds"])
    return [Row(f"a page of scan at {_MANY:,} tenants, beside {_FEW:,}", figures, 1.1)]


def _today(work: str, folder: Path, number: int) -> Any:
    return output_of(ROOT, _WORK, work, str(folder), str(number))


def main() -> None:
    """`make bench` prints the rows at its end."""


if __name__ == "__main__":
    print("\n".join(table(targets())))
