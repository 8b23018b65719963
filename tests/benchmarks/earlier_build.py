"""Runs a benchmark with the package as it was at 978e9a5, in turn with the package of today.

A benchmark that takes part is a module of its own: it uses only what both builds have, and prints
one line of JSON at its end. The tests and the libraries are those of today for both.
"""

import io
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.serving import ROOT

COMMIT = "978e9a5"
#: As it is called in print.
NAME = f"the build at {COMMIT}"
ROUNDS = 5
_PARTS = ("portal", "migrations_tools", "templates", "static")


class NoEarlierBuildError(Exception):
    """This clone does not have the commit; the text says what to do."""


@contextmanager
def earlier_build() -> Iterator[Path]:
    """A folder with the package of that time; it is removed in the end.

    It is no worktree of Git, of which a killed benchmark would leave a trace in the clone.

    Raises:
        NoEarlierBuildError: The clone is shallow, or there is none.
    """
    archive = subprocess.run(
        ["git", "archive", COMMIT, *_PARTS], cwd=ROOT, capture_output=True, check=False
    )
    if archive.returncode:
        raise NoEarlierBuildError(
            f"{NAME} is not in this clone. If it is a shallow one: git fetch --unshallow"
        )
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
            files.extractall(folder, filter="data")
        yield Path(folder)


def output_of(tree: Path, module: str, *arguments: str) -> Any:
    """What `python -m MODULE` prints as JSON in its last line, with the package in `tree`.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    done = subprocess.run(
        [sys.executable, "-P", "-m", module, *arguments],
        env=environment(tree),
        cwd=tree,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def environment(tree: Path) -> dict[str, str]:
    """The variables of a process that finds the package in `tree`, and the tests of today."""
    return {**os.environ, "PYTHONPATH": f"{tree}{os.pathsep}{ROOT}"}


def in_turn(
    module: str, *arguments: str, rounds: int = ROUNDS
) -> list[tuple[Mapping[str, float], Mapping[str, float]]]:
    """The figures by name of today's build and of the earlier one, round after round.

    Args:
        arguments: Each `{build}` in them stands for "today" or "earlier".

    Raises:
        NoEarlierBuildError: This clone does not have the commit.
    """
    found: list[tuple[Mapping[str, float], Mapping[str, float]]] = []
    with earlier_build() as tree:
        trees = {"today": ROOT, "earlier": tree}
        for number in range(rounds):
            # What warms up or slows down in a round is no advantage of the same one each time.
            order = list(trees) if number % 2 == 0 else list(trees)[::-1]
            measured = {}
            for build in order:
                with_build = [part.replace("{build}", build) for part in arguments]
                measured[build] = output_of(trees[build], module, *with_build)
            found.append((measured["today"], measured["earlier"]))
    return found


def ratios(
    pairs: Sequence[tuple[Mapping[str, float], Mapping[str, float]]], name: str
) -> list[float]:
    """For each round, the figure of today as a multiple of the earlier one."""
    return [now[name] / before[name] for now, before in pairs]


def spread(figures: Sequence[float]) -> str:
    """Median, lowest and highest as text."""
    return f"{statistics.median(figures):.3g} ({min(figures):.3g} to {max(figures):.3g})"
