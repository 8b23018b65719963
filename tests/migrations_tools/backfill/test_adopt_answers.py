"""Whose answer `adopt` changes: those that the operator keeps or closes, and nobody else."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from portal.answer_diff import AnswerDiff
from portal.timestamps import utc_now
from tests.answer_diff.answer_rows import UTC_ZONE
from tests.dynamodb_engine import REGION
from tests.examples import all_items
from tests.migrations_tools.backfill.old_application_rows import OldStore, OldTable, old_row
from tests.migrations_tools.backfill.test_command import run
from tests.sealing_key import with_sealing_key

END = "2999-12-31T23:59:59.999Z"
#: Without an end; without a contact, with access; and complete ones.
NO_END, NO_CONTACT = "86811_104348", "86812_104348"


@pytest.fixture
def adopt(old_store: OldStore, tmp_path: Path) -> Callable[..., Result]:
    old_store.put(
        {name: value for name, value in old_row(1).items() if name != "validTo"},
        old_row(2, validTo=END, contactFullName=""),
        *(old_row(number, validTo=END) for number in range(3, 9)),
        old_row(9, tenantId="legacy"),
    )
    environ = {}
    if isinstance(old_store, OldTable):
        with_sealing_key(tmp_path / "data")
        environ = {
            "USE_DYNAMODB": "true",
            "TENANT_TABLE_NAME": old_store.location.table,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_DYNAMODB": str(old_store.location.endpoint),
        }
    return lambda *arguments: run(tmp_path / "data", *arguments, **environ)


ANSWERS = ("--keep", NO_END, "--close", NO_CONTACT)
SENTENCE = "Answers to the application: 6 the same, 1 loses access now, 1 gains it.\n"


def test_without_answers_nothing_changes_for_the_application(
    adopt: Callable[..., Result],
) -> None:
    result = adopt("--answers", "--most-losing", "0")
    assert result.exit_code == 0, result.output
    assert "Answers to the application: 8 the same.\n" in result.stdout


def test_a_dry_run_tells_what_applying_changes(
    adopt: Callable[..., Result], old_store: OldStore
) -> None:
    before = all_items(old_store.store)
    shown = adopt("--answers", *ANSWERS)
    assert shown.exit_code == 0, shown.output
    assert SENTENCE in shown.stdout
    assert f"  {NO_CONTACT} loses access now." in shown.stdout
    for apply in ((), ("--apply",)):
        refused = adopt("--most-losing", "0", *ANSWERS, *apply)
        assert refused.exit_code == 1
        assert "1 tenant would lose access, and at most 0 may." in refused.stderr
    assert all_items(old_store.store) == before
    applied = adopt("--apply", "--answers", "--most-losing", "1", "--json", *ANSWERS)
    assert applied.exit_code == 0, applied.output
    told = json.loads(applied.stdout)["answerDiff"]
    diff = AnswerDiff(utc_now(), UTC_ZONE)
    after = all_items(old_store.store)
    for item_id, item in before.items():
        diff.add_items(item, after[item_id])
    counts = ("same", "loseNow", "loseLater", "gainNow", "gainLater", "otherwise")
    assert [told[name] for name in counts] == [6, 1, 0, 1, 0, 0]
    assert [diff.as_json()[name] for name in counts] == [6, 1, 0, 1, 0, 0]
    # Asked again, nothing is left to change.
    again = adopt("--answers", *ANSWERS)
    assert "Answers to the application: 8 the same.\n" in again.stdout
