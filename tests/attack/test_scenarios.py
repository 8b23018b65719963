"""`make attack` for a few seconds each: the scenarios work, and what they promise holds."""

from pathlib import Path

import pytest

from tests.attack.__main__ import table
from tests.attack.scenario import SHORT, Row
from tests.attack.scenarios import SCENARIOS
from tests.dynamodb_engine import NoEngineError

HOLDING = tuple(SCENARIOS)


@pytest.mark.parametrize("name", HOLDING)
def test_nothing_is_lost_false_or_stuck(tmp_path: Path, name: str) -> None:
    try:
        rows = [SCENARIOS[name](tmp_path, workers, SHORT) for workers in SHORT.workers]
    except NoEngineError as error:
        pytest.skip(str(error))
    assert [row.broken for row in rows] == [()] * len(rows)
    assert all(row.requests for row in rows)


def test_the_table_says_what_is_broken() -> None:
    row = Row(
        scenario="kills",
        workers=2,
        requests=12_345,
        acknowledged=1_000,
        lost=1,
        false=0,
        p50=0.0014,
        p99=0.25,
        memory=None,
        broken=("lost: a sign-up",),
    )
    lines = table([row]).splitlines()
    assert lines[0].startswith("| Scenario | Workers | Requests |")
    assert lines[2] == (
        "| kills    | 2       | 12,345   | 1,000        | 1    | 0     | 0.001 | 0.250"
        " | –      | broken  |"
    )
