"""`make soak` for some seconds: what it promises holds, and it notices what does not."""

from pathlib import Path

import pytest

from tests.attack.http_client import Answer
from tests.dynamodb_engine import NoEngineError
from tests.soak.run import STORES, Outcome, soak
from tests.soak.saw import Saw


@pytest.mark.parametrize("name", STORES)
def test_nothing_is_lost_and_nothing_fails(tmp_path: Path, name: str) -> None:
    try:
        # Long enough for one fault between two renewals: a worker is killed.
        outcome = soak(name, tmp_path, workers=2, seconds=6, lull=2)
    except NoEngineError as error:
        pytest.skip(str(error))
    assert outcome.broken == []
    assert outcome.faults == 3


def test_a_server_error_is_counted_and_an_honest_refusal_is_not() -> None:
    saw = Saw(timeout=1)
    for status in (200, 503, 429, 500, 502, 0):
        saw.saw(Answer(status, 0.01), "validate 7000_7000")
    assert (saw.server_errors, saw.cut_off) == (2, 1)
    assert saw.lines() == [("validate", "6", "10.0", "10.0", "10", "2", "1", "2")]


def test_the_table_says_what_is_broken() -> None:
    outcome = Outcome(
        store="file", saw=Saw(timeout=1), faults=3, mails=0, memory=(100, 130), fast="",
        broken=["lost: sign-up r1"],
    )  # fmt: skip
    assert "Memory of a worker: 100 MB → 130 MB." in outcome.text()
    assert "Broken: lost: sign-up r1" in outcome.text()
    assert "Everything held" not in outcome.text()
